"""Reports of runs in each format, word for word."""

from __future__ import annotations

import pytest

from provisioner.reports.history import LISTS, ONES
from provisioner.reports.host_status import RENDERERS as STATUS_RENDERERS
from provisioner.reports.run_formats import RENDERERS
from tests.cli.frozen.conftest import Frozen
from tests.unit.reports.run_samples import SAMPLES, sample_status

SUFFIXES = {"text": "txt", "json": "json", "junit": "xml", "markdown": "md"}


@pytest.mark.parametrize("name", SAMPLES)
def test_reports_of_runs(frozen: Frozen, name: str) -> None:
    record = SAMPLES[name]()
    forms = RENDERERS if name in ("push", "to-enter") else {"text": RENDERERS["text"]}
    texts = {f"{name}.{SUFFIXES[form]}": forms[form](record, {}) for form in forms}
    frozen(f"runs/{name}", texts)


def test_history_of_runs(frozen: Frozen) -> None:
    runs = [sample() for name, sample in SAMPLES.items() if name not in ("plan", "groups")]
    lists = {f"list.{SUFFIXES[form]}": render(runs) for form, render in LISTS.items()}
    ones = {
        f"{name}.{SUFFIXES[form]}": ONES[form](SAMPLES[name]())
        for name in ("push", "entered")
        for form in ONES
        if form != "json"
    }
    frozen("runs/history", lists | ones)


def test_status_of_hosts(frozen: Frozen) -> None:
    texts = {
        f"hosts.{SUFFIXES[form]}": render(sample_status())
        for form, render in STATUS_RENDERERS.items()
    }
    frozen("runs/hosts", texts)

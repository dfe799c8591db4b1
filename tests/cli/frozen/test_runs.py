"""Reports of runs in each format, word for word."""

import re

import pytest

from provisioner.reports.history import LISTS, ONES
from provisioner.reports.host_status import RENDERERS as STATUS_RENDERERS
from provisioner.reports.layout import laid_out
from provisioner.reports.run_formats import RENDERERS
from tests.unit.reports.run_samples import SAMPLES, sample_status

# What is copied is not broken.
COMMAND = re.compile(r"^ *(?:.*: )?(?:provisioner|Set-CASMailbox|Set-Transport)")
FORMS = {"plan": ("text", "markdown"), "push": RENDERERS, "to-enter": RENDERERS}
SUFFIXES = {"text": "txt", "json": "json", "junit": "xml", "markdown": "md"}


def shown(texts):
    """Texts for people as a pipe has them."""
    return {n: laid_out(text) if n.endswith(".txt") else text for n, text in texts.items()}


@pytest.mark.parametrize("name", SAMPLES)
def test_reports_of_runs(frozen, name):
    record = SAMPLES[name]()
    forms = FORMS.get(name, ("text",))
    texts = {f"{name}.{SUFFIXES[form]}": RENDERERS[form](record, {}) for form in forms}
    frozen(f"runs/{name}", shown(texts))


def test_history_of_runs(frozen):
    runs = [sample() for name, sample in SAMPLES.items() if name not in ("plan", "groups")]
    lists = {f"list.{SUFFIXES[form]}": render(runs) for form, render in LISTS.items()}
    ones = {
        f"{name}.{SUFFIXES[form]}": ONES[form](SAMPLES[name]())
        for name in ("push", "entered")
        for form in ONES
        if form != "json"
    }
    frozen("runs/history", shown(lists | ones))


def test_status_of_hosts(frozen):
    texts = {
        f"hosts.{SUFFIXES[form]}": render(sample_status())
        for form, render in STATUS_RENDERERS.items()
    }
    frozen("runs/hosts", shown(texts))


@pytest.mark.parametrize("width", [60, 200])
def test_on_terminals(frozen, width):
    """Colors are <32>words</> in the files."""
    reports = {
        "hosts": STATUS_RENDERERS["text"](sample_status()),
        "history": LISTS["text"]([SAMPLES["push"](), SAMPLES["entered"]()]),
        **{name: RENDERERS["text"](SAMPLES[name](), {}) for name in ("plan", "push", "to-enter")},
    }
    texts = {}
    for name, report in reports.items():
        colored = laid_out(report, width=width, colored=True)
        plain = laid_out(report, width=width)
        assert re.sub(r"\x1b\[[0-9]*m", "", colored) == plain
        for line in plain.splitlines():
            assert len(line) <= width or COMMAND.search(line), line
        marked = re.sub(r"\x1b\[(3[0-9])m", r"<\1>", colored).replace("\x1b[0m", "</>")
        texts[f"{name}.txt"] = marked
    frozen(f"runs/terminal-{width}", texts)

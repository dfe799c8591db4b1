"""Whatever is wrong with a generated document, no secret that it holds is told."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.lint.schema import SchemaName, schema_named
from provisioner.lint.schema_issues import explain
from provisioner.lint.verdict import reach_verdict
from provisioner.reports.finding_formats import RENDERERS
from tests.loading import documents_at
from tests.strategies.canaries import CANARY, NUMBER, planted, planted_where_closed
from tests.strategies.complete import complete, levels
from tests.strategies.documents import near_documents
from tests.strategies.effort import generated
from tests.strategies.schema_walk import NAMES, root_of

pytestmark = pytest.mark.long

FILES: dict[SchemaName, str] = {"email-server": "server.json", "project": "provisioner.yml"}

ALL_RULES = {
    "forbidden-key",
    "missing-key",
    "not-allowed-value",
    "out-of-range",
    "unknown-key",
    "wrong-form",
    "wrong-type",
}
# No key of the settings is required; a host document has null, and no forms of text.
NEVER_BROKEN: dict[SchemaName, set[str]] = {
    "email-server": set(),
    "project": {"missing-key"},
    "host-document": {"forbidden-key", "wrong-form"},
}


def told(text: str) -> bool:
    return CANARY.casefold() in text.casefold() or str(NUMBER) in text


@pytest.mark.parametrize("name", NAMES)
def test_objections_quote_no_value(name: SchemaName) -> None:
    seen: Counter[str] = Counter()
    root = root_of(name)
    # With every key, so that forbidden ones are among them whatever else is generated.
    whole = st.sampled_from([complete(root, root, **choice) for choice in levels(root)])

    @generated(400)
    @given(st.one_of(near_documents(name), whole).flatmap(planted))
    def stay_silent(document: Any) -> None:
        for issue in explain(document, schema_named(name)).issues:
            seen[issue.rule] += 1
            assert not told(issue.message + issue.remedy), document

    stay_silent()
    assert set(seen) == ALL_RULES - NEVER_BROKEN[name]


@pytest.mark.parametrize("name", FILES)
def test_reports_tell_nothing_that_is_closed(name: SchemaName, tmp_path: Path) -> None:
    """Excerpts do show values, but only of known keys that hold no secret."""
    seen: Counter[str] = Counter()
    path = tmp_path / FILES[name]

    @generated(200)
    @given(near_documents(name).flatmap(lambda near: planted_where_closed(near, name)))
    def stay_silent(made: tuple[Any, int]) -> None:
        document, count = made
        path.write_text(json.dumps(document), encoding="utf-8")
        verdict = reach_verdict(documents_at([str(path)]))
        assert verdict.crashed == ()
        seen["planted"] += count > 0
        seen["findings"] += bool(verdict.findings)
        for render in RENDERERS.values():
            assert not told(render(verdict)), document

    stay_silent()
    assert seen["planted"] > 30
    assert seen["findings"] > 100


@pytest.mark.parametrize(
    "key", [f"client_secret:{CANARY}", f"{CANARY}{'x' * 32}", f"pass {CANARY}"]
)
def test_a_key_that_looks_like_a_secret_is_none_that_is_told(key: str) -> None:
    (issue, *_) = explain({key: "x"}, schema_named("project")).issues
    assert issue.rule == "unknown-key"
    assert not told(issue.message + issue.remedy)

"""Whatever a schema does not accept is explained, and nothing else."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.config.pointer import segments
from provisioner.lint.schema import Schema, schema_for, schema_named
from provisioner.lint.schema_issues import WORDS, explain
from tests.loading import load

pytestmark = pytest.mark.long

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
CANARY = "hunter2CANARY"

ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    587.0,
    587.5,
    70417762031,
    10**30,
    "",
    CANARY,
    f"{CANARY}\n",
    f"\n{CANARY}",
    f" {CANARY} ",
    f"{CANARY}\x07",
    f"{CANARY}é€😀",
    f"{CANARY},{CANARY}",
    f"https://{CANARY}.example/x#y",
    f"https://{CANARY}.example/x\n",
    f"<{CANARY}@example.edu>",
    f"{CANARY}@example.edu\n",
    "2028-06-30\n",
    "2027-02-29",
    "oauth2",
    "auto_detect",
    "none",
    "cram_md5",
    "x" * 70_000,
    [],
    [CANARY],
    [[CANARY]],
    {},
    {CANARY: CANARY},
    {"env": f"{CANARY} "},
    {"env": CANARY, "file": CANARY},
    {"command": []},
    {"keyring": CANARY},
)


def documents() -> Iterator[tuple[Schema, Any]]:
    for path in sorted(EXAMPLES.glob("valid/*")):
        for document in load(path):
            yield schema_for(document), document.value


def pointers(value: Any, pointer: str = "") -> Iterator[str]:
    yield pointer
    if isinstance(value, dict):
        for key, below in value.items():
            yield from pointers(below, f"{pointer}/{key}")


def with_value(document: Any, pointer: str, value: Any) -> Any:
    if not pointer:
        return value
    changed = copy.deepcopy(document)
    *way, last = segments(pointer)
    target = changed
    for segment in way:
        target = target[segment]
    target[last] = value
    return changed


def without(document: Any, pointer: str) -> Any:
    changed = with_value(document, pointer, None)
    *way, last = segments(pointer)
    target = changed
    for segment in way:
        target = target[segment]
    del target[last]
    return changed


def mutations(document: Any) -> Iterator[Any]:
    yield document
    yield with_value(document, f"/{CANARY}x", CANARY)
    for pointer in pointers(document):
        for odd in ODD_VALUES:
            yield with_value(document, pointer, odd)
        if pointer:
            yield without(document, pointer)


def test_what_is_refused_is_explained() -> None:
    accepted = refused = 0
    for schema, document in documents():
        for changed in mutations(document):
            issues = explain(changed, schema).issues
            if schema.accepts(changed):
                accepted += 1
                assert issues == (), changed
            else:
                refused += 1
                assert issues != (), changed
            for issue in issues:
                said = issue.message + issue.remedy
                assert CANARY not in said.replace(f"`{CANARY}x`", "").replace(f"`{CANARY}`", "")
                assert "70417762031" not in said
    assert accepted > 500
    assert refused > 5000


ANNOTATIONS_WITH_VALUES = ("default", "defaultSnippets", "examples")


def keywords_in(node: Any) -> Iterator[str]:
    """Keywords by which a schema can refuse something."""
    if isinstance(node, list):
        for below in node:
            yield from keywords_in(below)
    if not isinstance(node, dict):
        return
    for keyword, below in node.items():
        if keyword in ("properties", "$defs"):
            for schema in below.values():
                yield from keywords_in(schema)
        elif keyword in ANNOTATIONS_WITH_VALUES or keyword in (
            "const",
            "dependentRequired",
            "enum",
        ):
            yield keyword
        elif keyword == "if":
            continue
        else:
            yield keyword
            yield from keywords_in(below)


SAYS_NOTHING = {
    *ANNOTATIONS_WITH_VALUES, "$comment", "$id", "$ref", "$schema", "allOf", "description", "items",
    "patternErrorMessage", "then", "title", "writeOnly",
}  # fmt: skip


@pytest.mark.parametrize("name", ["email-server", "project", "host-document"])
def test_there_are_words_for_every_keyword(name: Any) -> None:
    used = set(keywords_in(schema_named(name).content)) - SAYS_NOTHING
    assert used <= set(WORDS)

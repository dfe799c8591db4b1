"""Every demand of every schema is made to fail on a canary, and its words do not tell it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from provisioner.lint.schema import SchemaName, schema_named
from provisioner.lint.schema_issues import explain
from tests.strategies.canaries import CANARY, NUMBER
from tests.strategies.complete import complete, levels
from tests.strategies.json_values import changed, pointers, without
from tests.strategies.schema_walk import NAMES, demands, root_of

pytestmark = pytest.mark.long

Path = tuple[str | int, ...]

# Too long for an unknown key that is told. Only the names of providers and parameters may be
# anything, and are.
FREE_KEY = CANARY * 3
CANARY_VALUES: tuple[Any, ...] = (
    CANARY,
    f"{CANARY}\n",
    f"{CANARY} " * 6000,
    NUMBER,
    -NUMBER,
    [CANARY],
    [NUMBER],
    [CANARY] * 1001,
    {FREE_KEY: CANARY},
    {"env": CANARY, "file": CANARY},
)
MAPPINGS = ("authorize_extra", "scopeless_endpoints", "shared_tenants", "superseded_endpoints")
MANY_KEYS = {f"key{number}": CANARY for number in range(1001)}
# What is too short or empty has no room for a canary; one stands elsewhere in the document then.
EMPTY_VALUES: tuple[Any, ...] = ("", [], {})


def told(text: str) -> bool:
    return CANARY in text or str(NUMBER) in text


def failing(name: SchemaName) -> Iterator[Any]:
    root = root_of(name)
    for choice in levels(root):
        document = complete(root, root, **choice)
        everything = choice.get("level") in (None, "oauth2")  # other levels demand little more
        for pointer in pointers(document):
            for value in (*CANARY_VALUES, *EMPTY_VALUES) if everything else (CANARY, [CANARY]):
                yield changed(document, pointer, value=value)
            if pointer:
                yield without(document, pointer)
        for key in document:  # one key alone: what it asks for is missing
            yield {"smtp_security_level": document.get("smtp_security_level"), key: CANARY}
    yield {"providers": MANY_KEYS}
    yield {"providers": {"login.example.edu": dict.fromkeys(MAPPINGS, MANY_KEYS)}}


@pytest.mark.parametrize("name", NAMES)
def test_every_demand_fails_on_a_canary_and_none_is_told(name: SchemaName) -> None:
    engine, failed = jsonschema.Draft202012Validator(root_of(name)), set()
    for document in failing(name):
        errors = list(engine.iter_errors(document))
        failed |= {tuple(error.absolute_schema_path) for error in errors}
        issues = explain(document, schema_named(name)).issues
        assert bool(issues) >= bool(errors)
        for issue in issues:
            said = issue.message + issue.remedy
            assert not told(said.replace(f"`{FREE_KEY}`", "")), said
    assert failed == {path for path, _ in demands(root_of(name), root_of(name))}


def test_the_demands_are_found_by_the_walk() -> None:
    counts = {name: len(list(demands(root_of(name), root_of(name)))) for name in NAMES}
    assert all(count > 60 for count in counts.values()), counts
    last = {path[-1] for name in NAMES for path, _ in demands(root_of(name), root_of(name))}
    assert last == {
        "additionalProperties", "const", "dependentRequired", "enum", "maxItems", "maxLength",
        "maxProperties", "maximum", "minItems", "minLength", "minProperties", "minimum", "not",
        "pattern", "required", "type",
    }  # fmt: skip

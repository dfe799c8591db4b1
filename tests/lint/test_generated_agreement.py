"""jsonschema, of which nothing is used here, agrees with jsonschema-rs on each demand and place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from jsonschema.validators import extend

from provisioner.config.pointer import pointer_to
from provisioner.lint.explanation import explain
from provisioner.lint.schema import SchemaName, schema_named
from tests.strategies.documents import near_documents, valid_documents
from tests.strategies.effort import generated
from tests.strategies.schema_walk import NAMES, root_of, strict

RELAY = {"server_name": "Reports", "host": "relay.example.edu", "smtp_security_level": "none"}


def _pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[Any]:
    """The end of the text is `$` to JSON Schema; to Python, so is the last line break."""
    if isinstance(value, str) and not re.search(strict(pattern), value):
        yield jsonschema.ValidationError("")


_SecondEngine: Any = extend(jsonschema.Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]

pytestmark = pytest.mark.long


@cache
def second_engine(name: SchemaName) -> Any:
    return _SecondEngine(root_of(name))


def refused_by_first(name: SchemaName, document: Any) -> set[tuple[Any, str]]:
    return {(demand.path, at) for demand, at in schema_named(name).refusals(document)}


def refused_by_second(name: SchemaName, document: Any) -> set[tuple[Any, str]]:
    return {
        (tuple(error.absolute_schema_path), pointer_to(error.absolute_path))
        for error in second_engine(name).iter_errors(document)
    }


@pytest.mark.parametrize("name", NAMES)
def test_what_is_valid_by_construction_all_accept(name: SchemaName) -> None:
    documents = valid_documents(name)
    for document in documents:
        assert schema_named(name).accepts(document), document
        assert explain(document, schema_named(name)) == [], document
        assert second_engine(name).is_valid(document), document
    assert len({repr(document) for document in documents}) > 50
    assert sum(len(repr(document)) > 300 for document in documents) > 10


@pytest.mark.parametrize("name", NAMES)
def test_both_engines_refuse_the_same_at_the_same_places(name: SchemaName) -> None:
    seen: Counter[str] = Counter()

    @generated(1000)
    @given(near_documents(name))
    def agree(document: Any) -> None:
        is_accepted = schema_named(name).accepts(document)
        seen["accepted" if is_accepted else "refused"] += 1
        refused = refused_by_first(name, document)
        assert refused == refused_by_second(name, document)
        assert (refused == set()) is is_accepted
        assert (explain(document, schema_named(name)) == []) is is_accepted

    agree()
    assert seen["accepted"] > 30
    assert seen["refused"] > 300


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (RELAY | {"$schema": 3}, (("properties", "$schema", "type"), "/$schema")),
        (RELAY | {"a/b~c%": 3}, (("additionalProperties",), "")),
        (
            RELAY | {"smtp_security_level": "auto_detect", "user_name": "x"},
            (("allOf", 3, "then", "dependentRequired"), ""),
        ),
    ],
)
def test_a_place_that_needs_escaping_or_is_counted_is_the_same(document: Any, place: Any) -> None:
    assert refused_by_first("email-server", document) == {place}
    assert refused_by_second("email-server", document) == {place}

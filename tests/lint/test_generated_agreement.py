"""What jsonschema-rs accepts, jsonschema has nothing to say of; what it refuses, is explained."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given

from provisioner.lint.schema import SchemaName, schema_named
from provisioner.lint.schema_issues import errors_of, explain
from tests.strategies.documents import near_documents, valid_documents
from tests.strategies.effort import generated
from tests.strategies.schema_walk import NAMES

RELAY = {"server_name": "Reports", "host": "relay.example.edu", "smtp_security_level": "none"}


pytestmark = pytest.mark.long


@pytest.mark.parametrize("name", NAMES)
def test_what_is_valid_by_construction_all_accept(name: SchemaName) -> None:
    documents = valid_documents(name)
    for document in documents:
        assert schema_named(name).accepts(document), document
        assert explain(document, schema_named(name)).issues == (), document
    assert len({repr(document) for document in documents}) > 50
    assert sum(len(repr(document)) > 300 for document in documents) > 10


@pytest.mark.parametrize("name", NAMES)
def test_both_engines_refuse_the_same(name: SchemaName) -> None:
    seen: Counter[str] = Counter()

    @generated(1000)
    @given(near_documents(name))
    def agree(document: Any) -> None:
        is_accepted = schema_named(name).accepts(document)
        seen["accepted" if is_accepted else "refused"] += 1
        assert any(errors_of(document, schema_named(name))) is not is_accepted
        assert (explain(document, schema_named(name)).issues == ()) is is_accepted

    agree()
    assert seen["accepted"] > 30
    assert seen["refused"] > 300

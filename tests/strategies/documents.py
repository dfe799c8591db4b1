"""Documents by schema: valid ones, and what becomes of them after a few changes."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from provisioner.lint.schema import SchemaName
from tests.strategies.effort import generated
from tests.strategies.json_values import mutated, values
from tests.strategies.schema_values import valid
from tests.strategies.schema_walk import root_of


@cache
def valid_documents(name: SchemaName) -> tuple[Any, ...]:
    """Documents that the schema must accept: made once, since that takes longer than all checks."""
    made: list[Any] = []

    @generated(100)
    @given(valid(root_of(name), root_of(name)))
    def make(document: Any) -> None:
        made.append(document)

    make()
    return tuple(made)


def near_documents(name: SchemaName) -> st.SearchStrategy[Any]:
    """A valid document after one to three changes; now and then, anything at all."""
    changed = st.sampled_from(valid_documents(name)).flatmap(mutated)
    return st.integers(0, 9).flatmap(lambda die: values if die == 9 else changed)

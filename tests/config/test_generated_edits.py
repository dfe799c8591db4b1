"""Two loaders read what becomes of declared files; each difference belongs to a known class."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given

from tests.strategies.effort import generated
from tests.strategies.second_loader import REFUSED
from tests.strategies.yaml_differences import CLASSES, explained, read
from tests.strategies.yaml_edits import edited_files

pytestmark = pytest.mark.long


def test_edited_files_are_read_alike() -> None:
    seen: Counter[str] = Counter()

    @generated(800)
    @given(edited_files())
    def agree(text: str) -> None:
        reading = read(text)
        why = explained(reading)
        assert why is not None, (text, reading.documents, reading.other)
        seen[why or ("refused" if reading.value == REFUSED else "read")] += 1

    agree()
    total = sum(seen.values())
    assert seen["read"] > total * 0.3, seen
    assert seen["refused"] > total * 0.05, seen
    assert total - seen["read"] - seen["refused"] < total * 0.2, seen


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_of_differences_is_alive(name: str) -> None:
    """Its smallest text is read differently, and nothing but this class explains it."""
    reading = read(CLASSES[name][1])
    assert reading.differs
    assert [n for n, (explains, _) in CLASSES.items() if explains(reading)] == [name]

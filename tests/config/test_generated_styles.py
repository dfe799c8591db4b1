"""What is written in any style is read as what it is, and stands where its place says."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given

from provisioner.config.document import Document
from provisioner.config.pointer import value_at
from tests.strategies.effort import generated
from tests.strategies.json_values import pointers
from tests.strategies.second_loader import ours, same, theirs, values_of
from tests.strategies.yaml_styles import written

pytestmark = pytest.mark.long


def slice_of(text: str, document: Document, pointer: str) -> str:
    (line, column), (last_line, last_column) = document.locate(pointer).value
    starts = [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", text))]
    return text[starts[line - 1] + column - 1 : starts[last_line - 1] + last_column - 1]


def test_both_loaders_read_what_was_written() -> None:
    @generated(400)
    @given(written())
    def read(made: tuple[Any, str]) -> None:
        value, text = made
        assert same(values_of(ours(text)), [value]), text
        assert same(theirs(text), [value]), text

    read()


def test_each_place_holds_its_scalar() -> None:
    seen: Counter[str] = Counter()

    @generated(300)
    @given(written())
    def hold(made: tuple[Any, str]) -> None:
        value, text = made
        (document,) = ours(text)
        for pointer in pointers(value):
            scalar = value_at(value, pointer)
            if isinstance(scalar, dict | list):
                continue
            found = slice_of(text, document, pointer)
            seen["block" if found[:1] in "|>" else "astral" if "😀" in text else "other"] += 1
            line_end = "\n" if found[:1] in ("|", ">") else ""  # the last one is not marked
            assert same(theirs(found + line_end), [scalar]), (text, pointer, found)

    hold()
    assert min(seen.values()) > 30, seen
    assert len(seen) == 3

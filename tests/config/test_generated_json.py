"""The reader of *.json against json.loads, and the places of what it reads."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.config.document import Document
from provisioner.config.pointer import value_at
from tests.strategies.effort import generated
from tests.strategies.json_values import pointers, values
from tests.strategies.odd_text import edited
from tests.strategies.second_loader import REFUSED, ours, same, values_of

pytestmark = pytest.mark.long

SEPARATORS = st.sampled_from(((",", ":"), (", ", ": "), (",\r\n\t", " : "), (" ,\n", ":\n\n ")))


class Twice(ValueError):
    """A key stands twice."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise Twice
    return dict(pairs)


def refuse(word: str) -> NoReturn:
    raise ValueError(word)


def strictly(text: str) -> Any:
    """The standard library's value; NaN and keys that stand twice refused.

    RFC 8259 section 8.1 lets a reader pass over a byte order mark, which we do, and warn.
    """
    try:
        return [
            json.loads(text.removeprefix("\ufeff"), object_pairs_hook=once, parse_constant=refuse)
        ]
    except (ValueError, RecursionError):
        return REFUSED


@st.composite
def texts(draw: st.DrawFn) -> str:
    separators, is_ascii = draw(SEPARATORS), draw(st.booleans())
    value = draw(st.dictionaries(st.text(max_size=4), values, max_size=3) | values)
    return json.dumps(value, separators=separators, ensure_ascii=is_ascii)


@st.composite
def near_texts(draw: st.DrawFn) -> str:
    text = draw(texts())
    for _ in range(draw(st.integers(0, 2))):
        text = draw(edited(text))
    return text


def explanation(documents: list[Document], text: str, theirs: Any) -> str | None:
    """Where we refuse what json.loads takes."""
    rules = {issue.rule for document in documents for issue in document.issues}
    messages = {issue.message for document in documents for issue in document.issues}
    if rules == {"empty-document"} and theirs == [None]:
        return "nothing"  # `null` declares no server
    if rules == {"control-character"}:
        return "signs"  # as they stand; RFC 8259 allows them, escaped they are read
    if rules == {"too-large"}:
        return "limits"
    if messages == {"this is no number that JSON knows"} and re.search(r"[0-9]{3}|[eE]", text):
        return "numbers"  # 1e999: json.loads makes it infinite, which JSON cannot write
    if any("surrogate" in message for message in messages):
        return "surrogates"  # RFC 8259 section 8.2: what half a pair means is not foreseeable
    return None


def test_json_is_read_as_json() -> None:
    seen: Counter[str] = Counter()

    @generated(600)
    @given(near_texts())
    def agree(text: str) -> None:
        documents, theirs = ours(text, "server.json"), strictly(text)
        value = values_of(documents)
        if same(value, theirs) or value == theirs == REFUSED:
            seen["refused" if value == REFUSED else "read"] += 1
            return
        assert value == REFUSED, text
        why = explanation(documents, text, theirs)
        assert why is not None, (text, documents)
        seen[why] += 1

    agree()
    total = sum(seen.values())
    assert seen["read"] > total * 0.3, seen
    assert seen["refused"] > total * 0.1, seen
    assert {"nothing", "signs"} <= set(seen), seen


def slice_of(text: str, document: Document, pointer: str) -> str:
    """What stands at a value's place; lines end as RFC 8259's and YAML's do."""
    (line, column), (last_line, last_column) = document.locate(pointer).value
    starts = [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", text))]
    return text[starts[line - 1] + column - 1 : starts[last_line - 1] + last_column - 1]


def test_each_place_holds_its_value() -> None:
    seen: Counter[str] = Counter()

    @generated(300)
    @given(texts())
    def hold(text: str) -> None:
        documents = ours(text, "server.json")
        if values_of(documents) == REFUSED:
            return
        (document,) = documents
        for pointer in pointers(document.value):
            seen["astral" if re.search("[\U00010000-\U0010ffff]", text) else "other"] += 1
            found = json.loads(slice_of(text, document, pointer))
            assert same(found, value_at(document.value, pointer)), (text, pointer)

    hold()
    assert seen["astral"] > 20
    assert seen["other"] > 100

"""The reader against ruamel.yaml, which knows nothing of libyaml, and against json.loads."""

import json
import re
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from provisioner.config.issue import Severity
from provisioner.config.pointer import value_at
from tests.support.loading import load_file
from tests.support.strategies.effort import generated
from tests.support.strategies.json_values import pointers, values
from tests.support.strategies.odd_text import edited
from tests.support.strategies.yaml_styles import structure_edited, written

pytestmark = pytest.mark.long

REFUSED = "(refused)"
# Besides its own errors, what ruamel's constructors stumble over.
REFUSALS = (YAMLError, ValueError, TypeError, AttributeError, IndexError, RecursionError)
# Plain keys that are no text to ruamel (in JSON, and so to us, each key is); and the end of a
# document twice and tabs, which it refuses.
UNLIKE = re.compile(r"(?i)([0-9]|\b(null|true|false)|~)\s*:|\.\.\.\s+\.\.\.|\t")


def ours(text, name="server.yml"):
    """The documents of a text; that line ends are odd, say, is not about its meaning."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(text.encode())
        documents = load_file(path)
    return [
        document._replace(issues=tuple(d for d in document.issues if d.severity is Severity.ERROR))
        for document in documents
    ]


def values_of(documents):
    """The values of clean documents, else REFUSED."""
    if any(document.issues for document in documents):
        return REFUSED
    return [document.value for document in documents]


def theirs(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an anchor that is used twice
        try:
            return list(YAML(typ="safe", pure=True).load_all(text))
        except REFUSALS:
            return REFUSED


def same(one, other):
    """Whether both are the same value of the same types, in the same order."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [*one] == [*other] and all(map(same, one.values(), other.values()))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def slice_of(text, document, pointer):
    """The text at a value's place."""
    (line, column), (last_line, last_column) = document.locate(pointer).value
    starts = [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", text))]
    return text[starts[line - 1] + column - 1 : starts[last_line - 1] + last_column - 1]


def test_any_style_is_read_and_each_place_holds_its_scalar():
    seen = Counter()

    @generated(120)
    @given(written())
    def read(made):
        value, text = made
        (document,) = documents = ours(text)
        assert same(values_of(documents), [value]), text
        assert same(theirs(text), [value]), text
        for pointer in pointers(value):
            scalar = value_at(value, pointer)
            if not isinstance(scalar, dict | list):
                found = slice_of(text, document, pointer)
                seen["block" if found[:1] in "|>" else "astral" if "😀" in text else "other"] += 1
                line_end = "\n" if found[:1] in ("|", ">") else ""  # the last one is not marked
                assert same(theirs(found + line_end), [scalar]), (text, pointer, found)

    read()
    assert set(seen) == {"astral", "block", "other"}


def test_both_readers_take_an_edited_text_for_the_same():
    seen = Counter()

    @generated(150)
    @given(structure_edited())
    def agree(text):
        value, other = values_of(ours(text)), theirs(text)
        if value == REFUSED or UNLIKE.search(text):
            seen["refused" if value == REFUSED else "unlike"] += 1
        else:
            seen["read"] += 1
            assert same(value, other), (text, value, other)

    agree()
    assert min(seen["read"], seen["refused"]) > 10, seen


def once(pairs):
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def refuse(word):
    raise ValueError(word)


def strictly(text):
    """As json.loads, but without NaN and repeated keys. RFC 8259 section 8.1 lets a reader pass
    over a byte order mark, which we do, and warn."""
    text = text.removeprefix("\ufeff")
    try:
        return [json.loads(text, object_pairs_hook=once, parse_constant=refuse)]
    except (ValueError, RecursionError):
        return REFUSED


def why_refused(documents, text):
    """Why we refuse what json.loads takes; empty if it should not be."""
    rules = {issue.rule for document in documents for issue in document.issues}
    messages = {issue.message for document in documents for issue in document.issues}
    if rules & {"empty-document", "control-character", "too-large"}:
        return next(iter(rules))
    if messages == {"this number is not valid in JSON"} and re.search(r"[0-9]{3}|[eE]", text):
        return "number"  # 1e999: json.loads makes it infinite, which JSON cannot write
    return "surrogate" if any("surrogate" in message for message in messages) else ""


@st.composite
def json_texts(draw):
    separators = draw(st.sampled_from(((",", ":"), (",\r\n\t", " : "), (" ,\n", ":\n\n "))))
    value = draw(st.dictionaries(st.text(max_size=4), values, max_size=3) | values)
    text = json.dumps(value, separators=separators, ensure_ascii=draw(st.booleans()))
    for _ in range(draw(st.integers(0, 2))):
        text = draw(edited(text))
    return text


def test_json_is_read_as_json_and_each_place_holds_its_value():
    seen = Counter()

    @generated(150)
    @given(json_texts())
    def agree(text):
        documents, other = ours(text, "server.json"), strictly(text)
        value = values_of(documents)
        if value == REFUSED:
            why = "refused" if other == REFUSED else why_refused(documents, text)
            seen[why] += 1
            assert why, (text, documents)
            return
        assert same(value, other), text
        seen["read"] += 1
        for pointer in pointers(documents[0].value):
            found = json.loads(slice_of(text.removeprefix("\ufeff"), documents[0], pointer))
            assert same(found, value_at(documents[0].value, pointer)), (text, pointer)

    agree()
    assert min(seen["read"], seen["refused"]) > 5, seen

"""The short way through plain files, and libyaml, make the same of a text, at the same places."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from provisioner.documents.builder import build_documents
from provisioner.documents.built import Built
from provisioner.documents.defect import Defect, DefectFound
from provisioner.documents.events import events_of
from provisioner.documents.loader import load_file
from provisioner.documents.places import places_of
from provisioner.documents.plain_files import plain_document
from provisioner.documents.plain_places import PlainPlaces
from provisioner.documents.reading import text_of
from tests.strategies.effort import generated
from tests.strategies.second_loader import same
from tests.strategies.text_mutations import mutations
from tests.strategies.yaml_edits import examples
from tests.strategies.yaml_lines import plain_lines

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def by_events(text: str) -> list[Built]:
    unexplained = Defect(rule="syntax", message="", remedy="")
    return list(build_documents(events_of(text, is_json=False), lambda _: unexplained))


def outcome(text: str) -> str:
    """Fails if both ways are gone and lead to different places."""
    try:
        text = text_of(text.encode())
    except DefectFound:
        return "no text"
    plain = plain_document(text)
    if plain is None:
        return "left to libyaml"
    (other,) = by_events(text)
    assert other.defects == (), text
    assert other.line == plain.line, text
    assert same(other.value, plain.value), text
    assert [PlainPlaces(text)] == places_of(events_of(text, is_json=False), text.splitlines()), text
    return "plain"


def test_both_ways_make_the_same_of_mutated_files() -> None:
    count = 4000 * int(os.environ.get("EFFORT", "1"))
    seen = Counter(outcome(text) for text in mutations(examples(), count, seed=1))
    assert seen["plain"] > 300, seen
    assert seen["left to libyaml"] > 300, seen


def test_both_ways_make_the_same_of_lines() -> None:
    seen: Counter[str] = Counter()

    @generated(600)
    @given(plain_lines())
    def agree(text: str) -> None:
        seen[outcome(text)] += 1

    agree()
    assert seen["plain"] > 60, seen
    assert seen["left to libyaml"] > 60, seen


@pytest.mark.parametrize(
    ("text", "value", "line"),
    [
        ("a: 1", {"a": 1}, 1),
        ("---\n# c\n\na: 1   # c\nb:\n  c: x\n", {"a": 1, "b": {"c": "x"}}, 4),
        ("a: 'it''s # no: comment'  # c\n", {"a": "it's # no: comment"}, 1),
        ('a: "b: c"\nd: ""\ne: \'\'\n', {"a": "b: c", "d": "", "e": ""}, 1),
        ("a: {env: NAME}\nb:\n  c: {file: /x/y-z.txt} # c\n",
         {"a": {"env": "NAME"}, "b": {"c": {"file": "/x/y-z.txt"}}}, 1),
        ("a: {b: true}\n", {"a": {"b": True}}, 1),
        ("a: https://x.example/?b=c#d:e\n", {"a": "https://x.example/?b=c#d:e"}, 1),
        ("a:\n  b:\n    c: no\n  d: 0x1F\n", {"a": {"b": {"c": "no"}, "d": 31}}, 1),
        ("a: ~\nb:\nc: null\n", {"a": None, "b": None, "c": None}, 1),
        ("a: é😀 ü # ö\n", {"a": "é😀 ü"}, 1),
        ("a: b   \n   # c\n \n", {"a": "b"}, 1),
    ],
)  # fmt: skip
def test_plain_texts_go_the_short_way(text: str, value: Any, line: int) -> None:
    assert plain_document(text) == Built(value, line)
    assert outcome(text) == "plain"


@pytest.mark.parametrize(
    "text",
    [
        "", "# c\n", "---\n", "a\n", "- a\n", "a: [1]\n", "a: {}\n", "a: {b: 1, c: 2}\n",
        "a: &x 1\n", "a: *x\n", "a: !vault x\n", "a: |\n  x\n", "a: >-\n  x\n", "a: x\n  y\n",
        "a: 1\na: 2\n", "a:\n  b: 1\n   c: 2\n", "a: 1\n  b: 2\n", " a: 1\n", "a:\n  b: 1\n c: 2\n",
        "a: b: c\n", "a: b:\n", "a: 'b\n", "a: 'b' c\n", 'a: "\\n"\n', 'a: "b\n', "a: 'b'#c\n",
        "a:#b\n", "a:\tb\n", "a: b\tc\n", "a: 1\r\nb: 2\r\n", "a: 1\n---\nb: 2\n", "a: 1\n...\n",
        "? a\n: b\n", "a : 1\n", "'a': 1\n", "<<: x\n", "a: .inf\n", "a: 1e999\n", "a: .nan\n",
        "a: @b\n", "a: `b\n", "a: %b\n", "%YAML 1.2\n---\na: 1\n", "a: -1\n", "a: -\n", "a: ?\n",
        "--- a: 1\n", "---\n---\na: 1\n", "a: x\n" * 5000,
        "".join(f"{' ' * level}k:\n" for level in range(12)),
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_libyaml(text: str) -> None:
    assert plain_document(text) is None


def test_the_loader_goes_the_short_way(tmp_path: Path) -> None:
    """And knows each place all the same."""
    path = tmp_path / "a.yml"
    path.write_text("# c\na: 1\nb:\n  c: {env: X}\n")
    (document,) = load_file(path)
    assert document.value == {"a": 1, "b": {"c": {"env": "X"}}}
    assert document.line == 2
    assert document.defects == ()
    assert document.place("/b/c/env").value.start == (4, 12)
    (of_json,) = load_file(path.rename(tmp_path / "a.json"))
    assert [defect.rule for defect in of_json.defects] == ["syntax"]


def test_documents_with_the_same_lines_share_nothing_that_can_change() -> None:
    text = "a:\n  b: {env: X}\nc: {env: X}\n"
    first, second = plain_document(text), plain_document(text)
    assert first is not None
    assert second is not None
    first.value["a"]["b"]["env"] = first.value["c"]["env"] = "changed"
    assert second.value == {"a": {"b": {"env": "X"}}, "c": {"env": "X"}}
    assert plain_document(text) == second


def test_many_different_lines_are_read_as_the_first_ones_were() -> None:
    for number in range(12_000):
        assert plain_document(f"a: {number}\nb: x") == Built({"a": number, "b": "x"}, 1)


def test_most_valid_examples_are_plain() -> None:
    texts = [path.read_text() for path in (EXAMPLES / "valid").glob("*.yml")]
    plain = [text for text in texts if plain_document(text) is not None]
    assert len(plain) > len(texts) / 3


@pytest.mark.timeout(20)  # as a rule milliseconds; a form that is tried twice would take hours
@pytest.mark.parametrize("piece", ["a: b#", "'", "''", ": ", " #", "{a: b", '"', "a:", "  ", "x"])
def test_long_texts_that_nearly_match_take_no_time(piece: str) -> None:
    text = ("a: " + piece * 20_000)[:19_990]
    assert plain_document(text + "\tx\n\tx") is None

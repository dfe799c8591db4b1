"""JSON: strict, and with the same places."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioner.config.document import Document
from tests.loading import load_file


def read(folder: Path, text: str) -> list[Document]:
    path = folder / "server.json"
    path.write_text(text, encoding="utf-8")
    return load_file(path)


def test_values_are_those_of_json(tmp_path: Path) -> None:
    text = r'{"a": [1, -2.5, 1E3, true, false, null, []], "b": "\u00e9\ud83d\ude00\/\n", "": {}}'
    (document,) = read(tmp_path, text)
    assert document.value == json.loads(text)
    assert document.issues == ()


def test_places_are_those_of_the_file(tmp_path: Path) -> None:
    (document,) = read(tmp_path, '{\n\t"a": [1,\r\n  {"b\\u0041": "x"}]\n}\n')
    place = document.locate("/a/1/bA")
    assert place.key is not None
    assert (*place.key.start, *place.key.end) == (3, 4, 3, 13)
    assert (*place.value.start, *place.value.end) == (3, 15, 3, 18)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"a": 1,}', 1, 8),
        ("{'a': 1}", 1, 2),
        ("{a: 1}", 1, 2),
        ('{"a" 1}', 1, 6),
        ('{"a": 1 "b": 2}', 1, 9),
        ('{"a": 01}', 1, 8),
        ('{"a": +1}', 1, 7),
        ('{"a": .5}', 1, 7),
        ('{"a": NaN}', 1, 7),
        ('{"a": True}', 1, 7),
        ('{"a": "x\ny"}', 1, 7),
        (r'{"a": "\x"}', 1, 8),
        ('{"a": 1}\n{"b": 2}', 2, 1),
        ('{"a": 1} // b', 1, 10),
        ('["a"', 1, 5),
        ('{"a":\n', 2, 1),
        ('"', 1, 1),
    ],
)
def test_what_is_no_json_is_marked(tmp_path: Path, text: str, line: int, column: int) -> None:
    *_, document = read(tmp_path, text)
    assert [(d.rule, d.range.start) for d in document.issues] == [("syntax", (line, column))]
    with pytest.raises(json.JSONDecodeError):
        json.loads(text, parse_constant=lambda _: json.loads("?"))


def test_a_key_and_its_colon_may_stand_on_different_lines(tmp_path: Path) -> None:
    (document,) = read(tmp_path, '{"a"\n\t:\r\n{"b"\n:1}}')
    assert document.value == {"a": {"b": 1}}
    assert document.locate("/a/b").value.start == (4, 2)


def test_places_behind_a_surrogate_pair(tmp_path: Path) -> None:
    (document,) = read(tmp_path, r'{"\\ud83d": "\ud83d\ude00", "b": 1}')
    assert document.value == {r"\ud83d": "\U0001f600", "b": 1}
    assert document.locate("/b").value.start == (1, 34)


def test_libyaml_takes_no_long_key(tmp_path: Path) -> None:
    (document,) = read(tmp_path, '{"a": {"' + "k" * 1500 + '": 1}}')
    assert [d.message for d in document.issues] == ["a key is longer than 1,024 characters"]


def test_a_key_that_stands_twice(tmp_path: Path) -> None:
    (document,) = read(tmp_path, '{"a": 1,\n "a": 2}')
    (issue,) = document.issues
    assert (issue.rule, issue.range.start) == ("duplicate-key", (2, 2))
    assert "first on line 1" in issue.message

"""YAML -> values, and where everything stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.config.document import Document
from provisioner.config.yaml_text import MISSING
from tests.loading import load_file


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def read(text: str | bytes, name: str = "servers.yml") -> list[Document]:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_file(path)

    return read


def place_of(document: Document, pointer: str) -> tuple[tuple[int, ...] | None, tuple[int, ...]]:
    key, value = document.locate(pointer)
    flat = (*value.start, *value.end)
    return ((*key.start, *key.end) if key else None), flat


def test_the_core_schema_decides_what_is_text(read: Any) -> None:
    (document,) = read("a: no\nb: 0644\nc: 0o644\nd: 'true'\ne: True\nf:\ng: ! 12\nh: !!str 12\n")
    assert document.value == {
        "a": "no",
        "b": 644,
        "c": 420,
        "d": "true",
        "e": True,
        "f": None,
        "g": "12",
        "h": "12",
    }
    assert document.issues == ()


def test_keys_are_text_as_in_json(read: Any) -> None:
    (document,) = read("587: a\ntrue: b\nnull: c\n")
    assert document.value == {"587": "a", "true": "b", "null": "c"}


def test_vault_text_is_text_and_keeps_its_lines(read: Any) -> None:
    (document,) = read("a: !vault |\r\n  $ANSIBLE_VAULT;1.1;AES256\r\n  6162\r\nb: 1\r\n")
    assert document.value == {"a": "$ANSIBLE_VAULT;1.1;AES256\n6162\n", "b": 1}
    assert [issue.rule for issue in document.issues] == ["line-ends"]


def test_aliases_stand_for_their_anchor(read: Any) -> None:
    (document,) = read("a: &x {b: [1, 2]}\nc: *x\n")
    assert document.value == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}


def test_several_documents_keep_the_lines_of_the_file(read: Any) -> None:
    first, second, third = read("# one\na: 1\n---\n\na: 2\n...\n---\na: {b: 3}\n")
    assert [first.line, second.line, third.line] == [2, 5, 8]
    assert place_of(second, "/a") == ((5, 1, 5, 2), (5, 4, 5, 5))
    assert place_of(third, "/a/b") == ((8, 5, 8, 6), (8, 8, 8, 9))


def test_columns_count_characters_not_bytes(read: Any) -> None:
    (document,) = read("ä€😀: {é: 1}\n")
    assert place_of(document, "/ä€😀/é") == ((1, 7, 1, 8), (1, 10, 1, 11))


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_mark_move_nothing(read: Any, line_end: str, mark: str) -> None:
    (document,) = read(mark + line_end.join(["a: 1", "b:", "  - x", "  - y: 2", ""]))
    assert document.value == {"a": 1, "b": ["x", {"y": 2}]}
    assert place_of(document, "/a") == ((1, 1, 1, 2), (1, 4, 1, 5))
    assert place_of(document, "/b/1/y") == ((4, 5, 4, 6), (4, 8, 4, 9))


def test_the_ends_of_block_values_are_where_their_text_ends(read: Any) -> None:
    (document,) = read("a: |\n  one\n  two\n\n\nb:\n  c: 1\n  d: [1,\n   2]\n\n# end\ne: x\n")
    assert place_of(document, "/a") == ((1, 1, 1, 2), (1, 4, 3, 6))
    assert place_of(document, "/b") == ((6, 1, 6, 2), (7, 3, 9, 6))
    assert place_of(document, "/b/d") == ((8, 3, 8, 4), (8, 6, 9, 6))


def test_a_value_that_is_not_there_has_a_place_of_no_width(read: Any) -> None:
    (document,) = read("a:\nb: 1\n")
    assert document.locate("/a").value.is_empty


def test_the_place_of_what_is_missing_is_the_place_of_what_lacks_it(read: Any) -> None:
    (document,) = read("# c\na:\n  b: 1\n")
    assert place_of(document, "/a/nothing/there") == place_of(document, "/a")
    assert place_of(document, "/nothing") == ((2, 1, 2, 2), (2, 1, 3, 7))


def test_pointers_escape_what_they_must(read: Any) -> None:
    (document,) = read("a/b~c: {d: 1}\n")
    assert place_of(document, "/a~1b~0c/d") == ((1, 9, 1, 10), (1, 12, 1, 13))


def test_of_a_key_that_stands_twice_the_first_counts(read: Any) -> None:
    (document,) = read("a: 1\nb: {c: 1, c: 2}\na: {x: 2}\n")
    assert document.value == {"a": 1, "b": {"c": 1}}
    assert [(d.rule, d.range.start, d.pointer) for d in document.issues] == [
        ("duplicate-key", (2, 11), "/b/c"),
        ("duplicate-key", (3, 1), "/a"),
    ]
    assert place_of(document, "/a") == ((1, 1, 1, 2), (1, 4, 1, 5))


def test_what_stands_before_a_syntax_error_is_still_read(read: Any) -> None:
    first, second = read("a: 1\n---\na: 1\na: 2\nb: [\n")
    assert first.value == {"a": 1}
    assert first.issues == ()
    assert second.value is MISSING
    assert [d.rule for d in second.issues] == ["duplicate-key", "syntax"]


@pytest.mark.parametrize("text", ["serv\nserver_name: Reports\n", "{a: 1}\nb: 2\n", "a: 1\n%\n"])
def test_a_document_that_cannot_go_on_is_broken(read: Any, text: str) -> None:
    (document,) = read(text)
    assert document.value is MISSING
    assert [d.rule for d in document.issues] == ["syntax"]


def test_a_document_that_has_ended_is_not_broken_by_what_follows(read: Any) -> None:
    first, second = read("a: 1\n...\n}\n")
    assert first.value == {"a": 1}
    assert second.value is MISSING


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system [id]",
        "a: !!python/name:os.system ''",
        "a: !<tag:example.org,2000:x> y",
        "a: !!int x",
        "a: !!bool yes",
        "a: !vault {}",
        "!!set {a}",
        "- !!binary aGk=",
    ],
)
def test_unknown_tags_are_refused(read: Any, text: str) -> None:
    (document,) = read(text)
    assert [issue.rule for issue in document.issues] == ["unknown-tag"]


def test_a_number_that_json_does_not_know_is_no_value(read: Any) -> None:
    (document,) = read("a: .inf\nb: " + "9" * 5000 + "\n")
    assert [(d.rule, d.range.start) for d in document.issues] == [
        ("syntax", (1, 4)),
        ("syntax", (2, 4)),
    ]


@pytest.mark.parametrize("text", ["a: *b\n", "a: &a [*a]\n", "a: &a {b: *a}\n"])
def test_an_alias_needs_an_anchor_that_is_complete(read: Any, text: str) -> None:
    (document,) = read(text)
    assert [issue.rule for issue in document.issues] == ["syntax"]
    assert "anchor" in document.issues[0].message

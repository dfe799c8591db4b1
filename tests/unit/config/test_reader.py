"""YAML and JSON -> values, and where everything is."""

import json
import math

import pytest

from provisioner.config.yaml_scalars import plain_value
from provisioner.config.yaml_text import MISSING
from tests.support.loading import load_file


@pytest.fixture
def read(tmp_path):
    def read(text, name="servers.yml"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return load_file(path)

    return read


def place_of(document, pointer):
    key, value = document.locate(pointer)
    flat = (*value.start, *value.end)
    return ((*key.start, *key.end) if key else None), flat


def issues(document):
    return [(issue.rule, tuple(issue.range.start)) for issue in document.issues]


def test_plain_words_of_the_core_schema():
    texts = (
        *("no", "Yes", "on", "tRUE", "0O644", "1_000", "12:30:45", "2028-06-30", ".", "-", "+e1"),
        *("٣", "192.0.2.25", "0815-abc.apps.example", "9" * 5000 + "x"),
    )
    others = {
        "true": True, "FALSE": False, "": None, "~": None, "Null": None, "587": 587, "0644": 644,
        "0o644": 420, "0x1F": 31, "-7": -7, "+7": 7, "1.5": 1.5, ".5": 0.5, "6.": 6.0,
        "1e3": 1000.0, ".inf": math.inf, "-.INF": -math.inf, "1e999": math.inf,
        "9" * 5000: math.inf, "0x" + "f" * 5000: math.inf,
    }  # fmt: skip
    for text, value in {**{text: text for text in texts}, **others}.items():
        found = plain_value(text)
        assert (type(found), found) == (type(value), value), text
    assert math.isnan(plain_value(".NaN"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no\nb: 'true'\nc:\nd: ! 12\ne: !!str 12\n",
         {"a": "no", "b": "true", "c": None, "d": "12", "e": "12"}),
        ("587: a\ntrue: b\nnull: c\n", {"587": "a", "true": "b", "null": "c"}),
        ("a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\nb: 1\n",
         {"a": "$ANSIBLE_VAULT;1.1;AES256\n6162\n", "b": 1}),
        ("a: &x {b: [1, 2]}\nc: *x\n", {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}}),
    ],
)  # fmt: skip
def test_values(read, text, value):
    (document,) = read(text)
    assert (document.value, document.issues) == (value, ())
    (document,) = read(text.replace("\n", "\r\n"))
    assert (document.value, issues(document)) == (value, [("line-ends", (1, 1))])


@pytest.mark.parametrize(
    ("text", "pointer", "place"),
    [
        ("ä€😀: {é: 1}\n", "/ä€😀/é", ((1, 7, 1, 8), (1, 10, 1, 11))),
        ("a: |\n  one\n  two\n\n\nb:\n  c: 1\n", "/a", ((1, 1, 1, 2), (1, 4, 3, 6))),
        ("b:\n  c: 1\n  d: [1,\n   2]\n\n# end\ne: x\n", "/b", ((1, 1, 1, 2), (2, 3, 4, 6))),
        ("b:\n  c: 1\n  d: [1,\n   2]\n\n# end\ne: x\n", "/b/d", ((3, 3, 3, 4), (3, 6, 4, 6))),
        ("# c\na:\n  b: 1\n", "/a/nothing/there", ((2, 1, 2, 2), (3, 3, 3, 7))),
        ("# c\na:\n  b: 1\n", "/nothing", ((2, 1, 2, 2), (2, 1, 3, 7))),
        ("a/b~c: {d: 1}\n", "/a~1b~0c/d", ((1, 9, 1, 10), (1, 12, 1, 13))),
        ("a: 1\nb: {c: 1, c: 2}\na: {x: 2}\n", "/a", ((1, 1, 1, 2), (1, 4, 1, 5))),
    ],
)  # fmt: skip
def test_places(read, text, pointer, place):
    (document,) = read(text)
    assert place_of(document, pointer) == place


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_byte_order_mark_move_nothing(read, line_end, mark):
    (document,) = read(mark + line_end.join(["a: 1", "b:", "  - x", "  - y: 2", "c:", ""]))
    assert document.value == {"a": 1, "b": ["x", {"y": 2}], "c": None}
    assert place_of(document, "/a") == ((1, 1, 1, 2), (1, 4, 1, 5))
    assert place_of(document, "/b/1/y") == ((4, 5, 4, 6), (4, 8, 4, 9))
    assert document.locate("/c").value.is_empty


def test_several_documents_keep_the_lines_of_the_file(read):
    first, second, third = read("# one\na: 1\n---\n\na: 2\n...\n---\na: {b: 3}\n")
    assert [first.line, second.line, third.line] == [2, 5, 8]
    assert place_of(second, "/a") == ((5, 1, 5, 2), (5, 4, 5, 5))
    assert place_of(third, "/a/b") == ((8, 5, 8, 6), (8, 8, 8, 9))


def test_of_a_key_that_stands_twice_the_first_counts(read):
    (document,) = read("a: 1\nb: {c: 1, c: 2}\na: {x: 2}\n")
    assert document.value == {"a": 1, "b": {"c": 1}}
    assert issues(document) == [("duplicate-key", (2, 11)), ("duplicate-key", (3, 1))]
    assert [issue.pointer for issue in document.issues] == ["/b/c", "/a"]


def test_documents_before_a_syntax_error_are_read(read):
    first, second = read("a: 1\n---\na: 1\na: 2\nb: [\n")
    assert (first.value, first.issues) == ({"a": 1}, ())
    assert second.value is MISSING
    assert [issue.rule for issue in second.issues] == ["duplicate-key", "syntax"]
    first, second = read("a: 1\n...\n}\n")
    assert (first.value, second.value) == ({"a": 1}, MISSING)
    for text in ("serv\nserver_name: Reports\n", "{a: 1}\nb: 2\n", "a: 1\n%\n"):
        (document,) = read(text)
        assert document.value is MISSING
        assert [issue.rule for issue in document.issues] == ["syntax"]


@pytest.mark.parametrize(
    ("rule", "texts"),
    [
        ("unknown-tag",
         ("a: !!python/object/apply:os.system [id]", "a: !!python/name:os.system ''",
          "a: !<tag:example.org,2000:x> y", "a: !!int x", "a: !!bool yes", "a: !vault {}",
          "!!set {a}", "- !!binary aGk=")),
        ("syntax",
         ("a: .inf", f"a: {'9' * 5000}", "a: *b\n", "a: &a [*a]\n", "a: &a {b: *a}\n")),
    ],
)  # fmt: skip
def test_values_that_are_none(read, rule, texts):
    for text in texts:
        (document,) = read(text)
        assert [issue.rule for issue in document.issues] == [rule]
        assert ("anchor" in document.issues[0].message) == ("*" in text)


class TestJson:
    """Strict, and with the same places."""

    def test_values_and_places(self, read):
        text = r'{"a": [1, -2.5, 1E3, true, null, []], "b": "\u00e9\ud83d\ude00\/\n", "": {}}'
        (document,) = read(text, "server.json")
        assert (document.value, document.issues) == (json.loads(text), ())
        (document,) = read('{\n\t"a": [1,\r\n  {"b\\u0041": "x"}]\n}\n', "server.json")
        assert place_of(document, "/a/1/bA") == ((3, 4, 3, 13), (3, 15, 3, 18))
        (document,) = read('{"a"\n\t:\r\n{"b"\n:1}}', "server.json")
        assert document.value == {"a": {"b": 1}}
        assert document.locate("/a/b").value.start == (4, 2)
        (document,) = read(r'{"\\ud83d": "\ud83d\ude00", "b": 1}', "server.json")
        assert document.value == {r"\ud83d": "\U0001f600", "b": 1}
        assert document.locate("/b").value.start == (1, 34)

    def test_a_text_that_is_no_json_is_marked(self, read):
        places = {
            '{"a": 1,}': (1, 8), "{'a': 1}": (1, 2), "{a: 1}": (1, 2), '{"a" 1}': (1, 6),
            '{"a": 1 "b": 2}': (1, 9), '{"a": 01}': (1, 8), '{"a": +1}': (1, 7),
            '{"a": .5}': (1, 7), '{"a": NaN}': (1, 7), '{"a": True}': (1, 7),
            '{"a": "x\ny"}': (1, 7), r'{"a": "\x"}': (1, 8), '{"a": 1}\n{"b": 2}': (2, 1),
            '{"a": 1} // b': (1, 10), '["a"': (1, 5), '{"a":\n': (2, 1), '"': (1, 1),
        }  # fmt: skip
        for text, place in places.items():
            assert issues(read(text, "server.json")[-1]) == [("syntax", place)], text

    def test_a_key_may_be_long_and_stands_once(self, read):
        (document,) = read('{"a": {"' + "k" * 1500 + '": 1}}', "server.json")
        assert (document.value, document.issues) == ({"a": {"k" * 1500: 1}}, ())
        (document,) = read('{"a": 1,\n "a": 2}', "server.json")
        assert issues(document) == [("duplicate-key", (2, 2))]
        assert "first on line 1" in document.issues[0].message

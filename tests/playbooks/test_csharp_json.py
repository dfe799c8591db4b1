"""JSON and names in C#, compared with Python itself."""

from __future__ import annotations

import json
import math
import random
import struct
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.playbooks import case_folding
from tests.playbooks.mono_host import MonoError

# Python joins two escaped halves of a pair when it reads them; C# always has.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=20,
)


OWN_UNICODE = tuple(map(int, unicodedata.unidata_version.split(".")))


def written_by_python(text: str) -> list[str]:
    value = json.loads(text)
    return [
        json.dumps(value),
        json.dumps(value, sort_keys=True),
        json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True),
        json.dumps(value, indent=2, sort_keys=True),
    ]


@settings(deadline=None, max_examples=80)
@given(value=VALUES)
def test_any_value_is_written_as_python_writes_it(mono_host, value):
    text = json.dumps(value)
    assert mono_host.call("json.written", text=text) == written_by_python(text)


@pytest.mark.parametrize(
    "text",
    [
        " \t\r\n[ ]\n",
        '{"a": 1, "b": {}, "a": [2, {"c": null}]}',
        '{"\\ud83d\\ude00": 1, "\uffff": 2, "\\ud83d": 3, "\U0001f600b": 4, "": 5}',
        '"\\u0000\\b\\f\\n\\r\\t\\/\\"\\\\\x7f\x80\u2028\\uD83D\\uDE00\\udE00 \U0010ffff"',
        "[-0, -0.0, 0e5, 1E5, 1e+5, 1.50, 100000000000000000000, -9223372036854775809]",
        "[NaN, Infinity, -Infinity, 1e999, -1e999, 1e-999, 9223372036854775807]",
        "[" * 800 + "]" * 800,
        "9" * 4300,
    ],
    ids=str,
)
def test_what_python_reads_is_read_alike(mono_host, text):
    assert mono_host.call("json.written", text=text) == written_by_python(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "nul", "nullx", "True", "[1,]", "[1 2]", "[", "]", '{"a" 1}', '{"a": }'),
        *('{"a": 1,}', "{a: 1}", "{1: 2}", "'a'", '"', '"\t"', '"\\x"', '"\\u12"', '"\\u00g0"'),
        *("01", "+1", "1.", ".5", "1e", "-", "--1", "0x10", "1_000", "1e+", "\u0661", "\ufeff1"),
        *("nan", "-NaN", "+Infinity", "-", "\xa01", '"a" "b"', "//", "[" * 100000, '"\\u 123"'),
        "9" * 4301,
    ],
    ids=lambda text: repr(text[:20]),
)
def test_what_python_refuses_is_refused(mono_host, text):
    with pytest.raises((ValueError, RecursionError)):
        json.loads(text)
    with pytest.raises(MonoError) as caught:
        mono_host.call("json.written", text=text)
    assert caught.value.type == "FormatException"


def test_a_refusal_quotes_nothing(mono_host):
    with pytest.raises(MonoError) as caught:
        mono_host.call("json.written", text='{"password": "CANARY" CANARY}')
    assert "CANARY" not in str(caught.value)


def test_floats_have_python_s_spelling(mono_host):
    chance = random.Random(20261127)
    floats = [struct.unpack("d", chance.randbytes(8))[0] for _ in range(400)]
    floats += [2.0**power for power in range(-1074, 1024, 5)]
    floats += [math.nextafter(2.0**power, math.inf) for power in range(-1074, 1024, 17)]
    floats += [math.nextafter(2.0**power, 0) for power in range(-1073, 1024, 17)]
    floats += [chance.randrange(10**6) / 10 ** chance.randrange(12) for _ in range(500)]
    floats += [10.0**power for power in range(-30, 30)]
    floats += [
        5e-324,
        1.7976931348623157e308,
        2.2250738585072014e-308,
        2.0**-44,
        9007199254740993.0,
    ]
    text = json.dumps(floats)
    assert mono_host.call("json.written", text=text)[0] == text


def test_decimals_are_read_as_the_nearest_float(mono_host):
    chance = random.Random(4711)
    decimals = [
        f"{chance.randrange(10 ** chance.randrange(1, 40))}"
        f".{chance.randrange(10**25):025}e{chance.randrange(-340, 320)}"
        for _ in range(600)
    ]
    # Half-way between two floats, and a trifle more: the even one, and the greater one.
    decimals += ["9007199254740993.0", "9007199254740993." + "0" * 900 + "1", "9007199254740995.0"]
    decimals += ["2.4703282292062327208e-324", "2.47032822920623272e-324", "1.7976931348623159e308"]
    decimals += [
        "0." + "0" * 400 + "1e+402",
        "1" + "0" * 400 + "e-00000000000000399",
        "0e99999999999",
    ]
    decimals += ["1e-99999999999999999999", "1e99999999999999999999", "4.35", "1e22", "1e23", "0.1"]
    text = "[" + ", ".join(decimals) + "]"
    assert mono_host.call("json.written", text=text)[0] == json.dumps(json.loads(text))


def test_names_fold_as_in_python(mono_host):
    found = mono_host.call("names.folding")
    python = {one: one.casefold() for one in map(chr, range(sys.maxunicode + 1))}
    python = {one: folded for one, folded in python.items() if folded != one}
    assert {one: found[one] for one in found if one in python} == {
        one: python[one] for one in found if one in python
    }
    # Of two versions of Unicode the newer one knows more characters, and none otherwise.
    assert not [one for one in set(found) - set(python) if unicodedata.category(one) != "Cn"]
    if case_folding.version() >= OWN_UNICODE:
        assert not set(python) - set(found)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Stra\u00dfe \u1e9e",
        "\u0130stanbul",
        "\u03a3\u03c3\u03c2",
        "\ufb03",
        "\U00010400\U0001f600",
    ],
)
def test_a_name_folds_as_in_python(mono_host, name):
    assert mono_host.call("names.fold", names=[name]) == [name.casefold()]


def test_names_are_sorted_by_their_code_points(mono_host):
    names = [
        "\uffff",
        "\U00010000",
        "\ue000",
        "\ud800",
        "\ud800x",
        "b",
        "B",
        "",
        "a\U0001f600",
        "a",
    ]
    assert mono_host.call("names.sorted", names=names) == sorted(names)


def test_the_table_is_what_its_script_writes(tmp_path, monkeypatch):
    copy = tmp_path / case_folding.SOURCE.name
    text = case_folding.SOURCE.read_text(encoding="ascii")
    copy.write_text(text.replace('"41,5a,1,32', '"41,5a,1,33'), encoding="ascii")
    monkeypatch.setattr(case_folding, "SOURCE", copy)
    case_folding.renew()
    assert case_folding.version() == OWN_UNICODE
    monkeypatch.undo()
    renewed = copy.read_text(encoding="ascii")
    assert '"41,5a,1,32' in renewed
    for mark, side in (("// begin of the table", 0), ("// end of the table", 1)):
        assert renewed.split(mark)[side] == text.split(mark)[side]
    assert (renewed == text) == (case_folding.version() == OWN_UNICODE)

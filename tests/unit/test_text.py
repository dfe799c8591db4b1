"""Text as people see it: secrets of the run in what others send back, and what does not show."""

import base64
import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioner import secret
from provisioner.secret import Secret
from provisioner.text import (
    countable,
    foreign,
    in_columns,
    markdown_cell,
    printable,
    printable_lines,
    redact,
)

_PLAIN = "CANARY/s~cret+5%:é&\"'<x> 1"
_SPELLED = {
    "plain": _PLAIN,
    "in a path": quote(_PLAIN),
    "in a query": quote(_PLAIN, safe=""),
    "in a query, small": re.sub("%..", lambda code: code[0].lower(), quote(_PLAIN, safe="")),
    "in a form": quote_plus(_PLAIN),
    "in a URL in a URL": quote(quote(_PLAIN, safe=""), safe="%"),
    "in HTML": html.escape(_PLAIN),
    "in JSON": json.dumps(_PLAIN)[1:-1],
    "in JSON in JSON": json.dumps(json.dumps(_PLAIN)[1:-1])[1:-1],
    "in hexadecimal": _PLAIN.encode().hex(),
    "in capital hexadecimal": _PLAIN.encode().hex().upper(),
}


@pytest.mark.parametrize("written", _SPELLED.values(), ids=_SPELLED)
def test_property_33_a_secret_in_every_writing(written):
    Secret(_PLAIN)
    for pieces in (True, False):
        assert redact(f"bad secret {written}, sorry", pieces=pieces) == "bad secret ***, sorry"
    assert redact(f"cut off: {written[:9]}") == "cut off: ***"


@pytest.mark.parametrize("client_id", ["maps", "maps1", "maps12"])
def test_property_33_a_secret_within_basic_authentication(client_id):
    Secret(_PLAIN)
    for plain in (_PLAIN, quote_plus(_PLAIN)):
        packed = base64.b64encode(f"{client_id}:{plain}".encode()).decode()
        for written in (packed, packed.replace("+", "-").replace("/", "_")):
            shown = redact(f"Basic {written}.")
            assert shown.startswith("Basic ")
            # What is left is the client id and a few bits at each edge.
            assert len(shown.replace("***", "")) < len("Basic .") + len(client_id) * 4 / 3 + 8


@pytest.mark.parametrize(
    ("known", "text", "shown"),
    [
        (_PLAIN, f"({_PLAIN[5:20]}...)", "(***...)"),
        (_PLAIN, f"({_PLAIN[:7]}...)", f"({_PLAIN[:7]}...)"),
        ("1234567", "1234567 or 123456", "*** or 123456"),
        ("1234", "pin 12345 or 123", "pin ***5 or 123"),
        ("abab", "ababab", "***"),
        ("ÿþ" * 6, base64.urlsafe_b64encode(("ÿþ" * 6).encode()).decode(), "***"),
        ("not", "not, nothing, note", "***, nothing, note"),
        ("n", "n nothing", "*** nothing"),
        ("", "nothing", "nothing"),
        ("x", "", ""),
    ],
)
def test_parts_from_eight_characters_on_and_short_secrets_whole(known, text, shown):
    Secret(known)
    assert redact(text) == shown


def test_a_name_that_decides_something_loses_whole_secrets_only():
    Secret("reports@example.edu-token")
    name = "reports@example.edu"
    assert redact(name, pieces=False) == name
    assert redact(f"https://{name}-token/", pieces=False) == "https://***/"


def test_several_secrets_next_to_each_other():
    Secret("first-secret")
    Secret("other-secret")
    assert redact("first-secretother-secret first-secret") == "*** ***"


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.text(min_size=8, max_size=40), min_size=1, max_size=3),
    st.integers(0, 32),
    st.text(max_size=30),
    st.text(max_size=30),
)
def test_property_33_no_eight_characters_of_a_secret_are_left(plains, start, before, after):
    secret.known_secrets.clear()
    for plain in plains:
        Secret(plain)
    shown = redact(before + plains[0][start : start + 20] + after)
    pieces = {p[at : at + 8] for p in plains for at in range(len(p) - 7)}
    assert not any(piece in part for piece in pieces for part in shown.split("***"))


def test_foreign_text_is_one_bounded_line():
    Secret("sek/x")
    assert foreign(" a\n\x1b[31mb\u202e\u3164 sek%2Fx\t") == "a [31mb ***"
    assert foreign("x" * 5_000_000) == "x" * 399 + "…"
    assert foreign("x" * 90, longest=80) == "x" * 79 + "…"
    assert foreign(["a"]) == ""


def test_what_does_not_show_is_named():
    hostile = "a\u202eb\u3164c\x1b[2J\u115f\u1160\uffa0\u2800\u034f\ud800é\u00a0\ufe00\U000e0100"
    named = (
        "a<U+202E>b<U+3164>c<U+001B>[2J<U+115F><U+1160><U+FFA0><U+2800><U+034F><U+D800>é<U+00A0>"
        "<U+FE00><U+E0100>"
    )
    assert printable(hostile) == named
    assert printable("a\n\tb ") == "a<U+000A><U+0009>b "
    assert printable_lines(f"a\n\t{hostile}") == f"a\n\t{named}"
    assert in_columns(hostile) == "a\ufffdb\ufffdc\ufffd[2J" + "\ufffd" * 6 + "é" + "\ufffd" * 3
    for text in ("", "a b", "Übersicht und 報告 🎓", named):
        assert printable(text) == countable(text) == text
    assert countable("  a   b ") == "<U+0020><U+0020>a <U+0020><U+0020>b<U+0020>"
    assert countable("\xad\u200b\t\U000e0041") == "<U+00AD><U+200B><U+0009><U+E0041>"


def test_a_cell_of_markdown_stays_one_cell():
    assert markdown_cell("a\nb|c") == "a b&#124;c"

"""What is shown of texts: replace_hidden, and Mask."""

from __future__ import annotations

import base64
import json
import os
import re
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.smtp.client import host_code
from tests.strategies.effort import generated
from tests.strategies.json_values import values

PLAIN = {b"{", b"}", b"[", b"]", b":", b",", b"null", b"true", b"false", b'""'}
KEYS, OPEN = ["host", "password"], ["host"]
SIZE = 4 * 1024 * 1024


def masked(data: bytes) -> bytes | None:
    shown: bytes | None = host_code("maps_masking").replace_hidden(
        data, KEYS, OPEN, lambda _token: b'"***"'
    )
    return shown


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        (b"", b""),
        (b'{"host": "a", "password": "b"}\n', b'{"host": "a", "password": "***"}\n'),
        (b'[{"password" : 5, "x": ["host"]}]', b'[{"password" : "***", "***": ["***"]}]'),
        (b'{"host": ["a"], "pass\\u0077ord": "b"}', b'{"host": ["***"], "***": "***"}'),
        (b'{"host": {"host": null, "password": ""}}', b'{"host": {"host": null, "password": ""}}'),
        (b'{"host" "a" : -1.5e+3 NaN', b'{"***" "***" : "***" "***"'),
        (b'{"host": "a\\"", "torn": "b', None),
        (b'{"host": "a\nb"}', None),
        (b"'a'", None),
        (b"  ", None),
    ],
)  # fmt: skip
def test_what_is_public_stays(data, shown):
    assert masked(data) == shown


def test_what_was_masked_can_be_filled_in_again():
    data = json.dumps({"host": "a", "password": 'b"\u00e4\\', "x": [1, {"y": None}]}).encode()
    known: dict[bytes, bytes] = {}

    def placeholder(token: bytes) -> bytes:
        return known.setdefault(token, b'"hmac:%d"' % len(known))

    shown = host_code("maps_masking").replace_hidden(data, KEYS, OPEN, placeholder)
    values_of = {new: token for token, new in known.items()}
    assert (
        host_code("maps_masking").replace_hidden(shown, KEYS, OPEN, values_of.__getitem__) == data
    )


def slowly(data: bytes) -> bytes | None:
    """As the design has it."""
    token = re.compile(rb'\s*("(?:[^"\\\x00-\x1f]|\\.)*"|[{}\[\]:,]|[-+\w.]+)\s*')
    pieces, at, before, last = [], 0, b"", b""
    while at < len(data):
        match = token.match(data, at)
        if match is None:
            return None
        found, end = match[1], match.end()
        named = found in (b'"host"', b'"password"') and data[end : end + 1] == b":"
        clear = found in PLAIN or named or (last == b":" and before == b'"host"')
        new = found if clear else b'"***"'
        pieces += [data[at : match.start(1)], new, data[match.end(1) : end]]
        before, last, at = last, found, end
    return b"".join(pieces)


documents = values.map(lambda value: json.dumps({"host": value, "password": value}).encode())


@generated(200)
@given(document=documents, at=st.integers(0, 400), junk=st.sampled_from(b'"\\{}[]:, \n\x0bu'))
def test_a_damaged_document_shows_no_more_than_a_good_one(document, at, junk):
    damaged = document[:at] + bytes([junk]) + document[at + 1 :]
    assert masked(damaged) == slowly(damaged)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * SIZE,
        b'"' * SIZE,
        b'"' + b"\\n" * (SIZE // 2),
        b'"' + b"a" * SIZE,
        b'"' + b"aaa\\n" * (SIZE // 5) + b'"',
        b'["' + b'","' * (SIZE // 3),
        b" " * SIZE,
    ],
    ids=["brackets", "quotes", "escapes", "no end", "a string", "strings", "blanks"],
)
def test_it_is_linear(data):
    began = time.process_time()
    masked(data)
    assert time.process_time() - began < 5


# -- Mask

SECRET = 'CANARY/+ "s3cret" value=\u00f6'


def mask(*secrets: str):
    made = host_code("maps_masking").Mask()
    for secret in secrets:
        made.add(secret)
    return made


def in_base64(before: str) -> str:
    return base64.b64encode(f"{before}{SECRET}\1\1".encode()).decode()


LOWER = re.compile("%[0-9A-F]{2}")


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        quote(SECRET, safe=""),
        LOWER.sub(lambda found: found[0].lower(), quote(SECRET, safe="")),
        quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(SECRET))[1:-1],
        SECRET.replace("/", "\\/").replace("+", "\\u002B").replace('"', '\\"'),
        in_base64("user=me\1auth="),
        in_base64("ser=me\1auth="),
        in_base64("er=me\1auth="),
        in_base64("er=me\1auth=").replace("+", "-").replace("/", "_"),
    ],
)
def test_a_secret_is_found_however_it_is_written(spelling):
    text = mask(SECRET).text(f"before {spelling} after")
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert "***" in text
    assert not any(SECRET[i : i + 12] in text for i in range(len(SECRET) - 11))
    core = base64.b64encode(SECRET.encode()).decode()[4:-8]
    assert not any(core[i : i + 12] in text for i in range(len(core) - 11))


def test_a_secret_of_which_every_second_character_is_escaped_twice():
    secret = 'p"ä"s"s"w"ö"r"d'
    call = json.dumps({"document": json.dumps({"password": secret})})
    kept = json.dumps({"document": json.dumps({"password": "***"})})
    assert mask(secret).text(call) == kept


@pytest.mark.parametrize(
    ("secrets", "text", "shown"),
    [
        (["CANARY0123456789abcdef"], "it began with CANARY0123456 ...", "it began with *** ..."),
        (["CANARY0123456789abcdef"], "or in 3456789abcdef", "or in ***"),
        (["CANARY0123456789abcdef"], "too short: 6789abcdef", "too short: 6789abcdef"),
        (["abcd", "cdef"], "xabcdefx abcd", "x***x ***"),
        (["welcome-to-the-jungle", "me", "", None], "welcome, me", "welcome, me"),
        ([SECRET], "C:\\users\\u12 \\u0022 \\ud800 \\", "C:\\users\\u12 \\u0022 \\ud800 \\"),
        (["\ud800 lone half"], "\ud800 lone half", "***"),
        (["two\nlines of it"], "a two\nlines of it b", "a *** b"),
        ([SECRET], "", ""),
    ],
)  # fmt: skip
def test_pieces_and_ordinary_text(secrets, text, shown):
    assert mask(*secrets).text(text) == shown


def test_each_piece_at_each_place():
    secret = "".join(map(chr, range(0x30, 0x6B)))
    for start in range(len(secret) - 12):
        for length in (12, 13, 20):
            piece = secret[start : start + length]
            assert mask(secret).text(f"!!{piece}!!") == "!!***!!"


def test_a_line():
    known = mask(SECRET)
    assert known.line("a\r\n\x1b[31mb\u2028c\x00", 500) == "a [31mb c"
    assert known.line("abcdefghij", 8) == "abcde..."
    assert known.line("x" * 490 + SECRET, 500) == "x" * 490 + "***"  # masked, and then cut
    assert known.lines(["a", SECRET, "", " b "], 500) == ["a", "***", "", "b"]
    assert known.lines([], 500) == []


def test_four_megabytes_of_secrets():
    secrets = [base64.urlsafe_b64encode(os.urandom(1500)).decode() for _ in range(2000)]
    output = "x" * 8000 + secrets[7][100:1900] + "\n" + "y" * 8000
    began = time.process_time()
    assert mask(*secrets).text(output) == "x" * 8000 + "***\n" + "y" * 8000
    assert mask("x" * SIZE).text("x" * 16000) == "***"
    assert time.process_time() - began < 8

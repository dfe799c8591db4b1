"""What is shown of texts: replace_hidden, and Mask."""

import base64
import json
import os
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.smtp.client import host_code
from tests.support.strategies.effort import generated
from tests.support.strategies.json_values import values

SIZE = 1024 * 1024
NAMES = {b'"host"', b'"password"'}
PLAIN = {b"{", b"}", b"[", b"]", b":", b",", b"null", b"true", b"false", b'""'}
TOKEN = re.compile(rb'\s*("(?:[^"\\\x00-\x1f]|\\.)*"|[{}\[\]:,]|[-+\w.]+)\s*')


def replaced(data, new):
    names, open_names = ["host", "password"], ["host"]
    return host_code("maps_masking").replace_hidden(data, names, open_names, new)


def slowly(data, new):
    """The same, token by token."""
    pieces, at, before, last = [], 0, b"", b""
    while at < len(data):
        match = TOKEN.match(data, at)
        if match is None:
            return None
        found, end = match[1], match.end()
        clear = found in PLAIN or (found in NAMES and data[end : end + 1] == b":")
        clear = clear or (last == b":" and before == b'"host"')
        pieces += [data[at : match.start(1)], found if clear else new(found)]
        pieces += [data[match.end(1) : end]]
        before, last, at = last, found, end
    return b"".join(pieces)


def in_hex(token):
    return b'"%s"' % token.hex().encode()


documents = values.map(lambda value: json.dumps({"host": value, "password": value}).encode())


@generated(200)
@given(document=documents, at=st.integers(0, 400), junk=st.sampled_from(b'"\\{}[]:, \n\x0bu'))
def test_a_document_is_masked_by_its_tokens_and_filled_in_again(document, at, junk):
    for data in (document, document[:at] + bytes([junk]) + document[at + 1 :]):
        masked = replaced(data, in_hex)
        assert masked == slowly(data, in_hex)
        if masked is not None:
            assert replaced(masked, lambda token: bytes.fromhex(token[1:-1].decode())) == data


@pytest.mark.long
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
    replaced(data, lambda _token: b'"***"')
    assert time.process_time() - began < 2


# -- Mask

SECRET = 'CANARY/+ "s3cret" value=\u00f6'


def mask(*secrets):
    made = host_code("maps_masking").Mask()
    for secret in secrets:
        made.add(secret)
    return made


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


@pytest.mark.long
def test_four_megabytes_of_secrets():
    secrets = [base64.urlsafe_b64encode(os.urandom(1500)).decode() for _ in range(2000)]
    output = "x" * 8000 + " " + secrets[7][100:1900] + "\n" + "y" * 8000
    began = time.process_time()
    assert mask(*secrets).text(output) == "x" * 8000 + " ***\n" + "y" * 8000
    assert mask("x" * 4 * SIZE).text("x" * 16000) == "***"
    assert time.process_time() - began < 8

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from provisioner.mail.conversation import host_code

SECRET = 'CANARY/+ "s3cret" value=ö'


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        base64.b64encode(b"user=me\x01auth=" + SECRET.encode() + b"\x01\x01").decode(),
        base64.b64encode(b"ser=me\x01auth=" + SECRET.encode() + b"\x01\x01").decode(),
        base64.b64encode(b"er=me\x01auth=" + SECRET.encode() + b"\x01\x01").decode(),
    ],
)
def test_a_secret_is_found_however_it_is_written(redaction, spelling):
    text = redaction.redacted(f"before {spelling} after", [SECRET])
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert "***" in text
    assert not any(SECRET[i : i + 12] in text for i in range(len(SECRET) - 11))
    core = base64.b64encode(SECRET.encode()).decode()[4:-8]
    assert not any(core[i : i + 12] in text for i in range(len(core) - 11))


def test_a_secret_of_which_every_second_character_is_escaped_twice(redaction):
    secret = 'p"ä"s"s"w"ö"r"d'
    call = json.dumps({"document": json.dumps({"password": secret})})
    kept = json.dumps({"document": json.dumps({"password": "***"})})
    assert redaction.redacted(call, [secret]) == kept


def test_a_piece_of_a_secret_is_found(redaction):
    assert redaction.redacted("it began with CANARY0123456 ...", ["CANARY0123456789abcdef"]) == (
        "it began with *** ..."
    )


def test_ordinary_text_stays(redaction):
    assert redaction.redacted("235 2.7.0 welcome, me", ["welcome-to-the-jungle", "me", ""]) == (
        "235 2.7.0 welcome, me"
    )


def test_in_lists_and_dicts(redaction):
    found = redaction.redacted_tree({"a": ["x CANARY1", 5, None], "CANARY1": True}, ["CANARY1"])
    assert found == {"a": ["x ***", 5, None], "***": True}


def test_lines_lose_their_control_characters(redaction):
    assert redaction.one_line("a\r\n\x1b[31mb\u2028c\x00") == "a [31mb c"
    assert redaction.one_line("abcdefghij", 8) == "abcde..."
    assert redaction.last_lines("1\n2\r\n\x1b]0;title\x073\n\n", count=2) == "2\n]0;title 3"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\U0001f600 CANARY/\u202e\x85 \ud83d x\u2028y\u2066z\xa0\u3000\u1680 end",
        "\U0001f600" * 600,
        "ends with CANARY" + SECRET + SECRET[:14],
        " \n\t\n only \r\n blanks\x1c\u205f\n",
        "\n".join(f"line {number} \U00010400" for number in range(300)),
    ],
    ids=["empty", "odd", "astral", "twice", "blanks", "long"],
)
def test_every_host_shows_the_same(redaction, text):
    secrets = [SECRET, "\U0001f600" * 5, "abc", "line"]
    python = host_code("maps_redaction")
    assert redaction.redacted(text, secrets) == python.redacted(text, secrets)
    for limit in (3, 10, 500):
        assert redaction.one_line(text, limit) == python.one_line(text, limit)
        assert redaction.last_lines(text, 4, limit) == python.last_lines(text, 4, limit)


def test_a_piece_of_a_long_token_in_a_long_output(redaction):
    token = "CANARY" + "".join(map(str, range(800)))
    assert redaction.redacted("x" * 16000 + token[100:2000], [token]) == "x" * 16000 + "***"

"""Secrets in what a server sends back, in every form in which it may write them."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.oauth.masked import masked
from provisioner.oauth.sanitised import sanitised
from provisioner.secret import Secret

_PLAIN = "CANARY/s~cret+5%:é&\"'<x> 1"
_SECRET = Secret(_PLAIN)


@pytest.mark.parametrize(
    "written",
    [
        _PLAIN,
        quote(_PLAIN),
        quote(_PLAIN, safe=""),
        quote_plus(_PLAIN),
        quote(quote(_PLAIN, safe="")),
        quote(_PLAIN, safe="").replace("%2F", "%2f").replace("%3A", "%3a").replace("%C3", "%c3")
        .replace("%A9", "%a9").replace("%2B", "%2b").replace("%3C", "%3c").replace("%3E", "%3e"),
        html.escape(_PLAIN),
        json.dumps(_PLAIN)[1:-1],
    ],
)  # fmt: skip
def test_property_33_a_secret_in_every_writing(written: str) -> None:
    assert masked(f"bad secret {written}, sorry", [_SECRET]) == "bad secret ***, sorry"


@pytest.mark.parametrize("client_id", ["maps", "maps1", "maps12"])
def test_property_33_a_secret_within_basic_authentication(client_id: str) -> None:
    for secret in (_PLAIN, quote_plus(_PLAIN)):
        packed = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        shown = masked(f"Basic {packed}.", [_SECRET])
        assert shown.startswith("Basic ")
        # What is left is the client id and a few bits at each edge.
        assert len(shown.replace("***", "")) < len("Basic .") + len(client_id) * 4 / 3 + 8


@pytest.mark.parametrize("part", [_PLAIN[:8], _PLAIN[5:20], _PLAIN[-9:]])
def test_property_33_a_part_of_a_secret(part: str) -> None:
    assert masked(f"secret ({part}...) is wrong", [_SECRET]) == "secret (***...) is wrong"


def test_a_short_secret_is_hidden_whole_and_an_empty_one_hides_nothing() -> None:
    assert masked("pin 1234 or 123", [Secret("1234")]) == "pin *** or 123"
    assert masked("nothing", [Secret(""), Secret("n"), Secret("not")]) == "nothing"
    assert masked("", [_SECRET]) == ""


def test_several_secrets_next_to_each_other() -> None:
    both = [Secret("first-secret"), Secret("other-secret")]
    assert masked("first-secretother-secret first-secret", both) == "*** ***"


@settings(max_examples=50)
@given(st.text(min_size=8, max_size=40), st.text(max_size=30), st.text(max_size=30))
def test_property_33_no_eight_characters_of_a_secret_are_left(
    plain: str, before: str, after: str
) -> None:
    shown = masked(before + plain + after, [Secret(plain)])
    pieces = {plain[start : start + 8] for start in range(len(plain) - 7)}
    assert not any(piece in part for piece in pieces for part in shown.split("***"))


def test_a_long_text_is_bounded_before_it_is_looked_through() -> None:
    assert len(sanitised("x" * 5_000_000, [_SECRET])) == 400

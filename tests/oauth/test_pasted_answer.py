"""What is taken for the answer among the things that people paste."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from provisioner.oauth.callback_request import Callback
from provisioner.oauth.pasted_answer import Misfit, pasted_answer
from provisioner.oauth.typed_text import TypedText
from provisioner.secret import Secret

HERE = "http://localhost:8400"
QUERY = urlencode({"code": "CANARY/4-0", "state": "right-state", "iss": "https://sso.example.edu"})
RIGHT = f"{HERE}/?{QUERY}"
REQUEST = "https://sso.example.edu/authorize?" + urlencode(
    {
        "response_type": "code",
        "client_id": "maps",
        "redirect_uri": HERE,
        "state": "right-state",
        "code_challenge": "x",
    }
)


def _pasted(text: str | None) -> Callback | Misfit:
    return pasted_answer(text, redirect_uri=HERE, state=Secret("right-state"))


@pytest.mark.parametrize(
    "text",
    [
        RIGHT,
        f"  {RIGHT}\r\n",
        f'"{RIGHT}"',
        f"'{RIGHT}'",
        f"<{RIGHT}>",
        f"\u201c{RIGHT}\u201d,",
        f"\x1b[200~{RIGHT}\x1b[201~",
        f"{RIGHT[:40]}\r\n{RIGHT[40:60]}\n   {RIGHT[60:]}",
        f"{RIGHT}#",
        f"{RIGHT}#_=_",
        f"{HERE}?{QUERY}",
        f"{HERE}/#{QUERY}",
        RIGHT.removeprefix("http://"),
        RIGHT.replace("http:", "https:"),
        f"?{QUERY}",
        QUERY,
    ],
)
def test_property_19_the_answer_however_it_was_copied(text: str) -> None:
    found = _pasted(text)
    assert isinstance(found, Callback)
    assert found.code is not None
    assert found.code.reveal() == "CANARY/4-0"
    assert found.issuer == "https://sso.example.edu"
    assert "CANARY" not in repr(found)


def test_property_11_a_pasted_refusal_is_the_providers_answer() -> None:
    found = _pasted(f"{HERE}/?error=access_denied&error_description=No+%26+no&state=right-state")
    assert isinstance(found, Callback)
    assert found.code is None
    assert found.error["error"] == "access_denied"
    assert found.error["error_description"] == "No & no"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (RIGHT.replace("right-state", "wrong"), "is the end of another sign-in"),
        (f"{HERE}/?error=access_denied&state=wrong", "is the end of another sign-in"),
        (f"{HERE}/?code=CANARY", "has no state; copy it whole"),
        (HERE, "has no state; copy it whole"),
        (f"{HERE}/?state=right-state", "has neither a code nor an error"),
        (f"{HERE}/?state=right-state&code=", "has neither a code nor an error"),
        (f"{HERE}/?state=right-state&code=%C3%A9", "has neither a code nor an error"),
        (f"{HERE}/?state=right-state&x=1" + "&x=1" * 60, "has neither a code nor an error"),
        (RIGHT + "&code=other", "is more than one address"),
        (REQUEST, "is the address to open, not the one on which the browser ends"),
        ("https://accounts.google.com/signin/oauth/error?authError=Cg", "before the end of the"),
        ("https://login.microsoftonline.com/common/reprocess?ctx=x#", "before the end of the"),
        ("https://login.example.edu/", "before the end of the"),
        ("http://[", "before the end of the"),
        ("4/0AVMBsJCANARY", "a code alone; the whole address is needed"),
        ("hello", "a code alone; the whole address is needed"),
        ("\x1b[A\x1b[B", "a code alone; the whole address is needed"),
        ("state=wrong&code=CANARY", "is the end of another sign-in"),
        (None, "is too long for an address"),
    ],
)
def test_property_19_what_is_no_answer_is_explained(text: str | None, words: str) -> None:
    found = _pasted(text)
    assert isinstance(found, Misfit)
    assert words in found.reason
    assert "CANARY" not in found.reason


def test_property_14_nothing_of_a_wrong_text_is_repeated() -> None:
    for text in ("\x1b]0;CANARY\x07", "http://CANARY/?CANARY=CANARY", "https://localhost/CANARY"):
        found = _pasted(text)
        assert isinstance(found, Misfit)
        assert "CANARY" not in found.reason
        assert found.reason.isprintable()


def _typed(*pieces: bytes) -> TypedText:
    typed = TypedText()
    for piece in pieces:
        typed.feed(piece)
    return typed


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        ((b"http://x\r",), "http://x"),
        ((b"ab", b"\x7f\x08cd\n"), "cd"),
        ((b"rubbish\x15good\n",), "good"),
        ((b"\x7f\x7f\n",), ""),
        ((b"one\ntwo\n",), "one\ntwo"),
        ((b"\xff\xfe\n",), "\ufffd\ufffd"),
        ((b"a" * 60_000 + b"\n",), "a" * 60_000),
        ((b"a" * 70_000, b"\n"), None),
        ((b"a" * 70_000, b"b\n"), None),
    ],
)
def test_keys_that_the_terminal_no_longer_handles(
    pieces: tuple[bytes, ...], text: str | None
) -> None:
    typed = _typed(*pieces)
    assert typed.may_be_complete
    assert typed.take() == text
    assert not typed.may_be_complete
    typed.feed(b"next\n")
    assert typed.take() == "next"


def test_a_line_without_its_end_is_not_complete() -> None:
    assert not _typed(b"http://x").may_be_complete
    assert not _typed(b"http://x\ny").may_be_complete
    assert not _typed(b"a" * 70_000).may_be_complete

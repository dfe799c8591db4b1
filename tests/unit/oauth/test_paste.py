"""What is taken for the answer among the things that people paste."""

import os
import socket
import sys
from pathlib import Path
from urllib.parse import urlencode

import pytest

from provisioner.oauth.callback_server import Callback, CallbackServer
from provisioner.oauth.paste import InvalidPaste, is_promptable, judge_paste
from provisioner.secret import Secret
from tests.support.terminal import Terminal

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


@pytest.fixture(scope="module")
def server():
    with CallbackServer(Secret("right-state")) as server:
        yield server


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
def test_property_19_the_answer_however_it_was_copied(server, text):
    found = judge_paste(text, server)
    assert isinstance(found, Callback)
    assert found.code.reveal() == "CANARY/4-0"
    assert found.issuer == "https://sso.example.edu"
    assert "CANARY" not in repr(found)


def test_property_11_a_pasted_refusal_is_the_providers_answer(server):
    found = judge_paste(
        f"{HERE}/?error=access_denied&error_description=No+%26+no&state=right-state", server
    )
    assert isinstance(found, Callback)
    assert found.code is None
    assert found.error["error"] == "access_denied"
    assert found.error["error_description"] == "No & no"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (RIGHT.replace("right-state", "wrong"), "belongs to another sign-in"),
        (f"{HERE}/?error=access_denied&state=wrong", "belongs to another sign-in"),
        (f"{HERE}/?code=CANARY", "has no state; copy all of it"),
        (HERE, "has no state; copy all of it"),
        ("http://127.0.0.2:8400/", "has no state; copy all of it"),
        (f"{HERE}/?state=right-state", "has neither a code nor an error"),
        (f"{HERE}/?state=right-state&code=", "has neither a code nor an error"),
        (f"{HERE}/?state=right-state&code=%C3%A9", "has neither a code nor an error"),
        (f"{HERE}/?state=right-state&x=1" + "&x=1" * 60, "has neither a code nor an error"),
        (RIGHT + "&code=other", "is more than one address"),
        (REQUEST, "is the address to open, not the final address of the browser"),
        ("https://accounts.google.com/signin/oauth/error?authError=Cg", "before the end of the"),
        ("https://login.microsoftonline.com/common/reprocess?ctx=x#", "before the end of the"),
        ("https://login.example.edu/", "before the end of the"),
        ("http://[", "before the end of the"),
        ("4/0AVMBsJCANARY", "a code alone; paste the whole address"),
        ("hello", "a code alone; paste the whole address"),
        ("\x1b[A\x1b[B", "a code alone; paste the whole address"),
        ("state=wrong&code=CANARY", "belongs to another sign-in"),
        (None, "is too long for an address"),
    ],
)
def test_property_19_what_is_no_answer_is_explained(server, text, words):
    found = judge_paste(text, server)
    assert isinstance(found, InvalidPaste)
    assert words in found.reason
    assert "CANARY" not in found.reason


def test_property_14_nothing_of_a_wrong_text_is_repeated(server):
    for text in ("\x1b]0;CANARY\x07", "http://CANARY/?CANARY=CANARY", "https://localhost/CANARY"):
        found = judge_paste(text, server)
        assert isinstance(found, InvalidPaste)
        assert "CANARY" not in found.reason
        assert found.reason.isprintable()


# On a real terminal, with nobody at the callback.

_WAIT = """
import os, sys, time
from provisioner.oauth.callback_server import CallbackServer
from provisioner.oauth.paste import first_answer
from provisioner.secret import Secret

def wait_for_more(*_):
    print("ready", flush=True)
    while not os.path.exists(sys.argv[1]):
        time.sleep(0.02)
    time.sleep(0.3)

if sys.argv[2] == "before":
    wait_for_more()
with CallbackServer(Secret("right-state")) as server:
    ends = time.monotonic() + 2
    def busy(text):
        wait_for_more()
        time.sleep(max(0, ends - time.monotonic()))
    print("answer:", first_answer(server, 2, terminal=0, explain=busy))
os.set_blocking(0, False)
try:
    print("left:", len(os.read(0, 4096)))
except BlockingIOError:
    print("left: nothing")
"""


def _waiting(folder, when):
    arguments = [sys.executable, "-c", _WAIT, folder / "typed", when]
    return Terminal(arguments, folder=folder, environment=dict(os.environ))


def test_property_12_what_nobody_read_does_not_come_to_the_shell(tmp_path):
    """The reader is busy when more is typed, and the time is over before it gets to read that."""
    with _waiting(tmp_path, "after") as terminal:
        terminal.wait_until_unseen()
        terminal.type("first\r")
        terminal.wait_for("ready")
        terminal.type("CANARY\r")
        (tmp_path / "typed").touch()
        assert terminal.ends() == 0, terminal.output
        assert terminal.modes() == terminal.modes_before
    assert "left: nothing" in terminal.output
    assert "CANARY" not in terminal.output


def test_a_key_that_was_typed_before_the_prompt_is_no_answer(tmp_path):
    with _waiting(tmp_path, "before") as terminal:
        terminal.wait_for("ready")
        terminal.type(f"{RIGHT}\r")
        (tmp_path / "typed").touch()
        assert terminal.ends() == 0, terminal.output
    assert "answer: None" in terminal.output
    assert "left: nothing" in terminal.output


def test_only_a_terminal_is_asked():
    ours, theirs = socket.socketpair()
    with ours, theirs, Path(os.devnull).open() as nothing:
        assert not is_promptable(nothing.fileno())
        assert not is_promptable(ours.fileno())
    assert not is_promptable(-1)

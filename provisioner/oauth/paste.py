"""Waits for the answer in two places at once: the callback server, and a paste in a terminal."""

from __future__ import annotations

import os
import select
import termios
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from provisioner.oauth.callback_server import (
    NO_STATE,
    OTHER_STATE,
    Callback,
    CallbackServer,
    Ignored,
)
from provisioner.providers.catalogue import is_loopback
from provisioner.providers.endpoints import host_of

_SILENCE_SECONDS = 0.4  # after a line break: then it was Enter, and not a part of the text
_LONGEST_SLEEP_SECONDS = 0.5
_LONGEST = 64 * 1024
_ENTER, _BACKSPACE, _ERASE_LINE = (b"\r", b"\n"), b"\x7f\x08", ord(b"\x15")
# Quotation marks and brackets, the typographic ones too, which mails and chats put around it.
_AROUND = "\"'`<>()[],;\u201c\u201d\u2018\u2019\u00ab\u00bb"
_PASTE_MARKS = ("\x1b[200~", "\x1b[201~")  # a terminal in bracketed-paste mode sends them
_OF_THE_REQUEST = frozenset({"response_type", "code_challenge", "redirect_uri"})


@dataclass(frozen=True, slots=True)
class InvalidPaste:
    """Why the text is not the answer. In our words: nothing of the text is repeated.

    `may_be_page`: it has nothing of a redirect URL, and may be what a page showed.
    """

    reason: str
    may_be_page: bool = False


def is_promptable(descriptor: int) -> bool:
    """Whether a person can answer there: a terminal, and we are in its foreground."""
    try:
        return os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False


def first_answer(
    callback_server: CallbackServer,
    seconds: float,
    *,
    terminal: int | None = None,
    announce: Callable[[str], None] = lambda _line: None,
    explain: Callable[[str], str | None] = lambda _text: None,
    check: Callable[[], None] = lambda: None,
) -> Callback | None:
    """The first answer, from the browser or pasted into the terminal; None when time is over.

    `explain` gives advice for a text that was copied from an error page. `check` is called twice
    a second, and may end the wait by an exception.
    """
    deadline = time.monotonic() + seconds
    typed = bytearray()
    with _unseen(terminal):
        while True:
            # In pieces: the system may give a signal to another thread, and it is only when this
            # one has something to do that Python acts on it.
            check()
            left = max(0.0, deadline - time.monotonic())
            is_complete = typed.endswith(_ENTER)
            sleep = _SILENCE_SECONDS if is_complete else _LONGEST_SLEEP_SECONDS
            watched: list[Any] = [callback_server]
            if terminal is not None and is_promptable(terminal):
                watched.append(terminal)
            ready = select.select(watched, [], [], min(left, sleep))[0]
            if callback_server in ready:
                return callback_server.answer
            if left == 0:
                return None
            if terminal is None or not is_promptable(terminal):
                continue  # in the background: to touch a terminal of others would stop us
            if terminal in ready:
                typed += _read(terminal)
                del typed[: -_LONGEST - 1]
            elif is_complete:
                _take(_edited(typed), callback_server, announce, explain)
                typed.clear()
            else:
                _hide(terminal)  # a shell that we came back from with `fg` may show it again


@contextmanager
def _unseen(terminal: int | None) -> Iterator[None]:
    """Show no key, since a code would stay in the scrollback, and get each as it is typed.

    By lines a terminal would cut one at 4096 characters (termios(3), canonical mode). At the end
    it is as before, and what was not read is thrown away: a shell would take it for a command and
    write it to its history.
    """
    if terminal is None:
        yield
        return
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)  # Ctrl-C stays a signal; keys typed before are thrown away
        yield
    finally:
        if is_promptable(terminal):
            with suppress(termios.error):  # it hung up
                termios.tcflush(terminal, termios.TCIFLUSH)
                termios.tcsetattr(terminal, termios.TCSANOW, before)


def _hide(terminal: int) -> None:
    with suppress(termios.error):  # it hung up
        tty.setcbreak(terminal, termios.TCSANOW)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # it hung up, of which a signal tells us
        time.sleep(0.1)
        return b""


def _edited(typed: bytearray) -> str | None:
    """The text after the keys that a terminal no longer handles; None if it is too long."""
    if len(typed) > _LONGEST:
        return None
    kept = bytearray()
    for byte in typed:
        if byte in _BACKSPACE:
            del kept[-1:]
        elif byte == _ERASE_LINE:
            kept.clear()
        else:
            kept.append(byte)
    return kept.decode(errors="replace").strip()


def _take(
    text: str | None,
    callback_server: CallbackServer,
    announce: Callable[[str], None],
    explain: Callable[[str], str | None],
) -> None:
    if text == "":  # Enter alone
        return
    found = judge_paste(text, callback_server)
    if isinstance(found, InvalidPaste):
        advice = found.may_be_page and explain(text or "")
        announce(advice or f"Not accepted: {found.reason}. Still waiting.")
    elif callback_server.accept(found):
        announce("The pasted address is accepted.")


def judge_paste(text: str | None, callback_server: CallbackServer) -> Callback | InvalidPaste:
    """The answer in the text, judged as one that came to the server: the state decides.

    None is a text that was too long to be read.
    """
    if text is None:
        return InvalidPaste("that is too long for an address")
    address = _joined(text)
    places = _parameters(address)
    found = [callback_server.judge(parameters) for parameters in places]
    for one in found:
        if isinstance(one, Callback):
            return one
    reasons = [one.reason for one in found if isinstance(one, Ignored)]
    may_be_page = not is_loopback(host_of(address)) and all(one == NO_STATE for one in reasons)
    wanted = f"the expected one begins with {callback_server.redirect_uri}/?"
    return InvalidPaste(_reason(address, places, reasons, wanted), may_be_page)


def _joined(text: str) -> str:
    """Without line breaks and blanks, which terminals and mails put into long addresses."""
    for mark in _PASTE_MARKS:
        text = text.replace(mark, "")
    return "".join(c for c in text if c.isprintable() and not c.isspace()).strip(_AROUND)


def _parameters(address: str) -> list[str]:
    """Where an answer may be: in the query, else in the fragment, else it is the whole text."""
    before, _, fragment = address.partition("#")
    query = before.partition("?")[2]
    places = [part for part in (query, fragment) if "=" in part]
    if places or "://" in before:
        return places
    return [before] if "=" in before else []


def _reason(address: str, places: list[str], reasons: list[str], wanted: str) -> str:
    if not places and "://" not in address:
        return f"that is not an address, or a code alone; paste the whole address: {wanted}"
    if {name for part in places for name, _ in parse_qsl(part)} >= _OF_THE_REQUEST:
        return f"that is the address to open, not the final address of the browser: {wanted}"
    if "://" in address and not is_loopback(host_of(address)):
        return (
            f"that is a page before the end of the sign-in: {wanted}. If the page shows an error, "
            "paste its words to have them explained"
        )
    first = reasons[0] if reasons else NO_STATE
    return {
        NO_STATE: f"that address has no state; copy all of it: {wanted}",
        OTHER_STATE: "that address belongs to another sign-in; open the address above again",
        "a parameter twice": "that is more than one address; paste one alone",
    }.get(first, f"that address has neither a code nor an error; copy all of it: {wanted}")

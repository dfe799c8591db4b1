"""An address that was pasted into the terminal: the provider's answer, or what it is instead."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from provisioner.oauth.callback_head import Stray
from provisioner.oauth.callback_request import NO_STATE, OTHER_STATE, Callback, answer_in
from provisioner.secret import Secret

# Quotation marks and brackets, the typographic ones too, which mails and chats put around it.
_AROUND = "\"'`<>()[],;\u201c\u201d\u2018\u2019\u00ab\u00bb"
_PASTE_MARKS = ("\x1b[200~", "\x1b[201~")  # a terminal in bracketed-paste mode sends them
_OF_THE_REQUEST = frozenset({"response_type", "code_challenge", "redirect_uri"})


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why the text is not the answer. In our words: nothing of the text is repeated.

    `is_elsewhere`: it has nothing of a redirect URL, and may be what a page showed.
    """

    reason: str
    is_elsewhere: bool = False


def pasted_answer(text: str | None, *, redirect_uri: str, state: Secret) -> Callback | Misfit:
    """The answer in the text, judged as one that came to the listener: the state decides.

    None is a text that was too long to be read.
    """
    if text is None:
        return Misfit("that is too long for an address")
    address = _joined(text)
    strays = []
    for parameters in _parameters(address):
        found = answer_in(parameters, state)
        if isinstance(found, Callback):
            return found
        strays.append(found)
    is_elsewhere = not _is_on_loopback(address) and all(one.reason == NO_STATE for one in strays)
    return Misfit(_reason(address, strays, redirect_uri), is_elsewhere)


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


def _reason(address: str, strays: list[Stray], redirect_uri: str) -> str:
    wanted = f"the one wanted begins with {redirect_uri}/?"
    if not strays and "://" not in address:
        return f"that is not an address, or a code alone; the whole address is needed: {wanted}"
    names = {name for part in _parameters(address) for name, _ in parse_qsl(part)}
    if names >= _OF_THE_REQUEST:
        return f"that is the address to open, not the one on which the browser ends: {wanted}"
    if not _is_on_loopback(address) and "://" in address:
        return (
            f"that is a page before the end of the sign-in: {wanted}. If the page shows an error, "
            "its words tell what to do"
        )
    return _words(strays[0].reason if strays else NO_STATE, wanted)


def _words(reason: str, wanted: str) -> str:
    return {
        NO_STATE: f"that address has no state; copy it whole, from end to end: {wanted}",
        OTHER_STATE: "that address is the end of another sign-in; open the address above again",
        "a parameter twice": "that is more than one address; paste one alone",
    }.get(reason, f"that address has neither a code nor an error; copy it whole: {wanted}")


def _is_on_loopback(address: str) -> bool:
    try:
        return urlsplit(address).hostname in ("localhost", "127.0.0.1", "::1")
    except ValueError:
        return False

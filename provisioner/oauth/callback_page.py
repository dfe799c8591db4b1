"""The page that the browser shows at the end of a sign-in. Everything in it is escaped."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template

_GREEN, _AMBER, _RED = "#1d7a46", "#b7791f", "#b3261e"


def signed_in_page(server_name: str, identity: str | None, not_verified: str | None) -> str:
    who = f"Signed in as {identity}. " if identity else ""
    if not_verified is None:
        return _page(_GREEN, f"{server_name}: signed in",
                     f"{who}The mail server accepts the token.",
                     "You can close this tab.")  # fmt: skip
    return _page(
        _AMBER,
        f"{server_name}: signed in, not verified yet",
        f"{who}The tokens are saved, but the mail server has not confirmed them: {not_verified}",
        "You can close this tab; see the terminal for details.",
    )


def failed_page(server_name: str, message: str, remedy: str) -> str:
    kept = "Nothing was saved; earlier tokens are untouched."
    return _page(_RED, f"{server_name}: not signed in", message, remedy, kept)


def ignored_page(reason: str, redirect_uri: str) -> str:
    """The request is not the answer of this sign-in. `reason` is one of our own."""
    return _page(
        _RED,
        "Not the expected response",
        f"The request was ignored: {reason}.",
        f"This sign-in expects its callback at {redirect_uri}. Close old tabs and use the newest "
        "one, or start "
        "again.",
    )


def wrong_scheme_page(redirect_uri: str) -> str:
    """A browser connected with https to a callback of http, or the other way round."""
    scheme = redirect_uri.partition(":")[0]
    return _page(
        _RED,
        f"The callback expects {scheme}",
        f"The redirect address of this sign-in is {redirect_uri}.",
        f"Register that address at the provider, with {scheme}, and sign in again. If the browser "
        "changed the address by itself: paste the address of this page into the terminal.",
    )


def _page(color: str, title: str, *paragraphs: str) -> str:
    template = Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))
    written = "".join(f"<p>{escape(text)}</p>" for text in paragraphs if text)
    return template.substitute(color=color, title=escape(title), paragraphs=written)

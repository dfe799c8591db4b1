"""Errors that a provider shows in its own page and never sends on: rows with `page` in the table.

RFC 6749 section 4.1.2.1: with an unregistered redirect URI or an unknown client there is nowhere
to send the browser to.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from urllib.parse import unquote

from provisioner.advice.explain import Row, client_facts, first_row, rows
from provisioner.model.email_server import OAuth2Settings
from provisioner.providers.provider import Provider

_ANY_PROVIDER = ("unregistered_redirect", "unknown_client", "missing_consent")
_CODE = re.compile(r"AADSTS\d{3,8}|[a-z]+(?:_[a-z]+)+", re.ASCII)
_WORD = re.compile(r"\w+", re.ASCII)
# Google's error page has a message of Protocol Buffers in its address, in base64.
_AUTH_ERROR = re.compile(r"[?&]authError=([A-Za-z0-9_%-]+)")
_LONGEST = 4000


def page_error_lines(
    provider: Provider, settings: OAuth2Settings, redirect_uri: str
) -> Iterator[str]:
    """What the browser may show, the likeliest first: cause, remedy, who must act."""
    for code in provider.page_errors or _ANY_PROVIDER:
        row = _row(code)
        said = f"{code}: " if provider.page_errors else ""
        yield f"- {said}{_line(row, settings, redirect_uri)}" if row else f"- {code}"


def shown_error(text: str, settings: OAuth2Settings, redirect_uri: str) -> str | None:
    """Advice for the error in a text that was copied from such a page, or from its address."""
    shown = " ".join(text[:_LONGEST].split())
    for hidden in _AUTH_ERROR.findall(shown):
        shown += " " + _decoded(hidden)
    row = _row(shown)
    if row is None:
        return None
    codes = [parts[0] for parts in row.code if parts[0] in _codes(shown)]
    said = f"{codes[0]}: " if codes else ""
    return said + _line(row, settings, redirect_uri)


def _row(shown: str) -> Row | None:
    """The first row that fits; the last one would fit everything."""
    row = first_row("page", _codes(shown), shown)
    return None if row is rows()[-1] else row


def _codes(shown: str) -> set[str]:
    """What of a page's words looks like the code of a provider."""
    return {word for word in _WORD.findall(shown) if _CODE.fullmatch(word)}


def _line(row: Row, settings: OAuth2Settings, redirect_uri: str) -> str:
    facts = client_facts(settings) | {"scheme": redirect_uri.partition(":")[0]}
    advice = row.advice.with_facts(**facts)
    return f"{advice.cause}; {advice.remedy} (who must act: {advice.actor})"


def _decoded(hidden: str) -> str:
    letters = unquote(hidden).rstrip("=")
    try:
        raw = base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4))
    except ValueError:
        return ""
    return raw.decode("latin-1")

"""Errors that a provider shows in its own page and never sends on, and advice for them.

RFC 6749 section 4.1.2.1: with an unregistered redirect URI or an unknown client there is nowhere
to send the browser to.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from provisioner.model.email_server import OAuth2Settings
from provisioner.oauth.advice import Actor, Advice
from provisioner.oauth.google_errors import GOOGLE_ERRORS
from provisioner.oauth.microsoft_errors import MICROSOFT_ERRORS
from provisioner.oauth.standard_errors import STANDARD_ERRORS
from provisioner.providers.provider import Provider

# By a part of what the page says.
# https://support.google.com/cloud/answer/7454865, and the page on native apps of google_errors.
_BY_WORDS = {
    "has not completed the Google verification process": Advice(
        "the app is in Testing and the account is no test user, or its scope is restricted and "
        "the app not verified",
        "in the console, Audience: choose Internal (Workspace), add a test user, or have the app "
        "verified",
        Actor.ADMINISTRATOR,
    ),
    "loopback flow has been blocked": Advice(
        "the client is of type Android, iOS or Chrome app",
        "make a client of type Desktop app, and declare its id and secret",
        Actor.ADMINISTRATOR,
    ),
    # What login.live.com says for personal accounts.
    "input parameter 'redirect_uri' is not valid": MICROSOFT_ERRORS["AADSTS50011"],
    "not enabled for consumers": Advice(
        "the app takes no personal accounts, or client_id is wrong",
        "in the registration, Authentication, Supported account types: include personal accounts",
        Actor.ADMINISTRATOR,
    ),
    "disallowed_useragent": Advice(
        "the page was opened inside another program",
        "open the address in an ordinary browser",
        Actor.SIGNER,
    ),
}
_ADVICE = {**STANDARD_ERRORS, **MICROSOFT_ERRORS, **GOOGLE_ERRORS, **_BY_WORDS}
_ANY_PROVIDER = (
    "- the redirect address is not registered for this client: see above (who must act: "
    f"{Actor.ADMINISTRATOR})",
    f"- client_id or the tenant in authorization_url is wrong (who must act: {Actor.YOU})",
    f"- the app waits for an administrator's consent (who must act: {Actor.ADMINISTRATOR})",
)


def page_error_lines(
    provider: Provider, settings: OAuth2Settings, redirect_uri: str
) -> Iterator[str]:
    """What the browser may show, the likeliest first: cause, remedy, who must act."""
    if not provider.page_errors:
        yield from _ANY_PROVIDER
    for code in provider.page_errors:
        yield f"- {_line(code, settings, redirect_uri)}"


def shown_error(text: str, settings: OAuth2Settings, redirect_uri: str) -> str | None:
    """Advice for the error in a text that was copied from such a page, or from its address."""
    said = " ".join(text.split())
    for hidden in _AUTH_ERROR.findall(said):
        said += " " + _decoded(hidden)
    known = sorted(_ADVICE.keys() - STANDARD_ERRORS.keys(), key=len, reverse=True)
    for code in (*known, *STANDARD_ERRORS):
        if re.search(rf"(?<!\w){re.escape(code)}(?!\w)", said):
            return _line(code, settings, redirect_uri)
    return None


# Google's error page has a message of Protocol Buffers in its address, in base64.
_AUTH_ERROR = re.compile(r"[?&]authError=([A-Za-z0-9_%-]+)")


def _decoded(hidden: str) -> str:
    letters = unquote(hidden).rstrip("=")
    try:
        raw = base64.urlsafe_b64decode(letters + "=" * (-len(letters) % 4))
    except ValueError:
        return ""
    return raw.decode("latin-1")


def _line(code: str, settings: OAuth2Settings, redirect_uri: str) -> str:
    advice = _ADVICE.get(code)
    if advice is None:  # a project's own
        return code
    remedy = _filled_in(advice.remedy, settings, redirect_uri)
    return f"{code}: {advice.cause}; {remedy} (who must act: {advice.actor})"


def _filled_in(remedy: str, settings: OAuth2Settings, redirect_uri: str) -> str:
    """An address to open or to register is given as it is for this client."""
    parts = urlsplit(settings.authorization_url)
    tenant = parts.path.strip("/").partition("/")[0]
    scheme = redirect_uri.partition(":")[0]
    return (
        remedy.replace("login.microsoftonline.com/TENANT", f"{parts.hostname}/{tenant}")
        .replace("CLIENT_ID", settings.client_id)
        .replace("http://localhost", f"{scheme}://localhost")
    )

"""A request that arrived at the callback address: the provider's answer, or something else."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from provisioner.oauth.callback_head import Head, Stray
from provisioner.secret import Secret

_MOST_PARAMETERS = 50
_FORM = "application/x-www-form-urlencoded"

NO_STATE = "no state"
OTHER_STATE = "the state of another sign-in"


@dataclass(frozen=True, slots=True)
class Callback:
    """The provider's answer to this very sign-in: a code, or an error, and who says so."""

    code: Secret | None
    error: Mapping[str, str]
    issuer: str | None


def misaddressed(head: Head, *, authorities: frozenset[str]) -> Stray | None:
    """Why the request cannot be an answer, by its head alone; None if it may be one.

    `authorities` are the values of Host that a browser sends here; another one is a page of
    somebody else that resolved its own name to this machine (DNS rebinding).
    """
    hosts = head.values("host")
    if len(hosts) != 1 or hosts[0].casefold() not in authorities:
        return Stray(400, "addressed to another host")
    if head.target.partition("?")[0] != "/":
        return Stray(404, "another path")
    if head.method not in ("GET", "POST"):
        return Stray(405, "another method")
    # https://www.w3.org/TR/fetch-metadata-request-headers/: a redirect or a form moves the whole
    # window. What a page loads in the background is no answer.
    if any(mode != "navigate" for mode in head.values("sec-fetch-mode")):
        return Stray(400, "sent by a page in the background")
    return _misaddressed_form(head) if head.method == "POST" else None


def _misaddressed_form(head: Head) -> Stray | None:
    """https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html: one type, no other."""
    types = head.values("content-type")
    if len(types) != 1 or types[0].partition(";")[0].strip().casefold() != _FORM:
        return Stray(415, "a form of another type")
    if not all(_may_be_a_providers(origin) for origin in head.values("origin")):
        return Stray(400, "a form of a page that is no provider's")
    return None


def _may_be_a_providers(origin: str) -> bool:
    """Providers have https, but on loopback; a Referrer-Policy makes the origin `null`.

    Which host it is, is not compared: the page that sends the form may be another one than
    authorization_url's, where an organization signs in elsewhere.
    """
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    on_loopback = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    return origin == "null" or parts.scheme == "https" or on_loopback


def judged(head: Head, body: bytes, *, state: Secret) -> Callback | Stray:
    """What a well addressed request says: in its query, or, of a POST, in its body."""
    if head.method == "POST":
        return answer_in(body.decode("latin-1"), state)
    return answer_in(head.target.partition("?")[2], state)


def answer_in(parameters: str, state: Secret) -> Callback | Stray:
    """The answer in a query or form, if it has the state of this sign-in."""
    try:
        pairs = parse_qsl(parameters, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return Stray(400, "too many parameters")
    found = dict(pairs)
    # Before anything else is looked at: is this the answer to our own request?
    given = found.get("state", "").encode(errors="replace")
    if not hmac.compare_digest(given, state.reveal().encode()):
        return Stray(400, OTHER_STATE if given else NO_STATE)
    if len(found) != len(pairs):
        return Stray(400, "a parameter twice")
    if "error" in found:
        told = {k: found.get(k, "") for k in ("error", "error_description", "error_subtype")}
        return Callback(None, told, found.get("iss"))
    code = found.get("code", "")
    if not code or not code.isascii() or not code.isprintable():
        return Stray(400, "neither a code nor an error")
    return Callback(Secret(code), {}, found.get("iss"))

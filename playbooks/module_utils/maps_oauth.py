"""Whether a refresh works from this host: MAPS will have to do the same in an hour."""

from __future__ import annotations

import base64
import json
import re
import socket
import ssl
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.parse import quote_plus, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from .maps_connection import Ended, tls_context
from .maps_document import refresh_endpoint

_LONGEST_ANSWER = 262144
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

# RFC 6749 section 5.2; anything else (temporarily_unavailable, slow_down) passes by itself.
_WRONG = frozenset(
    (
        "invalid_client",
        "invalid_grant",
        "invalid_request",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
        "interaction_required",
        "login_required",
        "consent_required",
    )
)
_ERROR = re.compile(r"^[A-Za-z0-9_.:-]{1,60}\Z")
_VENDOR_CODE = re.compile(r"\bAADSTS[0-9]{4,9}\b")


def prove_refresh(entry, ca_file, timeout=30.0):
    """Ask the token endpoint for a new access token, and throw the answer away.

    Only for providers that leave the old refresh token valid. -> {"outcome": "proven" | "wrong"
    | "unreachable" | "inconclusive", "stage": "refresh", "error": RFC 6749 error or null,
    "code": the vendor's own code or null, "http_status": int or null}
    """
    return refreshed(entry, ca_file, timeout)[0]


def refreshed(entry, ca_file, timeout=30.0):
    """The same, and the new access token (None without one), which nobody writes down."""
    oauth2 = entry["oauth2"]
    url = refresh_endpoint(entry)
    if not _may_carry_secrets(url):
        return _fact("wrong", error="insecure_token_url"), None
    try:
        status, answer = _post(url, *_request(oauth2), ca_file=ca_file, timeout=timeout)
    except Ended as ended:  # the CA file cannot be used
        return _fact(ended.outcome, error="ca_file"), None
    except (OSError, HTTPException, ValueError) as error:
        return _unanswered(error), None
    content = _parsed(answer)
    fact = _judged(status, content)
    return fact, content["access_token"] if fact["outcome"] == "proven" else None


def _may_carry_secrets(url):
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _request(oauth2):
    """(form fields, headers) of RFC 6749 section 6, with the client as section 2.3.1 has it."""
    token = oauth2["token"]
    fields = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    headers = {"Accept": "application/json"}
    if oauth2.get("scope_for_token"):
        fields["scope"] = oauth2["scope_for_token"]
    client, secret = oauth2["client_id"], oauth2.get("client_secret") or ""
    if token.get("token_endpoint_auth_method") == "client_secret_basic":
        pair = f"{quote_plus(client)}:{quote_plus(secret)}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
    else:
        fields["client_id"] = client
        if secret and token.get("token_endpoint_auth_method") != "none":
            fields["client_secret"] = secret
    return fields, headers


class _NoRedirect(HTTPRedirectHandler):
    """A redirect would carry the secrets to wherever it points."""

    def redirect_request(self, *_arguments, **_names):
        return None


def _post(url, fields, headers, ca_file, timeout):
    opener = build_opener(_NoRedirect, HTTPSHandler(context=tls_context(ca_file)))
    request = Request(url, urlencode(fields).encode("ascii"), headers)  # noqa: S310  checked
    try:
        with opener.open(request, timeout=timeout) as answer:
            return answer.status, answer.read(_LONGEST_ANSWER)
    except HTTPError as error:
        with error:
            return error.code, error.read(_LONGEST_ANSWER)


def _judged(status, content):
    if status == 200 and _text(content, "access_token"):
        return _fact("proven", status=status)
    error = _text(content, "error")
    error = error if _ERROR.match(error) else None
    vendor = _VENDOR_CODE.search(_text(content, "error_description"))
    outcome = "wrong" if error in _WRONG and status < 500 else "inconclusive"
    return _fact(outcome, error, vendor.group(0) if vendor else None, status)


def _text(content, name):
    value = content.get(name)
    return value if isinstance(value, str) else ""


def _parsed(answer):
    try:
        content = json.loads(answer.decode("utf-8"))
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _unanswered(error):
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return _fact("wrong", error="certificate")
    if isinstance(reason, socket.gaierror) and reason.errno != socket.EAI_AGAIN:
        return _fact("wrong", error="unknown_host")
    return _fact("unreachable")


def _fact(outcome, error=None, code=None, status=None):
    return {
        "outcome": outcome,
        "stage": "refresh",
        "error": error,
        "code": code,
        "http_status": status,
    }

"""A request that arrived at the callback address: the provider's answer, or something else."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from provisioner.secret import Secret

_REQUEST_LINE = re.compile(r"([A-Z]{1,20}) ([!-~]{1,16000}) HTTP/1\.[01]")
_MOST_PARAMETERS = 50

OTHER_STATE = "the state of another sign-in"


@dataclass(frozen=True, slots=True)
class Callback:
    """The provider's answer to this very sign-in: a code, or an error, and who says so."""

    code: Secret | None
    error: Mapping[str, str]
    issuer: str | None


@dataclass(frozen=True, slots=True)
class Stray:
    """A request that is not it. It ends nothing and changes nothing."""

    status: int
    reason: str


def judged(head: bytes, *, authorities: frozenset[str], state: Secret) -> Callback | Stray:
    """What the request is, by its head: request line and header fields.

    `authorities` are the values of Host that a browser sends here; another one is a page of
    somebody else that resolved its own name to this machine (DNS rebinding).
    """
    lines = head.decode("latin-1").split("\r\n")
    line = _REQUEST_LINE.fullmatch(lines[0])
    if line is None:
        return Stray(400, "not an HTTP request")
    method, target = line.groups()
    hosts = [field.partition(":")[2].strip() for field in lines[1:] if _is_host(field)]
    if len(hosts) != 1 or hosts[0].casefold() not in authorities:
        return Stray(400, "addressed to another host")
    path, _, query = target.partition("?")
    if path != "/":
        return Stray(404, "another path")
    if method != "GET":
        return Stray(405, f"method {method}")
    return _answer(query, state)


def _is_host(field: str) -> bool:
    return field.partition(":")[0].strip().casefold() == "host"


def _answer(query: str, state: Secret) -> Callback | Stray:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return Stray(400, "too many parameters")
    parameters = dict(pairs)
    # Before anything else is looked at: is this the answer to our own request?
    given = parameters.get("state", "").encode()
    if not hmac.compare_digest(given, state.reveal().encode()):
        return Stray(400, OTHER_STATE if given else "no state")
    if len(parameters) != len(pairs):
        return Stray(400, "a parameter twice")
    code = parameters.get("code", "")
    if "error" in parameters:
        told = {k: parameters.get(k, "") for k in ("error", "error_description", "error_subtype")}
        return Callback(None, told, parameters.get("iss"))
    if not code or not code.isascii() or not code.isprintable():
        return Stray(400, "neither a code nor an error")
    return Callback(Secret(code), {}, parameters.get("iss"))

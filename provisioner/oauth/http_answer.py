"""The HTTP answer of a token endpoint: read within bounds, judged by status and shape."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.oauth.token_faults import Transient, Unusable

if TYPE_CHECKING:
    import requests

_MOST_BYTES = 256 * 1024
_WHOLE_SECONDS = 40.0


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status and members of a JSON object; empty for any other body."""

    status: int
    content_type: str
    members: Mapping[str, Any]


def read_answer(response: requests.Response) -> HttpAnswer:
    """The answer, whole. Transient for what passes; Unusable for redirects and floods."""
    with response:
        if 300 <= response.status_code < 400:
            raise Unusable(f"answered with a redirect (HTTP {response.status_code}), not followed")
        if response.status_code in (408, 429) or response.status_code >= 500:
            raise Transient(f"answered HTTP {response.status_code}", _pause(response.headers))
        body = b"".join(_bounded(response))
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return HttpAnswer(response.status_code, kind or "no content type", _members(body))


def _bounded(response: requests.Response) -> Iterator[bytes]:
    deadline, size = time.monotonic() + _WHOLE_SECONDS, 0
    for chunk in response.iter_content(16 * 1024):
        size += len(chunk)
        if size > _MOST_BYTES:
            raise Unusable(f"answered with more than {_MOST_BYTES // 1024} KiB")
        if time.monotonic() > deadline:
            raise Transient("did not answer in time")
        yield chunk


def _members(body: bytes) -> Mapping[str, Any]:
    """Whatever the content type says, a JSON object counts as one."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _pause(headers: Mapping[str, str]) -> float | None:
    """Retry-After in seconds (RFC 9110 section 10.2.3); its form with a date is left aside."""
    value = headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None

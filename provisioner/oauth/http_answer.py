"""The HTTP answer of a token endpoint: read within bounds, judged by status and shape."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from provisioner.oauth.token_faults import Unusable

if TYPE_CHECKING:
    import requests

_MOST_BYTES = 192 * 1024  # encrypted, they take four times as much, and a file has 1 MiB at most
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status and members of a JSON object; empty for any other body. `pause`: Retry-After."""

    status: int
    content_type: str
    members: Mapping[str, Any]
    pause: float | None = None

    @property
    def passes(self) -> bool:
        """Whether the same request may be answered better later (RFC 6585 section 4)."""
        return self.status in (408, 429) or self.status >= 500


def read_answer(response: requests.Response) -> HttpAnswer:
    """The answer, whole. Unusable for redirects and floods."""
    status, headers = response.status_code, response.headers
    kind = headers.get("Content-Type", "").partition(";")[0].strip() or "no content type"
    with response:
        if 300 <= status < 400:
            raise Unusable(f"answered with a redirect (HTTP {status}), not followed")
        answer = HttpAnswer(status, kind, {}, _pause(headers))
        try:
            return replace(answer, members=_members(_body(response)))
        except Unusable:
            if answer.passes:  # whatever page comes with it
                return answer
            raise


def _body(response: requests.Response) -> bytes:
    packed = b"".join(_bounded(response.raw.stream(16 * 1024, decode_content=False)))
    return _unpacked(packed, response.headers.get("Content-Encoding", "").strip().lower())


def _bounded(chunks: Iterable[bytes]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > _MOST_BYTES:
            raise _flood()
        yield chunk


def _unpacked(body: bytes, encoding: str) -> bytes:
    """Some pack what was asked for unpacked. Only so much is unpacked as may be there."""
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Unusable("answered in an encoding that was not asked for")
    try:
        unpacked = zlib.decompressobj(_GZIP_OR_ZLIB).decompress(body, _MOST_BYTES + 1)
    except zlib.error:
        raise Unusable(f"answered with {encoding} that cannot be unpacked") from None
    if len(unpacked) > _MOST_BYTES:
        raise _flood()
    return unpacked


def _flood() -> Unusable:
    return Unusable(f"answered with more than {_MOST_BYTES // 1024} KiB")


def _members(body: bytes) -> Mapping[str, Any]:
    """Whatever the content type says, a JSON object counts as one: UTF-8 without a mark before
    it (RFC 8259 section 8.1), since not all parsers see the same in others.
    """
    try:
        found = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _pause(headers: Mapping[str, str]) -> float | None:
    """Retry-After, as seconds or as a date (RFC 9110 section 10.2.3); None if it says nothing.

    A date is held against the answer's own, so that our clock does not count.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    until, since = _instant(value), _instant(headers.get("Date", ""))
    if until is None:
        return None
    return max(until - (time.time() if since is None else since), 0.0)


def _instant(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None

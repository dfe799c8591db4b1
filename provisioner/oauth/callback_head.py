"""The head of a request at the callback address: request line and header fields, within bounds."""

from __future__ import annotations

import re
from dataclasses import dataclass

_REQUEST_LINE = re.compile(r"([A-Z]{1,20}) ([!-~]{1,16000}) HTTP/1\.[01]")
_LENGTH = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Stray:
    """A request that is not the provider's answer. It ends nothing and changes nothing."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class Head:
    """A request without its body. `target` may hold a code: no repr shows it."""

    method: str
    target: str
    fields: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """What the field says, each time that it occurs."""
        return [value for field, value in self.fields if field == name]

    @property
    def body_length(self) -> int | Stray:
        """Bytes that follow; a form has no need of any other framing than Content-Length."""
        lengths = self.values("content-length")
        if self.values("transfer-encoding") or len(lengths) > 1:
            return Stray(411, "a body of unknown length")
        if not lengths:
            return 0
        return (
            int(lengths[0]) if _LENGTH.fullmatch(lengths[0]) else Stray(400, "not an HTTP request")
        )


def head_from(raw: bytes) -> Head | Stray:
    """The request up to its empty line, taken apart (RFC 9112 section 3)."""
    first, *rest = raw.decode("latin-1").split("\r\n")
    line = _REQUEST_LINE.fullmatch(first)
    if line is None:
        return Stray(400, "not an HTTP request")
    pairs = (field.partition(":") for field in rest)
    fields = tuple((name.strip().casefold(), value.strip()) for name, _, value in pairs)
    return Head(line.group(1), line.group(2), fields)

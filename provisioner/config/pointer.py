"""JSON pointers (RFC 6901)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any


def escaped(segment: str) -> str:
    """A key as one segment of a pointer (RFC 6901 section 3)."""
    if "~" in segment or "/" in segment:
        return segment.replace("~", "~0").replace("/", "~1")
    return segment


def pointer_to(path: Iterable[str | int]) -> str:
    """`["oauth2", "client_id"]` -> `/oauth2/client_id`."""
    return "".join(f"/{escaped(str(segment))}" for segment in path)


@lru_cache(maxsize=1024)
def segments(pointer: str) -> tuple[str, ...]:
    """`/oauth2/client_id` -> `("oauth2", "client_id")`."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def parent(pointer: str) -> str:
    """The pointer to what holds it; of the whole document, itself."""
    return pointer.rpartition("/")[0]


def lies_in(pointer: str, ancestor: str) -> bool:
    """Whether it is that value, or inside of it."""
    return pointer == ancestor or pointer.startswith(ancestor + "/")


def value_at(document: Any, pointer: str) -> Any:
    """The value that stands there; None if nothing does."""
    value = document
    for segment in segments(pointer):
        if isinstance(value, list) and segment.isdecimal() and int(segment) < len(value):
            value = value[int(segment)]
        else:
            value = value.get(segment) if isinstance(value, dict) else None
    return value

"""Text from an example that was meant to be replaced."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from provisioner.lint.cleared import Cleared

# Signs of a template, wherever they stand.
_TEMPLATE = re.compile(
    r"""
      (?<![A-Za-z]) (?: YOUR | INSERT | REPLACE ) [_-] [A-Z0-9_-]+
    | (?i: (?<![a-z]) (?: your-[a-z-]+ | change[_ -]?me | replace[_ -]?me ) (?![a-z]) )
    | < [A-Za-z] [^<>@]* >
    | \{ [A-Za-z_] [A-Za-z0-9_ -]* \}
    | \{\{
    """,
    re.VERBOSE,
)
# Words that may be meant in a name, but never in an address or a setting of OAuth2.
_WORD = re.compile(
    r"(?<![A-Za-z0-9])(?:TENANT(?:[_-]?ID)?|CLIENT[_-]?ID|TODO|FIXME|[Xx]{4,})(?![A-Za-z0-9])"
)
# 00000000-0000-..., 11111111-2222-3333-..., and 00001111-aaaa-2222-bbbb-3333cccc4444, which
# Microsoft's documentation uses: each quarter of four digits is one digit. And those in order.
_GUID = re.compile(
    r"(?i)(?<![0-9a-z-])(?:(?:([0-9a-f])\1{3}-?){8}|12345678-1234-1234-1234-[0-9a-f]{12})"
    r"(?![0-9a-z-])"
)
# What all of these have in them, in lower case.
_SIGNS = (
    *("<", "{", "your", "insert", "replace", "change", "tenant", "client", "todo", "fixme", "xxxx"),
    *("12345678", *(digit * 4 for digit in "0123456789abcdef")),
)
_NO_NAMES = ("/oauth2/", "/host", "/user_name", "/test_email/")


@lru_cache(maxsize=4096)  # servers have most of their values in common
def placeholder_in(pointer: str, text: str) -> str | None:
    """The placeholder that stands in a value; None if none is seen."""
    found = _TEMPLATE.search(text)
    if found is None and pointer.startswith(_NO_NAMES):
        found = _WORD.search(text) or (_GUID.search(text) if "-" in text else None)
    return None if found is None else found.group()


def may_be_in(texts: Iterable[str]) -> bool:
    """False: `placeholder_in` finds none in any of these."""
    return not _CLEARED.holds(texts)


def _are_free(texts: list[str]) -> bool:
    """Looked at closely only if there is any sign of one."""
    joined = "\n".join(texts).lower()
    for sign in _SIGNS:
        if sign in joined:
            return all(placeholder_in("/host", text) is None for text in texts)
    return True


_CLEARED: Final = Cleared(_are_free)


def is_example_guid(placeholder: str) -> bool:
    """Whether a placeholder is a GUID."""
    return _GUID.fullmatch(placeholder) is not None

"""Did you mean ...?"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NO_LETTER = re.compile(r"[^a-z0-9]+")


def same_letters(word: str) -> str:
    """`OAuth2`, `oauth-2` and `OAUTH 2` -> `oauth2`."""
    return _NO_LETTER.sub("", word.casefold())


def nearest(word: str, candidates: Iterable[str], wanted: Iterable[str] = ()) -> str | None:
    """The candidate that was most likely meant; None if none is near.

    Of several near ones, one that is `wanted`: `hots` is `host`, not `hosts`, if host is missing.
    """
    by_letters = {same_letters(candidate): candidate for candidate in candidates}
    letters = same_letters(word[:100])
    if letters in by_letters:
        return by_letters[letters]
    import difflib

    near = difflib.get_close_matches(letters, by_letters, n=3, cutoff=0.7)
    close = [by_letters[found] for found in near]
    return next((found for found in close if found in wanted), close[0] if close else None)

"""Did you mean ...?"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NO_LETTER = re.compile(r"[^a-z0-9]+")


def same_letters(word: str) -> str:
    """`OAuth2`, `oauth-2` and `OAUTH 2` -> `oauth2`."""
    return _NO_LETTER.sub("", word.casefold())


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that was most likely meant; None if none is near."""
    by_letters = {same_letters(candidate): candidate for candidate in candidates}
    letters = same_letters(word[:100])
    if letters in by_letters:
        return by_letters[letters]
    import difflib

    close = difflib.get_close_matches(letters, by_letters, n=1, cutoff=0.7)
    return by_letters[close[0]] if close else None

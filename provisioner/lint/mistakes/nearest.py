"""Did you mean ...?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from provisioner.providers.lookalikes import is_typo

_NO_LETTER = re.compile(r"[^a-z0-9]+")


def same_letters(word: str) -> str:
    """`OAuth2`, `oauth-2` and `OAUTH 2` -> `oauth2`."""
    return _NO_LETTER.sub("", word.casefold())


def is_misspelled(word: str, meant: str) -> bool:
    """Whether one is the other but for a letter, or for case and signs."""
    one, other = same_letters(word), same_letters(meant)
    return one == other or is_typo(one, other)


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that was most likely meant; None if none is near."""
    return next(iter(near_ones(word, candidates)), None)


def near_ones(word: str, candidates: Iterable[str], wanted: Iterable[str] = ()) -> list[str]:
    """The candidates that may have been meant, the likeliest first.

    One that is a single letter away comes first; of several, one that is `wanted`: `hots` is
    `host`, not `hosts`, if host is missing.
    """
    by_letters = {same_letters(candidate): candidate for candidate in candidates}
    letters = same_letters(word[:100])
    if letters in by_letters:
        return [by_letters[letters]]
    import difflib

    typos = [one for one in by_letters if len(letters) > 2 and is_typo(letters, one)]
    near = [*typos, *difflib.get_close_matches(letters, by_letters, n=3, cutoff=0.7)]
    return sorted(
        dict.fromkeys(by_letters[found] for found in near),
        key=lambda one: (same_letters(one) not in typos, one not in wanted),
    )

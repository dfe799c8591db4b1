"""Characters that nobody sees, such as a zero width space that came along with a copied text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from provisioner.lint.declaration import SECRETS, Declaration, is_printable_ascii
from provisioner.lint.finding import Severity
from provisioner.lint.invisible_characters import DIRECTION_MARKS, INVISIBLE, JOINERS, TAGS
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "invisible-character"
SEVERITY = Severity.ERROR

_BLACK_FLAG = "\U0001f3f4"
# Names for people may have them: lookalike-character has a word for some.
_FREE = ("/server_name", "/logging/file_name")


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """The first one of each value. Secrets are left out: nothing of them may be told."""
    if server.fact(is_printable_ascii):
        return
    for pointer, text in server.plain_texts:
        if text.isascii() or pointer.startswith(SECRETS):
            continue
        sign = next(_unseen(text, blanks=pointer not in _FREE), None)
        if sign is not None:
            yield Remark(
                pointer,
                f"there is a character here that nobody sees: {_named(sign)}",
                "write the value anew; copied text brings such characters along",
            )


def _unseen(text: str, *, blanks: bool) -> Iterator[str]:
    for place, sign in enumerate(text):
        odd_blank = blanks and sign > "\x7f" and unicodedata.category(sign) == "Zs"
        if odd_blank or (sign in INVISIBLE and not _is_at_home(text, place)):
            yield sign


def _is_at_home(text: str, place: int) -> bool:
    """Emoji and Persian need joiners, the flag of Scotland tags, right-to-left text its marks."""
    sign = text[place]
    if sign in JOINERS:
        around = text[place - 1 : place] + text[place + 1 : place + 2]
        return len(around) == 2 and all(_may_be_joined(other) for other in around)
    if sign in DIRECTION_MARKS:
        return any(other.isalpha() and _is_right_to_left(other) for other in text)
    return sign in TAGS and _BLACK_FLAG in text


def _is_right_to_left(letter: str) -> bool:
    return unicodedata.bidirectional(letter) in ("R", "AL")


def _may_be_joined(sign: str) -> bool:
    return not sign.isascii() and "LATIN" not in unicodedata.name(sign, "")


def _named(sign: str) -> str:
    name = unicodedata.name(sign, "")
    return f"{name} (U+{ord(sign):04X})".strip()

"""Characters that look like others: a Cyrillic letter in a Latin word, a blank that is none."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from provisioner.lint.declaration import Declaration, is_printable_ascii
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "lookalike-character"
SEVERITY = Severity.WARNING

_NAMES = ("/server_name", "/user_name", "/oauth2/login_hint", "/hosts", "/logging/file_name")
_ADDRESSES = ("/test_email/from", "/test_email/to")
# Of https://www.unicode.org/Public/security/latest/confusables.txt the letters that look like
# Latin ones in any typeface.
_CYRILLIC = (
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405"
)
_GREEK = (
    "\u03bf\u03bd\u0391\u0392\u0395\u0396\u0397\u0399"
    "\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
)
_LIKE_LATIN = frozenset(_CYRILLIC + _GREEK)
# Elsewhere they are an error: invisible-character.
_WITH_BLANKS = ("/server_name", "/logging/file_name")
_LIKE_A_BLANK = frozenset("\u00a0\u2007\u202f")


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """Where letters beyond ASCII may stand, and in addresses, where nobody would look for one."""
    if server.fact(is_printable_ascii):
        return
    for pointer in (*_NAMES, *_ADDRESSES):
        text = server.text(pointer)
        if text.isascii() or text != text.strip(" "):
            continue
        sign = (_blank(text) if pointer in _WITH_BLANKS else "") or _foreign_letter(text)
        if sign:
            yield Remark(
                pointer,
                f"what looks like a {'blank' if sign in _LIKE_A_BLANK else 'Latin letter'} is "
                f"{unicodedata.name(sign)} (U+{ord(sign):04X})",
                "type it on the keyboard; copied text brings such characters along",
            )


def _blank(text: str) -> str:
    return next((sign for sign in text if sign in _LIKE_A_BLANK), "")


def _foreign_letter(text: str) -> str:
    """In a word that is Latin but for such letters; a Cyrillic word has others, too."""
    for word in "".join(sign if sign.isalpha() else " " for sign in text).split():
        foreign = [sign for sign in word if not sign.isascii() and not _is_latin(sign)]
        if foreign and len(foreign) < len(word) and _LIKE_LATIN.issuperset(foreign):
            return foreign[0]
    return ""


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN")

"""Text as people see it: what does not show is named, and what came from outside is redacted.

`foreign` is applied once, where text from outside comes in; `printable` once, where any text is
printed.
"""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus

from provisioner.secret import MASK, known_secrets

# These take no place on the screen, or that of a blank, and yet `str.isprintable` lets them pass:
# grapheme joiner, Hangul fillers, Khmer inherent vowels, Braille blank, variation selectors.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {
    chr(code)
    for selectors in (range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
    for code in selectors
}

# Blanks at the ends, and all but one of several: nobody could count them.
_UNCOUNTED = re.compile(r"\A +| +\Z|(?<= ) +")

# As references, no sign can end a cell, open a tag or a link, or name a person.
_MARKDOWN_CELL = str.maketrans(
    {sign: f"&#{ord(sign)};" for sign in "&<>|`*_[]\\~$#@!"} | {"\n": " "}
)

# Of word processors and web pages: no program takes them for quotes.
TYPOGRAPHIC_QUOTES = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a"

_PIECE = 8  # a piece of a secret this long is no coincidence, and shorter ones give nothing away
_GRAM, _STRIDE = 4, 5  # a piece holds a whole gram of each _STRIDE characters: 4 + 5 - 1 = 8
_SHORTEST = 4  # what is shorter is masked only as a word of its own: text must stay readable
_LONGEST = 400
_MOST_READ = 4000
_ESCAPE = re.compile("%[0-9A-F]{2}")


def printable(text: str) -> str:
    """One line in which `<U+202E>` names each character that does not show as one."""
    return text if text.isascii() and text.isprintable() else _shown(text, _code_point)


def printable_lines(text: str) -> str:
    """The same of several lines; line breaks and tabs stay."""
    return _shown(text, _code_point, kept="\n\t")


def markdown_cell(text: str) -> str:
    """The text as a reader of Markdown sees it, whatever is in it; also in a cell of a table."""
    return printable_lines(text).translate(_MARKDOWN_CELL)


def named(sign: str) -> str:
    """A character's name and code point."""
    import unicodedata  # few files have a character that must be named

    return f"{unicodedata.name(sign, '')} (U+{ord(sign):04X})".strip()


def countable(text: str) -> str:
    """The same as `printable`, for a value to be typed or compared: blanks are countable, too."""
    return printable(_UNCOUNTED.sub(lambda found: _code_point(" ") * len(found[0]), text))


def in_columns(text: str) -> str:
    """The text with a sign for each character that does not show: what is below it stays so."""
    return _shown(text, lambda _: "\ufffd")


def as_json(value: object, *, indent: int | None = None) -> str:
    """JSON in which what does not show is escaped: a program reads it, a person may look on."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return text if text.isascii() and "\x7f" not in text else _shown(text, _escape, kept="\n")


def json_object(text: str | bytes | None) -> dict[str, Any]:
    """What is a JSON object, in UTF-8 without a mark before it (RFC 8259 section 8.1), since not
    all parsers see the same in others; empty for all else.
    """
    try:
        found = json.loads(text.decode() if isinstance(text, bytes) else text or "")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def foreign(text: object, *, longest: int = _LONGEST) -> str:
    """What a provider, host or program said: one line, bounded, without secrets of this run."""
    if not isinstance(text, str):
        return ""
    line = " ".join(_shown(redact(text[:_MOST_READ]), lambda _: " ").split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def redact(text: str, *, pieces: bool = True) -> str:
    """The text with *** for each stretch of a secret of this run, in all its encodings.

    `pieces`: from 8 characters on, a part of a secret is one, too.
    """
    secrets = frozenset(known_secrets)
    hidden = set(_places_of_whole(text, secrets))
    hidden.update(_places_of_pieces(text, secrets) if pieces else ())
    return "".join(_masked(text, hidden)) if hidden else text


# After what changes tokens/ in a checkout.
COMMIT_HINT = "; commit tokens/, so that others and CI jobs have it"


def proposed_command(command: str, server_name: str, *options: str) -> str:
    """`provisioner COMMAND NAME OPTIONS` that can be pasted; each of `options` is quoted already.

    A name that begins with - would be an option: it goes after `--`, where none can follow.
    """
    return command_for(command, [server_name], *options)


def command_for(command: str, names: Iterable[str], *options: str) -> str:
    """The same with several names."""
    quoted = list(map(shlex.quote, names))
    is_option = any(name.startswith("-") for name in quoted)
    words = [*options, "--", *quoted] if is_option else [*quoted, *options]
    return " ".join(["provisioner", command, *words])


def accept_destination(server_name: str) -> str:
    """The option that accepts where a server's secrets go."""
    return proposed_option("--accept-destination", server_name)


def proposed_option(option: str, value: str) -> str:
    """`--server NAME`, to be pasted; a value that begins with - goes after a =."""
    return f"{option}{'=' if value.startswith('-') else ' '}{shlex.quote(value)}"


def local_time(at: float | str) -> str:
    """`2026-12-01 14:03 +01:00`, by this machine's clock; `at`: Unix seconds, or ISO 8601."""
    try:
        if isinstance(at, str):
            parsed = datetime.fromisoformat(at)
        else:
            parsed = datetime.fromtimestamp(at, UTC)
    except ValueError:  # what a host has may have been edited
        return str(at)
    moment = parsed.replace(tzinfo=parsed.tzinfo or UTC).astimezone()
    offset = f"{moment:%z}"
    return f"{moment:%Y-%m-%d %H:%M} {offset[:3]}:{offset[3:]}"


def about(name: str, message: str) -> str:
    """`Reports: not signed in`; a message that names it after file and line stays as it is."""
    return message if not name or f": {name}: " in message else f"{name}: {message}"


def names_shown(names: Sequence[str], most: int) -> str:
    """`maps1, maps2 +98 more`, of more names than fit."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 1])} +{len(names) - most + 1} more"


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 host`, `2,000 hosts`; `plural` where an s does not do."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def as_many_as_fit(
    room: int, pieces: Iterable[str], size: Callable[[str], int] = len
) -> Iterator[str]:
    """The first pieces for which there is room."""
    for piece in pieces:
        room -= size(piece)
        if room < 0:
            return
        yield piece


def _shows(character: str) -> bool:
    return character.isprintable() and character not in _BLANKS


def _shown(text: str, sign: Callable[[str], str], kept: str = "") -> str:
    """The text with a sign for each character that does not show and is not kept."""
    return "".join(c if c in kept or _shows(c) else sign(c) for c in text)


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _code_point(character: str) -> str:
    return f"<U+{ord(character):04X}>"


def _masked(text: str, hidden: set[int]) -> Iterator[str]:
    for place, character in enumerate(text):
        if place not in hidden:
            yield character
        elif place - 1 not in hidden:
            yield MASK


def _places_of_whole(text: str, secrets: frozenset[str]) -> Iterator[int]:
    for form in _forms_of_all(secrets):
        start = text.find(form)
        while start >= 0:
            yield from range(start, start + len(form))
            start = text.find(form, start + 1)
    for word in (secret for secret in secrets if 0 < len(secret) < _SHORTEST):
        for found in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", text):
            yield from range(*found.span())


def _places_of_pieces(text: str, secrets: frozenset[str]) -> Iterator[int]:
    """Each piece of the text is looked up in one text of all forms, where grams speak for it.

    Without these, sixty tokens cost a second for each page of text.
    """
    haystack, grams = _pieces_of_all(secrets)
    known = [text[at : at + _GRAM] in grams for at in range(len(text) if grams else 0)]
    for start in range(len(known) - _PIECE + 1):
        if True in known[start : start + _STRIDE] and text[start : start + _PIECE] in haystack:
            yield from range(start, start + _PIECE)


@lru_cache(maxsize=2)
def _pieces_of_all(secrets: frozenset[str]) -> tuple[str, frozenset[str]]:
    """Each piece of the first has one of the second at one of its first _STRIDE places."""
    haystack = "\0\0".join(form for form in _forms_of_all(secrets) if len(form) >= _PIECE)
    places = range(0, len(haystack), _STRIDE)
    return haystack, frozenset(haystack[at : at + _GRAM] for at in places)


@lru_cache(maxsize=2)
def _forms_of_all(secrets: frozenset[str]) -> frozenset[str]:
    long_enough = (secret for secret in secrets if len(secret) >= _SHORTEST)
    return frozenset(form for secret in long_enough for form in _forms(secret))


def _forms(plain: str) -> Iterable[str]:
    """The secret as forms, URLs, HTML, JSON, hexadecimal and Basic authentication write it."""
    data = plain.encode(errors="surrogatepass")
    escaped = json.dumps(plain)[1:-1]
    quoted = {quote(data, safe=""), quote(data), quote_plus(data), quote(quote(data, safe=""))}
    lower = {_ESCAPE.sub(lambda found: found.group().lower(), form) for form in quoted}
    packed = {*_in_base64(data), *_in_base64(quote_plus(data).encode())}
    spelled = {plain, html.escape(plain), escaped, json.dumps(escaped)[1:-1]}
    return {*spelled, *quoted, *lower, *packed, data.hex(), data.hex().upper()}


def _in_base64(data: bytes) -> Iterator[str]:
    """Its characters at each of the three places at which it may begin, without the edges."""
    for lead in range(3):
        packed = base64.b64encode(b"\0" * lead + data).decode().rstrip("=")
        inner = packed[-(-lead * 8 // 6) : len(packed) - 1]
        if len(inner) >= _SHORTEST + 2:
            yield from (inner, inner.replace("+", "-").replace("/", "_"))

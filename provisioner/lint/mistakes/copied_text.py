"""What comes along with a value that was copied from a web page, a document or a mail.

Imported only once a value looks as if something had.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote

from provisioner.providers.endpoints import host_of
from provisioner.providers.lookalikes import resembled_host
from provisioner.text import TYPOGRAPHIC_QUOTES, named

_NAMES = ("/server_name", "/logging/file_name", "/hosts")
_ACCOUNTS = ("/user_name", "/oauth2/login_hint")
_ADDRESSES = (*_ACCOUNTS, "/test_email/from", "/test_email/to")

# Signs that word processors and input methods put in the place of those of the keyboard.
_QUOTES = f"{TYPOGRAPHIC_QUOTES}\u2032\u2033\xb4"
_WIDE_QUOTES = "\uff02\uff07\u301d\u301e"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"
_OTHERS = {"\u2024": ".", "\u3002": ".", "\u2044": "/", "\u2215": "/", "\u2236": ":", "\ua789": ":"}
_OF_ACCOUNTS = frozenset("\uff20\uff0e\u3002\u2024")
# Of https://www.unicode.org/Public/security/latest/confusables.txt the letters that look like
# Latin ones in any typeface.
LIKE_LATIN = dict(
    zip(
        "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d"
        "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405"
        "\u03bf\u03bd\u0391\u0392\u0395\u0396\u0397\u0399"
        "\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
        "aeopcyxijshdqwABEKMHOPCTXIJSovABEZHIKMNOPTYX",
        strict=True,
    )
)


class CopyMistake(NamedTuple):
    """The first thing that came along: which rule reports it, and where in the text it stands."""

    rule: str
    part: tuple[int, int]
    message: str
    remedy: str


class _Form(NamedTuple):
    """`pattern` marks its group `sign`, if it has one; `meant` makes the value out of the rest."""

    at: Callable[[str], bool]
    pattern: str
    message: str
    remedy: str
    meant: Callable[[re.Match[str]], str] = lambda found: found["value"]
    rule: str = "copied-text"


def _anywhere(_pointer: str) -> bool:
    return True


def _is_address(pointer: str) -> bool:
    return pointer in _ADDRESSES


def _is_url(pointer: str) -> bool:
    return pointer.endswith("_url")


def _is_no_list(pointer: str) -> bool:
    return not pointer.startswith("/oauth2/scope")


def _either(found: re.Match[str]) -> str:
    return found["value"] or found["value2"]


def _decoded(found: re.Match[str]) -> str:
    return unquote(found["value"])


_WITHOUT = "write the value alone"
_FORMS = (
    # https://learn.microsoft.com/defender-office-365/safe-links-about
    _Form(
        _is_url,
        r"(?is)https?://[a-z0-9.-]+\.safelinks\.protection\.outlook\.com/.*?[?&]url=(?P<value>[^&]+).*",
        "this link was rewritten by Safe Links of Microsoft 365 in an email",
        "write the address after url=, with : for %3A and / for %2F",
        _decoded,
        "rewritten-link",
    ),
    _Form(
        _is_url,
        r"(?is)https?://(?:www\.)?google\.[a-z.]+/url\?(?:[^#]*&)?(?:q|url)=(?P<value>[^&]+).*",
        "this link was rewritten by Google, in an email or a list of search results",
        "write the address after q= or url=, with : for %3A and / for %2F",
        _decoded,
        "rewritten-link",
    ),
    _Form(
        _is_url,
        r"(?is)https://urldefense\.com/v3/__(?P<value>.+?)__;.*",
        "this link was rewritten by URL Defense of Proofpoint in an email",
        "write the address between the two __",
        rule="rewritten-link",
    ),
    _Form(
        _is_url,
        r"(?i)https?%3A%2F%2F\S+",
        "this address is written as a parameter of another one",
        "write : for %3A and / for %2F",
        lambda found: unquote(found[0]),
    ),
    _Form(
        _anywhere,
        r"\[(?P<value>[^\]\s]+)\]\((?:[^()\s]*)\)",
        "this is a Markdown link",
        _WITHOUT + ": the part between the brackets",
    ),
    _Form(
        _is_address,
        r"(?P<sign>[^<>@]*[^<>@\s])\s*<(?P<value>[^<>\s@]+@[^<>\s@]+)>",
        "there is a name before the address",
        "write the address alone, without < and >",
    ),
    _Form(
        _anywhere,
        r"(?P<sign><)(?P<value>(?=\S*[.@:])[^<>\s]+|[0-9a-fA-F-]{36})>",
        "the value is enclosed in < and >",
        "write it without < and >",
    ),
    _Form(
        _anywhere,
        r"(?P<sign>\*\*|__|\*|`{1,3})(?P<value>.+)(?P=sign)",
        "the value is enclosed in Markdown characters",
        "write it without * and `",
    ),
    _Form(
        _is_address,
        r"(?i)(?P<sign>mailto:)(?P<value>[^?]+)(?:\?.*)?",
        "mailto: belongs to a link, not to an address",
        "write the address alone, without mailto:",
    ),
    # https://learn.microsoft.com/exchange/recipients/email-addresses: proxyAddresses
    _Form(
        _is_address,
        r"(?i)(?P<sign>smtp:)(?P<value>[^@\s]+@\S+)",
        "smtp: is how Exchange lists addresses, not a part of one",
        "write the address alone, without smtp:",
    ),
    _Form(
        _anywhere,
        r"(?s).*?(?P<sign>&(?:amp|lt|gt|quot|apos|nbsp|#[0-9]{2,5}|#x[0-9a-fA-F]{2,4});).*",
        "this is an HTML character reference",
        "write the character itself: & for &amp;, nothing for &lt;, &gt;, &quot; and &nbsp;",
        lambda found: html.unescape(found[0]),
    ),
    _Form(
        _is_url,
        r"(?P<value>[^?]*)(?P<sign>%20|%0A|%22|%3E|%C2%A0)",
        "this address ends with an encoded blank or quote",
        "remove the end of the address",
    ),
    _Form(
        _is_no_list,
        r"""(?P<sign>["'])(?P<value>.+?)["']?|(?P<value2>.+)["']""",
        "these quotes are part of the value",
        "write one pair of quotes, or none",
        _either,
    ),
    _Form(
        _is_no_list,
        r"(?P<sign> +)(?P<value>[^ ].*)|(?P<value2>.*[^ ])(?P<sign2> +)",
        "this value begins or ends with a blank, which quotes keep",
        "write it without",
        _either,
    ),
    _Form(
        lambda pointer: _is_no_list(pointer) and pointer != "/client_name",
        r"(?P<value>.*[^,;])(?P<sign>[,;]+)|(?P<value2>[^\[(<]*[^\[(<,;)>\]])(?P<sign2>[,;)>\]][,;)>\].]*)",
        "this value ends with a punctuation mark",
        "write the value without it",
        _either,
    ),
    _Form(
        lambda pointer: _is_address(pointer) or _is_url(pointer),
        r"(?=\S*[@/])(?P<value>\S*[^.\s])(?P<sign>\.+)",
        "this value ends with a dot",
        "write it without",
    ),
)


def copy_mistake(pointer: str, text: str) -> tuple[CopyMistake | None, str]:
    """The first thing that came along, if any did, and the text that was meant."""
    first: CopyMistake | None = None
    for _ in range(len(_FORMS)):
        found, meant = _sign_in(pointer, text) or _form_of(pointer, text) or (None, text)
        if found is None or not meant or meant == text:
            return first or found, text
        first, text = first or found, meant
    return first, text


def _form_of(pointer: str, text: str) -> tuple[CopyMistake, str] | None:
    for form in _FORMS if pointer not in _NAMES else ():
        found = re.fullmatch(form.pattern, text) if form.at(pointer) else None
        if found is not None:
            groups = [name for name in ("sign", "sign2") if found.groupdict().get(name)]
            part = found.span(groups[0]) if groups else (0, len(text))
            return CopyMistake(form.rule, part, form.message, form.remedy), form.meant(found)
    return None


def _sign_in(pointer: str, text: str) -> tuple[CopyMistake, str] | None:
    if text.isascii():
        return None
    if pointer in _NAMES:
        ends = text[0] + text[-1]
        if len(text) < 3 or not all(sign in _QUOTES + _WIDE_QUOTES for sign in ends):
            return None
        return _of_sign(0, text[0], *_QUOTE), text[1:-1]
    for place, sign in enumerate(text):
        words = None if sign.isascii() else _words_for(pointer, sign)
        if words is not None:
            return _of_sign(place, sign, *words), _all_meant(pointer, text)
    letter = None if pointer in _ACCOUNTS else foreign_letter(text)
    if letter is not None and not _is_lookalike(pointer, text):
        latin = LIKE_LATIN[letter]
        found = _of_sign(
            text.index(letter),
            letter,
            f"this looks like the Latin letter {latin}, but is",
            f"type the Latin letter {latin}",
        )
        return found, "".join(LIKE_LATIN.get(sign, sign) for sign in text)
    return None


def _is_lookalike(pointer: str, text: str) -> bool:
    """Whether lookalike-endpoint reports it: somebody may have meant that letter."""
    host = text if pointer == "/host" else host_of(text) if _is_url(pointer) else ""
    return resembled_host(host) is not None


_QUOTE = (
    "this is not a quote of YAML or JSON, but part of the value:",
    'write " or nothing instead',
)


def _of_sign(place: int, sign: str, message: str, remedy: str) -> CopyMistake:
    message = f"{message} {named(sign)}"
    return CopyMistake("copied-character", (place, place + 1), message, remedy)


def _words_for(pointer: str, sign: str) -> tuple[str, str] | None:
    if sign in _QUOTES or sign in _WIDE_QUOTES:
        return _QUOTE
    if sign in _DASHES:
        return "this looks like a hyphen, but is", "write a hyphen: -"
    if sign == "\u2026":
        return "the value was cut off when it was copied:", "write the whole value"
    if sign == "\u2022":
        return "a list marker was copied with the value:", "remove it"
    ascii_sign = _ascii_for(pointer, sign)
    return (f"this looks like {ascii_sign}, but is", f"write {ascii_sign}") if ascii_sign else None


def _ascii_for(pointer: str, sign: str) -> str:
    """Accounts may have full-width letters, which their owners write so."""
    if pointer in _ACCOUNTS and sign not in _OF_ACCOUNTS:
        return ""
    return chr(ord(sign) - 0xFEE0) if "\uff01" <= sign <= "\uff5e" else _OTHERS.get(sign, "")


def _all_meant(pointer: str, text: str) -> str:
    return "".join(_meant_by(pointer, sign) for sign in text).strip(" ")


def _meant_by(pointer: str, sign: str) -> str:
    if sign.isascii():
        return sign
    if sign in _QUOTES or sign in _WIDE_QUOTES or sign == "\u2022":
        return ""
    return "-" if sign in _DASHES else _ascii_for(pointer, sign) or sign


def foreign_letter(text: str) -> str | None:
    """In a word that is Latin but for such letters; a Cyrillic word has others, too."""
    for word in "".join(sign if sign.isalpha() else " " for sign in text).split():
        foreign = [sign for sign in word if not sign.isascii() and not _is_latin(sign)]
        if foreign and len(foreign) < len(word) and all(sign in LIKE_LATIN for sign in foreign):
            return foreign[0]
    return None


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN")

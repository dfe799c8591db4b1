"""Hosts that a reader takes for a known endpoint or mail server, or that people make up."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

from provisioner.providers.all_providers import PROVIDERS

# Of https://www.unicode.org/Public/security/latest/confusables.txt small letters of Cyrillic,
# Greek, Armenian and other Latin alphabets; what is left of accents is taken off before.
_LOOKING_LIKE = {
    **{"a": "\u0430\u03b1\u0251", "b": "\u0432\u044c", "c": "\u0441\u1d04", "d": "\u0501"},
    **{"e": "\u0435\u03b5", "g": "\u0581\u0261", "h": "\u04bb\u043d\u0570", "j": "\u0458"},
    **{"i": "\u0456\u03b9\u0131\u0269", "k": "\u043a\u03ba", "l": "1\u04cf\u029f\u0142"},
    **{"m": "\u043c\u026f", "n": "\u043f\u03b7\u0578", "o": "0\u043e\u03bf\u03c3\u0585\u1d0f\xf8"},
    **{"p": "\u0440\u03c1", "q": "\u051b\u0563\u0566", "r": "\u0433", "s": "\u0455"},
    **{"t": "\u0442\u03c4", "u": "\u03c5\u03bc\u057d", "v": "\u03bd", "w": "\u051d\u03c9"},
    **{"x": "\u0445\u03c7", "y": "\u0443\u03b3\u028f"},
}
_LATIN = str.maketrans({sign: letter for letter, signs in _LOOKING_LIKE.items() for sign in signs})

# Their owners have such hosts in many countries: smtp.mail.yahoo.co.uk, accounts.zoho.sa.
_REGIONAL = frozenset({"aol", "fastmail", "yahoo", "yandex", "zoho"})
# Ordinary domains, a letter away from a known one.
_ORDINARY = (".aoi.com", ".gail.com", ".grail.com", ".mall.ru")

_FEWEST_LETTERS = 5  # with fewer, each other domain is a letter away: live.com, life.com
_MANY_LETTERS = 9  # with fewer, the first letter makes another word: fastmail.com, eastmail.com


class _Known(NamedTuple):
    """A known domain with its hosts that are endpoints or mail servers, and how these look."""

    domain: str
    hosts: tuple[str, ...]
    shape: str
    labels: int
    dotted_hosts: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.domain.partition(".")[0]

    @property
    def suffix(self) -> str:
        return self.domain.partition(".")[2]


class _Look(NamedTuple):
    """What a host looks like, in the forms that are compared."""

    shape: str
    dotted: str
    letters: str  # without dots and dashes
    ends: dict[int, str]  # its last labels, by their number


@lru_cache(maxsize=4096)
def resembled_host(host: str) -> str | None:
    """The known host that another one may be taken for; None if it is known, or like none.

    All below a known host's domain is its owner's.
    """
    name = host.casefold().rstrip(".")
    if len(name) > 255 or f".{name}".endswith(_of_known_owners()) or _is_regional(name):
        return None
    shape = _shape(name)
    labels = shape.split(".")
    ends = {count: ".".join(labels[-count:]) for count in (2, 3)}
    dotted = _dotted(shape)
    look = _Look(shape, dotted, dotted.replace(".", ""), ends)
    for known in _known():
        if _is_near(look, known) or _is_part(look, known):
            return max(known.hosts, key=lambda one: _same_letters(look.dotted, _dotted(one)))
    return None


@cache
def _known() -> tuple[_Known, ...]:
    found: dict[str, dict[str, None]] = {}
    for provider in PROVIDERS:
        for place in (*provider.endpoints, *provider.smtp_hosts):
            host = place.partition("/")[0]
            labels = host.split(".")
            domain = ".".join(labels[-3 if labels[-2] == "com" else -2 :])
            found.setdefault(domain, {})[host] = None
    return tuple(
        _Known(domain, (*hosts,), _shape(domain), domain.count(".") + 1, (*map(_dotted, hosts),))
        for domain, hosts in found.items()
    )


@cache
def _of_known_owners() -> tuple[str, ...]:
    return (*(f".{known.domain}" for known in _known()), *_ORDINARY)


def _is_regional(name: str) -> bool:
    """`yahoo.de`, `yahoo.co.uk`."""
    *above, country = name.split(".")
    if above and above[-1] in ("co", "com"):
        above.pop()
    return len(country) == 2 and bool(above) and above[-1] in _REGIONAL


@lru_cache(maxsize=4096)
def _shape(name: str) -> str:
    """What a name looks like: equal for names that look the same."""
    decoded = ".".join(map(_decoded, name.split(".")))
    letters = unicodedata.normalize("NFKD", decoded).casefold()
    name = "".join(sign for sign in letters if not unicodedata.combining(sign))
    name = name.translate(_LATIN).replace("rn", "m").replace("vv", "w")
    return name.replace("i", "l")  # as a capital letter it is one


def _decoded(label: str) -> str:
    """RFC 3492."""
    try:
        return label[4:].encode().decode("punycode") if label.startswith("xn--") else label
    except UnicodeError:
        return label


def _is_near(look: _Look, known: _Known) -> bool:
    """Whether the domain of a host looks like a known one, or is a letter away from it."""
    found, wanted = look.ends[known.labels], known.shape
    if found == wanted:
        return True
    if abs(len(found) - len(wanted)) > 1 or len(known.name) < _FEWEST_LETTERS:
        return False
    if len(known.suffix) == 2 and not found.endswith(f".{_shape(known.suffix)}"):
        return False  # each country's is a letter away from another's
    if len(known.name) < _MANY_LETTERS and found[:1] != wanted[:1]:
        return False
    return is_typo(found, wanted)


def is_typo(one: str, other: str) -> bool:
    """Whether one letter was changed, added or left out, or two changed places."""
    begin = _same_letters(one, other)
    one, other = one[begin:], other[begin:]
    end = _same_letters(one[::-1], other[::-1])
    one, other = one[: len(one) - end], other[: len(other) - end]
    return max(len(one), len(other)) == 1 or (len(one) == 2 and one == other[::-1])


def _same_letters(one: str, other: str) -> int:
    """With how many equal letters two names begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _is_part(look: _Look, known: _Known) -> bool:
    """Whether another domain has a known name in front: login.microsoftonline.com.evil.example.

    Or written with other dots and dashes: login-microsoftonline.com.
    """
    if len(known.name) < _FEWEST_LETTERS and known.suffix != "com":
        return False  # mail.ru.ac.za is a university's
    if f".{known.shape}." in f".{look.shape}":
        return True
    around = f".{look.dotted}."
    return any(
        f".{host}." in around or host.replace(".", "") == look.letters
        for host in known.dotted_hosts
    )


def _dotted(name: str) -> str:
    """A name's shape with dots for dashes."""
    return _shape(name).replace("-", ".")


# Of each provider the names that its own documentation does not have for sending mail; which
# host it does have is in the provider's file.
_GUESSES = {
    "smtp.office365.com": (
        *("office365.com", "mail.office365.com", "exchange.office365.com", "smtp.office.com"),
        *("office.com", "smtp.microsoft.com", "smtp.microsoft365.com", "smtp.exchange.com"),
        *("smtp.microsoftonline.com", "smtp.o365.com", "smtp.outlook.office365.com"),
    ),
    "smtp-mail.outlook.com": (
        *("smtp.outlook.com", "outlook.com", "mail.outlook.com", "smtp.mail.outlook.com"),
        *("smtp.hotmail.com", "hotmail.com", "smtp.live.com", "smtp.msn.com"),
    ),
    "smtp.gmail.com": (
        *("gmail.com", "mail.gmail.com", "relay.gmail.com", "smtp.gmail"),
        *("smtp.workspace.google.com", "smtp.gsuite.com", "smtp-relay.google.com"),
    ),
    "smtp.mail.yahoo.com": ("smtp.yahoo.com", "mail.yahoo.com", "yahoo.com"),
    "smtp.zoho.com": ("zoho.com", "mail.zoho.com", "smtp.zoho"),
    "smtp.aol.com": ("aol.com", "mail.aol.com"),
}
GUESSED = {guess: host for host, guesses in _GUESSES.items() for guess in guesses}

# Top-level domains that are none, and the one that was meant.
_SLIPS = {
    "com": ("con", "cmo", "ocm", "comm", "ccom", "coom", "vom", "xom", "cpm", "cim"),
    "net": ("nett", "nte", "ent"),
    "org": ("ogr", "orgg", "rog"),
    "edu": ("eud", "eduu", "deu", "edi"),
    "gov": ("gvo", "govv", "goc"),
}
_MEANT = {slip: suffix for suffix, slips in _SLIPS.items() for slip in slips}


def with_known_suffix(domain: str) -> str:
    """`example.con` -> `example.com`; empty if nothing is wrong with the ending."""
    name, _, suffix = domain.casefold().rpartition(".")
    meant = _MEANT.get(suffix) if name else None
    return f"{name}.{meant}" if meant else ""

"""What stands in texts whatever they are for: odd characters, lookalikes, placeholders, paths."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from ntpath import splitdrive
from typing import Any

from provisioner.config.issue import Issue
from provisioner.config.pointer import pointer_to
from provisioner.lint.checks.oauth_urls import URLS, provider_of
from provisioner.lint.context import LintContext
from provisioner.lint.mistakes.value_fixes import unquoted
from provisioner.lint.rule import ERROR, WARNING, rule
from provisioner.lint.server import SECRETS, ServerView
from provisioner.providers.catalogue import provider_for
from provisioner.providers.credential_forms import CLIENT_ID_NAMES
from provisioner.providers.endpoints import host_of
from provisioner.providers.lookalikes import resembled_host
from provisioner.providers.provider import Provider
from provisioner.text import named

VAULT_MARK = "$ANSIBLE_VAULT"

_LOG_FILE = "/logging/file_name"
_NOT_IN_A_PATH = frozenset('<>"|?*:')


@rule("logging-path", WARNING)
def logging_path(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """MAPS is a Windows service; its own folder is nobody's choice. A share is fine."""
    path = server.text(_LOG_FILE)
    if not path or server.get("/logging/enabled") is not True or _CONTROL.search(path):
        return  # control-character says what is wrong
    drive, rest = splitdrive(path)
    if not drive or not rest.startswith(("\\", "/")):
        yield Issue(
            _LOG_FILE,
            "not an absolute Windows path: the folder of the log file is undefined",
            r"write drive and folders, such as 'C:\ProgramData\Evisions\email.log'",
        )
    elif not _NOT_IN_A_PATH.isdisjoint(rest) or rest.endswith(("\\", "/")):
        yield Issue(
            _LOG_FILE,
            "not a valid file name on Windows",
            "write drive, folders and a file name without < > : | ? * or quotes",
        )


# C0 and C1 controls, line and paragraph separators, and what turns the reading direction.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_CONTROL_NAMES = {"\n": "a line break", "\r": "a carriage return", "\t": "a tab"}


@rule("control-character", ERROR, can_be_ignored=False)
def control_character(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """In a name that reaches a mail they could forge a header line.

    Known fields only: an unknown one is an error anyway. Vault text has line breaks.
    """
    if server.is_printable_ascii:
        return
    for pointer, text in server.written_texts:
        found = _CONTROL.search(text)
        if found is not None and not (pointer in SECRETS and VAULT_MARK in text):
            sign = found.group()
            name = _CONTROL_NAMES.get(sign, f"a control character (U+{ord(sign):04X})")
            if _is_windows_path(pointer, server):
                yield Issue(
                    pointer, f"the backslash in double quotes is read as {name} here", _PATH
                )
            else:
                yield Issue(pointer, f"this value contains {name}", _without_control(text))


_PATH = r"write it in single quotes, such as 'C:\Evisions\email.log' or 'EXAMPLE\reports'"
_WRITTEN_PATH = re.compile(r'"(?:[A-Za-z]:|\\\\|[\w.-]+)\\[\w.-]')


def _is_windows_path(pointer: str, server: ServerView) -> bool:
    """Whether the file has a path or DOMAIN and account, with single backslashes."""
    line, column = server.document.locate(pointer).value.start
    written = server.document.source.lines[line - 1][column - 1 :]
    is_path = pointer == _LOG_FILE or pointer.endswith(("/file", "/user_name"))
    return is_path and _WRITTEN_PATH.match(written) is not None


def _without_control(text: str) -> str:
    if text.rstrip("\n").isprintable():
        return "write it on the line of its key; below | or > a line break ends it (>- has none)"
    return "remove it; a value cannot contain line breaks or control characters"


# What takes no place on the screen, or looks as if there were nothing.
_JOINERS = "\u200c\u200d"
_DIRECTION_MARKS = "\u061c\u200e\u200f"
_TAGS = "".join(map(chr, range(0xE0020, 0xE0080)))
_ALWAYS = "\u00ad\u034f\u115f\u1160\u180e\u200b\u2060\u2061\u2062\u2063\u2064\u3164\ufeff\uffa0"
_INVISIBLE = frozenset(_ALWAYS + _JOINERS + _DIRECTION_MARKS + _TAGS)
_BLACK_FLAG = "\U0001f3f4"
# Names for people may have other blanks: lookalike-character has a word for some.
_WITH_BLANKS = ("/server_name", _LOG_FILE)


@rule("invisible-character", ERROR, can_be_ignored=False)
def invisible_character(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """The first one of each value. Secrets are left out: nothing of them may be told."""
    if server.is_printable_ascii:
        return
    for pointer, text in server.written_texts:
        sign = "" if pointer.startswith(SECRETS) else _invisible_in(pointer, text)
        if sign:
            is_blank = unicodedata.category(sign) == "Zs"
            yield Issue(
                pointer,
                f"invisible character: {named(sign)}",
                "remove it, or type a space instead if one belongs here"
                if is_blank
                else "remove it; copied text often contains such characters",
                part=_part(text, sign),
                fix=_without(pointer, text),
            )


def _without(pointer: str, text: str) -> str | None:
    """The value, if such characters stand at its ends alone; None where that leaves nothing."""
    bare = unquoted(text)
    return None if not bare or _invisible_in(pointer, bare) else bare


def _part(text: str, sign: str) -> tuple[int, int]:
    place = text.index(sign)
    return place, place + 1


def has_odd_character(pointer: str, text: str) -> bool:
    """Whether invisible-character or lookalike-character has a word for a value."""
    return bool(_invisible_in(pointer, text) or _lookalike_in(pointer, text))


def _invisible_in(pointer: str, text: str) -> str:
    if text.isascii():
        return ""
    blanks = pointer not in _WITH_BLANKS
    for place, sign in enumerate(text):
        odd_blank = blanks and sign > "\x7f" and unicodedata.category(sign) == "Zs"
        if odd_blank or (sign in _INVISIBLE and not _is_at_home(text, place)):
            return sign
    return ""


def _is_at_home(text: str, place: int) -> bool:
    """Emoji and Persian need joiners, the flag of Scotland tags, right-to-left text its marks."""
    sign = text[place]
    if sign in _JOINERS:
        around = text[place - 1 : place] + text[place + 1 : place + 2]
        return len(around) == 2 and all(_may_be_joined(other) for other in around)
    if sign in _DIRECTION_MARKS:
        return any(other.isalpha() and _is_right_to_left(other) for other in text)
    return sign in _TAGS and _BLACK_FLAG in text


def _is_right_to_left(letter: str) -> bool:
    return unicodedata.bidirectional(letter) in ("R", "AL")


def _may_be_joined(sign: str) -> bool:
    return not sign.isascii() and "LATIN" not in unicodedata.name(sign, "")


# Where letters beyond ASCII may stand. Elsewhere they are an error: copied-character.
_LETTERS_AT = ("/server_name", "/user_name", "/oauth2/login_hint", "/hosts", _LOG_FILE)
_LIKE_A_BLANK = frozenset("\u00a0\u2007\u202f")


@rule("lookalike-character", WARNING)
def lookalike_character(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """A Cyrillic letter in a Latin word, a blank that is none."""
    if server.is_printable_ascii:
        return
    for pointer, text in server.texts(_LETTERS_AT):
        if sign := _lookalike_in(pointer, text):
            yield Issue(
                pointer,
                f"this looks like a {'blank' if sign in _LIKE_A_BLANK else 'Latin letter'}, but is "
                f"{named(sign)}",
                "type it on the keyboard; copied text often contains such characters",
                part=None if pointer in server.remains else _part(text, sign),
            )


def _lookalike_in(pointer: str, text: str) -> str:
    """Blanks elsewhere are an error: invisible-character."""
    if text.isascii() or text != text.strip(" "):
        return ""
    blanks = _LIKE_A_BLANK if pointer in _WITH_BLANKS else ()
    from provisioner.lint.mistakes.copied_text import foreign_letter

    return next((sign for sign in text if sign in blanks), "") or foreign_letter(text) or ""


@rule("copied-character", ERROR)
def copied_character(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """Quotes, dashes and the like of word processors, and foreign letters where only ASCII is."""
    return _remains(server, "copied-character")


@rule("copied-text", ERROR)
def copied_text(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """Markdown, HTML, a name before an address, commas: not the value, but what was around it."""
    return _remains(server, "copied-text")


@rule("rewritten-link", ERROR, can_be_ignored=False)
def rewritten_link(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """Codes and secrets would go to a filter for mail."""
    return _remains(server, "rewritten-link")


def _remains(server: ServerView, rule_id: str) -> Iterator[Issue]:
    for pointer, found in server.remains.items():
        if found.rule == rule_id:
            is_around = unquoted(server.written(pointer)) == server.text(pointer)
            fix = server.text(pointer) if is_around else None
            yield Issue(pointer, found.message, found.remedy, part=found.part, fix=fix)


def _lookalikes_in_settings(settings: Mapping[str, Any]) -> Iterator[Issue]:
    """Hosts and URLs below `providers:`, and the hosts that its entries are for."""
    providers = settings.get("providers")
    for key, facts in providers.items() if isinstance(providers, dict) else ():
        above = pointer_to(["providers", key])
        yield from (issue._replace(at="key") for issue in _lookalike_host(above, key))
        for name, value in facts.items() if isinstance(facts, dict) else ():
            pointer = f"{above}{pointer_to([name])}"
            yield from _lookalike_host(pointer, value)
            for place, one in enumerate(value) if isinstance(value, list) else ():
                yield from _lookalike_host(f"{pointer}/{place}", one)


@rule("lookalike-endpoint", ERROR, check_settings=_lookalikes_in_settings)
def lookalike_endpoint(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """A host that looks like a known endpoint or mail server, and is another one."""
    for pointer, text in server.texts(("/host", *URLS)):
        yield from _lookalike_host(pointer, text)


def _lookalike_host(pointer: str, value: object) -> Iterator[Issue]:
    """An invisible character in it is invisible-character's."""
    if not isinstance(value, str) or not value.isprintable() or not _INVISIBLE.isdisjoint(value):
        return
    known = resembled_host(host_of(value if "//" in value else f"//{value}"))
    if known:
        yield Issue(
            pointer,
            f"this host is not {known} of {provider_for(known).label}, but looks like it",
            f"write {known}; if this host is right, ignore this rule in a comment "
            "(`provisioner rules lookalike-endpoint` shows how)",
        )


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
_PLACEHOLDER_WORD = re.compile(
    r"(?<![A-Za-z0-9])(?:TENANT(?:[_-]?ID)?|CLIENT[_-]?ID|TODO|FIXME|[Xx]{4,})(?![A-Za-z0-9])"
)
# 00000000-0000-..., 11111111-2222-3333-..., and 00001111-aaaa-2222-bbbb-3333cccc4444, which
# Microsoft's documentation uses: each quarter of four digits is one digit. And those in order.
_EXAMPLE_GUID = re.compile(
    r"(?i)(?<![0-9a-z-])(?:(?:([0-9a-f])\1{3}-?){8}|12345678-1234-1234-1234-[0-9a-f]{12})"
    r"(?![0-9a-z-])"
)
# What all of these have in them, in lower case.
_SIGNS = (
    *("<", "{", "your", "insert", "replace", "change", "tenant", "client", "todo", "fixme", "xxxx"),
    *("12345678", *(digit * 4 for digit in "0123456789abcdef")),
)
_NO_NAMES_AT = ("/oauth2/", "/host", "/user_name", "/test_email/")


def placeholder_in(pointer: str, text: str) -> str | None:
    """The placeholder that stands in a value; None if none is seen."""
    found = _TEMPLATE.search(text)
    if found is None and pointer.startswith(_NO_NAMES_AT):
        found = _PLACEHOLDER_WORD.search(text) or _EXAMPLE_GUID.search(text)
    return None if found is None else found.group()


@rule("placeholder-left", ERROR)
def placeholder_left(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """Looked for closely only if there is a sign of one. A secret is an error whatever it says."""
    texts = [entry for entry in server.plain_texts if not entry[0].startswith(SECRETS)]
    joined = "\n".join(text for _, text in texts).lower()
    if not any(sign in joined for sign in _SIGNS):
        return
    for pointer, text in texts:
        placeholder = placeholder_in(pointer, text)
        if placeholder is not None:
            is_guid = _EXAMPLE_GUID.fullmatch(placeholder) is not None
            what = "an ID from an example" if is_guid else "a placeholder"
            remedy = _instead_of(
                placeholder, pointer, provider_of(server, context), is_guid=is_guid
            )
            yield Issue(pointer, f"this value contains {what}", remedy)


def _instead_of(placeholder: str, pointer: str, provider: Provider | None, *, is_guid: bool) -> str:
    if placeholder.startswith("{{"):
        return "write the value itself: server files are not templates"
    if (is_guid and pointer.endswith("_url")) or "TENANT" in placeholder.upper():
        return "write your directory's domain or ID, as the app registration shows it"
    if pointer == "/oauth2/client_id":
        form = provider.client_id_form if provider else "unknown"
        return f"write {CLIENT_ID_NAMES.get(form, 'the client id that your provider shows')}"
    return "write your own value"

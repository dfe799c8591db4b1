"""The first line that cannot be read as it was meant, told by its look.

libyaml notices many a mistake only lines later, where nothing is wrong. Here each line is looked
at alone, from the beginning of the document; what may go on from one line to the next ends that.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from provisioner.text import TYPOGRAPHIC_QUOTES, named

_MOST_LINES = 2000
_MOST_SIGNS = 1000  # of a line

# Blanks that are none for YAML, and what takes no place on the screen.
ODD_BLANKS = "\u00a0\u00ad\u1680\u2000-\u200f\u202f\u205f\u2060\u3000\u3164"
_COLONS = "\uff1a\ufe55\u2236\ua789\ufe13"
_LIST_MARKS = "\u2010-\u2015\u2022\u2023\u2043\u2212\u25cf\u25aa\u00b7*"

_KEY = r" *(?:- +)*[A-Za-z_$][\w$.-]*"
_ORDINARY = "delete it; if a space belongs here, type an ordinary one"
_COPIED = "delete it; only the text of the file belongs here"
_STRAIGHT_QUOTES = "write straight quotes (\" or '), or none"
_KEY_AND_VALUE = "write `key: value`, with a blank after the colon"
_SAME_INDENTATION = "give the keys of one level the same indentation"


class LineMistake(NamedTuple):
    """`line` and `column` count from 1."""

    line: int
    column: int
    length: int
    message: str
    remedy: str


class _Row(NamedTuple):
    pattern: re.Pattern[str]  # its group `at` is what is marked
    message: str  # {sign}: the name of what is marked
    remedy: str


def _row(pattern: str, message: str, remedy: str) -> _Row:
    return _Row(re.compile(pattern), message, remedy)


_DASH_ROW = _row(rf" *-(?P<at>[{ODD_BLANKS}])", "{sign} is after the dash", _ORDINARY)
_LIST_ROW = _row(
    rf" *(?P<at>[{_LIST_MARKS}])[ {ODD_BLANKS}]",
    "a list entry cannot begin with {sign}",
    "begin each entry with a hyphen and a blank: `- one`",
)
_ROWS = (
    _DASH_ROW,
    _LIST_ROW,
    _row(rf"[ \t]*(?P<at>[{ODD_BLANKS}])", "{sign} is at the beginning of this line", _ORDINARY),
    _row(rf"{_KEY} *(?P<at>[{ODD_BLANKS}])[ {ODD_BLANKS}]*:", "{sign} is in this key", _ORDINARY),
    _row(rf"{_KEY}:(?P<at>[{ODD_BLANKS}])", "{sign} is after the colon", _ORDINARY),
    _row(
        rf"{_KEY} *(?P<at>[{_COLONS}])",
        "{sign} is here instead of a colon",
        "type an ordinary colon, followed by a blank",
    ),
    _row(
        rf" *(?:- *)*(?P<at>[{TYPOGRAPHIC_QUOTES}])",
        "this quotation mark is not valid in YAML: {sign}",
        _STRAIGHT_QUOTES,
    ),
    _row(
        rf"{_KEY}: *(?:\{{ *\w+: *)?(?P<at>[{TYPOGRAPHIC_QUOTES}])",
        "this quotation mark is not valid in YAML: {sign}",
        _STRAIGHT_QUOTES,
    ),
    _row(
        r"(?P<at>--|-{4,40}|={3,40}|[\u2010-\u2015][\u2010-\u2015-]{0,40})[ \t]*$",
        "this line does not separate documents",
        "write `---`, three hyphens, between two email servers",
    ),
    _row(
        r""" *(?:- +)*(?P<at>["'])[A-Za-z_][\w.-]*:(?: |$)(?!.*["'] *:)""",
        "this quote is not closed before the colon",
        "keys need no quotes: remove it",
    ),
    _row(r" {0,3}(?P<at>```|~~~)", "this line is a Markdown code fence", _COPIED),
    _row(
        r"(?P<at>(?:[\w.@~:/-]* ?[$#%>] (?=(?:cat|type|more|less|head|tail|vi|vim|nano) )"
        r"|PS [A-Z]:\\|[A-Z]:\\[^ >]*>))",
        "this line is a shell command",
        "delete this line; only the text of the file belongs here",
    ),
    _row(
        r"(?P<at>@@ |\+\+\+ |--- [a-z]/|diff --git |\+[A-Za-z_]+:)",
        "this line is part of a diff, not of the file itself",
        "copy the file itself, not the changes",
    ),
    _row(r"(?P<at>>) ?[\w-]+:", "this is the quote mark of an email", _COPIED),
    _row(
        r" *(?P<at>[0-9]+[.:|]?)(?: *[|:])? +[A-Za-z_][\w-]*:(?: |$)",
        "this is a line number, not a part of the file",
        "delete the line numbers, which a web page or an editor shows",
    ),
    _row(
        r" *(?P<at>//|/\*|;|<!--)",
        "a YAML comment does not begin like this",
        "begin a comment with #",
    ),
    _row(
        r" *(?:- +)*(?:\w+: +(?=(?:env|file|keyring|command):)|(?:password|client_secret): +)"
        r"(?P<at>[A-Za-z_]+):(?: |$)",
        "a second key is on the line of the first one",
        "write the reference in braces: {env: NAME}, {file: PATH}, {keyring: SERVICE/NAME} or"
        " {command: [PROGRAM, ...]}",
    ),
    _row(
        r" *(?:logging|oauth2|test_email): +(?P<at>[a-z_]+):(?: |$)",
        "a second key is on the line of the first one",
        "begin a new line after the first colon, and indent the keys below it",
    ),
    _row(
        rf"{_KEY}: +(?P<at>%)[A-Za-z_]\w*%\s*$",
        "a value cannot begin with %, which marks a variable on Windows",
        "write the value; a secret from a variable is {env: NAME}, without %",
    ),
    _row(
        rf"{_KEY}(?P<at>:)(?!//)[^\s:]",
        "a blank is missing after this colon",
        _KEY_AND_VALUE,
    ),
    _row(
        rf"{_KEY}[ \t]*(?P<at>=)",
        "YAML has a colon between a key and its value, not an equals sign",
        _KEY_AND_VALUE,
    ),
)
_NO_ENTRY = (
    "this line is neither `key: value` nor a comment",
    "write `key: value`, with a colon and a blank; begin a comment with #",
)
_COLON_MISSING = ("a colon is missing after this word", _NO_ENTRY[1])
_TOO_DEEP = (
    "this line is indented more than the key above it, which already has a value",
    _SAME_INDENTATION,
)

_ENTRY = re.compile(
    r"(?P<before> *(?:- +)*)(?:[A-Za-z_$][\w$.-]*|[0-9]+|\"[^\"\\]*\"|'[^']*') *:(?=[ \t]|$)[ \t]*"
)
_ITEM = re.compile(r" *- +")
_WORD_ALONE = re.compile(r" *[a-z][a-z0-9_]*(?=$|[ \t]+\S+[ \t]*$)")
_BLOCK_TEXT = re.compile(r"(?:[!&]\S* +)*[|>][-+0-9]*[ \t]*(?:#.*)?$")
_NO_TEXT = re.compile(r"(?:[!&]\S*(?:[ \t]+|$))*(?:#.*)?$")
_IGNORED = re.compile(r"[ \t]*(?:#|$)|%|\.\.\.|---(?: |$)")
_DOCUMENT_MARK = re.compile(r"---(?: |$)")


def first_mistake(
    lines: list[str], first: int, last: int, *, only_certain: bool = False
) -> LineMistake | None:
    """The first mistake in lines `first` to `last`; None if none can be told for certain.

    `only_certain`: not what is a mistake only if the text cannot be read.
    """
    return _Walk(lines).mistake(first, min(last, first + _MOST_LINES), only_certain)


class _Walk:
    """Goes from line to line and knows what the last key holds."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._indent = -1  # of the last key
        self._has_value = False
        self._is_block_text = False
        self._goes_on = False  # a text in quotes or a bracket does, on further lines

    def mistake(self, first: int, last: int, only_certain: bool) -> LineMistake | None:
        for number in range(first, min(last, len(self._lines)) + 1):
            line = self._lines[number - 1]
            if len(line) > _MOST_SIGNS:
                return None
            indent = len(line) - len(line.lstrip(" "))
            if _IGNORED.match(line) or (self._is_block_text and indent > self._indent):
                continue
            self._is_block_text = False
            found = self._in_line(number, line, indent, only_certain)
            if found or self._goes_on:
                return found
        return None

    def _in_line(
        self, number: int, line: str, indent: int, only_certain: bool
    ) -> LineMistake | None:
        entry = _ENTRY.match(line)
        if self._has_value and indent > self._indent:
            at = indent if entry else None
            return None if at is None else _marked(number, at, 1, *_TOO_DEEP)
        found = _by_look(number, line)
        if found:
            return found
        item = entry or _ITEM.match(line)
        if item is not None:
            return self._in_value(number, line, item, is_entry=entry is not None)
        self._goes_on = line[indent : indent + 1] in ("\t", "[", "{", '"', "'", "?", "&", "*", "!")
        if only_certain or self._goes_on:
            return None
        word = _WORD_ALONE.match(line)
        if word is not None:
            return _marked(number, indent, word.end() - indent, *_COLON_MISSING)
        return _marked(number, indent, 1, *_NO_ENTRY)

    def _in_value(
        self, number: int, line: str, item: re.Match[str], *, is_entry: bool
    ) -> LineMistake | None:
        at = item.end()
        self._indent = len(item["before"]) if is_entry else len(line) - len(line.lstrip(" "))
        self._is_block_text = _BLOCK_TEXT.match(line, at) is not None
        self._has_value = not self._is_block_text and _NO_TEXT.match(line, at) is None
        if line[at : at + 1] not in ('"', "'", "[", "{"):
            return None
        stopped = _Value(line, at).stop()
        if stopped is None:
            return None
        place, message, remedy, closed_by = stopped
        if closed_by:
            end = self._last_line(number, line, closed_by)
            if end is None:
                self._goes_on = True
                return None
            remedy = f"{remedy} at the end of line {end}"
        return _marked(number, place, 1, message, remedy)

    def _last_line(self, number: int, line: str, closed_by: str) -> int | None:
        """The last line before the next key; None if the value is closed before it."""
        indent = len(line) - len(line.lstrip(" "))
        last = number
        for below, text in enumerate(self._lines[number : number + _MOST_LINES], number + 1):
            entry = _ENTRY.match(text[:_MOST_SIGNS])
            if entry is not None and len(entry["before"]) <= indent:
                return last
            if closed_by in text:
                return None
            if text.strip() and not _DOCUMENT_MARK.match(text):
                last = below
        return last


def _by_look(number: int, line: str) -> LineMistake | None:
    """What a line looks like if it is no line of YAML."""
    for row in _ROWS:
        found = row.pattern.match(line)
        if found is not None:
            message = row.message.format(sign=named(found["at"][0]))
            return _marked(number, found.start("at"), len(found["at"]), message, row.remedy)
    return None


def _marked(line: int, at: int, length: int, message: str, remedy: str) -> LineMistake:
    return LineMistake(line, at + 1, length, message, remedy)


_TOKEN = re.compile(
    r"""(?P<open>[\[{])|(?P<close>[\]}])|(?P<quote>(?<![^\s\[{,:])["'])|(?P<end> #)"""
)
_ODD_BLANK = re.compile(f"[{ODD_BLANKS}]")
_QUOTED = {'"': re.compile(r'"(?:[^"\\]|\\.)*"'), "'": re.compile(r"'(?:[^']|'')*'")}
_PAIRS = {"[": "]", "{": "}"}
_REMEDY_INSIDE = {
    "'": "write an apostrophe twice in single quotes ('it''s'), or put the text into double quotes",
    '"': 'write \\" for a quote in double quotes, or put the text into single quotes',
}

# Place, message, remedy, and what would close the value if it goes on in the next line.
_Stop = tuple[int, str, str, str]


class _Value:
    """A value that begins with a quote or a bracket, on one line."""

    def __init__(self, line: str, start: int) -> None:
        self._line = line
        self._start = start

    def stop(self) -> _Stop | None:
        """Where it cannot be read any further; None if it ends well."""
        end = len(self._line.rstrip(" \t")) - 1
        if _ODD_BLANK.match(self._line, end):
            return end, f"{named(self._line[end])} ends this line", _ORDINARY, ""
        if self._line[self._start] in _QUOTED:
            return self._after_quoted()
        return self._in_brackets()

    def _after_quoted(self) -> _Stop | None:
        line, quote = self._line, self._line[self._start]
        found = _QUOTED[quote].match(line, self._start)
        if found is None:
            return self._unclosed(self._start)
        rest = line[found.end() :].strip()
        if not rest or rest.startswith("#"):
            return None
        if quote in rest:
            message = "the text in quotes already ends at this quote"
            return found.end() - 1, message, _REMEDY_INSIDE[quote], ""
        message = "unexpected text after this quote, which ends the value"
        return found.end() - 1, message, "put all of the text into the quotes", ""

    def _unclosed(self, at: int) -> _Stop:
        quote = self._line[at]
        for place in range(at + 1, len(self._line)):
            if self._line[place] in TYPOGRAPHIC_QUOTES and place == len(self._line.rstrip()) - 1:
                message = f"this does not close the quoted text: {named(self._line[place])}"
                return place, message, f"write {quote} instead", ""
        message = "this quote is not closed"
        if at != self._start and self._line.rstrip()[-1] in "]}":
            return at, message, f"write {quote} before the closing bracket, too", ""
        return at, message, f"write {quote}", quote

    def _in_brackets(self) -> _Stop | None:
        line, at, opened = self._line, self._start, list[int]()
        while found := _TOKEN.search(line, at):
            at = found.end()
            if found["end"]:
                break
            if found["open"]:
                opened.append(found.start())
            elif found["quote"]:
                quoted = _QUOTED[found["quote"]].match(line, found.start())
                if quoted is None:
                    return self._unclosed(found.start())
                at = quoted.end()
            elif not opened:
                message = "this bracket closes nothing"
                return found.start(), message, "remove it, or put the text into quotes", ""
            elif _PAIRS[line[opened.pop()]] != found["close"]:
                message = "this bracket does not match the open one"
                return found.start(), message, "close { with } and [ with ]", ""
        if not opened:
            return None
        message = "this bracket is not closed"
        closing = _PAIRS[line[opened[-1]]]
        return opened[-1], message, f"close it with {closing}", closing


def odd_key(key: str) -> LineMistake | None:
    """What is odd about a key with signs beyond ASCII, as if it were the whole line."""
    return _by_look(1, f"{key}:")


def odd_text(text: str, *, has_lines: bool) -> LineMistake | None:
    """What is odd about the beginning of a text without quotes, with signs beyond ASCII.

    What is wholly in typographic quotes can be read: a rule reports it.
    """
    if text[0] in TYPOGRAPHIC_QUOTES and text[-1] in ('"', "'"):
        message = f"this quotation mark is not valid in YAML: {named(text[0])}"
        remedy = f"{_STRAIGHT_QUOTES}; if it belongs to the text, put straight ones around it"
        return _marked(1, 0, 1, message, remedy)
    row = _DASH_ROW if text[0] == "-" else _LIST_ROW
    found = row.pattern.match(text)
    if found is None or not (has_lines or row is _DASH_ROW):
        return None
    return _marked(1, found.start("at"), 1, row.message.format(sign=named(found["at"])), row.remedy)


def document_start(lines: list[str], line: int) -> int:
    """The line on which the document that holds a line begins, the first after its `---`."""
    last = min(line, len(lines))
    marks = (n for n in range(last, 0, -1) if _DOCUMENT_MARK.match(lines[n - 1]))
    return next(marks, 0) + 1

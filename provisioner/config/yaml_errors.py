"""What libyaml stumbled over, in our words and with a way out.

libyaml's own words are for parser writers; none is shown. A problem without a line here
gets the general one.
"""

from __future__ import annotations

import re

from yaml.error import Mark, MarkedYAMLError

from provisioner.config.issue import FILE_START, Issue, Position, Range, position_of
from provisioner.config.line_mistakes import document_start, first_mistake
from provisioner.config.other_formats import MOST_LINES, MOST_SIGNS, other_format
from provisioner.config.yaml_text import MOST_LEVELS, TOO_DEEP

_GENERAL = (
    "this is not valid YAML",
    "look at this line and the one before it: indentation, quotes, brackets, colons",
)
_INDENTED_BY_TAB = (
    "a tab is used where YAML requires spaces",
    "indent with spaces; most editors can convert tabs",
)
_KEY_WITHOUT_COLON = (
    "a colon is missing: this line is neither `key: value` nor part of a text",
    "write `key: value`, with a blank after the colon",
)
_LOST_INDENTATION = (
    "this line does not fit into the list or mapping around it",
    "give the keys of one level the same indentation",
)
_UNCLOSED_BRACKET = (
    "this bracket is not closed, or a comma is missing after it",
    "close it, and put a comma between the entries",
)
_BAD_ESCAPE = (
    "unknown escape sequence in double quotes",
    r"write \\ for a backslash, or use single quotes: 'C:\folder\email.log'",
)
_BAD_NAME = (
    "& and * begin anchors and aliases in YAML, and no name follows here",
    "quote the text if it begins with this character",
)

_WORDS: dict[str, tuple[str, str]] = {
    "found a tab character that violates indentation": _INDENTED_BY_TAB,
    "found a tab character where an indentation space is expected": _INDENTED_BY_TAB,
    "could not find expected ':'": _KEY_WITHOUT_COLON,
    "did not find expected key": _LOST_INDENTATION,
    "did not find expected '-' indicator": _LOST_INDENTATION,
    "block sequence entries are not allowed in this context": _LOST_INDENTATION,
    "mapping keys are not allowed in this context": _LOST_INDENTATION,
    "did not find expected ',' or ']'": _UNCLOSED_BRACKET,
    "did not find expected ',' or '}'": _UNCLOSED_BRACKET,
    "found unknown escape character": _BAD_ESCAPE,
    "did not find expected hexdecimal number": _BAD_ESCAPE,
    "found invalid Unicode character escape code": _BAD_ESCAPE,
    "did not find expected alphabetic or numeric character": _BAD_NAME,
    "mapping values are not allowed in this context": (
        "unexpected colon",
        'quote text that contains ": ", or fix the indentation',
    ),
    "found character that cannot start any token": (
        "a value cannot begin with this character",
        "put the value into quotes",
    ),
    "found unexpected ':'": (
        "a blank is missing after this colon",
        "write `key: value`; put text that holds a colon into quotes",
    ),
    "found unexpected end of stream": (
        "this quoted text is not closed",
        "close it with the same quote",
    ),
    "found unexpected document indicator": (
        "a quoted text is not closed before the next document begins",
        "close it with the same quote",
    ),
    "did not find expected <document start>": (
        "unexpected text after the end of the document",
        "begin another document with a line `---`, or fix the indentation",
    ),
    "did not find expected node content": (
        "a value is missing here",
        "write the value, or quote it if it begins with a special character",
    ),
    "found unknown directive name": (
        "unknown directive: a line that begins with % must be %YAML or %TAG",
        "remove the line, or put the value into quotes",
    ),
    "found undefined tag handle": (
        "unknown tag",
        "remove it; the only tag of email servers is !vault",
    ),
    "control characters are not allowed": (
        "control character",
        "remove it",
    ),
}

# Here the beginning of what does not end says more than the end of the file.
_SHOWN_AT_ITS_BEGINNING = {
    "found unexpected end of stream",
    "found unexpected document indicator",
    "did not find expected ',' or ']'",
    "did not find expected ',' or '}'",
    "could not find expected ':'",
}
_LEVELS = (f"more than {MOST_LEVELS} levels of nesting", "an email server needs three; flatten it")
_JSON = re.compile(r"\s*(?://.*\s*|/\*.*\s*)?[\[{]\s*(?:\"|//|/\*)")
_TAB_AT_LINE_START = "found character that cannot start any token"


def issue_of(error: Exception, text: str) -> Issue:
    """The issue that an error of libyaml stands for."""
    if not isinstance(error, MarkedYAMLError):
        return Issue("", *_GENERAL, rule="syntax")
    lines = text.splitlines()
    problem = str(error.problem)
    at_beginning = problem in _SHOWN_AT_ITS_BEGINNING and error.context_mark is not None
    there = _one_sign(error.context_mark if at_beginning else error.problem_mark)
    if problem == TOO_DEEP:
        return Issue("", *_LEVELS, rule="too-large", range=there)
    noticed = _one_sign(error.problem_mark).start.line
    issue = misread(lines, noticed)
    if issue is not None:
        return issue
    words = _WORDS.get(problem, _GENERAL)
    if problem == _TAB_AT_LINE_START and _sign_at(there.start, lines) == "\t":
        words = _INDENTED_BY_TAB
    return Issue("", *words, rule="syntax", range=there)


def misread(lines: list[str], noticed: int, *, only_certain: bool = False) -> Issue | None:
    """What a document is written in, if that is not YAML; else its first line with a mistake.

    `noticed`: the line on which reading ended. `only_certain`: it can be read, as another thing
    than was meant.
    """
    first = document_start(lines, noticed)
    opening = [line[:MOST_SIGNS] for line in lines[first - 1 : first - 1 + MOST_LINES]]
    if not only_certain and first == 1 and _JSON.match("\n".join(opening[:3])):
        from provisioner.config.json_text import mistake_in_flow_style

        return mistake_in_flow_style("\n".join(lines))
    found = other_format(opening)
    if found is not None:
        return _issue_at(first + found.line, 1, 1, found.message, found.remedy)
    mistake = first_mistake(lines, first, noticed, only_certain=only_certain)
    return None if mistake is None else _issue_at(*mistake)


def unlike_yaml(value: object, lines: list[str], line: int) -> Issue | None:
    """The mistake in a document that is YAML only by chance, beginning on a line."""
    if isinstance(value, dict):
        return misread(lines, line, only_certain=True)
    ends = (n for n in range(line + 1, len(lines) + 1) if lines[n - 1].startswith("---"))
    return misread(lines, next(ends, len(lines) + 1) - 1, only_certain=True)


def _issue_at(line: int, column: int, length: int, message: str, remedy: str) -> Issue:
    span = Range(Position(line, column), Position(line, column + length))
    return Issue("", message, remedy, rule="syntax", range=span)


def _one_sign(mark: Mark | None) -> Range:
    if mark is None:
        return FILE_START
    start = position_of(mark)
    return Range(start, Position(start.line, start.column + 1))


def _sign_at(mark: Position, lines: list[str]) -> str:
    line = lines[mark.line - 1] if mark.line <= len(lines) else ""
    return line[mark.column - 1 : mark.column]

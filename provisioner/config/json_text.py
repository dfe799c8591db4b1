"""JSON (RFC 8259), judged by `json`, as the events that YAML has: so one builder serves both.

libyaml is no judge of JSON: it takes comments and trailing commas, and refuses the surrogate pairs
by which JSON writes characters beyond U+FFFF.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import partial
from typing import NoReturn

from yaml.error import Mark
from yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from provisioner.config.issue import Issue, Range, Unreadable, position_at
from provisioner.config.yaml_text import NextEvent
from provisioner.text import TYPOGRAPHIC_QUOTES, named

_REMEDY = "compare with https://www.json.org, or write the file as YAML (*.yml)"
_NO_VALUE = "a value is missing here, or is not valid JSON"
_WORDS = {
    "Expecting property name enclosed in double quotes": "a key in double quotes is missing here",
    "Expecting ':' delimiter": "a colon is missing here, between a key and its value",
    "Extra data": "unexpected text after the end of the JSON value",
}
_BAD_TEXT = "this string is not closed, or contains a character that must be escaped"
_BAD_ESCAPE = "a backslash in a JSON string must be written twice"
_TRAILING_COMMA = "JSON allows no comma after the last entry"
_COMMENT = "JSON allows no comments"
_SINGLE_QUOTES = "JSON allows only double quotes"
_CAPITAL = "true, false and null are lower case in JSON"
_OTHER_SIGN = "JSON allows only straight quotes and ordinary spaces, not {sign}"
_SECOND_VALUE = "a second JSON value begins here, and a JSON file has only one"
_YAML = "this is YAML, but the file is named *.json"
# What is written where JSON has something else: what it begins with, and what is said.
_INSTEAD = (
    (re.compile(r"//|/\*|#"), _COMMENT),
    (re.compile("'"), _SINGLE_QUOTES),
    (re.compile(r"(?:True|False|None)\b"), _CAPITAL),
)
_REMEDIES = {
    _BAD_ESCAPE: r'write "C:\\folder\\email.log"',
    _TRAILING_COMMA: "remove this comma",
    _COMMENT: "remove it, or write the file as YAML (*.yml), where a comment begins with #",
    _SINGLE_QUOTES: 'write "',
    _CAPITAL: "write true, false or null",
    _SECOND_VALUE: "put each email server into a file of its own; or write YAML (*.yml), with a"
    " line `---` between the servers",
    _YAML: "rename it to *.yml",
}
# YAML's flow style, which looks like JSON, has these.
_FINE_IN_YAML = (_TRAILING_COMMA, _SINGLE_QUOTES, _BAD_ESCAPE)
_HALF = r"half of a surrogate pair (\ud800 to \udfff) without the other half"
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"?|(?P<constant>-?Infinity|NaN)', re.DOTALL)
_YAML_KEY = re.compile(r"---(?:\s|$)|[A-Za-z_]\w*:(?:\s|$)")
_WORD = re.compile(r'"(?:[^"\\]|\\.)*(?P<closed>")?|[\[\]{}]|[^\s,:\[\]{}"]+', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_BRACKETS: dict[str, Callable[[Mark, Mark], Event]] = {
    "{": partial(MappingStartEvent, None, None, True),
    "[": partial(SequenceStartEvent, None, None, True),
    "}": MappingEndEvent,
    "]": SequenceEndEvent,
}


def json_events(text: str) -> NextEvent:
    """A function that gives one event a call, up to what is no JSON: Unreadable."""
    end, message = _first_mistake(text)
    events = _events(text, end)

    def next_or_mistake() -> Event | None:
        event = next(events, None)
        if event is None and message:
            raise Unreadable(_issue(text, end, message))
        return event

    return next_or_mistake


def _events(text: str, end: int) -> Iterator[Event]:
    """Of what stands before `end`, which is JSON or its beginning."""
    starts = [0, *(found.end() for found in _LINE_BREAK.finditer(text))]

    def mark(offset: int) -> Mark:
        line = bisect_right(starts, offset) - 1
        return Mark("", offset, line, offset - starts[line], None, 0)

    depth = 0
    for found in _WORD.finditer(text, 0, end):
        word, first, last = found[0], mark(found.start()), mark(found.end())
        if word[0] == '"' and not found["closed"]:
            return
        if depth == 0:
            yield DocumentStartEvent(first, first)
        if word in _BRACKETS:
            depth += 1 if word in "[{" else -1
            yield _BRACKETS[word](first, last)
        elif found["closed"]:
            yield ScalarEvent(None, None, (False, True), json.loads(word), first, last, '"')
        else:
            yield ScalarEvent(None, None, (True, False), word, first, last)
        if depth == 0:
            yield DocumentEndEvent(last, last)


def _first_mistake(text: str) -> tuple[int, str]:
    """Where what is JSON ends, and why; "" if that is the whole text."""
    end, message = _refused_by_json(text)
    for found in _WORD.finditer(text, 0, end):
        if found["closed"] and _SURROGATE.search(json.loads(found[0])):
            return found.start(), _HALF
    return end, message


def _refused_by_json(text: str) -> tuple[int, str]:
    if not text.strip(" \t\r\n"):
        return len(text), ""
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        return _in_our_words(text, error)
    except _ConstantFound:
        constants = (found.start() for found in _TEXT.finditer(text) if found["constant"])
        return next(constants), _NO_VALUE
    except RecursionError:
        pass  # the builder stops long before
    return len(text), ""


class _ConstantFound(Exception):
    """NaN or Infinity, which `json` takes, and does not say where."""


def _refuse_constant(_: str) -> NoReturn:
    raise _ConstantFound


def _in_our_words(text: str, error: json.JSONDecodeError) -> tuple[int, str]:
    """`json` counts blanks in at times, and from Python 3.13 on it marks a last comma itself."""
    at = error.pos + error.msg.startswith("Illegal trailing comma")
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    if error.msg.startswith("Invalid \\"):
        return error.pos, _BAD_ESCAPE
    if error.msg.startswith(("Unterminated", "Invalid")):
        *_, unfinished = _TEXT.finditer(text, 0, at + 1)
        return unfinished.start(), _BAD_TEXT
    if error.msg == "Extra data" and text[at] in "{[":
        return at, _SECOND_VALUE
    if at == len(text):
        return at, "the file ends before its JSON is complete"
    before = text[:at].rstrip(" \t\r\n")
    if text[at] in "}]" and before.endswith(","):
        return len(before) - 1, _TRAILING_COMMA
    return at, _instead(text, at) or _missing(text, at, error.msg)


def _instead(text: str, at: int) -> str:
    """What is said of something that JSON does not have; "" if that is not known."""
    if not text[:at].strip() and _YAML_KEY.match(text, at):
        return _YAML
    return next((words for form, words in _INSTEAD if form.match(text, at)), "") or _sign(text[at])


def _sign(sign: str) -> str:
    """What is said of a quote or a blank beyond ASCII."""
    from provisioner.config.line_mistakes import ODD_BLANKS

    is_odd = re.match(f"[{TYPOGRAPHIC_QUOTES}{ODD_BLANKS}]", sign) is not None
    return _OTHER_SIGN.format(sign=named(sign)) if is_odd else ""


def _missing(text: str, at: int, problem: str) -> str:
    if problem == "Expecting ',' delimiter":
        return f"a comma or {_missing_bracket(text[:at])} is missing here"
    return _WORDS.get(problem, _NO_VALUE)


def _missing_bracket(text: str) -> str:
    """What would close the innermost bracket that is open."""
    depth = 0
    for sign in reversed(_TEXT.sub("", text)):
        depth += (sign in "]}") - (sign in "[{")
        if depth < 0:
            return "}" if sign == "{" else "]"
    return ""


def _issue(text: str, offset: int, message: str) -> Issue:
    there = Range(position_at(text, offset), position_at(text, min(offset + 1, len(text))))
    remedy = _REMEDIES.get(message, _REMEDY)
    if not text[offset : offset + 1].isascii():
        remedy = "type it on the keyboard; copied text often contains such characters"
    return Issue("", message, remedy, rule="syntax", range=there)


def mistake_in_flow_style(text: str) -> Issue | None:
    """What is wrong with a file of YAML that looks like JSON; None if only YAML can say it."""
    end, message = _first_mistake(text)
    if not message or message in _FINE_IN_YAML or text[end : end + 1] == "#":
        return None
    issue = _issue(text, end, message)
    if message != _COMMENT:
        return issue
    words = "a YAML comment does not begin like this"
    return issue._replace(message=words, remedy="begin it with #, or remove it")

"""YAML or JSON -> values, what is wrong with them, and a tree that knows where everything stands.

One walk over libyaml's events, not its composer: depth, size and aliases stay in our hands, so
nothing is built that a limit forbids, and what stands before a syntax error is still told.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, NoReturn

from yaml.error import YAMLError
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from provisioner.config.issue import (
    Issue,
    Place,
    Position,
    Range,
    ReaderRule,
    Unreadable,
    position_of,
)
from provisioner.config.pointer import pointer_to, segments
from provisioner.config.yaml_scalars import key_tag_words, scalar_value, tag_words
from provisioner.errors import ProvisionerError

try:
    from yaml._yaml import CParser
except ImportError:  # PyYAML built from source where libyaml's headers were missing
    CParser = None  # type: ignore[assignment,misc]

# How much one file may ask of us. A declared server has about forty values, three levels deep.
MOST_DOCUMENTS = 1000
MOST_LEVELS = 32
MOST_VALUES = 10_000  # in one document, aliases counted as often as they are used

# That many keys of the first server come again where a second one begins.
_KEYS_OF_A_SECOND_SERVER = 3
_SECOND_SERVER = "another email server begins here without a separator"
_SEPARATE = "put each email server into its own file; or, in YAML, write a line `---` between them"

_BROKEN_PATH = re.compile(r"[A-Za-z]:[\x00-\x1f].")
# "C:\new", say: \n is a line break.
_DRIVE = (
    "in double quotes the backslash after the drive letter begins an escape sequence",
    r"write \\ for each backslash; or, in YAML, use single quotes: 'C:\folder\email.log'",
)

TOO_DEEP = "exceeded maximum nesting depth"  # libyaml's words, of a thousand brackets

MISSING: Final = object()  # the value of a document that could not be built
NextEvent = Callable[[], Event | None]


class Collection:
    """A mapping or a list: where it begins and ends, and what is in it."""

    __slots__ = ("end", "entries", "last", "start")

    def __init__(self, start: NodeEvent) -> None:
        self.start: Any = start
        self.end: Any = None
        # A key, None in a list, and its value. Of a key that stands twice, the first counts.
        self.entries: dict[str, tuple[ScalarEvent | None, Node]] = {}
        self.last: Node = start  # what ends a collection in block style


Node = Collection | NodeEvent  # a scalar and an alias are their events


class Built(NamedTuple):
    """One document's value and tree; MISSING and None if broken: then no other follows."""

    value: Any
    line: int
    issues: tuple[Issue, ...] = ()
    root: Node | None = None


def yaml_events(text: str) -> NextEvent:
    """A function that gives one event of libyaml a call; None after the last."""
    if CParser is None:
        raise ProvisionerError(
            "PyYAML was installed without libyaml",
            remedy="install its wheel: pip install --force-reinstall --only-binary :all: PyYAML",
        )
    return CParser(text).get_event


def build_documents(
    next_event: NextEvent, explain: Callable[[YAMLError], Issue]
) -> Iterator[Built]:
    """All documents of a stream, up to the first issue that ends reading.

    If that is met before a line ends the document, all of it is broken: `serv`, say, stands alone
    only because the line below it cannot go on with it.
    """
    count = 0
    built: Built | None = None
    try:
        while (event := next_event()) is not None:
            if type(event) is DocumentStartEvent:
                if built is not None:
                    yield built
                count += 1
                built = _Builder(next_event, explain).document(count)
                if built.value is MISSING:
                    break
            elif type(event) is DocumentEndEvent and event.explicit and built is not None:
                yield built
                built = None
    except YAMLError as error:
        built = _broken(explain(error), *(built.issues if built else ()))
    except Unreadable as found:
        built = _broken(found.issue, *(built.issues if built else ()))
    if built is not None:
        yield built


def _broken(issue: Issue, *earlier: Issue) -> Built:
    """What ended reading; not said if it is on the line of an earlier mistake of syntax."""
    line = issue.range.start.line
    issues = (*earlier, issue)
    if any(e.rule == "syntax" and e.range.start.line == line for e in earlier):
        issues = earlier
    return Built(MISSING, line, issues)


class _Builder:
    """Builds one document. Each method gives a value and its node."""

    def __init__(self, next_event: NextEvent, explain: Callable[[YAMLError], Issue]) -> None:
        self._next_event: Any = next_event
        self._explain = explain
        self._values_left = MOST_VALUES
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._path: list[str | int] = []
        self._issues: list[Issue] = []

    def document(self, number: int) -> Built:
        try:
            event = self._next_event()
            if number > MOST_DOCUMENTS:
                self._stop(event, f"more than {MOST_DOCUMENTS:,} documents in one file")
            value, root = self._value(event)
            if value is None:
                remedy = "declare an email server, or remove the line `---` that begins it"
                self._note("empty-document", event, "nothing is declared in this document", remedy)
        except Unreadable as found:
            return _broken(found.issue, *self._issues)
        except YAMLError as error:
            return _broken(self._explain(error), *self._issues)
        issues = self._issues
        if issues:
            value, issues = _first_server(value, root, issues)
        return Built(value, event.start_mark.line + 1, tuple(issues), root)

    def _value(self, event: Any) -> tuple[Any, Node]:
        self._values_left -= 1
        if self._values_left < 0:
            self._stop(event, f"more than {MOST_VALUES:,} values, including those of aliases")
        left = self._values_left
        kind = type(event)
        node = event
        if kind is ScalarEvent:
            value = self._scalar(event)
        elif kind is AliasEvent:
            return self._alias(event), event
        elif kind is MappingStartEvent:
            value, node = self._mapping(event)
        else:
            value, node = self._sequence(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = value, left + 1 - self._values_left
        return value, node

    def _scalar(self, event: ScalarEvent) -> Any:
        value = scalar_value(event)
        if event.tag is not None:
            self._note_tag(tag_words(event), event)
        if type(value) is float and not math.isfinite(value):
            message = "this number is not valid in JSON"
            self._note("syntax", event, message, "quote it if it is text")
            return None
        if type(value) is str:
            if not value.isascii() and event.implicit[0]:
                self._note_odd_text(event)
            elif event.style == '"' and _BROKEN_PATH.match(value):
                self._note("control-character", event, *_DRIVE)
        return value

    def _note_odd_text(self, event: Any) -> None:
        from provisioner.config.line_mistakes import odd_text

        odd = odd_text(event.value, has_lines=event.start_mark.line != event.end_mark.line)
        if odd is not None:
            there = _signs_of(event, odd.column - 1, odd.length)
            issue = Issue(pointer_to(self._path), odd.message, odd.remedy, rule="syntax")
            self._issues.append(issue._replace(range=there))

    def _mapping(self, start: Any) -> tuple[dict[str, Any], Collection]:
        node = self._open(start)
        next_event, path, entries = self._next_event, self._path, node.entries
        built: dict[str, Any] = {}
        while type(event := next_event()) is not MappingEndEvent:
            if type(event) is not ScalarEvent:
                self._refuse_key(event)
            key = event.value  # the text that stands there: `587: x` has the key "587", as in JSON
            if not key.isascii() and event.implicit[0]:
                self._refuse_odd_key(event)
            path.append(key)
            if event.tag is not None:
                self._note_tag(key_tag_words(event.tag), event)
            if key in built:
                self._note_duplicate(event, entries[key][0])
                _, node.last = self._value(next_event())
            else:
                built[key], node.last = self._value(next_event())
                entries[key] = event, node.last
            path.pop()
        node.end = event
        return built, node

    def _refuse_odd_key(self, event: ScalarEvent) -> None:
        """Blanks and quotes that are none for YAML change the shape of what follows, too."""
        from provisioner.config.line_mistakes import odd_key

        odd = odd_key(event.value)
        if odd is not None:
            there = _signs_of(event, odd.column - 1, odd.length)
            raise Unreadable(Issue("", odd.message, odd.remedy, rule="syntax", range=there))

    def _refuse_key(self, event: Event) -> NoReturn:
        message = "a key must be plain text, not a list, a mapping or an alias"
        remedy = "quote text that begins with { [ or *; templates are not rendered"
        raise Unreadable(self._issue("syntax", event, message, remedy))

    def _sequence(self, start: Any) -> tuple[list[Any], Collection]:
        node = self._open(start)
        built: list[Any] = []
        while type(event := self._next_event()) is not SequenceEndEvent:
            self._path.append(len(built))
            value, node.last = self._value(event)
            node.entries[str(len(built))] = None, node.last
            built.append(value)
            self._path.pop()
        node.end = event
        return built, node

    def _open(self, start: Any) -> Collection:
        if len(self._path) >= MOST_LEVELS:
            self._stop(start, f"more than {MOST_LEVELS} levels of nesting")
        if start.tag is not None:
            self._note_tag(tag_words(start), start)
        return Collection(start)

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            message = "no complete anchor of this name precedes this alias"
            remedy = "quote text that begins with *; or write `&name` at a value above"
            self._note("syntax", event, message, remedy)
            return None
        value, size = self._anchors[event.anchor]
        self._values_left -= size - 1
        return value

    def _stop(self, event: Event, message: str) -> NoReturn:
        remedy = "an email server needs far less; split the file"
        raise Unreadable(self._issue("too-large", event, message, remedy))

    def _note_tag(self, words: tuple[str, str] | None, event: Event) -> None:
        if words is not None:
            self._note("unknown-tag", event, *words)

    def _note_duplicate(self, event: Event, first: Any) -> None:
        message = f"duplicate key, first on line {first.start_mark.line + 1}"
        self._note("duplicate-key", event, message, "keep one of the two")

    def _note(self, rule: ReaderRule, event: Event, message: str, remedy: str) -> None:
        self._issues.append(self._issue(rule, event, message, remedy))

    def _issue(self, rule: ReaderRule, event: Event, message: str, remedy: str) -> Issue:
        there = Range(position_of(event.start_mark), position_of(event.end_mark))
        pointer = pointer_to(self._path)
        return Issue(pointer, message, remedy, rule=rule, range=there)


def _signs_of(event: Any, offset: int, length: int) -> Range:
    """Some characters of a scalar without quotes, on its first line."""
    line, column = position_of(event.start_mark)
    return Range(Position(line, column + offset), Position(line, column + offset + length))


def _first_server(value: Any, root: Node, issues: list[Issue]) -> tuple[Any, list[Issue]]:
    """Of several servers without `---` between them the first one, and an issue for each other.

    All keys of the first come again: one mistake, not one a key.
    """
    again = [i for i in issues if i.rule == "duplicate-key" and i.pointer.count("/") == 1]
    if not isinstance(root, Collection) or "/server_name" not in (i.pointer for i in again):
        return value, issues
    if len({i.pointer for i in again}) < _KEYS_OF_A_SECOND_SERVER:
        return value, issues
    end = again[0].range.start
    first = {
        key: value[key]
        for key, (event, _) in root.entries.items()
        if event is not None and position_of(event.start_mark) < end
    }
    others = [
        issue._replace(message=_SECOND_SERVER, remedy=_SEPARATE)
        for issue in again
        if issue.pointer == "/server_name"
    ]
    return first, [*(issue for issue in issues if issue.range.start < end), *others]


# Where a value stands: looked up only when something is wrong.
def find(root: Node, pointer: str, lines: list[str]) -> tuple[Place, bool]:
    """Where a value stands, or else what should hold it; and whether it is there itself.

    The key of a whole document is its first one.
    """
    key, node = None, root
    if isinstance(root, Collection) and root.entries:
        key, _ = next(iter(root.entries.values()))
    for segment in segments(pointer):
        if not isinstance(node, Collection) or segment not in node.entries:
            return _place(key, node, lines), False
        key, node = node.entries[segment]
    return _place(key, node, lines), True


def _place(key: ScalarEvent | None, node: Node, lines: list[str]) -> Place:
    return Place(_range(key, lines) if key else None, _range(node, lines))


def _range(node: Node, lines: list[str]) -> Range:
    start = node.start if isinstance(node, Collection) else node
    return Range(position_of(start.start_mark), _end(node, lines))


def _end(node: Any, lines: list[str]) -> Position:
    """A bracket ends what it closes; in block style the last value does."""
    while isinstance(node, Collection):
        if node.end.start_mark.column != node.end.end_mark.column:
            return position_of(node.end.end_mark)
        node = node.last
    start, end = position_of(node.start_mark), position_of(node.end_mark)
    if end.column > 1 or end.line == start.line:
        return end
    # libyaml ends a block scalar on the line below it; here its last line ends it.
    line = end.line - 1
    while line > start.line and not lines[line - 1].strip():
        line -= 1
    return Position(line, len(lines[line - 1]) + 1)

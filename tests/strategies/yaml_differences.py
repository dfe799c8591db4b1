"""Where our loader and ruamel.yaml may differ, and who is right by https://yaml.org/spec/1.2.2.

An explanation is about one text. Most try the text without what they blame: the difference is
explained if it is gone then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from provisioner.config.document import Document
from tests.strategies.second_loader import REFUSED, ours, same, theirs, values_of


@dataclass(frozen=True)
class Reading:
    """One text as both read it."""

    text: str
    documents: list[Document]
    other: Any

    @property
    def value(self) -> Any:
        return values_of(self.documents)

    @property
    def differs(self) -> bool:
        if self.value == REFUSED or isinstance(self.other, Exception):
            return (self.value == REFUSED) is not isinstance(self.other, Exception)
        return not same(self.value, self.other)

    def says(self, *words: str) -> bool:
        """Whether we refuse, and every issue's rule or message begins with one of these."""
        issues = [issue for document in self.documents for issue in document.issues]
        return bool(issues) and all(d.rule in words or d.message.startswith(words) for d in issues)


_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\S*")
_ANCHOR = re.compile(r"[&*][\w-]*[^\w\s,\[\]{}-]\S*")
_EMPTY_KEY = re.compile(r"(^\s*|[,{\[?]\s*|- +):(?=\s|$)", re.MULTILINE)
_DIRECTIVE = re.compile(r"^%.*$", re.MULTILINE)
_VAULT = "!vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n"


def _has_underscores(_kind: str, one: Any, other: Any) -> bool:
    return isinstance(one, str) and "_" in one and isinstance(other, int | float)


def _is_key(kind: str, one: Any, other: Any) -> bool:
    return kind == "key" and isinstance(one, str) and not isinstance(other, str | list | dict)


def _is_untagged(_kind: str, one: Any, other: Any) -> bool:
    return isinstance(one, str) and not isinstance(other, str | list | dict)


# Of issues about what is YAML, but not what was meant.
_BY_CHANCE = (
    "the file looks like",
    "a blank is missing after this colon",
    "between a key and its value YAML has a colon",
    "this is a line number",
    "this is a client file",
    "(U+",
)


def _is_by_chance(reading: Reading) -> bool:
    issues = [issue for document in reading.documents for issue in document.issues]
    messages = [issue.message for issue in issues if issue.rule == "syntax"]
    return any(words in message for message in messages for words in _BY_CHANCE)


def read(text: str) -> Reading:
    """Both readings of a text."""
    return Reading(text, ours(text), theirs(text))


def _gone(reading: Reading, changed: str) -> bool:
    """Whether the text was changed, and what is left has no difference that is unexplained."""
    return changed != reading.text and _is_explained(changed)


@cache
def _is_explained(text: str) -> bool:
    return explained(read(text)) is not None


def _pairs(one: Any, other: Any, kind: str = "value") -> Iterator[tuple[str, Any, Any]]:
    """In which keys and values two values of one shape differ."""
    if isinstance(one, dict) and isinstance(other, dict) and len(one) == len(other):
        for key, other_key in zip(one, other, strict=True):
            yield from _pairs(key, other_key, "key")
            yield from _pairs(one[key], other[other_key])
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for pair in zip(one, other, strict=True):
            yield from _pairs(*pair)
    elif not same(one, other):
        yield kind, one, other


def _all_pairs(reading: Reading, is_such: Callable[[str, Any, Any], bool]) -> bool:
    """Whether both read the text, and all in which they differ is such."""
    if reading.value == REFUSED or isinstance(reading.other, Exception):
        return False
    pairs = list(_pairs(reading.value, reading.other))
    return bool(pairs) and all(is_such(*pair) for pair in pairs)


# name -> (whether it explains a difference, the smallest text that it explains)
CLASSES: dict[str, tuple[Callable[[Reading], bool], str]] = {
    # Both right: 1.2.2 allows these signs (5.1), but editors and YAML 1.1 take them for line ends,
    # and a byte order mark inside a text is no sign that anyone meant. Refused with a remedy.
    "signs": (lambda r: r.says("control-character"), "a: x\u2028y\n"),
    # They are right; a document without a value declares nothing, which we say.
    "nothing": (lambda r: r.says("empty-document"), "---\n"),
    # They are right (10.2.1.4); JSON, and so the schemas, have no such number.
    "infinite": (lambda r: r.says("this is no number that JSON knows"), "a: .inf\n"),
    # They are right: it is YAML, but as such nobody meant it.
    "by chance": (_is_by_chance, "a = 1\nb = 2\n"),
    # They are right; limits are ours.
    "limits": (lambda r: r.says("too-large"), "[" * 40 + "]" * 40),
    # We are right: the merge key is of YAML 1.1, in 1.2 `<<` is a text. The schema refuses it.
    "merge": (lambda r: _gone(r, r.text.replace("<<", "xx")), "<<: {a: 1}\n"),
    # We are right (10.3.2): dates are text in the core schema; ruamel stumbles over 2028-06-35.
    "dates": (lambda r: _gone(r, _DATE.sub("x", r.text)), "2028-06-30"),
    # We are right (10.3.2): underscores make no number.
    "underscores": (lambda r: _all_pairs(r, _has_underscores), "1_000"),
    # We differ from 10.3.2 on purpose: keys are texts, as in JSON; `587:` is the key "587".
    "keys": (lambda r: _all_pairs(r, _is_key), "587: a\n"),
    # Both right: a tag of ours that ruamel does not know; and tags that email servers do not use.
    "vault": (lambda r: "!vault" in str(r.other) and not r.says("unknown-tag"), _VAULT),
    "tags": (lambda r: r.says("unknown-tag"), "!!set {a}\n"),
    # We are right (6.9.1): `!` makes it text.
    "non-specific tag": (
        lambda r: bool(re.search(r"!(\s|$)", r.text)) and _all_pairs(r, _is_untagged),
        "! 12",
    ),
    # We are right (6.1): a tab may stand inside a plain text and before a comment.
    "tabs": (lambda r: _gone(r, r.text.replace("\t", " ")), "a\tb"),
    # They are right (6.8.1): a directive that nobody knows is passed over. A misspelt one, as it
    # will be here, is an error of libyaml's.
    "directives": (lambda r: _gone(r, _DIRECTIVE.sub("#", r.text)), "%AML 1.2\n---\na: 1\n"),
    # They are right (9.2): behind `...` a document needs no `---`. libyaml wants it, and we say so.
    "bare": (lambda r: r.says("something follows after the end"), "a: 1\n...\nb: 2\n"),
    # They are right (7.4.2, 8.2.2): a key may be empty, and nothing need follow a colon in
    # brackets. libyaml refuses both, with a remedy.
    "empty keys": (lambda r: _gone(r, _EMPTY_KEY.sub(r"\1k:", r.text)), ": a\n"),
    "colon in brackets": (lambda r: r.says("no blank follows this colon"), "{a:}"),
    # They are right (6.9.2): any sign may be in an anchor's name; in libyaml letters, digits, - _.
    "anchors": (lambda r: _gone(r, _ANCHOR.sub("x", r.text)), "&a! x"),
    # We are right to refuse: JSON has no value that holds itself.
    "recursion": (lambda r: r.says("no anchor of this name is complete"), "&a [*a]"),
    # We are right: `=` is a text; it was a type of YAML 1.1.
    "equals": (lambda r: "org,2002:value" in str(r.other), "="),
}


def explained(reading: Reading) -> str | None:
    """What explains the difference: a class's name; "" where there is none to explain."""
    if not reading.differs:
        return ""
    return next((name for name, (explains, _) in CLASSES.items() if explains(reading)), None)

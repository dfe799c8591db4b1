"""Issues -> Findings: the one place where pointers become lines and columns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from provisioner.config.document import Document
from provisioner.config.issue import Issue, Place, Position, Range, Severity
from provisioner.config.pointer import lies_in, value_at
from provisioner.config.yaml_scalars import plain_value
from provisioner.lint.checks.oauth_urls import URLS
from provisioner.lint.excerpt import excerpt_of, excerpt_of_line
from provisioner.lint.finding import Excerpt, Finding, Fix
from provisioner.lint.ignores import Ignores
from provisioner.lint.schema import Schema, schema_for
from provisioner.text import printable

_ENDPOINTS = frozenset({"providers-differ", "endpoint-hosts-differ", "refresh-host-differs"})
# The host of such a URL is not the one that was meant.
_OF_ONE_URL = frozenset({"lookalike-endpoint", "url-form"})
# What compares a value with others does not say what is wrong with its form.
_NOT_OF_THE_FORM = _ENDPOINTS | {"wrong-form", "duplicate-server-name"}


# No sign in it means something else to YAML.
_PLAIN = re.compile(r"[A-Za-z0-9/][\w ./:@%+~?=&-]*(?<![: ])", re.ASCII)


def finding_of_reader(issue: Issue, document: Document) -> Finding:
    """An issue knows its place itself: its document may have none. What is wrong with a whole file
    is marked nowhere in it.
    """
    excerpt, schema = None, schema_for(document)
    if not issue.range.is_empty and issue.severity is Severity.ERROR:
        excerpt = excerpt_of_line(issue.range, document.source.lines, schema)
    return _finding_at(issue.range, issue, document, excerpt)


def _finding_at(
    place: Range, issue: Issue, document: Document, excerpt: Excerpt | None, fix: Fix | None = None
) -> Finding:
    (line, column), (end_line, end_column) = place
    return Finding(
        rule=issue.rule,
        severity=issue.severity,
        file=document.path,
        line=line,
        column=column,
        end_line=end_line,
        end_column=end_column,
        pointer=printable(schema_for(document).spot(issue.pointer).shown),
        message=issue.message,
        remedy=issue.remedy,
        excerpt=excerpt,
        fix=fix,
    )


def findings_of_checks(
    issues: Iterable[Issue], document: Document, ignores: Ignores
) -> list[Finding]:
    """What no comment hides. `wrong-form` says least: another error of the value stands alone.

    Behind an unknown tag, say, is not what was meant: nothing more is said of it. An endpoint that
    looks like another, say, does not belong to the others, either: that is the same mistake.
    """
    unreadable = [issue.pointer for issue in document.issues if _makes_unreadable(issue)]
    told = [
        (issue.pointer, finding)
        for issue in issues
        if not any(lies_in(issue.pointer, pointer) for pointer in unreadable)
        if not ignores.hide(finding := _finding(issue, document, schema_for(document)))
    ]
    better = {
        pointer
        for pointer, finding in told
        if finding.rule not in _NOT_OF_THE_FORM and finding.severity is Severity.ERROR
    }
    if any(finding.rule in _OF_ONE_URL and pointer in URLS for pointer, finding in told):
        told = [(pointer, finding) for pointer, finding in told if finding.rule not in _ENDPOINTS]
    hidden = [one for one in told if one[1].rule == "wrong-form" and one[0] in better]
    fixes = {pointer: finding.fix for pointer, finding in hidden}
    return [
        finding if finding.fix else finding._replace(fix=fixes.get(pointer))
        for pointer, finding in told
        if finding.rule != "wrong-form" or pointer not in better
    ]


def _makes_unreadable(issue: Issue) -> bool:
    """Whether what stands there is not what was meant: more words on it would confuse."""
    is_read = issue.rule in ("duplicate-key", "outside-checkout")
    return not is_read and issue.severity is Severity.ERROR


def _finding(issue: Issue, document: Document, schema: Schema) -> Finding:
    """The place is looked up, and the excerpt made, only now that something is wrong."""
    whole = span = _marked(document.locate(issue.pointer), issue.at)
    if issue.part is not None:
        span = _part_of(whole, issue.part, value_at(document.value, issue.pointer), document)
    excerpt = excerpt_of(issue.pointer, span, document, schema, meant=_meant(issue))
    return _finding_at(span, issue, document, excerpt, _fix(issue, whole, document, schema))


def _meant(issue: Issue) -> str:
    """Of a misspelt key, if it is certain which one was meant, the pointer with that."""
    if issue.rule != "unknown-key" or issue.fix is None:
        return ""
    return f"{issue.pointer.rpartition('/')[0]}/{issue.fix}"


def _fix(issue: Issue, span: Range, document: Document, schema: Schema) -> Fix | None:
    """Written as what stands there is written. Nothing is fixed where a secret may stand."""
    if issue.fix is None or span.start.line != span.end.line:
        return None
    if issue.at == "value" and schema.spot(issue.pointer).state != "known":
        return None
    line = document.source.lines[span.start.line - 1]
    written = line[span.start.column - 1 : span.end.column - 1]
    shown = excerpt_of(issue.pointer, span, document, schema, meant=_meant(issue))
    return shown and Fix(span, _as_scalar(issue.fix, written[:1]), shown)


def _as_scalar(value: str | int | bool, quote: str) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if quote == "'":
        return "'" + value.replace("'", "''") + "'"
    is_plain = quote != '"' and _PLAIN.fullmatch(value) and plain_value(value) == value
    return value if is_plain else json.dumps(value, ensure_ascii=False)


def _marked(place: Place, at: str) -> Range:
    """What is marked; the key also where no value stands, or where one begins on a line below."""
    key, value = place
    if key is None:
        return value
    is_below = value.start.line != key.end.line
    return key if at == "key" or value.is_empty or is_below else value


def _part_of(span: Range, part: tuple[int, int], text: object, document: Document) -> Range:
    """Some characters of a text; all of it where it is not written as it reads."""
    (line, column), end = span
    written = document.source.lines[line - 1][column - 1 : end.column - 1]
    before = written.find(text) if isinstance(text, str) and line == end.line else -1
    if before < 0:
        return span
    first, last = (Position(line, column + before + offset) for offset in part)
    return Range(first, last)

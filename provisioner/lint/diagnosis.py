"""What a schema says about a document, and the document as it was meant.

A misspelt key is one mistake. Left as it stands it would be several: `use_tsl: true` would
look like a missing `use_tls` too, and nobody would look at its value. So whatever was
evidently meant is put right in a copy, and the copy is looked at; what is said about it is
said at the place where it was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from provisioner.config.issue import Issue
from provisioner.config.pointer import lies_in, parent, segments, value_at
from provisioner.lint.remark import Chosen, Moved, Objection
from provisioner.lint.schema import Schema

_MOST_ROUNDS = 4  # a misspelt mapping may hold misspelt keys; no schema is deeper


class Diagnosis(NamedTuple):
    """`value` is the document as it was meant; `moved`: pointers in it -> in the file."""

    value: Any
    issues: tuple[Issue, ...] = ()
    moved: Mapping[str, str] = MappingProxyType({})

    def in_file(self, pointer: str) -> str:
        """Where that what stands there as meant stands in the file."""
        around = max((p for p in self.moved if lies_in(pointer, p)), key=len, default=None)
        return pointer if around is None else self.moved[around] + pointer[len(around) :]

    def told_in_file(self, issue: Issue) -> Issue:
        """The issue, at the place where it was written."""
        return issue._replace(pointer=self.in_file(issue.pointer)) if self.moved else issue


def diagnose(value: Any, schema: Schema) -> Diagnosis:
    """Why the schema does not accept a value; each mistake once."""
    from provisioner.lint.explanation import explain  # only now that something is wrong

    found = Diagnosis(value)
    said: list[Issue] = []
    for round_left in reversed(range(_MOST_ROUNDS)):
        objections = explain(found.value, schema)
        misspelt = [o for o in objections if o.meant is not None and round_left]
        said += [found.told_in_file(o.issue) for o in (misspelt or objections)]
        if not misspelt:
            break
        found = _as_meant(found, misspelt)
        if schema.accepts(found.value):
            break
    return found._replace(issues=tuple(said))


def _as_meant(found: Diagnosis, misspelt: Iterable[Objection]) -> Diagnosis:
    value, moved = _copied(found.value), dict(found.moved)
    for objection in misspelt:
        pointer = objection.issue.pointer
        holder, key = value_at(value, parent(pointer)), segments(pointer)[-1]
        if isinstance(objection.meant, Chosen):
            holder[key] = objection.meant.value
        elif isinstance(objection.meant, Moved):
            _move(holder.pop(key), objection.meant.to, value)
            moved[objection.meant.to] = found.in_file(pointer)
    return Diagnosis(value, moved=moved)


def _copied(value: Any) -> Any:
    """With mappings and lists of its own."""
    if isinstance(value, dict):
        return {key: _copied(below) for key, below in value.items()}
    return [_copied(below) for below in value] if isinstance(value, list) else value


def _move(taken: Any, to: str, value: Any) -> None:
    """Where something stands already, or nothing can stand, nothing more is said of it."""
    holder = value_at(value, parent(to))
    if isinstance(holder, dict):
        holder.setdefault(segments(to)[-1], taken)

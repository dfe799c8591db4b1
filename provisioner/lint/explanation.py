"""Why a schema does not accept a document: `jsonschema-rs` finds it, our words say it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioner.config.pointer import lies_in
from provisioner.lint.keyword_words import OBJECTORS, ONE_A_VALUE, Complaint
from provisioner.lint.remark import Objection
from provisioner.lint.schema import Schema


def explain(value: Any, schema: Schema) -> list[Objection]:
    """All objections of the schema, each once."""
    complaints = (Complaint(*refusal, value, schema) for refusal in schema.refusals(value))
    found = dict.fromkeys(o for c in complaints for o in OBJECTORS[c.keyword](c))
    return list(_without_echoes(list(found)))


def _without_echoes(objections: list[Objection]) -> Iterator[Objection]:
    """An empty text fits no pattern either, and inside a forbidden value all is forbidden."""
    forbidden = [o.issue.pointer for o in objections if o.issue.rule == "forbidden-key"]
    spoken: set[str] = set()
    for objection in objections:
        pointer = objection.issue.pointer
        if objection.issue.rule != "forbidden-key" and any(lies_in(pointer, p) for p in forbidden):
            continue
        if objection.issue.rule in ONE_A_VALUE:
            if pointer in spoken:
                continue
            spoken.add(pointer)
        yield objection

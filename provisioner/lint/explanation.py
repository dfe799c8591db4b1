"""Why a schema does not accept a document: `jsonschema` finds it, our words say it.

The engine's own messages are never shown: they quote values, and values may be secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from provisioner.documents.pointer import lies_in
from provisioner.lint.keyword_words import OBJECTORS, ONE_A_VALUE, Complaint
from provisioner.lint.remark import Objection
from provisioner.lint.schema import Schema, schema_named

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


def explain(value: Any, schema: Schema) -> list[Objection]:
    """All objections of the schema, each once."""
    complaints = (
        Complaint(error, value, schema) for error in _explainer(schema.name).iter_errors(value)
    )
    found = dict.fromkeys(o for c in complaints for o in OBJECTORS[c.keyword](c))
    return list(_without_echoes(list(found)))


def _without_echoes(objections: list[Objection]) -> Iterator[Objection]:
    """An empty text fits no pattern either, and inside a forbidden value all is forbidden."""
    forbidden = [o.remark.pointer for o in objections if o.rule == "forbidden-key"]
    spoken: set[str] = set()
    for objection in objections:
        pointer = objection.remark.pointer
        if objection.rule != "forbidden-key" and any(lies_in(pointer, p) for p in forbidden):
            continue
        if objection.rule in ONE_A_VALUE:
            if pointer in spoken:
                continue
            spoken.add(pointer)
        yield objection


@cache
def _explainer(name: Any) -> Validator:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    explainer: Any = extend(  # type: ignore[no-untyped-call]
        Draft202012Validator, {"pattern": _ecmascript_pattern}
    )
    validator: Validator = explainer(schema_named(name).without_references)
    return validator


def _ecmascript_pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[Any]:
    """JSON Schema's `$` is the end of the text; Python's is before a last line break too."""
    from jsonschema import ValidationError

    if isinstance(value, str) and not re.search(_with_strict_end(pattern), value):
        yield ValidationError("")


@cache
def _with_strict_end(pattern: str) -> str:
    """Our patterns hold `$` in classes and, as an anchor, before `|` or at the very end."""
    return re.sub(r"\$(?=\||\Z)", r"\\Z", pattern)

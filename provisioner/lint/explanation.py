"""Why a schema does not accept a document: `jsonschema` finds it, our words say it.

The engine's own messages are never shown: they quote values, and values may be secrets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from provisioner.documents.pointer import lies_in
from provisioner.lint.keyword_words import OBJECTORS, ONE_A_VALUE, Complaint
from provisioner.lint.remark import Objection
from provisioner.lint.schema import Schema

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


def explain(value: Any, schema: Schema) -> list[Objection]:
    """All objections of the schema, each once."""
    refusing = _refusing_part(schema.without_references, value)
    errors = _explainer()(refusing).iter_errors(value)
    complaints = (Complaint(error, value, schema) for error in errors)
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


def _refusing_part(node: Any, value: Any) -> Any:
    """The schema, with `true` for each property that is accepted: nothing is to be explained there.

    `jsonschema` takes a hundred times as long as `jsonschema-rs` to say so.
    """
    properties = node.get("properties") if isinstance(node, dict) else None
    if not properties or not isinstance(value, dict):
        return node
    parts = {
        name: name not in value
        or _accepts(below, value[name])
        or _refusing_part(below, value[name])
        for name, below in properties.items()
    }
    return {**node, "properties": parts}


def _accepts(node: Any, value: Any) -> bool:
    engine = _ENGINES.get(id(node))
    if engine is None:
        from jsonschema_rs import Draft202012Validator

        engine = _ENGINES[id(node)] = Draft202012Validator(node)
    return engine.is_valid(value)


_ENGINES: dict[int, Any] = {}  # by the schemas' nodes, which live as long as the program


@cache
def _explainer() -> Callable[[Any], Validator]:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    explainer: Any = extend(  # type: ignore[no-untyped-call]
        Draft202012Validator, {"pattern": _ecmascript_pattern}
    )
    return explainer  # type: ignore[no-any-return]


def _ecmascript_pattern(_validator: Any, pattern: str, value: Any, _schema: Any) -> Iterator[Any]:
    """JSON Schema's `$` is the end of the text; Python's is before a last line break too."""
    from jsonschema import ValidationError

    if isinstance(value, str) and not re.search(_with_strict_end(pattern), value):
        yield ValidationError("")


@cache
def _with_strict_end(pattern: str) -> str:
    """Our patterns hold `$` in classes and, as an anchor, before `|` or at the very end."""
    return re.sub(r"\$(?=\||\Z)", r"\\Z", pattern)

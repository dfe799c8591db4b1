"""`if`/`then`: which condition a demand of the schema comes from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from provisioner.lint.schema import Node, Schema


def condition_behind(schema_path: Iterable[str | int], value: Any, schema: Schema) -> str:
    """`smtp_security_level is oauth2`; empty if the demand holds always."""
    node: Any = schema.without_references
    for segment in schema_path:
        if segment in ("if", "then") and isinstance(node, dict) and "if" in node:
            return _in_words(node["if"], value)
        node = node[segment]
    return ""


def _in_words(condition: Node, value: Any) -> str:
    """The value met the condition, so it is one of the schema's own words and no secret."""
    return " and ".join(f"{name} is {value[name]}" for name in condition["properties"])

"""JSON's types, in the words of people who write YAML."""

from __future__ import annotations

from typing import Any

_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping of keys to values",
    "array": "a list",
    "null": "nothing",
}
_SPOKEN = ("yes", "no", "on", "off", "y", "n")


def expected_kind(types: str | list[str]) -> str:
    """What a schema's `type` asks for."""
    return " or ".join(_NAMES[one] for one in ([types] if isinstance(types, str) else types))


def found_kind(value: Any) -> str:
    """What stands there instead."""
    if value is None:
        return _NAMES["null"]
    if isinstance(value, bool):
        return _NAMES["boolean"]
    if isinstance(value, int | float):
        return _NAMES["number"]
    return _NAMES[
        "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"
    ]


def remedy_for(types: str | list[str], value: Any) -> str:
    """How to write what was most likely meant."""
    if value is None:
        return "write a value behind the colon, or remove the key"
    if "string" in types and isinstance(value, int | float):
        return "put it into quotes"
    if types == "boolean" and isinstance(value, str) and value.casefold() in _SPOKEN:
        return "write true or false: in YAML 1.2 yes, no, on and off are text"
    if isinstance(value, str) and types in ("boolean", "integer"):
        return f"write {expected_kind(types)}, without quotes"
    return f"write {expected_kind(types)}"

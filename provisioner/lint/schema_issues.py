"""Why a schema does not accept a document: `jsonschema` finds it, our words say it.

The engine's own words quote values, any of which may be a secret: none of them is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from provisioner.config.issue import Issue
from provisioner.config.pointer import escaped, lies_in, parent, pointer_to, segments, value_at
from provisioner.lint.mistakes.foreign_shapes import foreign_shape
from provisioner.lint.mistakes.spelling import corrected
from provisioner.lint.mistakes.value_fixes import fixed_value
from provisioner.lint.schema import Schema, SchemaName, SchemaNode, schema_named
from provisioner.lint.server import CorrectedDocument
from provisioner.text import printable

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


def check_schema(value: Any, schema: Schema) -> CorrectedDocument:
    """What the schema says of a document, each mistake once, and the document as it was meant."""
    foreign = foreign_shape(value, schema)
    if foreign is not None:
        return CorrectedDocument(None, (foreign,))
    meant = corrected(value, schema)
    refusals = (_Refusal(error, schema, meant) for error in errors_of(meant.value, schema))
    said = dict.fromkeys(issue for refusal in refusals for issue in refusal.issues())
    found = [*meant.issues, *map(meant.in_file, said)]
    return meant._replace(issues=tuple(_without_echoes(found, value)))


def errors_of(value: Any, schema: Schema) -> Iterator[ValidationError]:
    """What `jsonschema` finds, in the schema's order."""
    errors: Iterator[ValidationError] = _engine(schema.name).iter_errors(value)
    return errors


@cache
def _engine(name: SchemaName) -> Any:
    """To Python alone, `$` stands before a last line break, too; no pattern of ours takes one."""
    from jsonschema import Draft202012Validator, ValidationError
    from jsonschema.validators import extend

    def pattern(_: Any, wanted: str, value: Any, _schema: Any) -> Iterator[ValidationError]:
        if isinstance(value, str) and (value[-1:] == "\n" or not re.search(wanted, value)):
            yield ValidationError("")

    engine: Any = extend(Draft202012Validator, {"pattern": pattern})  # type: ignore[no-untyped-call]
    return engine(schema_named(name).without_references)


def _without_echoes(issues: list[Issue], document: Any) -> Iterator[Issue]:
    """Inside a forbidden value all is forbidden.

    What is forbidden, and is not there, was made of keys that stand elsewhere, which is said.
    """
    forbidden = [issue.pointer for issue in issues if issue.rule == "forbidden-key"]
    for issue in issues:
        if issue.rule == "forbidden-key":
            if segments(issue.pointer)[-1] in value_at(document, parent(issue.pointer)):
                yield issue
            continue
        around = issue.pointer if issue.rule != "unknown-key" else parent(issue.pointer)
        if any(lies_in(around, pointer) for pointer in forbidden):
            continue
        yield issue


class _Refusal:
    """One demand of a schema that a value does not meet, in our words."""

    def __init__(self, error: ValidationError, schema: Schema, meant: CorrectedDocument) -> None:
        self._demand: Any = error.validator_value
        self._keyword = str(error.validator)
        self._node: Any = error.schema
        self._value: Any = error.instance
        self._way = error.absolute_schema_path
        self._pointer = pointer_to(error.absolute_path)
        self._schema = schema
        self._root = meant.value

    def issues(self) -> Iterator[Issue]:
        return WORDS[self._keyword](self)

    @property
    def _shown(self) -> str:
        """The name of the value's key, as far as it may be printed; of a document, nothing."""
        return printable(self._schema.spot(self._pointer).shown.rpartition("/")[2])

    @property
    def _name(self) -> str:
        """What messages call the value: its key, or the kind of document it is.

        Of what stands below a secret, only the schema's own words for a source.
        """
        source = self._pointer.rpartition("/")[2]
        if source in self._schema.spot(self._pointer).node.get("properties", ()):
            return f"`{source}` below `{self._shown}`"
        if self._shown:
            return f"`{self._shown}`"
        return "the settings" if self._schema.name == "project" else "an email server"

    def _condition(self) -> str:
        """`smtp_security_level is oauth2`; empty if the demand holds always.

        The value met the condition, so it is one of the schema's own words and no secret.
        """
        node: Any = self._schema.without_references
        for segment in self._way:
            if segment == "then":
                names = node["if"]["properties"]
                return " and ".join(f"{name} is {self._root[name]}" for name in names)
            node = node[segment]
        return ""

    def _missing(self) -> Iterator[Issue]:
        for name in self._demand:
            if name not in self._value:
                yield self._missing_key(name, self._condition())

    def _missing_partner(self) -> Iterator[Issue]:
        for name, partners in self._demand.items():
            for partner in partners:
                if name in self._value and partner not in self._value:
                    reasons = filter(None, (self._condition(), f"{name} is set"))
                    yield self._missing_key(partner, " and ".join(reasons))

    def _missing_key(self, name: str, reason: str) -> Issue:
        because = f" (required because {reason})" if reason else ""
        node = self._schema.spot(f"{self._pointer}/{escaped(name)}").node
        purpose = f". {node['description']}" if "description" in node else ""
        where = f" below {self._name}" if self._shown else ""
        message = f"`{name}` is missing{where}{because}"
        return Issue(self._pointer, message, f"add `{name}`{purpose}", "key", "missing-key")

    def _unknown(self) -> Iterator[Issue]:
        """Said already, where the document was put right."""
        return iter(())

    def _forbidden(self) -> Iterator[Issue]:
        condition = self._condition()
        message = f"{self._name} is not allowed here" + (f": {condition}" if condition else "")
        # What is never allowed says in its description where it belongs.
        remedy = f"remove {self._name}" if condition else str(self._node["description"])
        yield Issue(self._pointer, message, remedy, "key", "forbidden-key")

    def _wrong_type(self) -> Iterator[Issue]:
        message = f"{self._name} must be {_kinds(self._demand)}, not {_kind_of(self._value)}"
        remedy = _how_to_write(self._value, self._node)
        if not self._pointer:
            dash = ", without a dash" if isinstance(self._value, list) else ""
            remedy = f"write its keys at the top level{dash}"
            if self._schema.name == "email-server":
                remedy += "; write a line `---` between two servers"
        fix = fixed_value(self._value, self._node)
        yield Issue(self._pointer, message, remedy, rule="wrong-type", fix=fix)

    def _not_allowed(self) -> Iterator[Issue]:
        choices = self._demand if isinstance(self._demand, list) else [self._demand]
        message = f"{self._name} has an invalid value"
        remedy = "write one of " + ", ".join(map(str, choices))
        yield Issue(self._pointer, message, remedy, rule="not-allowed-value")

    def _wrong_form(self) -> Iterator[Issue]:
        message = f"{self._name} is not {self._node.get('title', 'in the right form')}"
        remedy = str(self._node.get("description", "compare with `provisioner schema`"))
        fix = fixed_value(self._value, self._node)
        yield Issue(self._pointer, message, remedy, rule="wrong-form", fix=fix)

    def _out_of_range(self) -> Iterator[Issue]:
        remedy = f"write a whole number from {self._node['minimum']}"
        remedy += f" to {self._node['maximum']}" if "maximum" in self._node else " on"
        message = f"{self._name} is out of range"
        yield Issue(self._pointer, message, remedy, rule="out-of-range")

    def _wrong_size(self) -> Iterator[Issue]:
        remedy = str(self._node.get("description", "write a value, or remove the key"))
        most = "one entry" if self._demand == 1 else f"{self._demand} entries"
        message = f"{self._name} {_SIZES[self._keyword].format(most=most)}"
        yield Issue(self._pointer, message, remedy, rule="out-of-range")


_SIZES = {
    "minLength": "is empty or too short",
    "maxLength": "is too long",
    "minItems": "is empty",
    "maxItems": "has too many entries",
    "minProperties": "is empty",
    "maxProperties": "has more than {most}",
}

# Each keyword of JSON Schema by which the schemas refuse something.
WORDS: dict[str, Callable[[Any], Iterator[Issue]]] = {
    "required": _Refusal._missing,
    "dependentRequired": _Refusal._missing_partner,
    "additionalProperties": _Refusal._unknown,
    "not": _Refusal._forbidden,
    "type": _Refusal._wrong_type,
    "const": _Refusal._not_allowed,
    "enum": _Refusal._not_allowed,
    "pattern": _Refusal._wrong_form,
    "minimum": _Refusal._out_of_range,
    "maximum": _Refusal._out_of_range,
    **dict.fromkeys(_SIZES, _Refusal._wrong_size),
}

_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a mapping of keys to values",
    "array": "a list",
    "null": "nothing",
}
_NAMES = {str: "string", bool: "boolean", int: "number", float: "number", list: "array"}
_SPOKEN = ("yes", "no", "on", "off", "y", "n")


def _kinds(types: str | list[str]) -> str:
    """What a schema's `type` asks for, in the words of people who write YAML."""
    return " or ".join(_KINDS[one] for one in ([types] if isinstance(types, str) else types))


def _kind_of(value: Any) -> str:
    """What stands there instead."""
    return _KINDS["null" if value is None else _NAMES.get(type(value), "object")]


def _how_to_write(value: Any, node: SchemaNode) -> str:
    """How to write what was most likely meant."""
    types = node["type"]
    if "writeOnly" in node:
        return str(node["description"])
    if value is None:
        return "write a value after the colon, or remove the key"
    if "string" in types and isinstance(value, int | float):
        return "put it into quotes"
    if types == "boolean" and isinstance(value, str) and value.casefold() in _SPOKEN:
        return "write true or false: in YAML 1.2 yes, no, on and off are text"
    return _right_kind(value, types, node)


def _right_kind(value: Any, types: str | list[str], node: SchemaNode) -> str:
    if types == "string" and isinstance(value, dict) and [*value.values()] == [None]:
        return "braces make a mapping of a word: write it without { and }"
    if types == "string" and isinstance(value, list | dict):
        return str(node.get("description", "write text"))
    if types == "array" and node.get("examples"):
        return f"write a list, such as [{', '.join(map(str, node['examples'][0]))}]"
    is_quoted = isinstance(value, str) and types in ("boolean", "integer")
    return f"write {_kinds(types)}" + (", without quotes" if is_quoted else "")

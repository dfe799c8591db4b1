"""Our words for each keyword of JSON Schema that the schemas use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Literal

from provisioner.config.issue import Issue
from provisioner.config.pointer import escaped, value_at
from provisioner.lint.condition import condition_behind
from provisioner.lint.demand import Demand
from provisioner.lint.nearest import nearest
from provisioner.lint.remark import Chosen, Moved, Objection
from provisioner.lint.schema import Schema, Spot
from provisioner.lint.value_kinds import expected_kind, found_kind, remedy_for
from provisioner.text import printable

# Of these rules, one objection a value is enough.
ONE_A_VALUE = ("wrong-type", "not-allowed-value", "out-of-range", "wrong-form")
_ONE_DOCUMENT = "write its keys at the top level; between two servers stands a line `---`"


class Complaint:
    """A demand of a schema that one value of a document does not meet."""

    def __init__(self, demand: Demand, pointer: str, document: Any, schema: Schema) -> None:
        self.keyword, self.demand, self.node, self._schema_path, _ = demand
        self.pointer = pointer
        self.value = value_at(document, pointer)
        self.document = document
        self.schema = schema

    @cached_property
    def condition(self) -> str:
        return condition_behind(self._schema_path, self.document, self.schema)

    @cached_property
    def spot(self) -> Spot:
        return self.schema.spot(self.pointer)

    @property
    def name(self) -> str:
        """What messages call the value: its key, or the kind of document it is."""
        if self.spot.shown:
            return f"`{printable(self.spot.shown.rpartition('/')[2])}`"
        return "the settings" if self.schema.name == "project" else "an email server"

    def objection(
        self, rule: str, message: str, remedy: str, at: Literal["key", "value"] = "value"
    ) -> Objection:
        return Objection(Issue(self.pointer, message, remedy, at, rule))


def _missing(complaint: Complaint) -> Iterator[Objection]:
    for name in complaint.demand:
        if name not in complaint.value:
            yield _missing_key(complaint, name, complaint.condition)


def _missing_partner(complaint: Complaint) -> Iterator[Objection]:
    for name, partners in complaint.demand.items():
        for partner in partners:
            if name in complaint.value and partner not in complaint.value:
                reason = f"{name} is there"
                if complaint.condition:
                    reason = f"{complaint.condition} and {reason}"
                yield _missing_key(complaint, partner, reason)


def _missing_key(complaint: Complaint, name: str, reason: str) -> Objection:
    because = f" (required because {reason})" if reason else ""
    node = complaint.schema.spot(f"{complaint.pointer}/{escaped(name)}").node
    purpose = f". {node['description']}" if "description" in node else ""
    where = f" below {complaint.name}" if complaint.spot.shown else ""
    message = f"`{name}` is missing{where}{because}"
    return complaint.objection("missing-key", message, f"add `{name}`{purpose}", "key")


def _unknown(complaint: Complaint) -> Iterator[Objection]:
    known = complaint.node.get("properties", {})
    taken = set(complaint.value)
    for key in complaint.value:
        if key not in known:
            free = [name for name in known if name not in taken]
            near = nearest(key, free, complaint.node.get("required", ()))
            taken.add(near or key)
            yield _unknown_key(complaint, key, near)


def _unknown_key(complaint: Complaint, key: str, near: str | None) -> Objection:
    pointer = f"{complaint.pointer}/{escaped(key)}"
    spot = complaint.schema.spot(pointer)
    is_named = spot.state == "unknown" and spot.shown != complaint.spot.shown
    named = f"`{printable(key)}` is no key that is known here"
    message = named if is_named else "this key is not known here"
    home = _home_of(key, complaint.schema)
    meant: Moved | None = None
    if near:
        remedy, meant = f"did you mean {near}?", Moved(f"{complaint.pointer}/{near}")
    elif key == "<<":
        message = "the merge key `<<` is not part of YAML 1.2"
        remedy = "repeat the settings instead"
    elif home:
        remedy, meant = f"{key} belongs below {home}", Moved(f"/{home}/{key}")
    else:
        known = complaint.node.get("properties", {}).items()
        names = (name for name, node in known if name != "$schema" and "not" not in node)
        remedy = "known here: " + ", ".join(names)
    return Objection(Issue(pointer, message, remedy, "key", "unknown-key"), meant)


def _home_of(key: str, schema: Schema) -> str | None:
    """The top-level key below which a key is known."""
    for name, node in schema.content["properties"].items():
        if key in node.get("properties", {}):
            return str(name)
    return None


def _forbidden(complaint: Complaint) -> Iterator[Objection]:
    because = f": {complaint.condition}" if complaint.condition else ""
    message = f"{complaint.name} is not allowed here{because}"
    # What is never allowed says in its description where it belongs.
    remedy = f"remove {complaint.name}" if because else str(complaint.node["description"])
    yield complaint.objection("forbidden-key", message, remedy, "key")


def _wrong_type(complaint: Complaint) -> Iterator[Objection]:
    expected, found = expected_kind(complaint.demand), found_kind(complaint.value)
    remedy = remedy_for(complaint.demand, complaint.value)
    if not complaint.pointer:
        remedy = _ONE_DOCUMENT
    elif "writeOnly" in complaint.node:
        remedy = str(complaint.node["description"])
    message = f"{complaint.name} must be {expected}, not {found}"
    yield complaint.objection("wrong-type", message, remedy)


def _not_allowed(complaint: Complaint) -> Iterator[Objection]:
    demand = complaint.demand if isinstance(complaint.demand, list) else [complaint.demand]
    choices = [str(choice) for choice in demand]
    near = nearest(complaint.value, choices) if isinstance(complaint.value, str) else None
    remedy = f"did you mean {near}?" if near else "write one of " + ", ".join(choices)
    message = f"{complaint.name} has a value that it cannot have"
    objection = complaint.objection("not-allowed-value", message, remedy)
    yield objection._replace(meant=Chosen(near)) if near else objection


def _wrong_form(complaint: Complaint) -> Iterator[Objection]:
    message = f"{complaint.name} is not {complaint.node.get('title', 'in the right form')}"
    remedy = str(complaint.node.get("description", "compare with `provisioner schema`"))
    yield complaint.objection("wrong-form", message, remedy)


def _out_of_range(complaint: Complaint) -> Iterator[Objection]:
    node = complaint.node
    if "minimum" in node:
        remedy = f"write a whole number from {node['minimum']}"
        remedy += f" to {node['maximum']}" if "maximum" in node else " on"
        yield complaint.objection("out-of-range", f"{complaint.name} is out of range", remedy)
        return
    remedy = str(node.get("description", "write a value, or remove the key"))
    most = "one entry" if complaint.demand == 1 else f"{complaint.demand} entries"
    message = f"{complaint.name} {_SIZES[complaint.keyword].format(most=most)}"
    yield complaint.objection("out-of-range", message, remedy)


_SIZES = {
    "minLength": "is empty or too short",
    "maxLength": "is too long",
    "minItems": "is empty",
    "maxItems": "has too many entries",
    "minProperties": "is empty",
    "maxProperties": "has more than {most}",
}

OBJECTORS: dict[str, Callable[[Complaint], Iterator[Objection]]] = {
    "required": _missing,
    "dependentRequired": _missing_partner,
    "additionalProperties": _unknown,
    "not": _forbidden,
    "type": _wrong_type,
    "const": _not_allowed,
    "enum": _not_allowed,
    "pattern": _wrong_form,
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    **dict.fromkeys(_SIZES, _out_of_range),
}

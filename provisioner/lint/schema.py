"""The JSON Schemas: what they accept, and what they say about a place in a document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any, Literal, NamedTuple

from provisioner.config.document import Document
from provisioner.config.files import SETTINGS_FILES
from provisioner.config.pointer import pointer_to, segments
from provisioner.lint.mistakes.nearest import same_letters
from provisioner.resources import published_schema

SchemaNode = Mapping[str, Any]
SchemaName = Literal["email-server", "project", "host-document"]

# An unknown key is named only if it looks like one: `client_secret:hunter2`, where a blank is
# missing, is a key as well. Longer words are more often secrets than keys.
_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_.-]{0,31}")


class Spot(NamedTuple):
    """What a schema says about one pointer. `shown`: as much of it as may be printed."""

    node: SchemaNode
    state: Literal["known", "unknown", "secret"]
    shown: str

    @property
    def is_value_open(self) -> bool:
        """Whether a scalar that stands here may be printed."""
        return self.state == "known" and "properties" not in self.node


class Schema:
    def __init__(self, name: SchemaName) -> None:
        self.name = name
        self.content = published_schema(name)

    @cached_property
    def _engine(self) -> Any:
        import jsonschema_rs

        return jsonschema_rs.Draft202012Validator(self.without_references)

    def accepts(self, value: Any) -> bool:
        """Whether a value fits. What does not is explained by `schema_issues.py`."""
        return bool(self._engine.is_valid(value))

    @cached_property
    def without_references(self) -> Any:
        """The schema with what it refers to in its place, whose words win."""
        whole = self._with_referred(self.content)
        waiting: list[Any] = [whole]
        while waiting:
            node = waiting.pop()
            for key, below in [*(node.items() if isinstance(node, dict) else enumerate(node))]:
                if isinstance(below, dict | list):
                    copy = self._with_referred(below) if isinstance(below, dict) else [*below]
                    node[key] = copy
                    waiting.append(copy)
        return whole

    def _with_referred(self, node: SchemaNode) -> dict[str, Any]:
        whole = {**node, **self._referred_to(node)}
        return {key: below for key, below in whole.items() if key not in ("$ref", "$defs")}

    def resolved(self, node: SchemaNode) -> SchemaNode:
        """A node with what it refers to; its own words win."""
        return {**self._referred_to(node), **node} if "$ref" in node else node

    def _referred_to(self, node: SchemaNode) -> SchemaNode:
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return {}
        definition: SchemaNode = self.content["$defs"][reference.removeprefix("#/$defs/")]
        return definition

    def spot(self, pointer: str) -> Spot:
        """What is known about a place."""
        node = self.resolved(self.content)
        passed: list[str] = []
        for segment in segments(pointer):
            if node.get("writeOnly"):
                return Spot(node, "secret", pointer_to(passed))
            below = self.below(node, segment)
            if below is None:
                shown = [*passed, segment] if self._may_be_shown(node, segment) else passed
                return Spot({}, "unknown", pointer_to(shown))
            node = below
            passed.append(segment)
        return Spot(node, "secret" if node.get("writeOnly") else "known", pointer_to(passed))

    def below(self, node: SchemaNode, segment: str) -> SchemaNode | None:
        """What a node says about a key or an entry below it; None if it says nothing."""
        properties = node.get("properties", {})
        if segment in properties:
            return self.resolved(properties[segment])
        for keyword in ("items", "additionalProperties"):
            if isinstance(node.get(keyword), dict):
                return self.resolved(node[keyword])
        return None

    def fields(self) -> Iterator[tuple[str, SchemaNode]]:
        """Pointer and node of each key that the schema knows, those below it after it."""
        waiting: list[tuple[str, SchemaNode]] = [("", self.without_references)]
        while waiting:
            above, node = waiting.pop()
            for key, below in node.get("properties", {}).items():
                yield f"{above}/{key}", below
                waiting.append((f"{above}/{key}", below))

    def _may_be_shown(self, node: SchemaNode, key: str) -> bool:
        known = {same_letters(name) for name in node.get("properties", ())}
        return same_letters(key) in known or _KEY.fullmatch(key) is not None


@cache
def schema_named(name: SchemaName) -> Schema:
    return Schema(name)


def schema_for(document: Document) -> Schema:
    """The schema that a declared file follows, by its name."""
    is_settings = document.source.name in SETTINGS_FILES
    return schema_named("project" if is_settings else "email-server")

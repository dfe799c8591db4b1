"""Documents in which every key of a schema is there: one for each condition that it knows."""

from collections.abc import Mapping
from typing import Any

from tests.support.strategies.schema_walk import resolved

Node = Mapping[str, Any]
_BY_TYPE = {"string": "x", "boolean": True, "null": None}


def complete(node, root, **chosen):
    """A value with all that may be in it, taken from the schema's own examples where it has any.

    Keys that are forbidden, always or under the chosen security level, are there as well.
    """
    node = resolved(node, root)
    if "const" in node:
        return node["const"]
    if "enum" in node:
        return chosen.get("level", node["enum"][0])
    if "not" in node:
        return "x"
    kind = node["type"] if isinstance(node["type"], str) else node["type"][0]
    if "object" in node["type"]:
        return _object(node, root, **chosen)
    if kind == "array":
        return [complete(node["items"], root, **chosen)]
    if kind == "integer":
        return node["minimum"]
    return node["examples"][0] if "examples" in node else _BY_TYPE[kind]


def _object(node, root, **chosen):
    known = {n: complete(below, root, **chosen) for n, below in node.get("properties", {}).items()}
    if isinstance(node["additionalProperties"], dict):
        known["login.example.edu"] = complete(node["additionalProperties"], root, **chosen)
    return known


def levels(root):
    """A choice for each security level; for a schema that knows none, one empty choice."""
    server = root["properties"]
    server = server["servers"]["items"]["properties"] if "schema_version" in server else server
    names = server.get("smtp_security_level", {}).get("enum", ())
    yield from ({"level": name} for name in names)
    if not names:
        yield {}

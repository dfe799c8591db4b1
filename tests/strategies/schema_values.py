"""Values that a schema must accept, by construction: each keyword says how to meet it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tests.strategies.schema_walk import resolved, strict

Node = Mapping[str, Any]
_MOST = 2**80  # where a schema has no maximum: beyond every machine word
_FEW = 4  # entries of what may have many


@st.composite
def valid(draw: st.DrawFn, node: Node, root: Node) -> Any:
    """A value that the node accepts."""
    node = resolved(node, root)
    if "const" in node:
        return node["const"]
    if "enum" in node:
        return draw(st.sampled_from(node["enum"]))
    types = node["type"]
    match draw(st.sampled_from([types] if isinstance(types, str) else types)):
        case "string":
            return draw(_texts(node))
        case "integer":
            return draw(_whole_numbers(node))
        case "boolean":
            return draw(st.booleans())
        case "null":
            return None
        case "array":
            return draw(_lists(node, root))
        case "object":
            return draw(_objects(node, root))
        case other:
            raise NotImplementedError(other)


def _whole_numbers(node: Node) -> st.SearchStrategy[int | float]:
    """587.0 is a whole number to JSON Schema: https://json-schema.org/draft/2020-12/json-schema-core#section-4.2.3"""
    low, high = node["minimum"], node.get("maximum", _MOST)
    whole = st.sampled_from((low, high)) | st.integers(low, high)
    return whole | st.integers(low, min(high, 2**53)).map(float)


@st.composite
def _texts(draw: st.DrawFn, node: Node) -> str:
    least, most = node.get("minLength", 0), node.get("maxLength", 200)
    form = re.compile(strict(node["pattern"])) if "pattern" in node else re.compile("(?s).*")
    exclude: Any = {"exclude_categories": ("Cs",)}
    alphabet = st.characters(**exclude)
    texts = st.from_regex(form, alphabet=alphabet) if "pattern" in node else st.text(alphabet)
    text = draw(texts.filter(lambda text: least <= len(text) <= most))
    if text and "maxLength" in node and draw(st.integers(0, 9)) == 0:
        longest = text + text[-1] * (most - len(text))
        text = longest if form.search(longest) else text
    return text


@st.composite
def _lists(draw: st.DrawFn, node: Node, root: Node) -> list[Any]:
    least = node.get("minItems", 0)
    most = min(node.get("maxItems", _FEW), least + _FEW)
    return draw(st.lists(valid(node["items"], root), min_size=least, max_size=most))


@st.composite
def _objects(draw: st.DrawFn, node: Node, root: Node) -> dict[str, Any]:
    further = node["additionalProperties"]
    if further:
        keys = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
        return draw(st.dictionaries(keys, valid(further, root), max_size=_FEW))
    chosen: dict[str, Any] = {}
    for condition in node.get("allOf", ()):
        for name in condition["if"]["properties"]:
            if name not in chosen:
                chosen[name] = draw(valid(node["properties"][name], root))
    node = _with_conditions(node, chosen, root)
    names = draw(_names(node))
    values = {
        n: chosen[n] if n in chosen else draw(valid(node["properties"][n], root)) for n in names
    }
    return {name: values[name] for name in draw(st.permutations(list(values)))}


def _with_conditions(node: Node, chosen: Node, root: Node) -> Node:
    """The node with what the conditions demand that the chosen values meet."""
    properties = {n: p for n, p in node["properties"].items() if not _is_forbidden(p)}
    required = {*node.get("required", ()), *chosen}
    partners: dict[str, list[str]] = {}
    for condition in node.get("allOf", ()):
        if not all(_meets(chosen[n], asked) for n, asked in condition["if"]["properties"].items()):
            continue
        then = condition["then"]
        assert set(then) <= {"required", "properties", "dependentRequired"}
        required |= set(then.get("required", ()))
        partners |= then.get("dependentRequired", {})
        for name, demand in then.get("properties", {}).items():
            if _is_forbidden(demand):
                del properties[name]
            else:
                properties[name] = {**resolved(properties[name], root), **demand}
    return {**node, "properties": properties, "required": required, "dependentRequired": partners}


def _is_forbidden(demand: Node) -> bool:
    return demand.get("not") == {}


def _meets(value: Any, asked: Node) -> bool:
    (keyword,) = asked
    return value == asked["const"] if keyword == "const" else value in asked["enum"]


@st.composite
def _names(draw: st.DrawFn, node: Node) -> list[str]:
    """Which keys are there: those required, their partners, and any others."""
    optional = sorted(set(node["properties"]) - set(node.get("required", ())))
    least = max(0, node.get("minProperties", 0) - len(node.get("required", ())))
    picked = st.lists(
        st.sampled_from(optional), unique=True, min_size=least, max_size=node.get("maxProperties")
    )
    names = {*node.get("required", ()), *(draw(picked) if optional else ())}
    for name, partners in node.get("dependentRequired", {}).items():
        names |= set(partners) if name in names else set()
    return [name for name in node["properties"] if name in names]

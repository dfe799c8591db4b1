"""The argument spec of a module in PowerShell, read from its source."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

_CONSTANTS = {"$true": True, "$false": False, "$null": None}


def syntax_tree(source: bytes) -> Node:
    """ValueError, with the line, if it is no PowerShell."""
    root = Parser(Language(tree_sitter_powershell.language())).parse(source).root_node
    if root.has_error:
        wrong = next(node for node in nodes(root) if node.type == "ERROR" or node.is_missing)
        raise ValueError(f"no PowerShell in line {wrong.start_point[0] + 1}: {wrong.text[:60]!r}")
    return root


def nodes(root: Node, kind: str = "") -> Iterator[Node]:
    """The node and all below it, in order; only those of a kind, if one is given."""
    if kind in ("", root.type):
        yield root
    for child in root.children:
        yield from nodes(child, kind)


def module_spec(source: bytes) -> dict[str, Any]:
    """What `$spec` is set to."""
    for node in nodes(syntax_tree(source), "assignment_expression"):
        if node.children[0].text == b"$spec":
            return dict(_value(node.children[-1]))
    raise ValueError("no $spec is set")


def _value(node: Node) -> Any:
    text = node.text.decode()
    if node.type == "hash_literal_expression":
        entries = [e for body in node.named_children for e in body.named_children]
        return {e.named_children[0].text.decode(): _value(e.named_children[-1]) for e in entries}
    if node.type == "array_expression":
        return [_value(e) for list_ in nodes(node, "array_literal_expression")
                for e in list_.named_children]  # fmt: skip
    if node.type == "string_literal":
        return text[1:-1]
    if node.type == "variable":
        return _CONSTANTS[text]
    if node.type == "integer_literal":
        return int(text)
    [inner] = node.named_children
    return _value(inner)

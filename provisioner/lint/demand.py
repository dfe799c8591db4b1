"""One demand of a schema, found by the place where `jsonschema-rs` says that it is not met."""

from __future__ import annotations

from typing import Any, NamedTuple

from provisioner.config.pointer import segments

Path = tuple[str | int, ...]


class Demand(NamedTuple):
    """`keyword: wanted` of a node; `path` leads there, `rank` sorts demands as the schema does."""

    keyword: str
    wanted: Any
    node: dict[str, Any]
    path: Path
    rank: tuple[int, ...]


def demand_at(location: str, schema: dict[str, Any]) -> Demand:
    """What stands at a JSON pointer in a schema without references."""
    node: Any = schema
    above, path, rank = schema, list[str | int](), list[int]()
    for segment in segments(location):
        if path and path[-1] == "dependentRequired":
            break  # behind it, the engine counts
        step = int(segment) if isinstance(node, list) else segment
        rank.append(step if isinstance(step, int) else list(node).index(step))
        above, node = node, node[step]
        path.append(step)
    return Demand(str(path[-1]), node, above, tuple(path), tuple(rank))

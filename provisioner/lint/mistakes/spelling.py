"""A document as it was meant: misspelt keys and choices put right, misplaced keys moved.

A misspelt key is one mistake. Left as it stands it would be several: `use_tsl: true` would look
like a missing `use_tls` too, and nobody would look at its value. So whatever was evidently meant is
put right in a copy, and the copy is looked at; what is said about it is said at the place where
it was written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from provisioner.config.issue import Issue
from provisioner.config.pointer import escaped
from provisioner.lint.mistakes.nearest import is_misspelled, near_ones
from provisioner.lint.mistakes.other_names import named_elsewhere, remedy_for_name
from provisioner.lint.schema import Schema, SchemaNode
from provisioner.lint.server import CorrectedDocument
from provisioner.text import printable


def corrected(value: Any, schema: Schema) -> CorrectedDocument:
    """The document with what is misspelt or misplaced put right, and what is said of that."""
    spelling = _Spelling(schema)
    root = spelling.put_right(value, schema.without_references, "", "")
    if isinstance(root, dict):
        spelling.bring_home(root)
    return CorrectedDocument(root, tuple(spelling.issues), spelling.moved)


class _Spelling:
    """Walks a value along its schema.

    `pointer` leads through what was meant, `written` through the file.
    """

    def __init__(self, schema: Schema) -> None:
        self.issues: list[Issue] = []
        self.moved: dict[str, str] = {}
        self._schema = schema
        self._astray: list[tuple[str, str, str, Any]] = []

    def put_right(self, value: Any, node: SchemaNode, pointer: str, written: str) -> Any:
        if pointer != written:
            self.moved[pointer] = written
        if isinstance(value, dict):
            return self._mapping(value, node, pointer, written)
        if isinstance(value, list):
            items = node.get("items", {})
            return [
                self.put_right(below, items, f"{pointer}/{place}", f"{written}/{place}")
                for place, below in enumerate(value)
            ]
        if isinstance(value, str) and value not in node.get("enum", [value]):
            return self._choice(value, node["enum"], pointer, written)
        return value

    def bring_home(self, root: dict[str, Any]) -> None:
        """Where something stands already, or nothing can stand, nothing more is said of it."""
        for home, key, written, value in self._astray:
            is_unindented = home in root or len(self._astray) > 1
            if home and root.get(home) is None and is_unindented:
                root[home] = {}
            holder = root.get(home) if home else root
            if isinstance(holder, dict) and key not in holder:
                pointer = f"/{home}/{key}" if home else f"/{key}"
                node = self._schema.spot(pointer).node
                holder[key] = self.put_right(value, node, pointer, written)

    def _mapping(self, value: dict[str, Any], node: SchemaNode, pointer: str, written: str) -> Any:
        names = self._names_meant(value, node, pointer, written)
        right = {}
        for key, below in value.items():
            name = names.get(key, key)
            if name is not None:
                inner = self._schema.below(node, name) or {}
                at = f"{written}/{escaped(key)}"
                right[name] = self.put_right(below, inner, f"{pointer}/{escaped(name)}", at)
        return right

    def _names_meant(
        self, value: Mapping[str, Any], node: SchemaNode, pointer: str, written: str
    ) -> dict[str, str | None]:
        """For each key that is unknown here the one that was meant; None: it belongs elsewhere."""
        if node.get("additionalProperties") is not False:
            return {}
        known, taken = node.get("properties", {}), set(value)
        names: dict[str, str | None] = {}
        astray: dict[str, list[str]] = defaultdict(list)
        for key in value:
            is_astray = key not in known and not node.get("writeOnly")
            home = self._home_of(key) if is_astray else None
            if home is not None:
                astray[home].append(key)
                names[key] = None
                self._astray.append((home, key, f"{written}/{escaped(key)}", value[key]))
            elif name := _without_blank(key, known):
                message = f"a blank is missing after `{name}:`"
                remedy = f"write `{name}: ...`, with a blank after the colon"
                at = f"{written}/{escaped(key)}"
                self.issues.append(Issue(at, message, remedy, "key", "unknown-key"))
            elif key not in known:
                free = [name for name in known if name not in taken]
                other = named_elsewhere(key, free)
                near = [other] if other else near_ones(key, free, node.get("required", ()))
                names[key] = near[0] if near else key
                taken.update(near[:1])
                message = self._not_known(key, pointer, is_public=other is not None)
                self.issues.append(_unknown(key, near, node, message, written))
        for home, keys in astray.items():
            if home and value.get(home) is None and (len(keys) > 1 or home in value):
                self.issues.append(_unindented(keys, home, value, written))
            else:
                self.issues.extend(_astray(key, home, written) for key in keys)
        return names

    def _home_of(self, key: str) -> str | None:
        """The key of the top level below which a key is known; "" for the top level itself."""
        top: Mapping[str, SchemaNode] = self._schema.content["properties"]
        if key in top and key != "$schema":
            return ""
        return next((name for name, node in top.items() if key in node.get("properties", {})), None)

    def _not_known(self, key: str, pointer: str, *, is_public: bool) -> str:
        """Names the key only if others use it, or it looks like one; below a secret, never."""
        inner, around = self._schema.spot(f"{pointer}/{escaped(key)}"), self._schema.spot(pointer)
        if around.state == "secret":
            return f"unknown key below `{printable(around.shown.rpartition('/')[2])}`"
        if inner.shown == around.shown and not is_public:
            return "unknown key"
        return f"unknown key `{printable(key)}`"

    def _choice(self, value: str, choices: Sequence[Any], pointer: str, written: str) -> str:
        """The choice that was most likely meant; the value itself if none is near."""
        near = near_ones(value, [choice for choice in choices if isinstance(choice, str)])
        if not near:
            return value
        name = pointer.rpartition("/")[2]
        message = f"`{printable(name)}` has an invalid value"
        remedy, fix = f"did you mean {near[0]}?", _certain(value, near)
        self.issues.append(Issue(written, message, remedy, rule="not-allowed-value", fix=fix))
        return near[0]


def _unknown(key: str, near: Sequence[str], node: SchemaNode, message: str, written: str) -> Issue:
    pointer = f"{written}/{escaped(key)}"
    if near:
        remedy, fix = f"did you mean {near[0]}?", _certain(key, near)
        return Issue(pointer, message, remedy, "key", "unknown-key", fix=fix)
    remedy = remedy_for_name(key) or "known keys: " + ", ".join(_names_for_people(node))
    if key == "<<":
        message = "the merge key `<<` is not part of YAML 1.2"
        remedy = "repeat the settings instead"
    return Issue(pointer, message, remedy, "key", "unknown-key")


def _without_blank(key: str, known: Container[str]) -> str | None:
    """The known key that `key:value` begins with."""
    name, _, value = key.partition(":")
    return name if name in known and value[:1].strip() else None


def _certain(word: str, near: Sequence[str]) -> str | None:
    """What may be written in its place without asking: `login` need not be `logging`."""
    likely = [one for one in near if is_misspelled(word, one)]
    return near[0] if likely == near[:1] else None


def _names_for_people(node: SchemaNode) -> Iterator[str]:
    for name, below in node.get("properties", {}).items():
        if name != "$schema" and "not" not in below:
            yield name


def _astray(key: str, home: str, written: str) -> Issue:
    message = f"unknown key `{key}`"
    remedy = f"{key} belongs below {home}" if home else f"{key} belongs at the top level"
    return Issue(f"{written}/{key}", message, remedy, "key", "unknown-key")


def _unindented(keys: Sequence[str], home: str, value: Mapping[str, Any], written: str) -> Issue:
    """All keys that stand beside the one which should hold them are one mistake."""
    message = f"the keys below `{home}` are not indented"
    if home not in value:
        message = f"{len(keys)} keys here belong below `{home}`"
    remedy = f"write {', '.join(keys)} below a line `{home}:`, each indented by two spaces"
    return Issue(f"{written}/{keys[0]}", message, remedy, "key", "unknown-key")

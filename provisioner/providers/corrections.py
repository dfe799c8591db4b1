"""`providers:` of provisioner.yml: facts that a project adds or corrects, checked."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from provisioner.errors import InvalidProject
from provisioner.providers.provider import Provider


def corrected_facts(key: str, facts: object) -> dict[str, Any]:
    """The facts of one entry, with lists as tuples. InvalidProject names a fact that is wrong."""
    if not isinstance(facts, Mapping):
        raise InvalidProject(
            f"providers: {key}: expected facts such as `refresh_token_rotation: strict`",
            remedy="write each fact on its own line below the provider's name or host",
        )
    return {name: _checked(key, name, value) for name, value in facts.items()}


def _checked(key: str, name: str, value: object) -> Any:
    hints = _fact_types()
    if name not in hints:
        raise InvalidProject(
            f"providers: {key}: there is no fact named {name!r}", remedy=_nearest(name, hints)
        )
    found = tuple(value) if isinstance(value, list) else value
    if not _fits(found, hints[name]):
        raise InvalidProject(
            f"providers: {key}: {name}: not a value that this fact can have",
            remedy=f"write {_words(hints[name])}",
        )
    return found


@cache
def _fact_types() -> dict[str, Any]:
    hints = get_type_hints(Provider)
    return {name: hints[name] for name in Provider._fields if name != "name"}


def _nearest(name: str, hints: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(str(name), hints, n=1)
    return f"did you mean {near[0]}?" if near else "facts: " + ", ".join(hints)


def _fits(value: object, hint: Any) -> bool:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, one) for one in arguments)
    if origin is Literal:
        return value in arguments
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(one, arguments[0]) for one in value)
    if origin is Mapping:
        return isinstance(value, Mapping) and _all_texts(value.values())
    return type(value) is hint and (hint is not int or bool(value > 0))  # type: ignore[operator]


def _all_texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _words(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return "one of " + ", ".join(arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(_words(one) for one in arguments)
    if origin is tuple:
        return "a list of whole numbers" if arguments[0] is int else "a list of texts"
    if origin is Mapping:
        return "a mapping of texts"
    return {
        int: "a whole number above 0",
        str: "a text",
        bool: "true or false",
        type(None): "null",
    }[hint]

"""A declared email server as rules see it: any value may be missing or of the wrong type."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from typing import Any, Final, TypeVar

from provisioner.config.document import Document
from provisioner.config.pointer import escaped
from provisioner.config.vault_text import is_vault_text
from provisioner.lint.cleared import Cleared
from provisioner.lint.schema import schema_named

SECRETS = ("/password", "/oauth2/client_secret")
_T = TypeVar("_T")


class Declaration:
    """Reads values by pointer; what is not of the asked type counts as not there.

    `value`: what was meant, where a key or a choice is misspelt; else the document's value.
    """

    __slots__ = ("_texts", "_values", "document")

    def __init__(self, document: Document, value: Mapping[str, Any]) -> None:
        self.document = document
        self._values: dict[str, Any] = {}
        self._texts: dict[str, str] = {}
        _note(value, "", self._values, self._texts)

    def get(self, pointer: str) -> Any:
        """The value, or None."""
        return self._values.get(pointer)

    def has(self, pointer: str) -> bool:
        """Whether there is a value other than null."""
        return self._values.get(pointer) is not None

    def text(self, pointer: str) -> str:
        """A text; empty if there is none."""
        return self._texts.get(pointer, "")

    def fact(self, ask: Callable[[Declaration], _T]) -> _T:
        """What a function finds, where more need not be known of what is a server's own.

        Its result is hashable: rules are asked once of servers that are alike in it.
        """
        return ask(self)

    @property
    def all_texts(self) -> Collection[str]:
        """All texts, those at unknown places and secrets included."""
        return self._texts.values()

    @property
    def plain_texts(self) -> tuple[tuple[str, str], ...]:
        """Pointer and text of all texts at known places, vault texts left out."""
        known = _known_pointers()
        return tuple(
            (pointer, value)
            for pointer, value in self._texts.items()
            if pointer in known and not ("$" in value and is_vault_text(value))
        )


def is_printable_ascii(server: Declaration) -> bool:
    """Whether all `plain_texts` are: no control, invisible or foreign character anywhere."""
    return _PRINTABLE.holds(server.all_texts) or _PRINTABLE.holds(
        [text for _, text in server.plain_texts]
    )


def _are_printable_ascii(texts: list[str]) -> bool:
    joined = "".join(texts)
    return joined.isascii() and joined.isprintable()


_PRINTABLE: Final = Cleared(_are_printable_ascii)


class _Pointers(dict[str, str]):
    """The pointers to what a mapping may hold, by key: most servers have the same ones."""

    _MOST = 1000

    def __init__(self, above: str) -> None:
        self._above = above

    def __missing__(self, key: str) -> str:
        pointer = f"{self._above}/{escaped(key)}"
        if len(self) < self._MOST:
            self[key] = pointer
        return pointer


_BELOW: Final[dict[str, _Pointers]] = {}


def _note(
    mapping: Mapping[str, Any], above: str, values: dict[str, Any], texts: dict[str, str]
) -> None:
    """All values of a mapping and of the mappings in it; the texts among them."""
    pointers = _BELOW.get(above)
    if pointers is None:
        pointers = _Pointers(above)
        if len(_BELOW) < _Pointers._MOST:
            _BELOW[above] = pointers
    for key, value in mapping.items():
        pointer = pointers[key]
        values[pointer] = value
        if type(value) is str:
            texts[pointer] = value
        elif type(value) is dict:
            _note(value, pointer, values, texts)


@cache
def _known_pointers() -> frozenset[str]:
    """Of the fields of a server, those of its settings of OAuth2, logging and mail included."""
    return frozenset(_pointers_below("", schema_named("email-server").content))


def _pointers_below(above: str, node: Mapping[str, Any]) -> Iterator[str]:
    for key, below in node.get("properties", {}).items():
        yield f"{above}/{key}"
        yield from _pointers_below(f"{above}/{key}", below)

"""A declared email server as rules see it: any value may be missing or of the wrong type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any

from provisioner.documents.document import Document
from provisioner.documents.pointer import escaped
from provisioner.documents.vault_text import is_vault_text
from provisioner.lint.schema import schema_named

SECRETS = ("/password", "/oauth2/client_secret")


class Declaration:
    """Reads values by pointer; what is not of the asked type counts as not there.

    `value`: what was meant, where a key or a choice is misspelt; else the document's value.
    """

    def __init__(self, document: Document, value: Mapping[str, Any]) -> None:
        self.document = document
        self._values = _by_pointer(value)
        self._texts = {p: found for p, found in self._values.items() if type(found) is str}

    def get(self, pointer: str) -> Any:
        """The value, or None."""
        return self._values.get(pointer)

    def has(self, pointer: str) -> bool:
        """Whether there is a value other than null."""
        return self._values.get(pointer) is not None

    def text(self, pointer: str) -> str:
        """A text; empty if there is none."""
        return self._texts.get(pointer, "")

    @cached_property
    def is_printable_ascii(self) -> bool:
        """Whether all `plain_texts` are: no control, invisible or foreign character anywhere."""
        return _is_printable_ascii("".join(self._texts.values())) or _is_printable_ascii(
            "".join([text for _, text in self.plain_texts])
        )

    @cached_property
    def plain_texts(self) -> tuple[tuple[str, str], ...]:
        """Pointer and text of all texts at known places, vault texts left out."""
        known = _known_pointers()
        return tuple(
            (pointer, value)
            for pointer, value in self._texts.items()
            if pointer in known and not ("$" in value and is_vault_text(value))
        )


def _is_printable_ascii(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _by_pointer(mapping: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """All values of a mapping and of the mappings in it."""
    values: dict[str, Any] = {}
    for key, value in mapping.items():
        pointer = f"{above}/{key if key.isidentifier() else escaped(key)}"
        values[pointer] = value
        if type(value) is dict:
            values.update(_by_pointer(value, pointer))
    return values


@cache
def _known_pointers() -> frozenset[str]:
    """Of the fields of a server, those of its settings of OAuth2, logging and mail included."""
    return frozenset(_pointers_below("", schema_named("email-server").content))


def _pointers_below(above: str, node: Mapping[str, Any]) -> Iterator[str]:
    for key, below in node.get("properties", {}).items():
        yield f"{above}/{key}"
        yield from _pointers_below(f"{above}/{key}", below)

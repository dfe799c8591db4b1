"""A declared email server as rules see it: any value may be missing or of the wrong type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any

from provisioner.config.document import STDIN, Document, FoundFile
from provisioner.config.pointer import escaped
from provisioner.config.vault_text import is_vault_text
from provisioner.lint.schema import schema_named

SECRETS = ("/password", "/oauth2/client_secret")


class Declaration:
    """Reads values by pointer; what is not of the asked type counts as not there.

    `value`: what was meant, where a key or a choice is misspelt; else the document's value.
    """

    def __init__(self, document: Document, value: Mapping[str, Any]) -> None:
        self.document = document
        self._values: dict[str, Any] = {}
        self._texts: dict[str, str] = {}
        self._note(value, "")

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
    def plain_texts(self) -> list[tuple[str, str]]:
        """Pointer and text of all texts at known places, vault texts left out."""
        known = _known_pointers()
        return [
            (pointer, value)
            for pointer, value in self._texts.items()
            if pointer in known and not ("$" in value and is_vault_text(value))
        ]

    @cached_property
    def is_printable_ascii(self) -> bool:
        """Whether these have no control, invisible or foreign character anywhere."""
        joined = "".join(text for _, text in self.plain_texts)
        return joined.isascii() and joined.isprintable()

    @cached_property
    def as_earlier(self) -> EarlierServer:
        """What is kept of it to compare later servers with."""
        return EarlierServer(self.text("/server_name"), self.document)

    def _note(self, mapping: Mapping[str, Any], above: str) -> None:
        """All values of a mapping and of the mappings in it."""
        for key, value in mapping.items():
            pointer = f"{above}/{escaped(key)}"
            self._values[pointer] = value
            if isinstance(value, str):
                self._texts[pointer] = value
            elif isinstance(value, dict):
                self._note(value, pointer)


class EarlierServer:
    """One of the servers that are compared. Their documents are not all kept in memory."""

    def __init__(self, name: str, document: Document) -> None:
        self.name = name
        self._file = document.source.path, document.source.project
        self._position = document.position
        # Standard input cannot be read again.
        self._document = document if document.source.path == STDIN else None

    @cached_property
    def place(self) -> str:
        """FILE:LINE of its name."""
        document = self._document or self._read_again()
        return f"{document.path}:{document.locate('/server_name').value.start.line}"

    def _read_again(self) -> Document:
        from provisioner.config.files import load_declared

        documents = load_declared(FoundFile(*self._file))
        return documents[min(self._position, len(documents) - 1)]


@cache
def _known_pointers() -> frozenset[str]:
    """Of the fields of a server, those of its settings of OAuth2, logging and mail included."""
    return frozenset(_pointers_below("", schema_named("email-server").content))


def _pointers_below(above: str, node: Mapping[str, Any]) -> Iterator[str]:
    for key, below in node.get("properties", {}).items():
        yield f"{above}/{key}"
        yield from _pointers_below(f"{above}/{key}", below)

"""A declared email server as rules see it: any value may be missing or of the wrong type."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from provisioner.documents.document import Document
from provisioner.documents.pointer import escaped, value_at
from provisioner.documents.vault_text import is_vault_text
from provisioner.lint.schema import schema_named

SECRETS = ("/password", "/oauth2/client_secret")


class Declaration:
    """Reads values by pointer; what is not of the asked type counts as not there."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._value = document.value

    def get(self, pointer: str) -> Any:
        """The value, or None."""
        return value_at(self._value, pointer)

    def has(self, pointer: str) -> bool:
        """Whether there is a value other than null."""
        return self.get(pointer) is not None

    def text(self, pointer: str) -> str:
        """A text; empty if there is none."""
        value = self.get(pointer)
        return value if isinstance(value, str) else ""

    @cached_property
    def plain_texts(self) -> tuple[tuple[str, str], ...]:
        """Pointer and text of all texts at known places, vault texts left out."""
        known = schema_named("email-server").content["properties"]
        return tuple(_texts("", self._value, known))


def _texts(pointer: str, value: dict[str, Any], known: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, below in value.items():
        if key not in known:
            continue
        if isinstance(below, dict):
            yield from _texts(f"{pointer}/{escaped(key)}", below, known[key].get("properties", {}))
        elif isinstance(below, str) and not is_vault_text(below):
            yield f"{pointer}/{escaped(key)}", below

"""Every ansible-vault text of a declared file, replaced in place: no other character changes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import Any

from provisioner.config.document import Document, load_text
from provisioner.config.pointer import escaped
from provisioner.config.vault_text import VAULT_TEXT_WITHIN, is_vault_text, lone_text
from provisioner.credentials.vault import VaultKey, VaultUnreadable
from provisioner.errors import FileUnusable


def with_new_vault_texts(text: str, shown: str, key: VaultKey) -> str:
    """The text of a file, with each vault text in it encrypted again.

    FileUnusable for one that does not open, or is written in a way that cannot be replaced: a file
    is never written that says something else than before.
    """
    before = [_opened(document, key) for document in load_text(text, shown)]
    new = VAULT_TEXT_WITHIN.sub(partial(_renewed, key), text)
    if not _says(load_text(new, shown), before, VaultKey(key.password)):
        raise FileUnusable(
            f"{shown}: a vault text here is written in a way that cannot be replaced",
            remedy="write it as `!vault |`, with the text indented in the lines below",
        )
    return new


def _renewed(key: VaultKey, found: re.Match[str]) -> str:
    """With the same header, since it may name a vault id, and the same indentation."""
    old = lone_text(found)
    try:
        new = key.encrypt(key.decrypt(old))
    except VaultUnreadable:  # no value, as an example in a text; of a value, it was told above
        return found[0]
    return found["between"].join([old.split()[0], *new.split()[1:]])


def _says(documents: Iterable[Document], values: list[Any], key: VaultKey) -> bool:
    try:
        return [_opened(document, key) for document in documents] == values
    except FileUnusable:
        return False


def _opened(document: Document, key: VaultKey) -> Any:
    """What a document says, with the content of its vault texts in their places."""

    def opened(value: Any, pointer: str) -> Any:
        if isinstance(value, dict):
            return {k: opened(inner, f"{pointer}/{escaped(k)}") for k, inner in value.items()}
        if isinstance(value, list):
            return [opened(inner, f"{pointer}/{index}") for index, inner in enumerate(value)]
        if not isinstance(value, str) or not is_vault_text(value):
            return value
        try:
            return key.decrypt(value)
        except VaultUnreadable as error:
            where = f"{document.path}:{document.line_of(pointer)}"
            raise FileUnusable(f"{where}: the vault text {error.message}") from None

    return opened(document.value, "")

"""A client secret or a password that everyone who sees the file can read."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.documents.vault_text import is_vault_text
from provisioner.lint.declaration import SECRETS, Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "plaintext-secret"
SEVERITY = Severity.ERROR


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """Vault text and references are fine."""
    for pointer in SECRETS:
        text = server.text(pointer)
        if text and not is_vault_text(text):
            name = pointer.rpartition("/")[2]
            yield Remark(
                pointer,
                f"`{name}` stands here in plain text",
                "renew it, since git keeps it; then refer to it: {env: NAME}, {file: PATH}, "
                "{command: [PROGRAM, ...]}, {keyring: SERVICE/NAME}; or encrypt it with the "
                "project's own vault password (`provisioner rules plaintext-secret` shows how)",
            )

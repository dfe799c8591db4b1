"""A client secret or a password that everyone who sees the file can read."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import SECRETS, Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.secret_looks import CLIENT_SECRET, is_secret_id
from provisioner.lint.surroundings import Surroundings
from provisioner.lint.vault_damage import VAULT_MARK

ID = "plaintext-secret"
SEVERITY = Severity.ERROR


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """Vault text and references are fine; damaged vault text and ids have rules of their own."""
    for pointer in SECRETS:
        text = server.text(pointer)
        if not text or VAULT_MARK in text:
            continue
        if pointer != CLIENT_SECRET or not is_secret_id(server, surroundings):
            name = pointer.rpartition("/")[2]
            yield Remark(
                pointer,
                f"`{name}` stands here in plain text",
                "renew it, since git keeps it; then refer to it: {env: NAME}, {file: PATH}, "
                "{command: [PROGRAM, ...]}, {keyring: SERVICE/NAME}; or encrypt it with the "
                "project's own vault password (`provisioner rules plaintext-secret` shows how)",
            )

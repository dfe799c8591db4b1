"""Text that was ansible-vault text once and cannot be opened any more."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import SECRETS, Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.lint.vault_damage import VAULT_MARK, vault_damage

ID = "vault-text"
SEVERITY = Severity.ERROR


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """Looks at the form alone: no vault password is asked for."""
    for pointer in SECRETS:
        text = server.text(pointer)
        damage = vault_damage(text) if VAULT_MARK in text else None
        if damage is not None:
            yield Remark(pointer, *damage)

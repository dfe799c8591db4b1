"""`!vault`: the ciphertext stands in the declared file."""

from __future__ import annotations

from provisioner.errors import SecretUnavailable
from provisioner.secret import Secret
from provisioner.secret_sources.context import SourceContext
from provisioner.secret_sources.raw_bytes import secret_from
from provisioner.secret_sources.reference import VaultText
from provisioner.secret_sources.vault import VaultUnreadable


def read(reference: VaultText, context: SourceContext) -> Secret:
    """The deciphered text, without the line break that `ansible-vault` was fed with."""
    try:
        opened = context.vault_key().decrypt(reference.ciphertext)
    except VaultUnreadable as error:
        raise SecretUnavailable(f"the vault text {error.message}", remedy=error.remedy) from None
    return secret_from(opened.reveal().encode(), origin="the vault text")

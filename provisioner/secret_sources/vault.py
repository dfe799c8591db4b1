"""ansible-vault text, opened and sealed with one password."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

from provisioner.errors import SecretUnavailable
from provisioner.secret import Secret

if TYPE_CHECKING:
    from ansible.parsing.vault import VaultSecret

VAULT_HEADER = "$ANSIBLE_VAULT;"


class VaultUnreadable(SecretUnavailable):
    """Vault text that cannot be opened; `message` says why, without any of its content."""


@dataclass(frozen=True, slots=True)
class VaultKey:
    """The vault password, as ansible-vault uses it. Sealing and opening take about 10 ms each."""

    password: Secret

    def encrypt(self, text: str) -> str:
        """The text as ansible-vault ciphertext, ending in a line break."""
        vault = _ansibles_vault()
        sealed: bytes = vault.VaultLib().encrypt(text, secret=self._secret(vault))
        return sealed.decode("ascii")

    def decrypt(self, ciphertext: str) -> Secret:
        """What the ciphertext holds. VaultUnreadable for a wrong password, damage, other text."""
        # In YAML each line is indented; on Windows it ends in \r\n. Neither is part of it.
        lines = [line.strip() for line in ciphertext.strip().splitlines()]
        if not lines or not lines[0].startswith(VAULT_HEADER):
            raise VaultUnreadable(
                "is not ansible-vault text",
                remedy=f"ansible-vault text begins with {VAULT_HEADER}1.1;AES256",
            )
        return self._opened("\n".join(lines).encode())

    def _opened(self, sealed: bytes) -> Secret:
        vault = _ansibles_vault()
        # `from None`: Ansible's own words quote what they could not read.
        try:
            # Under the label that the text itself has, whatever ansible.cfg says of labels.
            label = vault.parse_vaulttext_envelope(sealed)[3]
            opened: bytes = vault.VaultLib([(label, self._secret(vault))]).decrypt(sealed)
            return Secret(opened.decode())
        except (vault.AnsibleVaultFormatError, UnicodeDecodeError, IndexError):
            raise _damaged() from None
        except vault.AnsibleError:
            raise _closed() from None

    def _secret(self, vault: ModuleType) -> VaultSecret:
        secret: VaultSecret = vault.VaultSecret(self.password.reveal().encode())
        return secret


def _ansibles_vault() -> ModuleType:
    """ansible.parsing.vault, whose import reads Ansible's settings."""
    from ansible.errors import AnsibleError

    try:
        from ansible.parsing import vault
    except AnsibleError as error:
        raise SecretUnavailable(
            f"Ansible cannot read its own settings ({type(error).__name__})",
            remedy="correct ansible.cfg or the ANSIBLE_ variables: `ansible-config view` and "
            "`ansible-config dump --only-changed` show them",
        ) from None
    module: ModuleType = vault
    return module


def _damaged() -> VaultUnreadable:
    return VaultUnreadable(
        "is damaged or cut short", remedy="restore it from git or a backup, or write it anew"
    )


def _closed() -> VaultUnreadable:
    return VaultUnreadable(
        "cannot be opened: the vault password is not the one it was encrypted with, "
        "or the text was changed",
        remedy="check vault_password in provisioner.yml, ANSIBLE_VAULT_PASSWORD_FILE or the "
        "generated key; a changed text must be restored",
    )

"""ansible-vault text, opened and sealed with one password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.errors import SecretUnavailable
from provisioner.secret import Secret

if TYPE_CHECKING:
    from ansible.parsing.vault import VaultLib

VAULT_HEADER = "$ANSIBLE_VAULT;"


class VaultUnreadable(SecretUnavailable):
    """Vault text that cannot be opened; `message` says why, without any of its content."""


@dataclass(frozen=True, slots=True)
class VaultKey:
    """The vault password, as ansible-vault uses it. Sealing and opening take about 10 ms each."""

    password: Secret

    def encrypt(self, text: str) -> str:
        """The text as ansible-vault ciphertext, ending in a line break."""
        sealed: bytes = self._vault().encrypt(text)
        return sealed.decode("ascii")

    def decrypt(self, ciphertext: str) -> Secret:
        """What the ciphertext holds. VaultUnreadable for a wrong password, damage, other text."""
        from ansible.errors import AnsibleError
        from ansible.parsing.vault import AnsibleVaultFormatError

        # In YAML each line is indented; on Windows it ends in \r\n. Neither is part of it.
        lines = [line.strip() for line in ciphertext.strip().splitlines()]
        if not lines or not lines[0].startswith(VAULT_HEADER):
            raise VaultUnreadable(
                "is not ansible-vault text",
                remedy=f"ansible-vault text begins with {VAULT_HEADER}1.1;AES256",
            )
        # `from None`: Ansible's own words quote what they could not read.
        try:
            opened: bytes = self._vault().decrypt("\n".join(lines))
            return Secret(opened.decode())
        except AnsibleVaultFormatError:
            raise _damaged() from None
        except AnsibleError:
            raise _closed() from None
        except (UnicodeDecodeError, IndexError):
            raise _damaged() from None

    def _vault(self) -> VaultLib:
        from ansible.parsing.vault import VaultLib, VaultSecret

        return VaultLib([("default", VaultSecret(self.password.reveal().encode()))])


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

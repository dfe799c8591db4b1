"""ansible-vault text (format 1.1 and 1.2, AES256), sealed and opened with one password.

https://docs.ansible.com/ansible/latest/vault_guide/vault_using_encrypted_content.html says what it
is made of. Ansible's own code costs 200 ms to import, and takes a fixed salt from ansible.cfg.
"""

from __future__ import annotations

import os
from binascii import hexlify, unhexlify
from dataclasses import dataclass
from functools import lru_cache

from provisioner.errors import SecretUnavailable
from provisioner.secret import Secret

_HEADER = "$ANSIBLE_VAULT;"
_ITERATIONS = 10_000
_COLUMNS = 80


class VaultUnreadable(SecretUnavailable):
    """Vault text that cannot be opened; `message` says why, without any of its content."""


def has_vault_header(text: str) -> bool:
    """Whether it begins as ansible-vault text does."""
    return text.lstrip().startswith(_HEADER)


@dataclass(frozen=True, slots=True)
class VaultKey:
    """The vault password. Sealing and opening take about 5 ms each (PBKDF2).

    `alternative` opens, too, and seals nothing: the other key while `rekey` is under way.
    """

    password: Secret
    alternative: Secret | None = None

    def encrypt(self, content: bytes) -> str:
        """The content as ansible-vault text, ending in a line break. The salt is always fresh."""
        from cryptography.hazmat.primitives.padding import PKCS7

        salt = os.urandom(32)
        keys = _derived(self.password, salt)
        padder = PKCS7(128).padder()
        sealed = _aes(keys, padder.update(content) + padder.finalize())
        body = hexlify(b"\n".join(map(hexlify, (salt, _mac(keys, sealed), sealed)))).decode()
        lines = [body[start : start + _COLUMNS] for start in range(0, len(body), _COLUMNS)]
        return "\n".join([f"{_HEADER}1.1;AES256", *lines, ""])

    def decrypt(self, text: str) -> bytes:
        """What the text holds. VaultUnreadable for a wrong password, damage, other text."""
        from hmac import compare_digest

        from cryptography.hazmat.primitives.padding import PKCS7

        salt, mac, sealed = _parts(text)
        for password in filter(None, (self.password, self.alternative)):
            keys = _derived(password, salt)
            if compare_digest(mac, _mac(keys, sealed)):
                unpadder = PKCS7(128).unpadder()
                return unpadder.update(_aes(keys, sealed)) + unpadder.finalize()
        raise VaultUnreadable(
            "cannot be opened: the vault password is not the one it was encrypted with, "
            "or the text was changed",
            remedy="check ANSIBLE_VAULT_PASSWORD_FILE, vault_password in your config.yml, or the "
            "generated key: after a `provisioner rekey` elsewhere, install the new one and pull",
        )


def _parts(text: str) -> list[bytes]:
    """Salt, MAC and ciphertext. In YAML each line is indented; on Windows it ends in \\r\\n."""
    lines = [line.strip() for line in text.strip().splitlines()]
    if not lines or not has_vault_header(lines[0]):
        raise VaultUnreadable(
            "is not ansible-vault text",
            remedy=f"ansible-vault text begins with {_HEADER}1.1;AES256",
        )
    try:
        version, cipher = lines[0].removeprefix(_HEADER).split(";")[:2]
        if version not in ("1.1", "1.2") or cipher != "AES256":
            raise ValueError
        salt, mac, sealed = map(unhexlify, unhexlify("".join(lines[1:])).split(b"\n"))
    except ValueError:  # binascii.Error is one
        raise VaultUnreadable(
            "is damaged or cut short",
            remedy="restore it from git or a backup, or write it again",
        ) from None
    return [salt, mac, sealed]


def _aes(keys: bytes, data: bytes) -> bytes:
    """AES-256-CTR, which is the same in both directions."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    stream = Cipher(algorithms.AES(keys[:32]), modes.CTR(keys[64:])).encryptor()
    return stream.update(data) + stream.finalize()


def _mac(keys: bytes, sealed: bytes) -> bytes:
    import hmac

    return hmac.digest(keys[32:64], sealed, "sha256")


@lru_cache(maxsize=4096)  # a run opens the file of a server several times
def _derived(password: Secret, salt: bytes) -> bytes:
    """Two keys and a counter: nearly all that opening a text costs."""
    import hashlib

    return hashlib.pbkdf2_hmac("sha256", password.reveal().encode(), salt, _ITERATIONS, 80)

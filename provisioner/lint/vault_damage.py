"""What is wrong with text that was meant to be ansible-vault text."""

from __future__ import annotations

import binascii
import re

VAULT_MARK = "$ANSIBLE_VAULT"
_HEADER = re.compile(r"\$ANSIBLE_VAULT;1\.[12];AES256(;[^;\s]+)?")
_HEX = re.compile(r"[0-9a-fA-F]+")
_HMAC_DIGITS = 64  # SHA-256
_BLOCK_DIGITS = 32  # AES, padded to 16 bytes
_AGAIN = "encrypt it again with ansible-vault encrypt_string, and copy all lines"

Damage = tuple[str, str]


def vault_damage(text: str) -> Damage | None:
    """The damage and its remedy; None if the text is whole. Whether it opens is not known.

    https://docs.ansible.com/ansible/latest/vault_guide/vault_encrypting_content.html#ansible-vault-payload-format-1-1-1-2
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    header = lines[0] if lines else ""
    if not header.startswith(VAULT_MARK):
        return (
            "something stands before the vault text",
            f"let it begin with {VAULT_MARK};1.1;AES256",
        )
    if len(lines) == 1 and len(header.split()) > 1:
        return "the line breaks of the vault text are lost", (
            "write | behind the key (not >, no quotes) and the lines as ansible-vault gave them, "
            "indented alike; in JSON, end each line with \\n"
        )
    if _HEADER.fullmatch(header) is None:
        return "the first line is no header of vault text that can be opened", (
            f"it is {VAULT_MARK};1.1;AES256, or 1.2 with a label behind it; encrypt it again"
        )
    return _damage_below_header("".join(lines[1:]))


def _damage_below_header(digits: str) -> Damage | None:
    if not digits:
        return "the vault text ends behind its first line", _AGAIN
    if _HEX.fullmatch(digits) is None:
        return "what stands below the first line is not hexadecimal digits", (
            f"{_AGAIN}; if a secret stands there readable, renew it"
        )
    try:
        parts = binascii.unhexlify(digits).split(b"\n")
    except binascii.Error:  # an odd number of digits
        parts = []
    return None if _is_whole(parts) else ("the vault text is cut off or damaged", _AGAIN)


def _is_whole(parts: list[bytes]) -> bool:
    """Salt, HMAC and ciphertext, each in hexadecimal digits again."""
    texts = [part.decode("latin-1") for part in parts]
    if len(texts) != 3 or not all(_HEX.fullmatch(text) for text in texts):
        return False
    salt, hmac, ciphertext = map(len, texts)
    return salt % 2 == 0 and hmac == _HMAC_DIGITS and ciphertext % _BLOCK_DIGITS == 0

"""How ansible-vault text looks. Whether it opens is not known before it is opened."""

from __future__ import annotations

import re

# https://docs.ansible.com/ansible/latest/vault_guide/vault_encrypting_content.html
# #ansible-vault-payload-format-1-1-1-2: a header, then hexadecimal digits.
_VAULT_TEXT = re.compile(
    r"\s*\$ANSIBLE_VAULT;1\.[12];AES256(;[^;\s]+)?[ \t]*\r?\n[0-9a-fA-F\s]*[0-9a-fA-F]\s*"
)
_BREAK = r"(?:\\[rn]|\s)++"  # in a text in double quotes, \n may be two characters

# Vault texts in the text of a file. A word that goes on behind digits is no part of it.
VAULT_TEXT_WITHIN = re.compile(
    rf"\$ANSIBLE_VAULT;1\.[12];AES256(?:;[^;\s\\]+)?[ \t]*+(?P<between>{_BREAK})"
    rf"""[0-9a-fA-F]+(?:{_BREAK}[0-9a-fA-F]+)*(?![^\s\\"'])"""
)


def is_vault_text(text: str) -> bool:
    """Whether it is ansible-vault text, with the tag `!vault` (YAML) or without it (JSON)."""
    return "$ANSIBLE_VAULT;" in text[:100] and _VAULT_TEXT.fullmatch(text) is not None


def lone_text(found: re.Match[str]) -> str:
    """A vault text that was found, as it would be in a file of its own."""
    return "\n".join(re.split(_BREAK, found[0]))

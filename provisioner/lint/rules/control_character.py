"""Control characters in values: in a name that reaches a mail they could forge a header line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioner.lint.declaration import SECRETS, Declaration, is_printable_ascii
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.lint.vault_damage import VAULT_MARK

ID = "control-character"
SEVERITY = Severity.ERROR

# C0 and C1 controls, line and paragraph separators, and what turns the reading direction.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """Known fields only: an unknown one is an error anyway. Vault text has line breaks."""
    if server.fact(is_printable_ascii):
        return
    for pointer, text in server.plain_texts:
        found = _CONTROL.search(text)
        if found is not None and not (pointer in SECRETS and VAULT_MARK in text):
            yield Remark(pointer, f"there is {_name(found.group())} in this value", _remedy(text))


def _name(sign: str) -> str:
    named = {"\n": "a line break", "\r": "a carriage return", "\t": "a tab"}
    return named.get(sign, f"a control character (U+{ord(sign):04X})")


def _remedy(text: str) -> str:
    if text.rstrip("\n").isprintable():
        return "write it on the line of its key; below | or > a line break ends it (>- has none)"
    return "write it without; line breaks and control characters have no place in a field"

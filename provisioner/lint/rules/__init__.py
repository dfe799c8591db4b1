"""The lint rules. To add one: its file, its page beside it, one line here, one example."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.rules import (
    cleartext_login,
    control_character,
    duplicate_server_name,
    host_is_url,
    http_endpoint,
    no_offline_access,
    placeholder_left,
    plaintext_secret,
    wrong_url_order,
)
from provisioner.lint.surroundings import Surroundings


class Rule(Protocol):
    """What each module here has. `check` sees one server; it neither reads nor writes anything."""

    ID: str
    SEVERITY: Severity

    def check(self, server: Declaration, surroundings: Surroundings, /) -> Iterator[Remark]:
        """Yield what is wrong."""


RULES: tuple[Rule, ...] = (
    duplicate_server_name,
    host_is_url,
    control_character,
    cleartext_login,
    plaintext_secret,
    placeholder_left,
    http_endpoint,
    wrong_url_order,
    no_offline_access,
)

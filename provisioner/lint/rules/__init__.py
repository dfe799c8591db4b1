"""The lint rules. To add one: its file, its page beside it, one line here, one example."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.rules import (
    cleartext_login,
    client_id_form,
    control_character,
    duplicate_server_name,
    host_is_url,
    http_endpoint,
    misplaced_parameter,
    mixed_resources,
    no_offline_access,
    outdated_endpoint,
    placeholder_left,
    plaintext_secret,
    prompt_value,
    providers_differ,
    refresh_host_differs,
    secret_expired,
    secret_id,
    secret_in_reference,
    superseded_endpoint,
    tenants_differ,
    vault_text,
    wrong_offline_scope,
    wrong_scope,
    wrong_tenant,
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
    wrong_scope,
    mixed_resources,
    tenants_differ,
    wrong_tenant,
    outdated_endpoint,
    superseded_endpoint,
    providers_differ,
    refresh_host_differs,
    misplaced_parameter,
    wrong_offline_scope,
    prompt_value,
    client_id_form,
    secret_id,
    secret_in_reference,
    secret_expired,
    vault_text,
)

"""The lint rules. To add one: its file, its page beside it, one line here, one example."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.rules import (
    app_password_only,
    cleartext_login,
    client_id_form,
    control_character,
    doubtful_client_name,
    doubtful_smtp_host,
    duplicate_server_name,
    endpoint_hosts_differ,
    foreign_sender,
    host_is_url,
    http_endpoint,
    invisible_character,
    ip_with_tls,
    logging_path,
    lookalike_character,
    lookalike_endpoint,
    lookalike_name,
    misplaced_parameter,
    mixed_resources,
    no_offline_access,
    outdated_endpoint,
    over_limit,
    password_login_ended,
    password_login_ending,
    placeholder_left,
    plaintext_secret,
    prompt_value,
    providers_differ,
    refresh_host_differs,
    secret_expired,
    secret_id,
    secret_in_reference,
    sender_form,
    shared_mailbox,
    submission_port,
    superseded_endpoint,
    tenant_form,
    tenants_differ,
    unknown_mailbox,
    unsupported_method,
    vault_text,
    wrong_client_name,
    wrong_offline_scope,
    wrong_port,
    wrong_scope,
    wrong_smtp_host,
    wrong_tenant,
    wrong_url_order,
)
from provisioner.lint.surroundings import Surroundings


class Rule(Protocol):
    """Looks at one server; neither reads nor writes anything."""

    ID: str
    SEVERITY: Severity

    def check(self, server: Declaration, surroundings: Surroundings, /) -> Iterator[Remark]:
        """Yield what is wrong."""


class SettingsRule(Protocol):
    """Looks at provisioner.yml."""

    ID: str
    SEVERITY: Severity

    def check_settings(self, settings: Mapping[str, Any], /) -> Iterator[Remark]:
        """Yield what is wrong."""


class Comparison(Protocol):
    """Compares the servers of a project, which are never in memory all at once."""

    ID: str
    SEVERITY: Severity

    def identity(self, server: Declaration, surroundings: Surroundings, /) -> str:
        """What no two servers should have in common; empty: this one is not compared."""

    def remark(self, first: str, second: str, place: str, /) -> Remark | None:
        """What to say of a second server; both names, and where (file:line) the first stands."""


RULES: tuple[Rule, ...] = (
    host_is_url,
    control_character,
    cleartext_login,
    wrong_port,
    submission_port,
    wrong_smtp_host,
    doubtful_smtp_host,
    over_limit,
    password_login_ended,
    password_login_ending,
    app_password_only,
    unsupported_method,
    unknown_mailbox,
    foreign_sender,
    sender_form,
    ip_with_tls,
    wrong_client_name,
    doubtful_client_name,
    logging_path,
    invisible_character,
    lookalike_character,
    lookalike_endpoint,
    plaintext_secret,
    placeholder_left,
    http_endpoint,
    wrong_url_order,
    no_offline_access,
    wrong_scope,
    mixed_resources,
    tenant_form,
    tenants_differ,
    wrong_tenant,
    outdated_endpoint,
    superseded_endpoint,
    providers_differ,
    endpoint_hosts_differ,
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

SETTINGS_RULES: tuple[SettingsRule, ...] = (lookalike_endpoint,)

COMPARISONS: tuple[Comparison, ...] = (
    duplicate_server_name,
    lookalike_name,
    shared_mailbox,
)

"""The registration card: everything to enter at a provider before the first sign-in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.model.email_server import EmailServer
from provisioner.model.project import Project
from provisioner.providers.catalogue import provider_for
from provisioner.providers.endpoints import tenant_of
from provisioner.providers.provider import Provider
from provisioner.providers.registrations import Registration, registration_of

_LABEL_COLUMNS = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Registrant:
    """Who registers: what is not known yet is a word in capitals, to be replaced.

    `port`: the callback's, where it is pinned.
    """

    title: str
    mailbox: str = "MAILBOX"
    tenant: str = "TENANT"
    client_id: str = "CLIENT_ID"
    scope: str = ""
    https: bool = False
    port: int | None = None

    @property
    def redirect_uri(self) -> str:
        """Without the port, which many providers leave open."""
        return f"{'https' if self.https else 'http'}://localhost"

    def filled(self, template: str) -> str:
        """The template with what is known of the registrant."""
        return template.format(
            tenant=self.tenant, client_id=self.client_id, mailbox=_argument(self.mailbox)
        )


def _argument(text: str) -> str:
    """As PowerShell takes it for one word: within quotation marks, of which it knows five.

    https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules
    """
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9@._+-]*", text):
        return text
    return "'" + re.sub("(['\u2018-\u201b])", r"\1\1", text) + "'"


def card_text(provider: Provider, registration: Registration, registrant: Registrant) -> str:
    heading = f"Registration card: {registrant.title}, at {provider.label}"
    rows = _rows(provider, registration, registrant)
    lines = [f"  {label:{_LABEL_COLUMNS}}{text}" for label, text in rows]
    return "\n".join([heading, "=" * len(heading), *lines]) + "\n"


def registration_card(server: EmailServer, project: Project, *, port: int = 0) -> str:
    """With the tenant, the client id and the scope as they are declared; port 0 is any."""
    settings = server.oauth2
    assert settings is not None  # noqa: S101  somebody is to sign in to it
    provider = provider_for(settings.authorization_url, project.providers)
    registrant = Registrant(
        title=server.server_name,
        mailbox=server.mailbox or "MAILBOX",
        tenant=tenant_of(settings.authorization_url),
        client_id=settings.client_id,
        scope=settings.scope_for_authorize,
        https=settings.use_https_on_callback,
        port=port or None,
    )
    return card_text(provider, registration_of(provider), registrant)


def _rows(
    provider: Provider, registration: Registration, registrant: Registrant
) -> Iterator[tuple[str, str]]:
    """Label and text."""
    if provider.console_url:
        yield "Console", provider.console_url
    yield "Type", registration.application_type
    yield from _redirect_rows(registration, registrant)
    for permission in registration.permissions:
        yield "Permission", permission
    yield "Scope asked for", registrant.scope or registration.scope or "not known"
    if registration.consent_url:
        yield "Admin consent", registrant.filled(registration.consent_url)
        yield "", "for an administrator, once; not needed where users may consent"
    for command in registration.mailbox_commands:
        yield "SMTP AUTH", registrant.filled(command)
    for step in registration.steps:
        yield "Note", step
    if registration.doubt:
        yield "Doubt", registration.doubt


def _redirect_rows(registration: Registration, registrant: Registrant) -> Iterator[tuple[str, str]]:
    uri = registrant.redirect_uri
    if registration.registers_redirect:
        yield "Redirect URI", uri
        yield "", registration.redirect_note
    else:
        yield "Redirect URI", f"none to register: {registration.redirect_note}"
    yield "Sent at sign-in", f"{uri}:{registrant.port or 'PORT'}"
    port = "with this --port" if registrant.port else "a free port, or --port"
    yield "", f"{port}; no path, not even a slash at the end"
    yield "", "MAPS' own Authenticate button sends the same with a port of its own"

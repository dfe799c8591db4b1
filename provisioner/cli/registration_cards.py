"""The registration card of a declared server."""

from __future__ import annotations

from provisioner.model.email_server import EmailServer
from provisioner.model.project import Project
from provisioner.providers.catalogue import provider_for
from provisioner.providers.endpoints import tenant_of
from provisioner.providers.registrations import registration_of
from provisioner.reports.registration_card import Registrant, card_text


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

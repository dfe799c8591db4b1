"""What a person registers at a provider before the first sign-in: words, no behaviour."""

from __future__ import annotations

from typing import NamedTuple

from provisioner.providers.provider import Provider


class Registration(NamedTuple):
    """How an app is registered, and what a definition begins with; empty where unknown.

    Templates may hold {tenant}, {client_id} and {mailbox}.
    `application_type` is the provider's own name for a client that sends a secret.
    `registers_redirect` is False where the provider asks for no redirect URI.
    `scope` is for scope_for_authorize. `doubt` says what nobody was found to have confirmed.
    `mailbox_commands` are for an administrator of the mail system.
    """

    authorization_url: str = ""
    access_token_url: str = ""
    scope: str = ""
    application_type: str = "a web (confidential) client: a client secret is sent"
    registers_redirect: bool = True
    redirect_note: str = "where the port counts, register it too and keep it with --port"
    permissions: tuple[str, ...] = ()
    consent_url: str = ""
    steps: tuple[str, ...] = ()
    mailbox_commands: tuple[str, ...] = ()
    doubt: str = ""

    @property
    def has_tenant(self) -> bool:
        """Whether the URLs name the organization's directory."""
        return "{tenant}" in self.access_token_url


def registration_of(provider: Provider) -> Registration:
    """The provider's; of an unknown one, what is true of all."""
    from provisioner.providers.all_registrations import REGISTRATIONS

    return REGISTRATIONS.get(provider.name, Registration())

"""What `init` has to know of a new server: from its options, else asked for at a terminal."""

from __future__ import annotations

import sys
import textwrap
from dataclasses import dataclass, replace

from provisioner.cli.answers import Answers
from provisioner.cli.new_definition import NewDefinition
from provisioner.cli.output import print_text
from provisioner.errors import UsageError
from provisioner.providers.provider import Provider
from provisioner.providers.registrations import Registration, registration_of

OTHER = "other"
MAILBOX = "Address of the mailbox"
TENANT = "ID or domain of the organization's directory (tenant)"
CLIENT_ID = "Client id, as the app registration shows it"


def complete_provider(incomplete: str) -> list[str]:
    """The shell's completion of --provider."""
    return [name for name in _names() if name.startswith(incomplete.casefold())]


@dataclass(frozen=True, slots=True)
class ChosenProvider:
    """The provider, and the answers about one server at it."""

    provider: Provider
    registration: Registration
    answers: Answers

    def draft(self) -> NewDefinition:
        """Everything but the client id."""
        answers, registration = self.answers, self.registration
        mailbox = answers.ask("mailbox", MAILBOX, wrong=_no_address)
        default_name = mailbox.partition("@")[0].replace(".", " ").capitalize() or "Reports"
        name = answers.ask("name", "Name of the email server in MAPS", default_name)
        host = answers.known("host", _first(self.provider.smtp_hosts), "Host of the mail server")
        authorize = answers.known(
            "authorization_url", registration.authorization_url, "URL of the sign-in page"
        )
        token = answers.known(
            "access_token_url", registration.access_token_url, "URL of the token endpoint"
        )
        scope = answers.known("scope", registration.scope, "Scope that lets mail be sent by SMTP")
        port = answers.given.get("port") or str(_first(self.provider.smtp_ports) or 587)
        draft = NewDefinition(
            server_name=name,
            mailbox=mailbox,
            host=host,
            port=int(port),
            authorization_url=authorize,
            access_token_url=token,
            scope=scope,
            client_id="CLIENT_ID",
        )
        return self._in_tenant(draft) if registration.has_tenant else draft

    def _in_tenant(self, draft: NewDefinition) -> NewDefinition:
        def of(tenant: str) -> NewDefinition:
            return replace(
                draft,
                authorization_url=draft.authorization_url.replace("{tenant}", tenant),
                access_token_url=draft.access_token_url.replace("{tenant}", tenant),
            )

        def wrong(tenant: str) -> str:
            return self._said_of("/oauth2/authorization_url", of(tenant))

        return of(self.answers.ask("tenant", TENANT, wrong=wrong))

    def completed(self, draft: NewDefinition) -> NewDefinition:
        """The draft with a client id. UsageError names everything that is missing."""

        def wrong(client_id: str) -> str:
            return self._said_of("/oauth2/client_id", replace(draft, client_id=client_id))

        client_id = self.answers.ask("client_id", CLIENT_ID, wrong=wrong)
        self.answers.refuse_missing()
        return replace(draft, client_id=client_id)

    def _said_of(self, pointer: str, definition: NewDefinition) -> str:
        """What `validate` would say of one value."""
        from provisioner.cli.new_project import said_of

        return said_of(pointer, definition.text(self.provider, self.registration))

    def card(self, definition: NewDefinition) -> str:
        """What to register for it."""
        from provisioner.providers.endpoints import tenant_of
        from provisioner.reports.registration_card import Registrant, card_text

        registrant = Registrant(
            title=definition.server_name,
            mailbox=definition.mailbox,
            tenant=tenant_of(definition.authorization_url),
            client_id=definition.client_id,
            scope=definition.scope,
        )
        return card_text(self.provider, self.registration, registrant)


def chosen_provider(answers: Answers) -> ChosenProvider:
    """The provider by its name, as option or answer; UsageError if it is none."""
    from provisioner.providers.all_providers import PROVIDERS

    named = {provider.name: provider for provider in PROVIDERS}
    name = _provider_name(answers).casefold()
    if name == OTHER:
        return ChosenProvider(Provider(name="your provider"), Registration(), answers)
    if not name:  # what else is missing depends on the provider, but for these two
        answers.ask("mailbox", MAILBOX)
        answers.ask("client_id", CLIENT_ID)
        answers.refuse_missing()
    if name not in named:
        remedy = f"providers: {', '.join(_names())}"
        raise UsageError(f"there is no provider named {name!r}", remedy=remedy)
    return ChosenProvider(named[name], registration_of(named[name]), answers)


def _provider_name(answers: Answers) -> str:
    names = ", ".join(_names())
    if not answers.would_ask("provider"):
        return answers.ask("provider", f"Provider ({names})")
    shown = textwrap.fill(f"Providers: {names}", 79, subsequent_indent="  ", break_on_hyphens=False)
    print_text(shown, file=sys.stderr)
    return answers.ask("provider", "Provider", wrong=_no_provider)


def _no_provider(name: str) -> str:
    from provisioner.lint.nearest import nearest

    if name.casefold() in _names():
        return ""
    meant = nearest(name.casefold(), _names())
    return "not in the list; " + (f"is it {meant}?" if meant else f"{OTHER} asks for all it needs")


def _no_address(mailbox: str) -> str:
    return "" if "@" in mailbox else "an address has an @, as reports@example.edu"


def _names() -> list[str]:
    from provisioner.providers.all_providers import PROVIDERS

    return [*(provider.name for provider in PROVIDERS), OTHER]


def _first(values: tuple[object, ...]) -> str:
    return str(values[0]) if values else ""

"""What `init` has to know of a new server: from its options, else asked for at a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from provisioner.cli.new_definition import NewDefinition
from provisioner.errors import UsageError
from provisioner.providers.provider import Provider
from provisioner.providers.registration import Registration, registration_of

OTHER = "other"
MAILBOX = "Address of the mailbox"
CLIENT_ID = "Client id, as the app registration shows it"


def complete_provider(incomplete: str) -> list[str]:
    """The shell's completion of --provider."""
    return [name for name in _names() if name.startswith(incomplete.casefold())]


class Answers:
    """Given by options; `ask` asks for the rest where somebody can answer.

    `missing` collects what nobody said, so that all of it is told at once.
    """

    def __init__(self, given: Mapping[str, str | None]) -> None:
        from provisioner.cli.person import can_answer

        self.given = {name: value.strip() for name, value in given.items() if value}
        self.interactive = can_answer()
        self.missing: list[str] = []

    def would_ask(self, name: str) -> bool:
        """Whether a person will be asked."""
        return self.interactive and name not in self.given

    def ask(self, name: str, question: str, default: str = "", *, holds: str = "") -> str:
        """The option's value, else the answer, else the default, else missing.

        An answer without what it has to hold is asked for again.
        """
        from provisioner.cli.person import ask

        if name in self.given:
            return self.given[name]
        if self.interactive:
            answer = ask(question, default=default)
            return answer if holds in answer else self.ask(name, question, default, holds=holds)
        if not default:
            self.missing.append(f"--{name.replace('_', '-')}  {question}")
        return default

    def refuse_missing(self) -> None:
        """UsageError if anything is missing, with all of it."""
        if self.missing:
            raise UsageError(
                "nobody is here to be asked, and these options are missing",
                remedy="\n".join(self.missing),
            )

    def known(self, name: str, value: str, question: str) -> str:
        """The option's value, else what is known; asked for only where nothing is."""
        return self.given.get(name) or value or self.ask(name, question)


@dataclass(frozen=True, slots=True)
class ChosenProvider:
    """The provider, and the answers about one server at it."""

    provider: Provider
    registration: Registration
    answers: Answers

    def draft(self) -> NewDefinition:
        """Everything but the client id."""
        answers, registration = self.answers, self.registration
        mailbox = answers.ask("mailbox", MAILBOX, holds="@")
        default_name = mailbox.partition("@")[0].replace(".", " ").capitalize() or "Reports"
        name = answers.ask("name", "Name of the email server in MAPS", default_name)
        tenant = (
            answers.ask("tenant", "ID or domain of the organization's directory (tenant)")
            if registration.has_tenant
            else ""
        )
        host = answers.known("host", _first(self.provider.smtp_hosts), "Host of the mail server")
        authorize = answers.known(
            "authorization_url", registration.authorization_url, "URL of the sign-in page"
        )
        token = answers.known(
            "access_token_url", registration.access_token_url, "URL of the token endpoint"
        )
        scope = answers.known("scope", registration.scope, "Scope that lets mail be sent by SMTP")
        port = answers.given.get("port") or str(_first(self.provider.smtp_ports) or 587)
        return NewDefinition(
            server_name=name,
            mailbox=mailbox,
            host=host,
            port=int(port),
            authorization_url=authorize.replace("{tenant}", tenant),
            access_token_url=token.replace("{tenant}", tenant),
            scope=scope,
            client_id="CLIENT_ID",
        )

    def completed(self, draft: NewDefinition) -> NewDefinition:
        """The draft with a client id. UsageError names everything that is missing."""
        client_id = self.answers.ask("client_id", CLIENT_ID)
        self.answers.refuse_missing()
        return replace(draft, client_id=client_id)

    def card(self, definition: NewDefinition) -> str:
        """What to register for it."""
        from provisioner.lint.tenants import tenant_of
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
    """The provider by its name; asked for again until it is one, or UsageError."""
    from provisioner.providers.all_providers import PROVIDERS

    named = {provider.name: provider for provider in PROVIDERS}
    names = ", ".join(_names())
    while True:
        name = answers.ask("provider", f"Provider ({names})").casefold()
        if name == OTHER:
            return ChosenProvider(Provider(name="your provider"), Registration(), answers)
        if not name:  # what else is missing depends on the provider, but for these two
            answers.ask("mailbox", MAILBOX)
            answers.ask("client_id", CLIENT_ID)
            answers.refuse_missing()
        if name in named:
            return ChosenProvider(named[name], registration_of(named[name]), answers)
        if not answers.interactive or "provider" in answers.given:
            raise UsageError(f"there is no provider named {name!r}", remedy=f"providers: {names}")


def _names() -> list[str]:
    from provisioner.providers.all_providers import PROVIDERS

    return [*(provider.name for provider in PROVIDERS), OTHER]


def _first(values: tuple[object, ...]) -> str:
    return str(values[0]) if values else ""

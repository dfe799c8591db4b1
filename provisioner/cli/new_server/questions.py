"""The questions about a new server, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.cli.new_server.answers import METHODS, OPEN_CLIENT_ID, Answers
from provisioner.cli.new_server.provider_names import KINDS, listed_providers, provider_named
from provisioner.cli.new_server.server_file import variable_for
from provisioner.cli.output import print_note
from provisioner.errors import ProvisionerError, UsageError
from provisioner.providers.all_providers import PROVIDERS
from provisioner.providers.registrations import registration_of

_LATER, _NO_ISSUER = "later", "none"


def collect(answers: Answers) -> None:
    """All answers of the kind of server; without a terminal, `missing` has the others."""
    kind = _choose_provider(answers)
    if not kind:
        answers.ask("mailbox", "Address of the mailbox")
        answers.require_complete()
    if kind in ("password", "relay"):
        _ask_without_oauth2(answers, kind)
    else:
        _ask_oauth2(answers, kind)


def _choose_provider(answers: Answers) -> str:
    """The provider's name as it is in our list; empty if none is given."""
    names = ", ".join(listed_providers())
    if answers.interactive and "provider" not in answers.given:
        print_note(f"Providers: {names}")
    if "issuer" in answers.given:
        answers.given.setdefault("provider", "other")
    word = answers.ask("provider", "Provider" if answers.interactive else f"Provider ({names})")
    if not word:
        return ""
    name = provider_named(word)
    if "issuer" in answers.given and name != "other":
        raise UsageError(
            f"--issuer cannot be combined with --provider {name}, whose endpoints are known",
            remedy="pass --provider other, or omit --issuer",
        )
    answers.known["provider"] = answers.answered["provider"] = name
    for provider in PROVIDERS:
        if provider.name == name:
            answers.provider, answers.registration = provider, registration_of(provider)
    return name


def _ask_oauth2(answers: Answers, kind: str) -> None:
    if kind == "other":
        _ask_issuer(answers)
    _ask_mailbox(answers, "Address of the mailbox")
    answers.use("host", _first(answers.provider.smtp_hosts), "Host of the mail server")
    answers.ask("port", "Port of the mail server", _first(answers.provider.smtp_ports) or "587")
    _use_fact(answers, "authorization_url", "URL of the sign-in page")
    _use_fact(answers, "access_token_url", "URL of the token endpoint")
    if "{tenant}" in answers.known.get("access_token_url", ""):
        tenant = answers.ask("tenant", "ID or domain of the organization's directory (tenant)")
        answers.known |= answers.urls_of_tenant(tenant or "TENANT")
    _use_fact(answers, "scope", "Scope that allows sending mail by SMTP")
    if answers.interactive and "client_id" not in answers.given:
        print_note(f"\n{answers.card()}")
        answers.card_shown = True
    client_id = answers.ask(
        "client_id",
        "Client id, as the app registration shows it",
        _LATER,
        lambda value: "" if value == _LATER else answers.complaint("client_id", value),
    )
    answers.known["client_id"] = OPEN_CLIENT_ID if client_id == _LATER else client_id


def _use_fact(answers: Answers, key: str, question: str) -> None:
    """What discovery has found comes before the provider's registration."""
    answers.use(key, answers.known.get(key) or getattr(answers.registration, key), question)


def _ask_issuer(answers: Answers) -> None:
    if "authorization_url" in answers.given:
        return
    if not answers.interactive and "issuer" not in answers.given:
        answers.missing.append("--issuer  instead of --authorization-url and --access-token-url")
        return

    def problem(issuer: str) -> str:
        try:
            if issuer != _NO_ISSUER:
                _use_issuer(answers, issuer)
        except ProvisionerError as error:
            return f"{error.message}; {error.remedy}"
        return ""

    question = "Issuer URL, to read the endpoints from"
    issuer = answers.ask("issuer", question, _NO_ISSUER, check=problem)
    if not answers.interactive and issuer != _NO_ISSUER:
        _use_issuer(answers, issuer)


def _use_issuer(answers: Answers, issuer: str) -> None:
    """Take over the endpoints of its discovery document."""
    from provisioner.oauth.discovery import discover
    from provisioner.providers.catalogue import known_provider

    metadata = discover(issuer, ca_file=answers.project.ca_file)
    answers.known["authorization_url"] = metadata.authorization_endpoint
    answers.known["access_token_url"] = metadata.token_endpoint
    if known := known_provider(metadata.token_endpoint):
        answers.provider, answers.registration = known, registration_of(known)
        return
    mail = [scope for scope in metadata.scopes_supported if "smtp" in scope.casefold()]
    if mail:
        offline = ["offline_access"] if "offline_access" in metadata.scopes_supported else []
        answers.known["scope"] = " ".join([*mail, *offline])
    has_iss = metadata.authorization_response_iss_parameter_supported
    facts: dict[str, object] = {
        "issuer": issuer,
        "authorization_response_iss_parameter_supported": has_iss,
        "revocation_url": metadata.revocation_endpoint,
        "device_authorization_url": metadata.device_authorization_endpoint,
    }
    answers.facts = {key: value for key, value in facts.items() if value}


def _ask_without_oauth2(answers: Answers, kind: str) -> None:
    answers.known["auth"] = answers.given.get("auth", KINDS[kind])
    if kind != "relay":
        answers.ask("auth", f"Sign-in method ({', '.join(METHODS)})", KINDS[kind])
    is_relay = answers.known["auth"] == "none"
    whose = "Address that test emails are from" if is_relay else "User name of the mailbox"
    _ask_mailbox(answers, whose)
    answers.ask("host", "Host of the mail server")
    answers.ask("port", "Port of the mail server", "25" if is_relay else "587")
    answers.ask("tls", "Encrypt the connection with TLS (yes, no)", "yes")
    if not is_relay:
        variable = variable_for(answers.known.get("name", ""), "PASSWORD")
        answers.ask("password_from", "Where the password is read from", f"env:{variable}")


def _ask_mailbox(answers: Answers, question: str) -> None:
    mailbox = answers.ask("mailbox", question)
    default = mailbox.partition("@")[0].replace(".", " ").capitalize() or "Reports"
    answers.ask("name", "Name of the email server in MAPS", default)


def _first(values: Sequence[object]) -> str:
    return str(values[0]) if values else ""

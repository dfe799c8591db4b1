"""The answers that make a server file: of options, and of a person at the terminal."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from provisioner.cli.new_server.new_project import NewFile, NewProject, is_there, refuse_existing
from provisioner.cli.new_server.provider_names import complaint_about_provider, listed_providers
from provisioner.cli.new_server.server_file import provider_entry, server_text
from provisioner.cli.output import print_note
from provisioner.config.file_text import shown_path
from provisioner.config.pointer import lies_in
from provisioner.errors import UsageError
from provisioner.lint.finding import Finding
from provisioner.providers.provider import Provider
from provisioner.providers.registrations import Registration

METHODS = ("login", "plain", "cram_md5", "cram_sha1", "digest_md5", "auto_detect", "none")
CLIENT_ID, OPEN_CLIENT_ID = "/oauth2/client_id", "CLIENT_ID"
_SOURCES = "env:NAME, file:PATH or keyring:SERVICE/NAME"
_REFERENCE = re.compile(r"(env|file|keyring):(\S.*)")


class Option(NamedTuple):
    """An option of `init`. `pointer`: where it is in the server file; `example` stands for it while
    another one is checked; `default`: in words, for its help.
    """

    help: str
    pointer: str = ""
    example: str = ""
    default: str = "the provider's"


_PAGE, _TOKENS = "/oauth2/authorization_url", "/oauth2/access_token_url"
_SSO, _METHOD = "https://sso.example.edu", "/smtp_security_level"
ANSWERS = {
    "provider": Option("Such as microsoft, google, other, password or relay.", default="prompt"),
    "mailbox": Option("Address of the mailbox.", "/user_name", "reports@example.edu", "prompt"),
    "name": Option("The server_name.", "/server_name", "Reports", "after the mailbox"),
    "host": Option("The mail server.", "/host", "smtp.example.edu"),
    "port": Option("Port of the mail server.", "/port", "587"),
    "tenant": Option("Microsoft: ID or domain of the directory.", _PAGE, default="prompt"),
    "issuer": Option("OpenID Connect issuer to read the endpoints from.", default="none"),
    "authorization_url": Option("The sign-in page.", _PAGE, f"{_SSO}/authorize"),
    "access_token_url": Option("The token endpoint.", _TOKENS, f"{_SSO}/token"),
    "scope": Option(
        "The scope_for_authorize.", "/oauth2/scope_for_authorize", "smtp offline_access"
    ),
    "client_id": Option("Client id of the app.", CLIENT_ID, OPEN_CLIENT_ID, "left open"),
    "auth": Option(
        f"Without OAuth2: {', '.join(METHODS)}.", _METHOD, "oauth2", "login; relay: none"
    ),
    "tls": Option("Without OAuth2: yes or no.", "/use_tls", "yes", "yes"),
    "password_from": Option(f"{_SOURCES}.", "/password", "env:PASSWORD", "env:NAME_PASSWORD"),
}


class Answers:
    """The answers so far, each checked when it is given; `missing` collects the others."""

    def __init__(self, project: NewProject, given: Mapping[str, str | None]) -> None:
        from provisioner.cli.prompts import can_answer

        self.project = project
        self.given = {key: text for key, value in given.items() if (text := (value or "").strip())}
        self.answered: dict[str, str] = {}
        self.known: dict[str, str] = {}  # these, and facts of the provider
        self.interactive = can_answer()
        self.missing: list[str] = []
        self.provider = Provider(name="your provider")
        self.registration = Registration()
        self.facts: dict[str, object] = {}  # of a provider that is not in our list
        self.card_shown = False

    def ask(
        self,
        key: str,
        question: str,
        default: str = "",
        check: Callable[[str], str] | None = None,
    ) -> str:
        """The option's value, else a person's answer, else the default, else it is missing."""
        from provisioner.cli.prompts import ask

        check = check or partial(self.complaint, key)
        value = self.given.get(key, "")
        check_option = check if self.interactive else partial(_complaint_about_form, key)
        complaint = check_option(value) if value else ""
        if complaint and not self.interactive:
            remedy = f"providers: {', '.join(listed_providers())}" if key == "provider" else ""
            raise UsageError(f"{_flag(key)}: {complaint}", remedy=remedy)
        if complaint:
            print_note(f"{_flag(key)}: {complaint}")
        if self.interactive and (complaint or not value):
            value = ask(question, default=default, wrong=check)
        value = value or default
        if value:
            self.known[key] = self.answered[key] = value
        else:
            self.missing.append(f"{_flag(key)}  {question}")
        return value

    def use(self, key: str, value: str, question: str) -> None:
        """The option's value, else what is known; asked for if there is neither."""
        if key in self.given or not value:
            self.ask(key, question)
        else:
            self.known[key] = value

    def urls_of_tenant(self, tenant: str) -> dict[str, str]:
        keys = ("authorization_url", "access_token_url")
        return {key: self.known[key].replace("{tenant}", tenant) for key in keys}

    def complaint(self, key: str, value: str) -> str:
        """What `validate` would report about this answer, given the ones before it."""
        if complaint := _complaint_about_form(key, value):
            return complaint
        values = self.known | {key: value}
        if key == "tenant":
            values |= self.urls_of_tenant(value)
        if key == "name" and is_there(path := self.project.server_path(value)):
            return f"{shown_path(path)} already exists"
        pointer = ANSWERS[key].pointer
        if key == "mailbox" and values.get("auth") == "none":
            pointer = "/test_email"
        for found in self._findings(values) if pointer else ():
            if lies_in(found.pointer, pointer):
                return f"{found.message}\n    {_remedy(found)}"
        return ""

    def _findings(self, values: Mapping[str, str]) -> Iterator[Finding]:
        """Of the files that these values make; a client id may be left open."""
        text, name = self._server_text(values), values.get("name", "")
        is_open = values.get("client_id", OPEN_CLIENT_ID) == OPEN_CLIENT_ID
        for found in self.project.findings(name, text, self.settings_text()):
            if not (is_open and (found.rule, found.pointer) == ("placeholder-left", CLIENT_ID)):
                yield found

    @property
    def is_oauth2(self) -> bool:
        return self.known.get("auth", "oauth2") == "oauth2"

    def _server_text(self, values: Mapping[str, str]) -> str:
        """The provider's own facts come before examples: its rules check the first answer, too."""
        registration = self.registration
        facts = {
            "host": next(iter(self.provider.smtp_hosts), ""),
            "authorization_url": registration.authorization_url.replace("{tenant}", "TENANT"),
            "access_token_url": registration.access_token_url.replace("{tenant}", "TENANT"),
            "scope": registration.scope,
        }
        whole = {key: answer.example for key, answer in ANSWERS.items()}
        whole |= {key: value for key, value in facts.items() if value}
        if "access_token_url" not in values and "authorization_url" in values:
            whole["access_token_url"] = values["authorization_url"]
        return server_text(whole | dict(values), self.provider, registration)

    def settings_text(self) -> str:
        """The facts of the provider, for provisioner.yml; empty if there are none."""
        from provisioner.providers.endpoints import host_of

        if not self.facts:
            return ""
        return provider_entry(host_of(self.known["authorization_url"]), self.facts)

    def settings_to_add(self) -> str:
        """The same, if existing settings lack them; empty if a file is written."""
        return self.settings_text() if self.project.settings else ""

    def new_files(self) -> list[NewFile]:
        """All files to write, checked as a whole. UsageError if they have findings."""
        name = self.known["name"]
        refuse_existing(self.project.server_path(name))
        findings = list(self._findings(self.known))
        if findings:
            lines = [f"{_field(f.pointer)}: {f.message}\n  {_remedy(f)}" for f in findings]
            if block := self.settings_to_add():
                lines.append(f"facts of the provider, for provisioner.yml:\n{block}")
            if self.interactive:
                lines.append(f"run again, corrected: {self.command()}")
            raise UsageError(
                "the server file would not validate; nothing was written", remedy="\n".join(lines)
            )
        text = self._server_text(self.known)
        return list(self.project.new_files(name, text, self.settings_text()))

    def card(self) -> str:
        from provisioner.providers.endpoints import tenant_of
        from provisioner.reports.registration_card import Registrant, card_text

        registrant = Registrant(
            title=self.known["name"],
            mailbox=self.known["mailbox"],
            tenant=tenant_of(self.known["authorization_url"]),
            client_id=self.known.get("client_id", OPEN_CLIENT_ID),
            scope=self.known["scope"],
        )
        return card_text(self.provider, self.registration, registrant)

    def command(self) -> str:
        """The command that continues with the answers so far."""
        reference = self.given.get("password_from", "")
        answers = self.given | self.answered
        if reference and not _REFERENCE.fullmatch(reference):
            answers.pop("password_from")  # perhaps the password itself
        options = [f"{_flag(key)}={value}" for key, value in answers.items()]
        return shlex.join(["provisioner", "init", *options])

    def require_complete(self) -> None:
        if self.missing:
            raise UsageError(
                "missing options (no terminal to prompt on)", remedy="\n".join(self.missing)
            )


def _complaint_about_form(key: str, value: str) -> str:
    """What keeps an answer from being put into a server file at all."""
    if key == "password_from" and not _REFERENCE.fullmatch(value):
        return f"write {_SOURCES}, never the password itself"
    if key == "auth" and value not in METHODS:
        return f"write one of {', '.join(METHODS)}"
    if key == "tls" and value not in ("yes", "no"):
        return "write yes or no"
    if key == "port" and not re.fullmatch(r"[0-9]+", value):
        return "write a whole number, such as 587"
    return complaint_about_provider(value) if key == "provider" else ""


def _flag(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _remedy(found: Finding) -> str:
    """Without the way out by a comment, since there is no file yet."""
    return re.sub("; if .* ignore this rule in a comment.*", "", found.remedy)


def _field(pointer: str) -> str:
    return pointer.lstrip("/").replace("/", ".") or "the server file"

"""`provisioner init`: a new server file, and the files that its project lacks."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from provisioner.cli.commands.merge_credentials import ATTRIBUTES, print_merge_driver
from provisioner.cli.options import NewProjectFolder
from provisioner.cli.output import print_note, print_text
from provisioner.config.document import Document, load_text
from provisioner.config.file_text import shown_path
from provisioner.config.files import (
    INVENTORY,
    TOKENS_FOLDER,
    declared_path,
    documents_of,
    server_files,
    servers_path,
    settings_documents,
    stray_files,
)
from provisioner.errors import ExitCode, Interrupted, InvalidProject, ProvisionerError, UsageError
from provisioner.lint.finding import Finding
from provisioner.lint.mistakes.nearest import nearest, same_letters
from provisioner.providers.provider import Provider
from provisioner.providers.registrations import Registration, registration_of
from provisioner.state_dir import STATE_DIR
from provisioner.text import command_for, proposed_command

# Answers that name no OAuth2 provider -> the default security level of the server.
_KINDS = {"other": "oauth2", "password": "login", "relay": "none"}
# Provider -> what else people call it.
_ALIASES = {
    "microsoft": (
        *("Microsoft 365", "Office 365", "O365", "M365", "MS365", "Office", "Outlook 365", "Azure"),
        *("Exchange", "Exchange Online", "Outlook", "Entra", "Entra ID", "Azure AD", "AAD"),
    ),
    "microsoft-gcc-high": ("GCC High", "Office 365 GCC High"),
    "microsoft-china": ("21Vianet", "Office 365 China"),
    "microsoft-high-volume-email": ("HVE", "High Volume Email"),
    "outlook.com": ("Hotmail", "Live", "MSN"),
    "google": ("Gmail", "Google Mail", "Workspace", "Google Workspace", "G Suite"),
    "yahoo": ("Ymail", "Yahoo Mail"),
    "aol": ("AOL Mail",),
    "zoho": ("Zoho Mail",),
    "yandex": ("Yandex Mail",),
    "comcast": ("Xfinity",),
    "password": ("SMTP", "Basic", "Login", "Plain", "SMTP AUTH"),
    "relay": ("None", "Smarthost", "SMTP relay", "Anonymous"),
    "other": ("OIDC", "OAuth2", "OpenID", "Keycloak", "Okta", "Own"),
}
_LEVELS = ("login", "plain", "cram_md5", "cram_sha1", "digest_md5", "auto_detect", "none")
_OPEN, _LATER, _NO_ISSUER = "CLIENT_ID", "later", "none"
_REFERENCE = re.compile(r"(env|file|keyring):(\S.*)")
_SCHEMA_FILE = Path("schemas") / "email-server.schema.json"
# Stands for an answer that is still missing while another one is checked.
_STAND_INS = {
    "auth": "oauth2",
    "name": "Reports",
    "mailbox": "reports@example.edu",
    "host": "smtp.example.edu",
    "port": "587",
    "tls": "yes",
    "authorization_url": "https://sso.example.edu/authorize",
    "access_token_url": "https://sso.example.edu/token",
    "scope": "smtp offline_access",
    "client_id": _OPEN,
    "password_from": "env:PASSWORD",
}
# Answer -> where it is in the server file.
_POINTERS = {
    "name": "/server_name",
    "mailbox": "/user_name",
    "host": "/host",
    "port": "/port",
    "tls": "/use_tls",
    "auth": "/smtp_security_level",
    "password_from": "/password",
    "tenant": "/oauth2/authorization_url",
    "authorization_url": "/oauth2/authorization_url",
    "access_token_url": "/oauth2/access_token_url",
    "scope": "/oauth2/scope_for_authorize",
    "client_id": "/oauth2/client_id",
}

_HEAD = """\
# Email server at {title}. `provisioner validate` checks this file.
server_name: {name}
host: {host}
port: {port}{port_note}
smtp_security_level: {auth}
use_tls: {use_tls}
"""
_OAUTH2 = """\
user_name: {mailbox}  # the mailbox; the account that signs in must match it{limit}
oauth2:
  access_token_url: {access_token_url}
  authorization_url: {authorization_url}
  client_id: {client_id}
  # Read when needed; {{file: PATH}}, {{keyring: SERVICE/NAME}} and !vault are possible, too.
  client_secret: {{env: {variable}}}
  # client_secret_expires: YYYY-MM-DD  # `provisioner status` warns before
  scope_for_authorize: {scope}{doubt}
"""
_SIGN_IN = """\
user_name: {mailbox}
# Read when needed; !vault is possible, too.
password: {{{source}: {place}}}
"""
_RELAY = """\
test_email: {{from: {mailbox}, to: {mailbox}}}
"""
_TAIL = """\
# hosts: maps  # the hosts that get it: a group or pattern of the inventory
"""
_INVENTORY = """\
# The machines that run MAPS: an Ansible inventory. Servers go to the group `maps`.
[maps]
# maps1.example.edu
# maps2.example.edu

[maps:vars]
# maps_directory=/etc/maps-provisioner
# maps_apply_command=["/usr/local/bin/maps-import"]

# Windows, by WinRM over HTTPS (PSRP and ssh are possible, too):
# ansible_connection=winrm
# ansible_winrm_transport=ntlm
# maps_service="Evisions MAPS Service"
"""
_GITIGNORE = f"""\
# Locks and run records of this checkout
/{STATE_DIR}/
# Secrets in files: not for git
/secrets/
# tokens/ is encrypted: it may go to a private repository if the vault password is a generated key
"""

# Plain in YAML, and no number, date or keyword: letters first, no ` #`, no `: `.
_PLAIN = re.compile(r"[A-Za-z][\w.@+/?&=%~-]*(?::[\w.@+/?&=%~-]+)*(?: [\w.@+/?&=%~:-]*[\w./])*")
_KEYWORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def _complete_provider(incomplete: str) -> list[str]:
    return [name for name in _names() if name.startswith(incomplete.casefold())]


def _option(flag: str, text: str, default: str) -> typer.models.OptionInfo:
    return typer.Option(flag, help=text, show_default=default)  # type: ignore[no-any-return]


Text = str | None
ProviderName = Annotated[
    Text,
    typer.Option(
        "--provider",
        help="Such as microsoft, google, other, password or relay.",
        autocompletion=_complete_provider,
        show_default="prompt",
    ),
]
Mailbox = Annotated[Text, _option("--mailbox", "Address of the mailbox.", "prompt")]
Name = Annotated[Text, _option("--name", "The server_name.", "after the mailbox")]
Tenant = Annotated[Text, _option("--tenant", "Microsoft: ID or domain of the directory.", "prompt")]
Issuer = Annotated[
    Text, _option("--issuer", "OpenID Connect issuer to read the endpoints from.", "none")
]
ClientId = Annotated[Text, _option("--client-id", "Client id of the app.", "left open")]
Host = Annotated[Text, _option("--host", "The mail server.", "the provider's")]
Port = Annotated[Text, _option("--port", "Port of the mail server.", "the provider's")]
AuthorizationUrl = Annotated[
    Text, _option("--authorization-url", "The sign-in page.", "the provider's")
]
AccessTokenUrl = Annotated[
    Text, _option("--access-token-url", "The token endpoint.", "the provider's")
]
Scope = Annotated[Text, _option("--scope", "The scope_for_authorize.", "the provider's")]
Auth = Annotated[
    Text, _option("--auth", f"Without OAuth2: {', '.join(_LEVELS)}.", "login; relay: none")
]
Tls = Annotated[Text, _option("--tls", "Without OAuth2: yes or no.", "yes")]
PasswordFrom = Annotated[
    Text,
    _option("--password-from", "env:NAME, file:PATH or keyring:SERVICE/NAME.", "env:NAME_PASSWORD"),
]
MergeDriver = Annotated[
    bool,
    typer.Option(
        "--merge-driver", help="Only set up the merge driver of tokens/, in an existing project."
    ),
]


def init(
    provider: ProviderName = None,
    mailbox: Mailbox = None,
    name: Name = None,
    host: Host = None,
    port: Port = None,
    tenant: Tenant = None,
    issuer: Issuer = None,
    authorization_url: AuthorizationUrl = None,
    access_token_url: AccessTokenUrl = None,
    scope: Scope = None,
    client_id: ClientId = None,
    auth: Auth = None,
    tls: Tls = None,
    password_from: PasswordFrom = None,
    merge_driver: MergeDriver = False,
    project: NewProjectFolder = Path(),
) -> int:
    """Start a project, or add a server to one: a server file that validates, and what to register.

    Prompts for missing options. Writes servers/NAME.yml, and an example inventory, .gitignore and
    tokens/.gitattributes if missing. Never overwrites a file; writes all files or none. In a git
    checkout it also sets up the merge driver of tokens/.

    Examples:

      provisioner init --project maps-mail

      provisioner init --provider gmail --mailbox reports@example.edu --client-id 12-ab

      provisioner init --provider other --issuer https://sso.example.edu

      provisioner init --merge-driver
    """
    given = {key: value for key, value in locals().items() if isinstance(value, str)}
    folder = _Project(project)
    if merge_driver:
        _write([folder.attributes_file()])
        return ExitCode.DONE if print_merge_driver(project) else ExitCode.FAILURE
    folder.require_usable()
    answers = _Answers(folder, given)
    try:
        _collect(answers)
    except (KeyboardInterrupt, Interrupted):
        print_note("")
        command = answers.command()
        raise Interrupted("nothing was written", remedy=f"to continue, run: {command}") from None
    answers.require_complete()
    _write(folder.new_files(answers))
    print_merge_driver(project)
    card = "" if answers.card_shown or not answers.is_oauth2 else f"\n{answers.card()}"
    print_text(f"{card}\n{_next_steps(answers, folder)}", end="")
    if block := folder.settings_to_add(answers):
        print_text(f"\nAdd to provisioner.yml:\n{textwrap.indent(block, '  ')}", end="")
    return ExitCode.DONE


# -- questions


class _Answers:
    """The answers of options and of a person at the terminal; `missing` collects the others."""

    def __init__(self, project: _Project, given: Mapping[str, str]) -> None:
        from provisioner.cli.prompts import can_answer

        self.project = project
        self.given = {key: value.strip() for key, value in given.items() if value.strip()}
        self.answered: dict[str, str] = {}
        self.known: dict[str, str] = {}  # these, and facts of the provider
        self.interactive = can_answer()
        self.missing: list[str] = []
        self.provider = Provider(name="your provider")
        self.registration = Registration()
        self.facts: dict[str, object] = {}
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
        check_option = check if self.interactive else partial(_wrong_form, key)
        complaint = check_option(value) if value else ""
        if complaint and not self.interactive:
            remedy = f"providers: {', '.join(_names())}" if key == "provider" else ""
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
        """The option's value, else a fact of the provider; asked for if there is none."""
        if key in self.given or not value:
            self.ask(key, question)
        else:
            self.known[key] = value

    def complaint(self, key: str, value: str) -> str:
        """What `validate` would report about this answer, given the ones before it."""
        if complaint := _wrong_form(key, value):
            return complaint
        values = self.known | {key: value}
        if key == "tenant":
            values |= self.urls_of_tenant(value)
        if key == "name" and (path := self.project.existing(value)):
            return f"{path} already exists"
        pointer = _POINTERS[key]
        if key == "mailbox" and values.get("auth") == "none":
            pointer = "/test_email"
        return next(
            (
                f"{f.message}; {f.remedy}"
                for f in self.project.findings(self, values)
                if f"{f.pointer}/".startswith(f"{pointer}/")
            ),
            "",
        )

    def urls_of_tenant(self, tenant: str) -> dict[str, str]:
        """The registration's URLs in this directory."""
        keys = ("authorization_url", "access_token_url")
        return {key: self.known[key].replace("{tenant}", tenant) for key in keys}

    @property
    def is_oauth2(self) -> bool:
        return self.known.get("auth", "oauth2") == "oauth2"

    def text(self, values: Mapping[str, str] | None = None) -> str:
        """The server file."""
        answered = dict(self.known if values is None else values)
        v = self._stand_ins() | answered
        if "access_token_url" not in answered and "authorization_url" in answered:
            v["access_token_url"] = v["authorization_url"]
        parts = {"oauth2": _OAUTH2, "none": _RELAY}
        source, _, place = v["password_from"].partition(":")
        limit = self.provider.messages_per_minute
        return (_HEAD + parts.get(v["auth"], _SIGN_IN) + _TAIL).format(
            **{key: _scalar(value) for key, value in v.items() if key != "port"},
            title=self.provider.label if v["auth"] == "oauth2" else v["host"],
            port=v["port"] if v["port"].isdecimal() else _scalar(v["port"]),
            port_note="  # TLS from the first byte" if v["port"] == "465" else "",
            use_tls="true" if v["tls"] == "yes" else "false",
            limit=f"\nmaximum_emails_per_minute: {limit}  # the provider's limit" if limit else "",
            doubt=f"  # {self.registration.doubt}" if self.registration.doubt else "",
            variable=_variable(v["name"], "CLIENT_SECRET"),
            source=source,
            place=_scalar(place),
        )

    def _stand_ins(self) -> dict[str, str]:
        """The provider's own facts come before examples: its rules check the first answer, too."""
        registration = self.registration
        facts = {
            "host": _first(self.provider.smtp_hosts),
            "authorization_url": registration.authorization_url.replace("{tenant}", "TENANT"),
            "access_token_url": registration.access_token_url.replace("{tenant}", "TENANT"),
            "scope": registration.scope,
        }
        return _STAND_INS | {key: value for key, value in facts.items() if value}

    def card(self) -> str:
        """What to register at the provider."""
        from provisioner.providers.endpoints import tenant_of
        from provisioner.reports.registration_card import Registrant, card_text

        registrant = Registrant(
            title=self.known["name"],
            mailbox=self.known["mailbox"],
            tenant=tenant_of(self.known["authorization_url"]),
            client_id=self.known.get("client_id", _OPEN),
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
        """UsageError with all that is missing."""
        if self.missing:
            raise UsageError(
                "missing options (no terminal to prompt on)", remedy="\n".join(self.missing)
            )


def _collect(answers: _Answers) -> None:
    kind = _choose_provider(answers)
    if not kind:
        answers.ask("mailbox", "Address of the mailbox")
        answers.require_complete()
    if kind in ("password", "relay"):
        _collect_password(answers, kind)
    else:
        _collect_oauth2(answers)


def _choose_provider(answers: _Answers) -> str:
    """The provider's name as it is in our list."""
    from provisioner.providers.all_providers import PROVIDERS

    names = ", ".join(_names())
    if answers.interactive and "provider" not in answers.given:
        text, columns = f"Providers: {names}", min(shutil.get_terminal_size().columns, 80) - 1
        print_note(textwrap.fill(text, columns, subsequent_indent="  ", break_on_hyphens=False))
    if "issuer" in answers.given:
        answers.given.setdefault("provider", "other")
    word = answers.ask(
        "provider",
        f"Provider ({names})" if not answers.interactive else "Provider",
        check=_no_provider,
    )
    if not word:
        return ""
    name = _known_names()[same_letters(word)]
    if "issuer" in answers.given and name != "other":
        raise UsageError(
            f"--issuer cannot be combined with --provider {name}, whose endpoints are known",
            remedy="pass --provider other, or omit --issuer",
        )
    answers.known["provider"] = answers.answered["provider"] = name
    found = next((provider for provider in PROVIDERS if provider.name == name), None)
    if found:
        answers.provider, answers.registration = found, registration_of(found)
    return name


def _collect_oauth2(answers: _Answers) -> None:
    if answers.known["provider"] == "other":
        _ask_issuer(answers)
    _ask_mailbox(answers, "Address of the mailbox")
    answers.use("host", _first(answers.provider.smtp_hosts), "Host of the mail server")
    answers.ask("port", "Port of the mail server", _first(answers.provider.smtp_ports) or "587")
    registration = answers.registration
    answers.use(
        "authorization_url",
        answers.known.get("authorization_url", registration.authorization_url),
        "URL of the sign-in page",
    )
    answers.use(
        "access_token_url",
        answers.known.get("access_token_url", registration.access_token_url),
        "URL of the token endpoint",
    )
    if "{tenant}" in answers.known.get("access_token_url", ""):
        tenant = answers.ask("tenant", "ID or domain of the organization's directory (tenant)")
        answers.known |= answers.urls_of_tenant(tenant or "TENANT")
    answers.use(
        "scope",
        registration.scope or answers.known.get("scope", ""),
        "Scope that allows sending mail by SMTP",
    )
    if answers.interactive and "client_id" not in answers.given:
        print_note(f"\n{answers.card()}")
        answers.card_shown = True
    client_id = answers.ask(
        "client_id",
        "Client id, as the app registration shows it",
        _LATER,
        lambda value: "" if value == _LATER else answers.complaint("client_id", value),
    )
    answers.known["client_id"] = _OPEN if client_id == _LATER else client_id


def _ask_issuer(answers: _Answers) -> None:
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

    issuer = answers.ask(
        "issuer", "Issuer URL, to read the endpoints from", _NO_ISSUER, check=problem
    )
    if not answers.interactive and issuer != _NO_ISSUER:
        _use_issuer(answers, issuer)


def _use_issuer(answers: _Answers, issuer: str) -> None:
    """Take over the endpoints of its discovery document."""
    from provisioner.oauth.discovery import discover
    from provisioner.providers.catalogue import known_provider

    metadata = discover(issuer, ca_file=answers.project.ca_file())
    answers.known["authorization_url"] = metadata.authorization_endpoint
    answers.known["access_token_url"] = metadata.token_endpoint
    if known := known_provider(metadata.token_endpoint):
        answers.provider, answers.registration = known, registration_of(known)
        return
    mail = [scope for scope in metadata.scopes_supported if "smtp" in scope.casefold()]
    if mail:
        offline = ["offline_access"] if "offline_access" in metadata.scopes_supported else []
        answers.known["scope"] = " ".join([*mail, *offline])
    facts: dict[str, object] = {
        "issuer": issuer,
        "authorization_response_iss_parameter_supported": (
            metadata.authorization_response_iss_parameter_supported
        ),
        "revocation_url": metadata.revocation_endpoint,
        "device_authorization_url": metadata.device_authorization_endpoint,
    }
    answers.facts = {key: value for key, value in facts.items() if value}


def _collect_password(answers: _Answers, kind: str) -> None:
    answers.known["auth"] = answers.given.get("auth", _KINDS[kind])
    if kind != "relay":
        answers.ask("auth", f"Sign-in method ({', '.join(_LEVELS)})", _KINDS[kind])
    is_relay = answers.known["auth"] == "none"
    _ask_mailbox(
        answers, "Address that test emails are from" if is_relay else "User name of the mailbox"
    )
    answers.ask("host", "Host of the mail server")
    answers.ask("port", "Port of the mail server", "25" if is_relay else "587")
    answers.ask("tls", "Encrypt the connection with TLS (yes, no)", "yes")
    if not is_relay:
        answers.ask(
            "password_from",
            "Where the password is read from",
            f"env:{_variable(answers.known.get('name', ''), 'PASSWORD')}",
        )


def _ask_mailbox(answers: _Answers, question: str) -> None:
    mailbox = answers.ask("mailbox", question)
    default = mailbox.partition("@")[0].replace(".", " ").capitalize() or "Reports"
    answers.ask("name", "Name of the email server in MAPS", default)


def _wrong_form(key: str, value: str) -> str:
    """What keeps an answer from being put into a server file at all."""
    if key == "password_from" and not _REFERENCE.fullmatch(value):
        return "write env:NAME, file:PATH or keyring:SERVICE/NAME, never the password itself"
    if key == "tls" and value not in ("yes", "no"):
        return "write yes or no"
    return _no_provider(value) if key == "provider" else ""


def _no_provider(word: str) -> str:
    if same_letters(word) in _known_names():
        return ""
    near = nearest(word, _known_names())
    hint = f"did you mean {_known_names()[near]}?" if near else "other prompts for the URLs"
    return f"unknown provider; {hint}"


def _names() -> list[str]:
    from provisioner.providers.all_providers import PROVIDERS

    return [*(provider.name for provider in PROVIDERS), *_KINDS]


def _known_names() -> dict[str, str]:
    """What people write, reduced to letters -> the name in our list."""
    names = {same_letters(name): name for name in _names()}
    aliases = {same_letters(word): name for name, words in _ALIASES.items() for word in words}
    return aliases | names


# -- files


class _NewFile(NamedTuple):
    """A file to write if it is missing. A `required` one must not exist yet."""

    path: Path
    text: str
    required: bool = False


class _Project:
    """The project's folder as it is now."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings = settings_documents(root)
        value = self.settings[0].value if self.settings else None
        self.values = value if isinstance(value, dict) else {}
        self.folder = servers_path(root, self.settings)
        # Without their project: they are checked with the settings that are to be written.
        files = (found._replace(project="") for found in server_files(root, self.settings))
        self.servers = list(documents_of(files))

    def require_usable(self) -> None:
        """Raise if no server file can be added."""
        from provisioner.lint.result import lint

        found = [*self.settings, *documents_of(stray_files(self.root, self.settings))]
        if lint(found).errors:
            raise InvalidProject(
                f"{found[0].path} has errors; nothing was written",
                remedy="run: provisioner validate",
            )
        if self.folder.exists() and not self.folder.is_dir():
            raise UsageError(
                f"the servers of this project are declared in the file {shown_path(self.folder)}",
                remedy="add the server to that file, or replace it by a folder of files",
            )

    def ca_file(self) -> Path | None:
        """The certificates that the settings name."""
        declared = self.values.get("ca_file")
        return declared_path(declared, self.root) if isinstance(declared, str) else None

    def existing(self, name: str) -> str:
        """The path of this server's file, if something is there."""
        path = self.folder / _file_name(name)
        return shown_path(path) if path.exists() or path.is_symlink() else ""

    def attributes_file(self) -> _NewFile:
        """Tells git to merge the files in tokens/ by the merge driver."""
        folder = declared_path(self.values.get("tokens", TOKENS_FOLDER), self.root)
        return _NewFile(folder / ".gitattributes", ATTRIBUTES)

    def settings_to_add(self, answers: _Answers) -> str:
        """Facts of the provider that existing settings lack; empty if a file was written."""
        return _settings_text(answers) if self.settings else ""

    def findings(self, answers: _Answers, values: Mapping[str, str]) -> Iterator[Finding]:
        """What `validate` would report because of the new files, even about existing ones."""
        from provisioner.lint.result import lint

        settings: list[Document] = self.settings
        if not settings and (text := _settings_text(answers)):
            settings = load_text(text, "provisioner.yml", project=str(self.root.absolute()))
        path = str(self.folder / _file_name(values.get("name", "")))
        server = load_text(self.with_modeline(answers.text(values)), path)
        old = lint(self.servers, settings=settings).findings
        before = {(f.file, f.rule) for f in old}
        new = [*(() if self.settings else settings), *self.servers, *server]
        is_open = values.get("client_id", _OPEN) == _OPEN
        for f in lint(new, settings=settings).findings:
            left_open = f.rule == "placeholder-left" and f.pointer == _POINTERS["client_id"]
            if (f.file, f.rule) not in before and not (left_open and is_open):
                yield f

    def with_modeline(self, text: str) -> str:
        """With the line by which editors find the schema, if the project has it."""
        schema = self.root / _SCHEMA_FILE
        if not schema.is_file():
            return text
        path = Path(os.path.relpath(schema, self.folder)).as_posix()
        return f"# yaml-language-server: $schema={path}\n{text}"

    def new_files(self, answers: _Answers) -> list[_NewFile]:
        """All that is missing, checked as a whole. UsageError if it has findings."""
        server = self.folder / _file_name(answers.known["name"])
        _refuse_existing(server)
        findings = list(self.findings(answers, answers.known))
        if findings:
            lines = [f"{_field(f.pointer)}: {f.message}; {f.remedy}" for f in findings]
            if block := self.settings_to_add(answers):
                lines.append(f"facts of the provider, for provisioner.yml:\n{block}")
            if answers.interactive:
                lines.append(f"run again, corrected: {answers.command()}")
            raise UsageError(
                "the server file would not validate; nothing was written", remedy="\n".join(lines)
            )
        files = [_NewFile(server, self.with_modeline(answers.text()), required=True)]
        inventory = declared_path(self.values.get("inventory", INVENTORY), self.root)
        if not inventory.exists() and "inventory" not in self.values:
            files.append(_NewFile(inventory / "hosts.ini", _INVENTORY))
        if not self.settings and (text := _settings_text(answers)):
            files.append(_NewFile(self.root / "provisioner.yml", text))
        return [*files, _NewFile(self.root / ".gitignore", _GITIGNORE), self.attributes_file()]


def _settings_text(answers: _Answers) -> str:
    from provisioner.providers.endpoints import host_of

    if not answers.facts:
        return ""
    host = host_of(answers.known["authorization_url"])
    facts = "".join(f"    {key}: {_scalar(value)}\n" for key, value in answers.facts.items())
    return f"providers:\n  {_scalar(host)}:\n{facts}"


def _write(files: list[_NewFile]) -> None:
    """Write the missing ones, all or none, none over another."""
    written: list[Path] = []
    for path, text, required in files:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                _write_file(path, text)
                written.append(path)
        except OSError as error:
            for done in written:
                done.unlink(missing_ok=True)
            raise InvalidProject(
                f"cannot write {shown_path(path)}: {error.strerror}",
                remedy="check the folder's owner, its mode and the free space",
            ) from None
        if required and path not in written:
            _refuse_existing(path)
    for path in written:
        print_text(f"Wrote {shown_path(path)}")


def _write_file(path: Path, text: str) -> None:
    opened = path.open("x", encoding="utf-8")
    try:
        with opened:
            opened.write(text)
    except OSError:
        path.unlink()
        raise


def _refuse_existing(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise UsageError(
            f"{shown_path(path)} already exists; nothing was written",
            remedy="pass another --name, or edit that file",
        )


def _next_steps(answers: _Answers, project: _Project) -> str:
    name = answers.known["name"]
    file = shown_path(project.folder / _file_name(name))
    reference = answers.known.get("password_from", "")
    variable = reference.removeprefix("env:") if reference.startswith("env:") else ""
    if answers.is_oauth2:
        variable = _variable(name, "CLIENT_SECRET")
    steps = ["# add your hosts to inventory/hosts.ini"]
    if answers.known.get("client_id") == _OPEN:
        steps.append(f"# replace {_OPEN} in {file} by the client id of the app registration")
    if variable:  # read, not export NAME=...: that would stay in the shell's history
        steps.append(f"read -rs {variable}; export {variable}   # paste the secret, press Enter")
    steps.append(command_for("validate", ()))
    if answers.is_oauth2:
        steps.append(proposed_command("authenticate", name))
    else:
        steps.append(command_for("doctor", ()))
    return "Then:\n" + "".join(f"  {step}\n" for step in steps)


# -- words


def _file_name(server_name: str) -> str:
    """`reports.yml`, safe on every file system."""
    slug = re.sub(r"[^a-z0-9]+", "-", server_name.lower()).strip("-")[:60].strip("-")
    return f"{slug or 'server'}.yml"


def _variable(server_name: str, ending: str) -> str:
    """The environment variable that a secret is read from."""
    words = re.sub(r"[^A-Z0-9]+", "_", server_name.upper()).strip("_")
    named = words if words[:1].isalpha() else f"MAPS_{words}".rstrip("_")
    return f"{named[:60]}_{ending}"


def _scalar(value: object) -> str:
    """Plain if that is certain, else in double quotes: JSON's are YAML's."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.casefold() not in _KEYWORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def _flag(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _field(pointer: str) -> str:
    return pointer.lstrip("/").replace("/", ".") or "the server file"


def _first(values: tuple[object, ...]) -> str:
    return str(values[0]) if values else ""

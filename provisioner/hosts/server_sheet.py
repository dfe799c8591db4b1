"""EmailServer -> ServerSheet: every field of MAPS' dialog, declared or not."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from provisioner.credentials.sources import source_of
from provisioner.hosts.dialog import CHOICES, TABS, label
from provisioner.hosts.worksheet import Field, Kind, ServerSheet, Step, Tab
from provisioner.model.email_server import (
    DEFAULT_PORT,
    EmailServer,
    LogFile,
    OAuth2Settings,
    SecurityLevel,
)
from provisioner.secret import Secret

_DEFAULT = "the dialog's default"
_NO_OAUTH2 = f"The OAuth2 fields are there only with {CHOICES[SecurityLevel.OAUTH2]}."


def build_server_sheet(server: EmailServer, secret: Secret | None = None) -> ServerSheet:
    """The server's sheet. `secret`: its client secret or password, if that is to be shown."""
    fields = dict(_fields(server, secret))
    return ServerSheet(
        server_name=server.server_name,
        declared_at=f"{server.origin.file}:{server.origin.line}",
        tabs=tuple(
            Tab(
                name=tab,
                fields=tuple(fields[name] for name in names if name in fields),
                note=_NO_OAUTH2 if tab == "Security" and server.oauth2 is None else "",
            )
            for tab, names in TABS.items()
        ),
        steps=tuple(_steps(server, server.oauth2)) if server.oauth2 else (),
    )


def _fields(server: EmailServer, secret: Secret | None) -> Iterator[tuple[str, Field]]:
    """Each field by its name; in the dialog's order it is brought by TABS."""
    limit = server.maximum_emails_per_minute
    log = server.logging or LogFile(enabled=False)
    undeclared = "" if server.logging else "not declared"
    yield _text("server_name", server.server_name)
    yield _text("host", server.host)
    yield _text("port", str(server.port), _DEFAULT if server.port == DEFAULT_PORT else "")
    yield _text("client_name", server.client_name, empty="MAPS gives the name of its host")
    yield _text("maximum_emails_per_minute", str(limit) if limit is not None else None)
    yield _choice("smtp_security_level", CHOICES[server.smtp_security_level])
    yield _box("use_tls", ticked=server.use_tls, otherwise=_DEFAULT)
    yield _user_name(server)
    yield _secret("password", server, None if server.oauth2 else secret)
    if server.oauth2:
        yield from _oauth2(server, server.oauth2, secret)
    yield _box("logging.enabled", ticked=log.enabled, otherwise=undeclared)
    yield _text("logging.file_name", log.file_name)


def _oauth2(
    server: EmailServer, settings: OAuth2Settings, secret: Secret | None
) -> Iterator[tuple[str, Field]]:
    https = settings.use_https_on_callback
    yield _text("oauth2.access_token_url", settings.access_token_url)
    yield _text("oauth2.authorization_url", settings.authorization_url)
    yield _text("oauth2.client_id", settings.client_id)
    yield _secret("oauth2.client_secret", server, secret)
    yield _text("oauth2.login_hint", settings.login_hint)
    yield _text("oauth2.prompt", settings.prompt)
    yield _text(
        "oauth2.refresh_token_url", settings.refresh_token_url, empty="the Access Token URL serves"
    )
    yield _text("oauth2.scope_for_authorize", settings.scope_for_authorize)
    yield _text("oauth2.scope_for_token", settings.scope_for_token)
    yield _choice("oauth2.use_https_on_callback", str(https).lower(), "" if https else _DEFAULT)


def _user_name(server: EmailServer) -> tuple[str, Field]:
    """As a push delivers it, see `ServerEntry.user_name`: only the identity is not known here."""
    note = "" if server.user_name or not server.mailbox else "not declared: the Login Hint"
    signs_in = "or the mailbox that will sign in" if server.oauth2 else ""
    return _text("user_name", server.mailbox, note, empty=signs_in)


def _text(name: str, value: str | None, note: str = "", *, empty: str = "") -> tuple[str, Field]:
    """`empty`: what it means that the field is left empty."""
    if value is None:
        return name, Field(label=label(name), kind=Kind.EMPTY, note=empty)
    return name, Field(label=label(name), kind=Kind.TYPED, value=value, note=note)


def _choice(name: str, value: str, note: str = "") -> tuple[str, Field]:
    return name, Field(label=label(name), kind=Kind.CHOSEN, value=value, note=note)


def _box(name: str, *, ticked: bool, otherwise: str) -> tuple[str, Field]:
    """`otherwise`: the note of a box that stays empty."""
    return _choice(name, "checked") if ticked else _choice(name, "not checked", otherwise)


def _secret(name: str, server: EmailServer, secret: Secret | None) -> tuple[str, Field]:
    reference = server.secret
    if reference is None or (name == "password" and server.oauth2):
        return name, Field(label=label(name), kind=Kind.EMPTY)
    note = f"read from {source_of(reference)}"
    expires = server.oauth2.client_secret_expires if server.oauth2 else None
    note += f"; expires on {expires}" if expires else ""
    return name, Field(label=label(name), kind=Kind.SECRET, value=secret, note=note)


def _steps(server: EmailServer, settings: OAuth2Settings) -> Iterator[Step]:
    """The dialog has no field for a token, so somebody signs in from MAPS once more."""
    scheme = "https" if settings.use_https_on_callback else "http"
    yield Step(
        f"MAPS will use the redirect URI {scheme}://localhost:PORT, with any port that is free. "
        "What to register at the provider says",
        f"provisioner authenticate {shlex.quote(server.server_name)} --card",
    )
    yield Step(
        f"Click Authenticate in MAPS and sign in as {server.mailbox or 'the mailbox'} in the "
        "browser that opens: the dialog has no field for a token."
    )
    yield Step(
        "Know that this sign-in makes a token of MAPS' own, beside the one that provisioner may "
        "keep for this server. No command of provisioner sees, refreshes or revokes that of MAPS."
    )

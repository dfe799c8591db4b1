"""A clean Document -> EmailServer. Clean: the schema and the rules have no error to tell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from provisioner.config.document import Document
from provisioner.model.email_server import (
    DEFAULT_HOSTS,
    DEFAULT_PORT,
    EmailServer,
    LogFile,
    OAuth2Settings,
    Origin,
    SecretReference,
    SecurityLevel,
    TestEmail,
)

Values = Mapping[str, Any]


def build_email_server(document: Document, root: Path) -> EmailServer:
    """The declared server. A relative `{file: PATH}` starts at the project's root."""
    values: Values = document.value
    return EmailServer(
        server_name=values["server_name"],
        host=values["host"],
        port=int(values.get("port", DEFAULT_PORT)),  # JSON Schema takes 587.0 for a whole number
        client_name=values.get("client_name"),
        maximum_emails_per_minute=_whole(values.get("maximum_emails_per_minute")),
        smtp_security_level=SecurityLevel(values["smtp_security_level"]),
        use_tls=values.get("use_tls", False),
        user_name=values.get("user_name"),
        password=SecretReference(values["password"], root) if "password" in values else None,
        oauth2=_oauth2(values["oauth2"], root) if "oauth2" in values else None,
        logging=_log_file(values["logging"]) if "logging" in values else None,
        hosts=values.get("hosts", DEFAULT_HOSTS),
        test_email=build_test_email(values.get("test_email", {})),
        origin=Origin(document.path, document.line, document.line_of),
    )


def build_test_email(values: Values) -> TestEmail:
    """`test_email:` of a server or of the settings."""
    return TestEmail(sender=values.get("from"), recipient=values.get("to"))


def _oauth2(values: Values, root: Path) -> OAuth2Settings:
    expires = values.get("client_secret_expires")
    return OAuth2Settings(
        access_token_url=values["access_token_url"],
        authorization_url=values["authorization_url"],
        client_id=values["client_id"],
        client_secret=SecretReference(values["client_secret"], root),
        client_secret_expires=date.fromisoformat(expires) if expires else None,
        login_hint=values.get("login_hint"),
        prompt=values.get("prompt"),
        refresh_token_url=values.get("refresh_token_url"),
        scope_for_authorize=values["scope_for_authorize"],
        scope_for_token=values.get("scope_for_token"),
        use_https_on_callback=values.get("use_https_on_callback", False),
    )


def _log_file(values: Values) -> LogFile:
    return LogFile(enabled=values["enabled"], file_name=values.get("file_name"))


def _whole(value: int | float | None) -> int | None:
    return None if value is None else int(value)

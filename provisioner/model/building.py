"""A clean Document -> EmailServer. Clean: the schema and the rules have no error to tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from provisioner.config.document import Document
from provisioner.model.email_server import (
    EmailServer,
    LogFile,
    OAuth2Settings,
    Origin,
    SecretReference,
    TestEmail,
)
from provisioner.security_level import SecurityLevel

Values = Mapping[str, Any]


def build_email_server(document: Document, root: Path) -> EmailServer:
    """The declared server: its keys are the fields. A relative `{file: PATH}` starts at `root`."""
    parsers: dict[str, Callable[[Any], Any]] = {
        "smtp_security_level": SecurityLevel,
        "password": lambda value: SecretReference(value, root),
        "oauth2": lambda values: _oauth2(values, root),
        "logging": lambda values: LogFile(**values),
        "test_email": build_test_email,
    }
    values = {key: value for key, value in document.value.items() if key != "$schema"}
    origin = Origin(document.path, document.line, document.line_of)
    return EmailServer(**parsed(values, parsers), origin=origin)


def build_test_email(values: Values) -> TestEmail:
    """`test_email:` of a server or of the settings."""
    return TestEmail(sender=values.get("from"), recipient=values.get("to"))


def _oauth2(values: Values, root: Path) -> OAuth2Settings:
    parsers: dict[str, Callable[[Any], Any]] = {
        "client_secret": lambda value: SecretReference(value, root),
        "client_secret_expires": date.fromisoformat,
    }
    return OAuth2Settings(**parsed(values, parsers))


def parsed(values: Values, parsers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """Fields by their keys. JSON Schema takes 587.0 for a whole number, and there are no others."""
    whole = {key: int(v) if isinstance(v, float) else v for key, v in values.items()}
    return {key: parsers[key](v) if key in parsers else v for key, v in whole.items()}

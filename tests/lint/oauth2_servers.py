"""Servers that nothing is wrong with, to be changed by a test, and what the rules say then."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from provisioner.config.document import Document, Source
from provisioner.lint.checks import RULES
from provisioner.lint.context import LintContext
from provisioner.lint.declaration import Declaration

MICROSOFT: dict[str, Any] = {
    "server_name": "Reports",
    "host": "smtp.office365.com",
    "port": 587,
    "smtp_security_level": "oauth2",
    "use_tls": True,
    "user_name": "reports@example.edu",
    "oauth2": {
        "access_token_url": "https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/token",
        "authorization_url": "https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/authorize",
        "client_id": "5f2c8a1e-0b7d-4c57-9a53-2d1f6e0c9b84",
        "client_secret": {"env": "MAPS_CLIENT_SECRET"},
        "scope_for_authorize": "https://outlook.office.com/SMTP.Send offline_access",
    },
}
GOOGLE: dict[str, Any] = {
    **MICROSOFT,
    "host": "smtp.gmail.com",
    "oauth2": {
        "access_token_url": "https://oauth2.googleapis.com/token",
        "authorization_url": "https://accounts.google.com/o/oauth2/v2/auth",
        "client_id": "407408718192-maps.apps.googleusercontent.com",
        "client_secret": {"env": "MAPS_CLIENT_SECRET"},
        "scope_for_authorize": "https://mail.google.com/",
    },
}
UNKNOWN: dict[str, Any] = {
    **MICROSOFT,
    "host": "mail.example.edu",
    "oauth2": {
        "access_token_url": "https://sso.example.edu/token",
        "authorization_url": "https://sso.example.edu/authorize",
        "client_id": "maps",
        "client_secret": {"env": "MAPS_CLIENT_SECRET"},
        "scope_for_authorize": "smtp",
    },
}


def found(
    server: dict[str, Any],
    *,
    facts: dict[str, Any] | None = None,
    today: date | None = None,
    **changes: Any,
) -> set[tuple[str, str]]:
    """What all rules say, as rule and pointer, of a server with other OAuth2 settings, say.

    None removes a setting. `facts` are a project's, below `providers`.
    """
    declaration = declared(_changed(server, changes))
    context = LintContext(facts, today=today)
    return {
        (rule.id, issue.pointer) for rule in RULES for issue in rule.check(declaration, context)
    }


def declared(value: dict[str, Any]) -> Declaration:
    """A server without a file."""
    document = Document(source=Source("server.json", json.dumps(value)), value=value)
    return Declaration(document, value)


def _changed(server: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    above = {name: value for name, value in changes.items() if name in ("host", "user_name")}
    below = {name: value for name, value in changes.items() if name not in above}
    return _without_nothing(
        {**server, **above, "oauth2": _without_nothing({**server["oauth2"], **below})}
    )


def _without_nothing(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}

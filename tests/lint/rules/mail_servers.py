"""Email servers that nothing is wrong with, and what is said of them once something is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from provisioner.documents.loader import load
from provisioner.lint.verdict import reach_verdict

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
GOOGLE: dict[str, Any] = MICROSOFT | {
    "host": "smtp.gmail.com",
    "oauth2": MICROSOFT["oauth2"]
    | {
        "access_token_url": "https://oauth2.googleapis.com/token",
        "authorization_url": "https://accounts.google.com/o/oauth2/v2/auth",
        "client_id": "0815-abc.apps.googleusercontent.com",
        "scope_for_authorize": "https://mail.google.com/",
    },
}
LOGIN: dict[str, Any] = {
    "server_name": "Reports",
    "host": "mail.example.edu",
    "port": 587,
    "smtp_security_level": "login",
    "use_tls": True,
    "user_name": "reports@example.edu",
    "password": {"env": "REPORTS_PASSWORD"},
}
RELAY: dict[str, Any] = {
    "server_name": "Reports",
    "host": "relay.example.edu",
    "smtp_security_level": "none",
}
BASES = {"microsoft": MICROSOFT, "google": GOOGLE, "login": LOGIN, "relay": RELAY}


def said(folder: Path, base: str, **changes: Any) -> list[str]:
    """`said(folder, "login", port=25)` -> ["rule /pointer", ...]; None takes a key away.

    `oauth2` is laid over the one that is there.
    """
    server = BASES[base] | changes
    if "oauth2" in changes and "oauth2" in BASES[base]:
        server["oauth2"] = BASES[base]["oauth2"] | changes["oauth2"]
    path = folder / "server.json"
    path.write_text(json.dumps({k: v for k, v in server.items() if v is not None}))
    verdict = reach_verdict(load(path))
    assert verdict.crashed == ()
    return [f"{finding.rule} {finding.pointer}" for finding in verdict.findings]

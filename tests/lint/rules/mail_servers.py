"""Email servers that nothing is wrong with, and what is said of them once something is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from provisioner.lint.verdict import reach_verdict
from tests.lint.oauth2_servers import GOOGLE, MICROSOFT
from tests.loading import load

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

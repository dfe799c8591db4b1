"""MAPS' dialog for an email server: its tabs, what stands on each, and how it is spelt.

As Evisions' help has it: https://webhelp.evisions.com/HelpFiles/MAPS/en/Content/Email%20Servers.html
and https://webhelp.evisions.com/releaseguides/maps/Content/6.13/OAuth2%20for%20Email%20Servers.htm
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from provisioner.model.email_server import SecurityLevel
from provisioner.resources import schema_path

WAY = "Email > Servers > Add Server"
TABS: Mapping[str, tuple[str, ...]] = {
    "General": ("server_name", "host", "port"),
    "Advanced": ("client_name", "maximum_emails_per_minute"),
    "Security": (
        "smtp_security_level",
        "use_tls",
        "user_name",
        "password",
        "oauth2.access_token_url",
        "oauth2.authorization_url",
        "oauth2.client_id",
        "oauth2.client_secret",
        "oauth2.login_hint",
        "oauth2.prompt",
        "oauth2.refresh_token_url",
        "oauth2.scope_for_authorize",
        "oauth2.scope_for_token",
        "oauth2.use_https_on_callback",
    ),
    "Logging": ("logging.enabled", "logging.file_name"),
}
CHOICES: Mapping[SecurityLevel, str] = {
    SecurityLevel.AUTO_DETECT: "auto-detect",
    SecurityLevel.NONE: "none",
    SecurityLevel.LOGIN: "login",
    SecurityLevel.PLAIN: "plain",
    SecurityLevel.DIGEST_MD5: "DIGEST-MD5",
    SecurityLevel.CRAM_MD5: "CRAM-MD5",
    SecurityLevel.CRAM_SHA1: "CRAM-SHA1",
    SecurityLevel.OAUTH2: "OAuth 2",
}


def label(field: str) -> str:
    """The label of `oauth2.client_id`: the schema's titles are the dialog's labels."""
    node = _schema()
    for key in field.split("."):
        node = node["properties"][key]
    title: str = node["title"]
    return title


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(schema_path("email-server").read_bytes())
    return schema

"""Entries and deliveries as the controller writes them, with canaries for secrets."""

from __future__ import annotations

import copy
import hashlib
import json
import time
from pathlib import Path

from tests.mail_samples import ELSEWHERE, MAILBOX, TOKEN

CLIENT_SECRET = "CANARYclient0secret"
REFRESH_TOKEN = "CANARYrefresh0token"
SERVER_PASSWORD = "CANARYserver0password"
EXPIRES_AT = int(time.time()) + 3600
FINGERPRINT_KEY = "CANARYfingerprint0key"


def oauth2_entry(name: str = "Reports", port: int = 587, **changes: object) -> dict:
    """An entry of a server with OAuth2. `token__x`, `oauth2__x` reach inside."""
    entry = {
        **_entry(name, port),
        "smtp_security_level": "oauth2",
        "oauth2": {
            "access_token_url": "https://login.example.edu/token",
            "authorization_url": "https://login.example.edu/authorize",
            "client_id": "maps",
            "client_secret": CLIENT_SECRET,
            "login_hint": None,
            "prompt": None,
            "refresh_token_url": None,
            "scope_for_authorize": "smtp offline_access",
            "scope_for_token": None,
            "use_https_on_callback": False,
            "token": {
                "grant_id": "grant-1",
                "access_token": TOKEN,
                "refresh_token": REFRESH_TOKEN,
                "expires_at": EXPIRES_AT,
                "scope": "smtp",
                "identity": MAILBOX,
                "token_endpoint_auth_method": "client_secret_post",
            },
        },
    }
    return changed(entry, **changes)


def password_entry(name: str = "Relay", port: int = 587, **changes: object) -> dict:
    """An entry of a server with a password."""
    entry = {
        **_entry(name, port),
        "smtp_security_level": "plain",
        "password": SERVER_PASSWORD,
        "oauth2": None,
    }
    return changed(entry, **changes)


def _entry(name: str, port: int) -> dict:
    return {
        "server_name": name,
        "host": "localhost",
        "port": port,
        "client_name": None,
        "maximum_emails_per_minute": None,
        "use_tls": True,
        "user_name": MAILBOX,
        "password": None,
        "logging": None,
    }


def changed(entry: dict, **changes: object) -> dict:
    """A deep copy with some values changed."""
    copied = copy.deepcopy(entry)
    for name, value in changes.items():
        head, _, tail = name.partition("__")
        if head == "token":
            copied["oauth2"]["token"][tail] = value
        elif tail:
            copied[head][tail] = value
        else:
            copied[head] = value
    return copied


def delivery(*entries: dict, remove=(), declared=None, mails=None) -> dict:
    """What the store gets: by default every entry has an envelope, and nothing else is declared."""
    names = [entry["server_name"] for entry in entries]
    return {
        "entries": list(entries),
        "remove": list(remove),
        "declared": names if declared is None else list(declared),
        "mails": names if mails is None else list(mails),
    }


def write_delivery(run_folder: Path, host: str, *entries: dict, run_id: str, **changes) -> None:
    """What the controller leaves for the action plugin."""
    folder = run_folder / "deliveries"
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "entries": list(entries),
        "remove": [],
        "declared": [entry["server_name"] for entry in entries],
        "secrets": secrets_of(*entries),
        "mails": {e["server_name"]: {"from": MAILBOX, "to": ELSEWHERE} for e in entries},
        "prove_refresh": [],
        "fingerprint_key": FINGERPRINT_KEY,
        "run_id": run_id,
        "owner": "tester@workstation",
    }
    name = hashlib.sha256(host.encode()).hexdigest() + ".json"
    (folder / name).write_text(json.dumps({**content, **changes}))


def secrets_of(*entries: dict) -> list[str]:
    """Every secret in these entries."""
    found = []
    for entry in entries:
        oauth2 = entry["oauth2"] or {}
        token = oauth2.get("token") or {}
        found += [entry["password"], oauth2.get("client_secret")]
        found += [token.get("access_token"), token.get("refresh_token")]
    return [secret for secret in found if secret]

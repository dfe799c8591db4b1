"""A clean document -> EmailServer."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from provisioner.credentials.sources import source_of
from provisioner.credentials.vault import has_vault_header
from provisioner.model.building import build_email_server
from provisioner.model.email_server import (
    EmailServer,
    LogFile,
    SecretReference,
    SecurityLevel,
    TestEmail,
)
from tests.loading import load_file

VALID = Path(__file__).resolve().parents[1] / "examples" / "valid"
ROOT = Path("/project")


def built(example: str, index: int = 0) -> EmailServer:
    return build_email_server(load_file(VALID / example)[index], ROOT)


def test_every_field_of_the_dialog() -> None:
    server = built("microsoft_365.yml")
    assert (server.server_name, server.host, server.port) == ("Reports", "smtp.office365.com", 587)
    assert (server.client_name, server.maximum_emails_per_minute) == ("maps.example.edu", 30)
    assert server.smtp_security_level is SecurityLevel.OAUTH2
    assert (server.use_tls, server.user_name) == (True, "reports@example.edu")
    assert server.password is None
    assert server.logging == LogFile(True, r"C:\ProgramData\Evisions\email.log")
    assert server.hosts == "maps_prod:!maps_old"
    assert server.test_email == TestEmail("reports@example.edu", "maps-admins@example.edu")
    assert server.origin.file == str(VALID / "microsoft_365.yml")
    assert server.origin.line == 2


def test_the_ten_oauth2_fields_and_ours() -> None:
    oauth2 = built("microsoft_365.yml").oauth2
    assert oauth2 is not None
    base = "https://login.microsoftonline.com/contoso.edu/oauth2/v2.0"
    scope = "https://outlook.office.com/SMTP.Send offline_access"
    assert (oauth2.access_token_url, oauth2.refresh_token_url) == (f"{base}/token",) * 2
    assert oauth2.authorization_url == f"{base}/authorize"
    assert oauth2.client_id == "5f2c8a1e-0b7d-4c57-9a53-2d1f6e0c9b84"
    assert oauth2.client_secret.value.startswith("$ANSIBLE_VAULT;1.1;AES256\n6135")
    assert oauth2.client_secret.root == ROOT
    assert oauth2.client_secret_expires == date(2096, 2, 29)
    assert (oauth2.login_hint, oauth2.prompt) == ("reports@example.edu", "select_account")
    assert (oauth2.scope_for_authorize, oauth2.scope_for_token) == (scope, scope)
    assert oauth2.use_https_on_callback is False


def test_defaults() -> None:
    server = built("none.yml")
    assert (server.port, server.use_tls, server.hosts) == (25, False, "maps")
    assert (server.user_name, server.password, server.oauth2) == (None, None, None)
    assert server.test_email == TestEmail()


def test_each_document_of_a_file_and_its_line() -> None:
    servers = [built("several_documents.yml", index) for index in range(3)]
    assert [server.server_name for server in servers] == ["Relay 1", "Relay 2", "Relay 3"]
    assert [server.origin.line for server in servers] == [3, 9, 13]


def test_a_message_names_the_line_of_a_field() -> None:
    server = built("microsoft_365.yml")
    lines = (VALID / "microsoft_365.yml").read_text().splitlines()
    file = VALID / "microsoft_365.yml"
    for name in ("host", "oauth2", "oauth2.client_secret", "oauth2.scope_for_authorize"):
        key = name.rpartition(".")[2] + ":"
        [line] = [n for n, text in enumerate(lines, 1) if text.strip().startswith(key)]
        assert server.where(name) == f"{file}:{line}: Reports: {name}"
    assert server.where() == f"{file}:2: Reports"


def test_a_field_that_is_not_declared_has_the_line_of_what_holds_it() -> None:
    relay = built("several_documents.yml", 1)
    assert relay.where("user_name").endswith(":9: Relay 2: user_name")
    google = built("google.yml")
    [line] = [n for n, text in enumerate((VALID / "google.yml").read_text().splitlines(), 1)
              if text.startswith("oauth2:")]  # fmt: skip
    assert google.where("oauth2.scope_for_token").endswith(
        f"google.yml:{line}: {google.server_name}: oauth2.scope_for_token"
    )


def test_numbers_as_json_schema_counts_them() -> None:
    server = built("numbers_and_words.yml")
    assert (server.server_name, server.hosts) == ("0815", "no")
    assert (server.port, server.maximum_emails_per_minute) == (25, 30)


def test_vault_text_in_json_needs_no_tag() -> None:
    password = built("json.json").password
    assert password is not None
    assert has_vault_header(password.value)


@pytest.mark.parametrize(
    ("value", "name", "shown"),
    [
        ({"env": "NAME"}, "env:NAME", "{env: NAME}"),
        ({"file": "secrets/x"}, "file:secrets/x", "{file: secrets/x}"),
        ({"file": "/etc/x"}, "file:/etc/x", "{file: /etc/x}"),
        ({"file": "~/x"}, "file:{home}/x", "{file: ~/x}"),
        ({"keyring": "a/name/with/slashes"}, "keyring:a/name/with/slashes", None),
        ({"command": ["pass", "show", "x"]}, None, "{command: [pass, show, x]}"),
        ("plain", "", "the server file"),
    ],
)
def test_a_secret_is_known_by_where_it_is_read_from(
    value: Any, name: str | None, shown: str | None, home: Path
) -> None:
    source = source_of(SecretReference(value, ROOT))
    assert name is None or source.name == name.format(home=home)
    assert shown is None or str(source) == shown
    assert "plain" not in repr(source)

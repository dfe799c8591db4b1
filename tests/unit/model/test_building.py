"""A clean document -> EmailServer."""

from datetime import date
from pathlib import Path

import pytest

from provisioner.credentials.sources import source_of
from provisioner.credentials.vault import has_vault_header
from provisioner.model.email_server import (
    EmailServer,
    LogFile,
    OAuth2Settings,
    Origin,
    SecretReference,
    TestEmail,
)
from provisioner.model.reading import build_email_server
from provisioner.security_level import SecurityLevel
from tests.support.loading import load_file
from tests.support.paths import EXAMPLES

VALID = EXAMPLES / "valid"
ROOT = Path("/project")


def built(example, index=0):
    return build_email_server(load_file(VALID / example)[index], ROOT)


def test_every_field_of_the_dialog_and_ours():
    server = built("microsoft_365.yml")
    secret = server.oauth2.client_secret
    assert secret.value.startswith("$ANSIBLE_VAULT;1.1;AES256\n6135")
    base = "https://login.microsoftonline.com/contoso.edu/oauth2/v2.0"
    scope = "https://outlook.office.com/SMTP.Send offline_access"
    assert server == EmailServer(
        server_name="Reports",
        host="smtp.office365.com",
        port=587,
        client_name="maps.example.edu",
        maximum_emails_per_minute=30,
        smtp_security_level=SecurityLevel.OAUTH2,
        use_tls=True,
        user_name="reports@example.edu",
        logging=LogFile(True, r"C:\ProgramData\Evisions\email.log"),
        hosts="maps_prod:!maps_old",
        test_email=TestEmail("reports@example.edu", "maps-admins@example.edu"),
        origin=server.origin,
        oauth2=OAuth2Settings(
            access_token_url=f"{base}/token",
            refresh_token_url=f"{base}/token",
            authorization_url=f"{base}/authorize",
            client_id="5f2c8a1e-0b7d-4c57-9a53-2d1f6e0c9b84",
            client_secret=SecretReference(secret.value, ROOT),
            client_secret_expires=date(2096, 2, 29),
            login_hint="reports@example.edu",
            prompt="select_account",
            scope_for_authorize=scope,
            scope_for_token=scope,
            use_https_on_callback=False,
        ),
    )


def test_defaults_numbers_and_vault_text_in_json():
    server = built("none.yml")
    assert (server.port, server.use_tls, server.hosts) == (25, False, "maps")
    assert (server.user_name, server.password, server.oauth2) == (None, None, None)
    assert server.test_email == TestEmail()
    server = built("numbers_and_words.yml")
    assert (server.server_name, server.hosts) == ("0815", "no")
    assert (server.port, server.maximum_emails_per_minute) == (25, 30)
    password = built("json.json").password
    assert has_vault_header(password.value)


def test_a_message_names_the_line_of_a_field_or_of_what_holds_it():
    servers = [built("several_documents.yml", index) for index in range(3)]
    assert [server.origin.line for server in servers] == [3, 9, 13]
    assert servers[1].where("user_name").endswith(":9: Relay 2: user_name")
    file = VALID / "microsoft_365.yml"
    server, lines = built(file.name), file.read_text().splitlines()
    assert (server.origin, server.where()) == (Origin(str(file), 2), f"{file}:2: Reports")
    for name in ("host", "oauth2", "oauth2.client_secret", "oauth2.scope_for_authorize"):
        key = name.rpartition(".")[2] + ":"
        [line] = [n for n, text in enumerate(lines, 1) if text.strip().startswith(key)]
        assert server.where(name) == f"{file}:{line}: Reports: {name}"


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
def test_a_secret_is_known_by_where_it_is_read_from(value, name, shown, home):
    source = source_of(SecretReference(value, ROOT))
    assert name is None or source.name == name.format(home=home)
    assert shown is None or str(source) == shown
    assert "plain" not in repr(source)

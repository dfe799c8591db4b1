"""What stands where a secret, its expiry or its client's id belongs."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from provisioner.lint.checks.secrets import reference_form
from provisioner.lint.context import LintContext
from tests.lint.oauth2_servers import GOOGLE, MICROSOFT, UNKNOWN, declared, found

CLIENT_ID, SECRET = "/oauth2/client_id", "/oauth2/client_secret"
ENTRA = "abc8Q~EXAMPLE-EXAMPLE-EXAMPLE-EXAMPLE-EX"
GOOGLES = "GOCSPX-EXAMPLE-EXAMPLE-EXAMPLE-EXAM"
GUID = "0d9c1f7e-6a3b-4e58-b2c4-918f7d05e6a3"


@pytest.mark.parametrize(
    ("client_id", "rule"),
    [
        (GUID.upper(), None),
        ("api://maps", None),
        ("maps-mailer", "client-id-form"),
        (f"{{{GUID}}}", "client-id-form"),
        (GUID[:-1], "client-id-form"),
        ("CLIENT_ID", "placeholder-left"),
        ("11111111-2222-3333-4444-555555555555", "placeholder-left"),
        ("00000000-0000-0000-0000-000000000000", "placeholder-left"),
        ("00001111-aaaa-2222-bbbb-3333cccc4444", "placeholder-left"),
        ("12345678-1234-1234-1234-123456789abc", "placeholder-left"),
        ("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", "placeholder-left"),
        ("11111111-2222-3333-4444-555555555556", None),
        ("00000002-0000-0ff1-ce00-000000000000", None),
    ],
)
def test_client_ids_at_microsoft(client_id: str, rule: str | None) -> None:
    assert found(MICROSOFT, client_id=client_id) == ({(rule, CLIENT_ID)} if rule else set())


@pytest.mark.parametrize(
    ("client_id", "is_wrong"),
    [
        ("407408718192.apps.googleusercontent.com", False),
        ("407408718192-ab12cd.apps.googleusercontent.com", False),
        ("407408718192-ab12cd", False),
        ("407408718192-ab12.Apps.GoogleUserContent.com", False),
        ("407408718192", True),
        ("407408718192-", True),
        ("407408718192-ab12cd.apps.googleusercontent", True),
        ("alumni@example.edu", True),
        (GUID, True),
    ],
)
def test_client_ids_at_google(client_id: str, is_wrong: bool) -> None:
    expected = {("client-id-form", CLIENT_ID)} if is_wrong else set()
    assert found(GOOGLE, client_id=client_id) == expected


def test_elsewhere_a_client_id_may_be_anything() -> None:
    assert found(UNKNOWN, client_id="maps-mailer") == set()
    live = {
        "authorization_url": "https://login.microsoftonline.com/consumers/oauth2/v2.0/authorize",
        "access_token_url": "https://login.microsoftonline.com/consumers/oauth2/v2.0/token",
        "user_name": "reports@outlook.com",
    }
    assert found(MICROSOFT, **live, client_id="000000004C12AE6F") == set()


@pytest.mark.parametrize("secret", [ENTRA, GOOGLES])
def test_a_secret_below_client_id(secret: str) -> None:
    assert found(UNKNOWN, client_id=secret) == {("client-id-form", CLIENT_ID)}


def test_the_id_of_a_secret_is_no_secret() -> None:
    assert found(MICROSOFT, client_secret=GUID) == {("secret-id", SECRET)}
    for server in (GOOGLE, UNKNOWN):
        assert found(server, client_secret=GUID) == {("plaintext-secret", SECRET)}
    assert found(MICROSOFT, client_secret=ENTRA) == {("plaintext-secret", SECRET)}


@pytest.mark.parametrize("secret", [ENTRA, GOOGLES])
@pytest.mark.parametrize(
    ("key", "form"), [("env", "{}"), ("file", "secrets/{}"), ("keyring", "maps/{}")]
)
def test_a_secret_in_a_reference(secret: str, key: str, form: str) -> None:
    expected = {("secret-in-reference", f"{SECRET}/{key}")}
    assert found(UNKNOWN, client_secret={key: form.format(secret)}) == expected


@pytest.mark.parametrize("secret", [ENTRA, GOOGLES])
def test_a_secret_as_an_argument(secret: str) -> None:
    expected = {("secret-in-reference", f"{SECRET}/command")}
    assert found(UNKNOWN, client_secret={"command": ["echo", secret]}) == expected


@pytest.mark.parametrize(
    "reference",
    [
        {"file": "secrets/abc8Q~"},
        {"file": "secrets/GOCSPX-"},
        {"file": f"secrets/{GUID}"},
        {"keyring": "maps/" + "a" * 40},
        {"env": "GOCSPX_SECRET_OF_THE_REPORTS_SERVER"},
        {"command": ["pass", "show", "maps/" + "Q~" * 20]},
    ],
)
def test_a_reference_that_only_reminds_of_one(reference: dict[str, Any]) -> None:
    assert found(UNKNOWN, client_secret=reference) == set()


@pytest.mark.parametrize(
    "secret",
    [
        *(
            "$Summer2024",
            "$umm3r!",
            "$",
            "$$",
            "${",
            "100%sure",
            "%a%b",
            "a%20b%",
            "env",
            "environment",
        ),
        *(
            "pass:word",
            "pass show me the money",
            "vault:",
            "file:",
            "op:/x",
            "correct horse: battery",
        ),
        *(
            "`",
            "ENC[",
            "<(",
            "{x}",
            "a{{b}}c",
            "C:",
            "key=value",
            "aGVsbG8gd29ybGQ=",
            '"',
            "it's 'so'",
        ),
        *("Bearer of bad news", "passwordless"),
        *(f"$({ENTRA})", f"https://vault.example.edu/{GOOGLES}"),
    ],
)
def test_a_secret_that_only_reminds_of_a_reference(secret: str) -> None:
    assert found(UNKNOWN, client_secret=secret) == {("plaintext-secret", SECRET)}


@pytest.mark.parametrize(
    ("level", "change"),
    [("oauth2", {"password": "$SMTP_PASSWORD"}), ("none", {"password": "$A_B"})],
)
def test_of_a_reference_that_has_to_go_nothing_is_said(level: str, change: dict[str, Any]) -> None:
    server = declared({**MICROSOFT, **change, "smtp_security_level": level})
    assert list(reference_form.check(server, LintContext())) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("env", "A=$B=c"),
        ("env", "export REPORTS_PASSWORD=hunter2"),
        ("command", ["/bin/echo", "-n", "hunter2"]),
    ],
)
def test_a_secret_by_its_place_in_a_reference(key: str, value: Any) -> None:
    expected = {("secret-in-reference", f"{SECRET}/{key}")}
    assert found(UNKNOWN, client_secret={key: value}) == expected


@pytest.mark.parametrize(
    "day",
    ["2028-06-31", "31.06.2028", "13/13/2028", "6/30/28", "1999-01-01", "June 2028", "2028-30-06"],
)
def test_a_day_that_cannot_be_told_is_left_to_the_schema(day: str) -> None:
    assert found(UNKNOWN, client_secret_expires=day) == set()


@pytest.mark.parametrize(
    ("today", "is_warned"),
    [
        (date(2028, 1, 29), False),
        (date(2028, 1, 30), True),
        (date(2028, 2, 29), True),
        (date(2028, 3, 1), True),
        (date(2040, 1, 1), True),
    ],
)
def test_the_last_thirty_days_of_a_secret(today: date, is_warned: bool) -> None:
    pointer = "/oauth2/client_secret_expires"
    expected = {("secret-expired", pointer)} if is_warned else set()
    assert found(UNKNOWN, client_secret_expires="2028-02-29", today=today) == expected

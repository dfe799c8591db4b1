"""wrong-scope, mixed-resources and wrong-offline-scope."""

from __future__ import annotations

import pytest

from tests.lint.oauth2_servers import GOOGLE, MICROSOFT, UNKNOWN, found

AUTHORIZE, TOKEN = "/oauth2/scope_for_authorize", "/oauth2/scope_for_token"
SMTP = "https://outlook.office.com/SMTP.Send"
GRAPH = "https://graph.microsoft.com/"


@pytest.mark.parametrize(
    "scope",
    [
        f"{SMTP} offline_access",
        "https://OUTLOOK.office.com/smtp.send openid profile email offline_access",
        "https://outlook.office365.com/SMTP.Send offline_access",
        "https://outlook.office365.com//.default offline_access",
        "https://outlook.com/SMTP.Send offline_access",
        "00000002-0000-0ff1-ce00-000000000000/SMTP.Send offline_access",
        f"{SMTP} https://outlook.office365.com/IMAP.AccessAsUser.All offline_access",
        f"https://outlook.com/SMTP.Send {SMTP} offline_access",
    ],
)
def test_these_scopes_send_mail_at_microsoft(scope: str) -> None:
    assert found(MICROSOFT, scope_for_authorize=scope, scope_for_token=scope) == set()


@pytest.mark.parametrize(
    "scope",
    [
        f"{GRAPH}SMTP.Send",
        f"{GRAPH}mail.send",
        f"{GRAPH}.default",
        f"{GRAPH}/.default",
        "SMTP.Send",
        "Mail.Send User.Read",
        "openid profile",
        "https://outlook.office.com/IMAP.AccessAsUser.All",
        "https://mail.google.com/",
    ],
)
def test_these_do_not_which_is_said_once(scope: str) -> None:
    asked = f"{scope} offline_access"
    assert found(MICROSOFT, scope_for_authorize=asked) == {("wrong-scope", AUTHORIZE)}
    assert found(MICROSOFT, scope_for_token=asked) == {("wrong-scope", TOKEN)}


@pytest.mark.parametrize("other", ["User.Read", f"{GRAPH}Mail.Send", "api://maps/read"])
def test_two_resources_in_one_request(other: str) -> None:
    both = f"openid {SMTP} {other} offline_access"
    one = f"{SMTP} offline_access"
    mixed = {("mixed-resources", AUTHORIZE)}
    assert found(MICROSOFT, scope_for_authorize=both) == mixed
    assert found(MICROSOFT, scope_for_authorize=both, scope_for_token=one) == set()
    assert found(MICROSOFT, scope_for_token=both) == {("mixed-resources", TOKEN)}


@pytest.mark.parametrize(
    ("scope", "rules"),
    [
        ("https://mail.google.com/ openid email", set()),
        ("https://mail.google.com/ https://www.googleapis.com/auth/gmail.send", set()),
        ("https://www.googleapis.com/auth/gmail.send", {"wrong-scope"}),
        ("https://mail.google.com", {"wrong-scope"}),
        ("https://mail.google.com/ offline_access", {"wrong-offline-scope"}),
        ("https://mail.google.com/ offline", {"wrong-offline-scope"}),
    ],
)
def test_scopes_at_google(scope: str, rules: set[str]) -> None:
    assert {rule for rule, _ in found(GOOGLE, scope_for_authorize=scope)} == rules


def test_a_misspelt_offline_access_is_said_once() -> None:
    wrong = {("wrong-offline-scope", AUTHORIZE)}
    assert found(MICROSOFT, scope_for_authorize=f"{SMTP} offline") == wrong


@pytest.mark.parametrize("scope", ["Mail.Send", "offline smtp", "openid", f"{GRAPH}Mail.Send a/b"])
def test_of_an_unknown_provider_nothing_is_said(scope: str) -> None:
    assert found(UNKNOWN, scope_for_authorize=scope, scope_for_token=scope) == set()


def test_a_national_cloud_has_unknown_scopes() -> None:
    base = "https://login.microsoftonline.us/contoso.edu/oauth2/v2.0"
    urls = {"authorization_url": f"{base}/authorize", "access_token_url": f"{base}/token"}
    cloud = {**urls, "host": "smtp.office365.us"}
    assert found(MICROSOFT, **cloud, scope_for_authorize="Mail.Send User.Read") == set()


def test_a_project_knows_better() -> None:
    facts = {"sso.example.edu": {"smtp_scopes": ["submission"], "wrong_scopes": ["smtp"]}}
    assert found(UNKNOWN, facts=facts) == {("wrong-scope", AUTHORIZE)}
    assert found(UNKNOWN, facts=facts, scope_for_authorize="smtp Submission") == set()
    facts = {"google": {"smtp_scopes": ["https://www.googleapis.com/auth/gmail.send"]}}
    asked = "https://www.googleapis.com/auth/gmail.send"
    assert found(GOOGLE, facts=facts, scope_for_authorize=asked) == set()


def test_an_ill_formed_list_of_scopes_is_no_wrong_scope() -> None:
    asked = f"{SMTP}, offline_access"
    assert ("wrong-scope", AUTHORIZE) not in found(MICROSOFT, scope_for_authorize=asked)

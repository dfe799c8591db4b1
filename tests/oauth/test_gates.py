"""What must be true before tokens are saved."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from provisioner.errors import SignInFailed
from provisioner.model.email_server import EmailServer, OAuth2Settings
from provisioner.oauth.gates import (
    check_identity,
    check_issuer,
    check_token_issuer,
    granted_refresh_token,
    granted_scope,
)
from provisioner.oauth.identity import NOBODY, Identity, identity_from
from provisioner.oauth.token_answer import TokenAnswer
from provisioner.providers.catalogue import provider_for
from provisioner.secret import Secret
from tests.oauth_samples import oauth_server

NOW = 1_800_000_000


def _answer(**members: Any) -> TokenAnswer:
    return TokenAnswer(
        **{
            "access_token": Secret("a"),
            "refresh_token": Secret("r"),
            "expires_in": 3600,
            "scope": None,
            "id_token": None,
            "auth_method": "client_secret_basic",
            **members,
        }
    )


def _declared(**settings: Any) -> tuple[EmailServer, OAuth2Settings]:
    server = oauth_server(**settings)
    assert server.oauth2 is not None
    return server, server.oauth2


# Refresh token.


def test_property_29_a_missing_refresh_token_is_reported_with_the_line_to_change() -> None:
    server, _ = _declared(scope_for_authorize="smtp")
    missing = _answer(refresh_token=None)
    with pytest.raises(
        SignInFailed, match=r"servers/reports.yml:1: Reports: .* no refresh token"
    ) as c:
        granted_refresh_token(missing, server, provider_for("login.microsoftonline.com"))
    assert "add offline_access to scope_for_authorize" in c.value.remedy
    asked, _ = _declared(scope_for_authorize="smtp offline_access")
    with pytest.raises(SignInFailed) as in_spite_of_asking:
        granted_refresh_token(missing, asked, provider_for("login.microsoftonline.com"))
    assert "add prompt: consent" in in_spite_of_asking.value.remedy
    with pytest.raises(SignInFailed, match="Google gave no refresh token") as caught:
        granted_refresh_token(missing, server, provider_for("accounts.google.com"))
    assert "access_type=offline&prompt=consent to authorization_url" in caught.value.remedy
    assert "https://myaccount.google.com/connections" in caught.value.remedy


# Scope.


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ("openid profile email offline_access smtp", "smtp"),
        ("smtp", None),
        ("smtp", ""),
        ("smtp", "smtp imap"),
        ("https://outlook.office.com/SMTP.Send", "https://Outlook.Office.com/smtp.send"),
        ("https://outlook.office.com/.default", "https://outlook.office.com/SMTP.Send"),
        ("email https://mail.google.com/", "https://mail.google.com/ openid"),
    ],
)
def test_property_30_right_grants_that_look_odd_pass(asked: str, granted: str | None) -> None:
    server, settings = _declared(scope_for_authorize=asked)
    assert granted_scope(_answer(scope=granted), server, settings) == (granted or asked)


@pytest.mark.parametrize(
    ("asked", "granted", "missing"),
    [
        ("smtp offline_access", "openid", "smtp"),
        ("smtp imap pop", "imap", "smtp pop"),
        ("https://mail.google.com/", "https://mail.google.com", "https://mail.google.com/"),
        ("https://outlook.office.com/.default", "https://graph.microsoft.com/User.Read",
         "https://outlook.office.com/.default"),
    ],
)  # fmt: skip
def test_property_30_a_narrower_grant_is_told(asked: str, granted: str, missing: str) -> None:
    server, settings = _declared(scope_for_authorize=asked)
    with pytest.raises(SignInFailed) as caught:
        granted_scope(_answer(scope=granted), server, settings)
    assert caught.value.message.endswith(f"asked for and not granted: {missing}")
    assert f"Granted were: {granted}" in caught.value.remedy


def test_property_30_scope_for_token_is_what_the_token_was_asked_for() -> None:
    server, settings = _declared(scope_for_authorize="smtp calendar", scope_for_token="smtp")
    assert granted_scope(_answer(scope="smtp"), server, settings) == "smtp"
    assert granted_scope(_answer(), server, settings) == "smtp"


# Issuer.


def test_property_10_iss_is_checked_when_present() -> None:
    _, settings = _declared()
    unknown = provider_for(settings.authorization_url)
    check_issuer(None, unknown, settings)
    check_issuer("https://sso.example.edu", unknown, settings)
    check_issuer("https://sso.example.edu/realms/a", unknown, settings)
    for other in (
        "https://evil.example",
        "http://sso.example.edu",
        "",
        "https://sso.example.edu:8",
    ):
        with pytest.raises(SignInFailed, match="another issuer than the provider") as caught:
            check_issuer(other, unknown, settings)
        assert "providers: {sso.example.edu: {issuer:" in caught.value.remedy


def test_property_10_a_known_or_declared_issuer_is_compared_exactly() -> None:
    _, settings = _declared(authorization_url="https://accounts.google.com/o/oauth2/v2/auth")
    google = provider_for("accounts.google.com")
    check_issuer("https://accounts.google.com", google, settings)
    with pytest.raises(SignInFailed, match="another issuer"):
        check_issuer("https://accounts.google.com/", google, settings)
    declared = provider_for("sso.example.edu", {"sso.example.edu": {"issuer": "https://id.edu"}})
    check_issuer("https://id.edu", declared, settings)


def test_property_10_the_id_token_has_the_same_issuer() -> None:
    google, unknown = provider_for("accounts.google.com"), provider_for("sso.example.edu")
    check_token_issuer(Identity((), "accounts.google.com"), None, google)
    check_token_issuer(Identity((), "https://a"), "https://a", unknown)
    check_token_issuer(Identity((), "https://sts.windows.net/t/"), None, unknown)
    check_token_issuer(NOBODY, "https://a", unknown)
    with pytest.raises(SignInFailed, match="another issuer"):
        check_token_issuer(Identity((), "https://b"), "https://a", unknown)


# Identity.


@pytest.mark.parametrize(
    ("names", "settings"),
    [
        (("reports@example.edu",), {}),
        (("Reports@Example.EDU",), {}),
        (("upn@tenant.onmicrosoft.com", "reports@example.edu"), {}),
        (("delegate@example.edu",), {"login_hint": "delegate@example.edu"}),
        ((), {}),
        (("whoever@example.edu",), {"user_name": None}),
    ],
)
def test_property_31_right_identities_pass(
    names: tuple[str, ...], settings: dict[str, Any]
) -> None:
    check_identity(Identity(names, None), *_declared(**settings))


@pytest.mark.parametrize(
    ("names", "settings", "expected"),
    [
        (("other@example.edu",), {}, "reports@example.edu"),
        (("reports@example.edu",), {"login_hint": "delegate@example.edu"}, "delegate@example.edu"),
        (("reports@example.edu.evil.example",), {}, "reports@example.edu"),
    ],
)
def test_property_31_another_account_is_told(
    names: tuple[str, ...], settings: dict[str, Any], expected: str
) -> None:
    with pytest.raises(SignInFailed) as caught:
        check_identity(Identity(names, None), *_declared(**settings))
    assert f"Reports: {names[0]} signed in, expected was {expected}" in caught.value.message
    assert "prompt: select_account" in caught.value.remedy
    assert f"login_hint: {names[0]}" in caught.value.remedy


def test_somebody_must_say_which_mailbox_it_is() -> None:
    with pytest.raises(SignInFailed, match="nobody says which mailbox this is") as caught:
        check_identity(NOBODY, *_declared(user_name=None))
    assert caught.value.remedy == "add user_name: MAILBOX"


# The id_token.


def _id_token(**claims: Any) -> Secret:
    payload = json.dumps({"aud": "maps", "exp": NOW + 60, **claims}).encode()
    return Secret(f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.")


def _identity(token: Secret | None) -> Identity:
    claims = ("preferred_username", "email")
    return identity_from(token, claims, client_id="maps", now=NOW)


@pytest.mark.parametrize(
    ("claims", "names"),
    [
        ({"email": "a@x", "preferred_username": "b@x", "iss": "i"}, ("b@x", "a@x")),
        ({"email": "a@x", "preferred_username": "a@x"}, ("a@x",)),
        ({"email": "a@x", "email_verified": False}, ()),
        ({"email": "a@x", "email_verified": True, "aud": ["other", "maps"]}, ("a@x",)),
        ({"email": 1, "preferred_username": ""}, ()),
        ({"email": "a\x1b[2J@x"}, ()),
        ({"sub": "a@x"}, ()),
    ],
)
def test_names_come_from_the_providers_claims(
    claims: dict[str, Any], names: tuple[str, ...]
) -> None:
    assert _identity(_id_token(**claims)).names == names


def test_without_an_id_token_nobody_is_named() -> None:
    assert _identity(None) == NOBODY


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (_id_token(aud="other"), "meant for another client"),
        (_id_token(aud=None), "meant for another client"),
        (_id_token(exp=NOW - 3600), "expired before it arrived"),
        (Secret("CANARY"), "cannot be read"),
        (Secret("e30.CANARY.x"), "cannot be read"),
        (Secret("e30.W10.x"), "cannot be read"),
    ],
)
def test_an_id_token_that_is_not_for_us_ends_the_sign_in(token: Secret, words: str) -> None:
    with pytest.raises(SignInFailed, match=words) as caught:
        _identity(token)
    assert caught.value.remedy
    assert "CANARY" not in caught.value.message


def test_a_clock_that_is_a_little_off_is_forgiven() -> None:
    assert _identity(_id_token(exp=NOW - 300, email="a@x")).name == "a@x"

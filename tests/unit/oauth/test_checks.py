"""What must be true before tokens are saved."""

import base64
import json
from contextlib import nullcontext

import pytest

from provisioner.errors import SignInFailed
from provisioner.oauth.checks import (
    NOBODY,
    Identity,
    check_grant,
    check_identity,
    check_issuer,
    check_token_issuer,
    granted_refresh_token,
    granted_scope,
    identity_from,
)
from provisioner.oauth.token_endpoint import TokenResponse
from provisioner.providers.catalogue import provider_for
from provisioner.secret import Secret
from tests.support.oauth_samples import LINES, oauth_server

NOW = 1_800_000_000


def _answer(**members):
    return TokenResponse(
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


UNKNOWN = provider_for("sso.example.edu")
MICROSOFT = provider_for("login.microsoftonline.com")
GOOGLE = provider_for("accounts.google.com")
TENANT, OTHER_TENANT = (
    "72f988bf-86f1-41af-91ab-2d7cd011db47",
    "9188040d-6c67-4c5b-b112-36a304b66dad",
)
OUTLOOK = "https://outlook.office.com"
ISSUER = "https://sso.example.edu"


# Refresh token.


@pytest.mark.parametrize(
    ("provider", "scope", "line", "remedy"),
    [
        (MICROSOFT, "smtp", "oauth2.scope_for_authorize: Microsoft 365", "add offline_access "),
        (MICROSOFT, "smtp offline_access", "oauth2.prompt: Microsoft 365", "add prompt: consent"),
        (UNKNOWN, "smtp", "oauth2.scope_for_authorize: sso.example.edu", "add offline_access to s"),
        (GOOGLE, "https://mail.google.com/", "oauth2.authorization_url: Google",
         "add access_type=offline&prompt=consent to authorization_url"),
    ],
)  # fmt: skip
def test_property_29_a_missing_refresh_token_names_the_line_to_change(
    provider, scope, line, remedy
):
    server = oauth_server(scope_for_authorize=scope)
    with pytest.raises(SignInFailed) as caught:
        granted_refresh_token(_answer(refresh_token=None), server, provider)
    field = line.partition(": ")[0]
    assert caught.value.message == (
        f"servers/reports.yml:{LINES[field]}: Reports: {line} issued no refresh token"
    )
    assert remedy in caught.value.remedy


def test_property_29_google_gives_another_one_only_after_the_app_was_removed():
    with pytest.raises(SignInFailed) as caught:
        granted_refresh_token(_answer(refresh_token=None), oauth_server(), GOOGLE)
    assert "https://myaccount.google.com/connections" in caught.value.remedy


# Scope.


@pytest.mark.parametrize(
    ("provider", "asked", "granted"),
    [
        (UNKNOWN, "openid profile email offline_access smtp", "smtp"),
        (UNKNOWN, "smtp", None),
        (UNKNOWN, "smtp", ""),
        (UNKNOWN, "smtp", "  "),
        (UNKNOWN, "smtp", "smtp imap"),
        (UNKNOWN, "smtp smtp", "smtp"),
        (MICROSOFT, f"{OUTLOOK}/SMTP.Send offline_access", "https://Outlook.Office.com/smtp.send"),
        (MICROSOFT, f"{OUTLOOK}/SMTP.Send", "https://outlook.office365.com/SMTP.Send"),
        (MICROSOFT, "00000002-0000-0ff1-ce00-000000000000/SMTP.Send", f"{OUTLOOK}/SMTP.Send"),
        (MICROSOFT, f"{OUTLOOK}/.default", f"{OUTLOOK}/SMTP.Send"),
        (MICROSOFT, "00000002-0000-0ff1-ce00-000000000000/.default", f"{OUTLOOK}/SMTP.Send"),
        (MICROSOFT, "User.Read", "https://graph.microsoft.com/User.Read"),
        (MICROSOFT, "https://graph.microsoft.com/User.Read", "User.Read"),
        (GOOGLE, "email https://mail.google.com/", "https://mail.google.com/ openid"),
    ],
)
def test_property_30_right_grants_that_look_odd_pass(provider, asked, granted):
    declared = oauth_server(scope_for_authorize=asked)
    found = granted_scope(_answer(scope=granted), declared, provider)
    assert found == (granted if granted and granted.strip() else asked)


@pytest.mark.parametrize(
    ("provider", "asked", "granted", "missing"),
    [
        (UNKNOWN, "smtp offline_access", "openid", "smtp"),
        (UNKNOWN, "smtp imap pop", "imap", "smtp pop"),
        (UNKNOWN, "smtp", "smtp.read xsmtp", "smtp"),
        (GOOGLE, "https://mail.google.com/", "https://mail.google.com", "https://mail.google.com/"),
        (MICROSOFT, f"{OUTLOOK}/.default", "https://graph.microsoft.com/User.Read",
         f"{OUTLOOK}/.default"),
        (MICROSOFT, f"{OUTLOOK}/SMTP.Send", "SMTP.Send", f"{OUTLOOK}/SMTP.Send"),
        (MICROSOFT, f"{OUTLOOK}/SMTP.Send", f"{OUTLOOK}/IMAP.AccessAsUser.All",
         f"{OUTLOOK}/SMTP.Send"),
    ],
)  # fmt: skip
def test_property_30_a_narrower_grant_is_told(provider, asked, granted, missing):
    declared = oauth_server(scope_for_authorize=asked)
    with pytest.raises(SignInFailed) as caught:
        granted_scope(_answer(scope=granted), declared, provider)
    line = LINES["oauth2.scope_for_authorize"]
    assert caught.value.message == (
        f"servers/reports.yml:{line}: Reports: oauth2.scope_for_authorize: "
        f"requested but not granted: {missing}"
    )
    assert f"Granted: {granted}" in caught.value.remedy


def test_property_30_scope_for_token_is_what_the_token_was_asked_for():
    declared = oauth_server(scope_for_authorize="smtp calendar", scope_for_token="smtp")
    assert granted_scope(_answer(scope="smtp"), declared, UNKNOWN) == "smtp"
    assert granted_scope(_answer(), declared, UNKNOWN) == "smtp"
    with pytest.raises(SignInFailed, match=r"Reports: oauth2\.scope_for_token: requested"):
        granted_scope(_answer(scope="calendar"), declared, UNKNOWN)


# Issuer.

_ENTRA = "https://login.microsoftonline.com"


def _refused(issuer, provider, **settings):
    line = LINES["oauth2.authorization_url"]
    beginning = f"^servers/reports.yml:{line}: Reports: oauth2.authorization_url: the response "
    with pytest.raises(SignInFailed, match=beginning) as caught:
        check_issuer(issuer, oauth_server(**settings), provider)
    return caught.value


def test_property_10_iss_is_checked_when_present():
    declared = oauth_server()
    for right in (None, "https://sso.example.edu", "https://sso.example.edu/realms/a"):
        check_issuer(right, declared, UNKNOWN)
    for other in (
        "https://evil.example",
        "http://sso.example.edu",
        "",
        "https://[",
        "https://sso.example.edu:8",
        "https://sso.example.edu@evil.example",
    ):
        error = _refused(other, UNKNOWN)
        assert "another issuer than the provider of the sign-in" in error.message
        assert "providers: {sso.example.edu: {issuer:" in error.remedy


def test_property_10_a_known_or_declared_issuer_is_compared_exactly():
    google = {"authorization_url": "https://accounts.google.com/o/oauth2/v2/auth"}
    check_issuer("https://accounts.google.com", oauth_server(**google), GOOGLE)
    for other in ("https://accounts.google.com/", "https://ACCOUNTS.google.com"):
        assert "another issuer" in _refused(other, GOOGLE, **google).message
    declared = provider_for("sso.example.edu", {"sso.example.edu": {"issuer": "https://id.edu"}})
    check_issuer("https://id.edu", oauth_server(), declared)


def test_property_10_iss_is_required_only_where_metadata_promises_it():
    fact = {"authorization_response_iss_parameter_supported": True}
    promising = provider_for("sso.example.edu", {"sso.example.edu": fact})
    check_issuer("https://sso.example.edu", oauth_server(), promising)
    error = _refused(None, promising)
    assert "has no `iss`" in error.message
    assert "{authorization_response_iss_parameter_supported: false}" in error.remedy


@pytest.mark.parametrize(
    ("tenant", "issuer", "right"),
    [
        (TENANT, f"{_ENTRA}/{TENANT}/v2.0", True),
        (TENANT.upper(), f"{_ENTRA}/{TENANT}/v2.0", True),
        (TENANT, f"https://sts.windows.net/{TENANT}/", True),
        ("contoso.edu", f"{_ENTRA}/{TENANT}/v2.0", True),
        ("organizations", f"{_ENTRA}/{TENANT}/v2.0", True),
        ("common", f"{_ENTRA}/{{tenantid}}/v2.0", True),
        (TENANT, f"{_ENTRA}/{OTHER_TENANT}/v2.0", False),
        (TENANT, f"https://login.evil.example/{TENANT}/v2.0", False),
        ("common", f"https://evil.example/{TENANT}/v2.0", False),
    ],
)
def test_property_10_microsofts_issuer_depends_on_the_tenant(tenant, issuer, right):
    settings = {
        "authorization_url": f"{_ENTRA}/{tenant}/oauth2/v2.0/authorize?resource={OTHER_TENANT}",
        "access_token_url": f"{_ENTRA}/{tenant}/oauth2/v2.0/token",
    }
    if right:
        check_issuer(issuer, oauth_server(**settings), MICROSOFT)
    else:
        assert "and one tenant; " in _refused(issuer, MICROSOFT, **settings).remedy


def test_property_10_the_id_token_has_the_same_issuer():
    declared = oauth_server()
    check_token_issuer(Identity((), "accounts.google.com"), None, declared, GOOGLE)
    check_token_issuer(Identity((), "https://a"), "https://a", declared, UNKNOWN)
    check_token_issuer(Identity((), "https://sts.windows.net/t/"), None, declared, UNKNOWN)
    check_token_issuer(NOBODY, "https://a", declared, UNKNOWN)
    with pytest.raises(SignInFailed, match="another issuer"):
        check_token_issuer(Identity((), "https://b"), "https://a", declared, UNKNOWN)
    entra = oauth_server(authorization_url=f"{_ENTRA}/{TENANT}/oauth2/v2.0/authorize")
    check_token_issuer(Identity((), f"{_ENTRA}/{TENANT}/v2.0"), None, entra, MICROSOFT)
    with pytest.raises(SignInFailed, match="another issuer"):
        check_token_issuer(Identity((), f"{_ENTRA}/{OTHER_TENANT}/v2.0"), None, entra, MICROSOFT)


# Identity.


@pytest.mark.parametrize(
    ("names", "settings"),
    [
        (("reports@example.edu",), {}),
        (("Reports@Example.EDU",), {}),
        (("upn@tenant.onmicrosoft.com", "reports@example.edu"), {}),
        (("upn@tenant.onmicrosoft.com",), {"login_hint": "upn@tenant.onmicrosoft.com"}),
        (("delegate@example.edu",), {"login_hint": "delegate@example.edu"}),
        ((), {}),
        (("whoever@example.edu",), {"user_name": None}),
    ],
)
def test_property_31_right_identities_pass(names, settings):
    check_identity(Identity(names, None), oauth_server(**settings), UNKNOWN)


@pytest.mark.parametrize(
    ("names", "settings", "field", "expected"),
    [
        (("other@example.edu",), {}, "user_name", "reports@example.edu"),
        (("reports@example.edu",), {"login_hint": "delegate@example.edu"}, "oauth2.login_hint",
         "delegate@example.edu"),
        (("reports@example.edu.evil.example",), {}, "user_name", "reports@example.edu"),
        (("reports@exämple.edu",), {}, "user_name", "reports@example.edu"),
    ],
)  # fmt: skip
def test_property_31_another_account_is_told(names, settings, field, expected):
    with pytest.raises(SignInFailed) as caught:
        check_identity(Identity(names, None), oauth_server(**settings), MICROSOFT)
    assert caught.value.message == (
        f"servers/reports.yml:{LINES[field]}: Reports: {field}: "
        f"signed in as {names[0]}, expected {expected}"
    )
    assert "provisioner authenticate Reports --select-account" in caught.value.remedy
    assert "prompt: select_account" in caught.value.remedy
    assert f"login_hint: {names[0]}" in caught.value.remedy


def test_property_31_an_account_page_is_offered_only_by_those_who_have_one():
    plain = provider_for("sso.example.edu", {"sso.example.edu": {"prompts": ["login"]}})
    with pytest.raises(SignInFailed) as caught:
        check_identity(Identity(("other@example.edu",), None), oauth_server(), plain)
    assert "private window" in caught.value.remedy
    assert "select" not in caught.value.remedy


def test_somebody_must_say_which_mailbox_it_is():
    with pytest.raises(SignInFailed, match="unknown mailbox") as caught:
        check_identity(NOBODY, oauth_server(user_name=None), UNKNOWN)
    assert caught.value.remedy == "add user_name: MAILBOX"


# The id_token.


def _id_token(**claims):
    payload = json.dumps({"aud": "maps", "exp": NOW + 60, **claims}).encode()
    return Secret(f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.")


def _identity(token):
    return identity_from(token, oauth_server(), MICROSOFT, now=NOW)


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
def test_names_come_from_the_providers_claims(claims, names):
    assert _identity(_id_token(**claims)).names == names


def test_without_an_id_token_nobody_is_named():
    assert _identity(None) == NOBODY


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({}, ""),
        ({"iss": "https://other.example.edu"}, "another issuer"),
        ({"email": "other@example.edu"}, "signed in as other@example.edu"),
        ({"exp": NOW - 3600}, "expired before it arrived"),
    ],
)
def test_property_10_31_no_grant_passes_by_the_checks(claims, words):
    claims = {"iss": ISSUER, "email": "reports@example.edu", **claims}
    answer = _answer(id_token=_id_token(**claims))
    refused = pytest.raises(SignInFailed, match=words) if words else nullcontext()
    with refused:
        check_grant(answer, oauth_server(), UNKNOWN, issuer=ISSUER, now=NOW)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (
            _id_token(aud="other"),
            "oauth2.client_id: the provider's id_token is for another client",
        ),
        (_id_token(aud=None), "is for another client"),
        (_id_token(exp=NOW - 3600), "expired before it arrived"),
        (Secret("CANARY"), "oauth2.scope_for_authorize: the provider's id_token cannot be read"),
        (Secret("e30." + "W" * 20_000 + ".x"), "cannot be read"),
        (Secret("e30.CANARY.x"), "cannot be read"),
        (Secret("e30.W10.x"), "cannot be read"),
    ],
)
def test_an_id_token_that_is_not_for_us_ends_the_sign_in(token, words):
    with pytest.raises(SignInFailed, match=words) as caught:
        _identity(token)
    assert caught.value.remedy
    assert caught.value.message.startswith("servers/reports.yml:")
    assert "CANARY" not in caught.value.message


def test_a_clock_that_is_a_little_off_is_forgiven():
    assert _identity(_id_token(exp=NOW - 300, email="a@x")).name == "a@x"

"""Sign-ins from the browser to the saved tokens, against the embedded provider.

tests/unit/advice has the words for each refusal; here: the words around them, and where.
"""

import json
import logging
import os
import time
from dataclasses import replace
from functools import partial

import pytest

from provisioner.errors import ExitCode, InvalidProject, ProvisionerError, SignInFailed
from provisioner.oauth.browser_flow import BrowserOptions, browser_flow
from provisioner.oauth.checks import LoginOutcome, LoginResult
from provisioner.oauth.sign_in import sign_in
from provisioner.oauth.token_endpoint import TokenEndpoint
from provisioner.secret import Secret
from tests.support.oauth_samples import (
    CLIENT_SECRET,
    LINES,
    keep,
    kept,
    oauth_server,
    secrets_in,
    sign_in_context,
    token_set,
)
from tests.support.scripted_provider import ScriptedAnswer, ScriptedProvider

NOW = int(time.time())


class Scene:
    """A provider, a store that holds earlier tokens, and everything that was seen and said."""

    def __init__(self, folder, last_page):
        self.seen = []
        self.provider = ScriptedProvider(
            client_id="maps",
            client_secret=CLIENT_SECRET,
            observe=lambda *request: self.seen.append(request),
        )
        self.secrets = secrets_in(folder)
        self.lines = []
        self.last_page = last_page

    def sign_in(self, check_login=None, **changes):
        options = {k: changes.pop(k) for k in ("port", "timeout") if k in changes}
        now = changes.pop("now", time.time)
        client_secret = changes.pop("client_secret_value", CLIENT_SECRET)
        facts = changes.pop("facts", None)
        urls = {
            "access_token_url": self.provider.token_url,
            "authorization_url": self.provider.authorization_url,
        }
        context = sign_in_context(
            oauth_server(**urls | changes),
            self.secrets,
            facts=facts,
            client_secret=client_secret,
            check_login=check_login or (lambda tokens: LoginResult(LoginOutcome.ACCEPTED)),
            announce=self.lines.append,
            now=now,
        )
        return sign_in(browser_flow(context, BrowserOptions(**{"timeout": 20, **options})), context)

    def behave(self, **changes):
        self.provider.behavior = replace(self.provider.behavior, **changes)

    def requests(self, path):
        return [parameters for seen, parameters, _ in self.seen if seen == path]

    def page(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.last_page.exists() and self.last_page.stat().st_size:
                return self.last_page.read_text()
            time.sleep(0.02)
        pytest.fail("the browser saw no last page")

    def fails(self, words=None, **changes):
        """The sign-in fails with these words, on the terminal and in the browser."""
        self.last_page.unlink(missing_ok=True)
        with pytest.raises(SignInFailed, match=words) as caught:
            self.sign_in(**changes)
        assert "Reports: not signed in" in self.page()
        assert "Nothing was saved" in self.page()
        return caught.value


@pytest.fixture
def scene(tmp_path, last_page):
    scene = Scene(tmp_path, last_page)
    with scene.provider:
        yield scene


@pytest.fixture
def signed_in_before(scene):
    """There are earlier tokens, and every failed sign-in leaves them."""
    keep(scene.secrets, oauth_server(), token_set())
    path = scene.secrets.store.path("Reports")
    before = path.read_bytes()
    yield
    assert path.read_bytes() == before


def test_a_sign_in_ends_with_saved_tokens(scene):
    saved = scene.sign_in(now=lambda: NOW, login_hint="reports@example.edu")
    assert kept(scene.secrets) == saved
    assert scene.provider.grants.active(saved.access_token.reveal()) is not None
    assert saved.identity == "reports@example.edu"
    assert saved.issuer == scene.provider.issuer
    assert saved.scope == "openid email smtp"
    assert saved.expires_at == NOW + 3600
    assert saved.unproven is None
    assert "Reports: signed in" in scene.page()
    assert "Signed in as reports@example.edu." in scene.page()
    assert scene.lines[0] == "Reports: sign in as reports@example.edu in the browser:"
    assert scene.lines[1].strip().startswith(scene.provider.authorization_url + "?")
    [exchange], [asked] = scene.requests("/token"), scene.requests("/authorize")
    assert exchange["redirect_uri"] == asked["redirect_uri"]
    assert asked["redirect_uri"].startswith("http://localhost:")
    assert not asked["redirect_uri"].endswith("/")
    assert asked["code_challenge_method"] == "S256"
    assert "response_mode" not in asked
    assert "scope" not in exchange


def test_each_sign_in_is_a_grant_of_its_own(scene):
    assert scene.sign_in().grant_id != scene.sign_in().grant_id


def test_scope_for_token_goes_to_the_token_endpoint_only(scene):
    scene.sign_in(scope_for_token="smtp")
    assert scene.requests("/token")[0]["scope"] == "smtp"
    assert scene.requests("/authorize")[0]["scope"] == "openid email offline_access smtp"


def test_property_17_https_callback_with_the_fingerprint_in_the_terminal(scene):
    scene.sign_in(use_https_on_callback=True)
    assert scene.requests("/authorize")[0]["redirect_uri"].startswith("https://localhost:")
    assert "Reports: signed in" in scene.page()
    assert any("SHA-256 fingerprint is " in line for line in scene.lines)


@pytest.mark.parametrize("https", [False, True])
def test_property_16_form_post_where_the_declared_url_asks_for_it(scene, https):
    url = f"{scene.provider.authorization_url}?response_mode=form_post"
    saved = scene.sign_in(authorization_url=url, use_https_on_callback=https)
    [asked] = scene.requests("/authorize")
    assert asked["response_mode"] == "form_post"
    assert kept(scene.secrets) == saved
    assert "Reports: signed in" in scene.page()
    scene.behave(callback_error="access_denied")
    scene.fails("the sign-in page at localhost: access_denied", authorization_url=url)


def test_the_client_may_authenticate_either_way(scene):
    for method in ("client_secret_basic", "client_secret_post"):
        scene.behave(auth_methods=(method,))
        assert scene.sign_in().token_endpoint_auth_method == method


def test_without_an_identity_claim_the_mail_server_decides(scene):
    saved = scene.sign_in(scope_for_authorize="smtp offline_access")
    assert saved.identity is None
    assert saved.unproven is None


def test_a_provider_that_does_not_say_how_long(scene):
    scene.behave(token_answer={"expires_in": None})
    assert scene.sign_in(now=lambda: NOW).expires_at == NOW + 600


# Failures. Each leaves the earlier tokens, and the browser tells of it.

keeps_earlier_tokens = pytest.mark.usefixtures("signed_in_before")
FAILED, REFUSED = ExitCode.FAILURE, ExitCode.PERSON_NEEDED
SAID = (
    f"AADSTS7000215: x\x1b[2J {CLIENT_SECRET.reveal()}.\r\nTrace ID: 0000-11bb\r\n"
    "Correlation ID: aaaa-bb11\r\nTimestamp: 2026-05-10 10:43:33Z"
)
SUPPORT = "trace id 0000-11bb, correlation id aaaa-bb11, timestamp 2026-05-10 10:43:33Z."
SIGNER, ADMIN = "act: the person who signs in", "/adminconsent?client_id=maps"
TEMPORARY = "act: no one: it is temporary"
REJECTED = LoginResult(LoginOutcome.REJECTED, "the mail server rejects it: auth, 535", "fix it")


def refused(error, said=""):
    """By the token endpoint, which is asked twice if it does not know the client."""
    answer = json.dumps({"error": error, "error_description": said})
    return {"scripted_answers": (ScriptedAnswer(400, answer),) * 2}


def on_the_page(error, said):
    return {"callback_error": error, "callback": {"error_description": said}}


# Behavior of the provider, settings of the server -> exit code, field, words, and of the remedy.
FAILURES = {
    "10 another issuer": (
        {"callback": {"iss": "https://evil.example"}}, {},
        FAILED, "oauth2.authorization_url", "another issuer", "https://evil.example"),
    "11 canceled on the page": (
        on_the_page("access_denied", "<b>No & no</b>"), {}, REFUSED, "",
        "the sign-in page at localhost: access_denied: the sign-in was canceled or refused. "
        'It says: "<b>No & no</b>"', SIGNER),
    "11 an administrator must consent": (
        on_the_page("access_denied", "AADSTS90094: x"), {}, REFUSED, "",
        "access_denied, AADSTS90094: ", ADMIN),
    "11 a busy provider": (
        on_the_page("temporarily_unavailable", "x"), {}, FAILED, "",
        "the sign-in page at localhost: temporarily_unavailable", TEMPORARY),
    "29 no refresh token": (
        {}, {"scope_for_authorize": "openid smtp"}, FAILED, "oauth2.scope_for_authorize",
        "localhost issued no refresh token", "offline_access"),
    "30 a narrower scope": (
        {"granted_scope": "openid"}, {}, FAILED, "oauth2.scope_for_authorize",
        "requested but not granted: smtp", ""),
    "31 another account, of an issuer that is not told": (
        {"callback": {"iss": None}, "mailbox": "other@example.edu"}, {}, FAILED, "user_name",
        "signed in as other@example.edu, expected reports@example.edu", ""),
    "34 the mail server rejects it": (
        {}, {"check_login": lambda tokens: REJECTED}, REFUSED, "user_name", "auth, 535", "fix it"),
    "no such code": (
        refused("invalid_grant"), {}, REFUSED, "", "the code exchange at localhost: inv", SIGNER),
    "no such client secret": (
        refused("invalid_client", SAID), {}, REFUSED, "oauth2.client_secret",
        "the code exchange at localhost: invalid_client, AADSTS7000215: ", SUPPORT),
    "a busy provider": (
        refused("temporarily_unavailable"), {}, FAILED, "oauth2.access_token_url",
        "temporarily_unavailable", TEMPORARY),
    "no tokens": (
        {"scripted_answers": (ScriptedAnswer(200, "<html>", "text/html"),)}, {},
        FAILED, "oauth2.access_token_url", "localhost sent an invalid response: text/html", ""),
}  # fmt: skip


@keeps_earlier_tokens
@pytest.mark.parametrize(
    ("behavior", "settings", "code", "field", "words", "remedy"), FAILURES.values(), ids=FAILURES
)
def test_a_failure_is_told_on_the_terminal_and_in_the_browser(
    scene, behavior, settings, code, field, words, remedy
):
    scene.behave(**behavior)
    error = scene.fails(**settings)
    place = f"{LINES[field]}: Reports: {field}: " if field else "1: Reports: "
    assert error.message.startswith(f"servers/reports.yml:{place}")
    assert words in error.message
    assert remedy in error.message + error.remedy
    assert error.exit_code is code
    for text in (error.message, error.remedy, scene.page()):
        assert "\x1b" not in text
        assert "<b>No" not in text or text == error.message
        assert CLIENT_SECRET.reveal() not in text
    if "callback_error" in behavior or "another issuer" in words:
        assert scene.requests("/token") == [], "no code was sent"


def test_a_provider_that_is_busy_for_a_moment_is_waited_for_and_that_is_shown(scene, monkeypatch):
    at_once = partial(TokenEndpoint, pauses=(0, 0))
    monkeypatch.setattr("provisioner.oauth.sign_in.TokenEndpoint", at_once)
    scene.behave(scripted_answers=(ScriptedAnswer(503, headers={"Retry-After": "0"}),))
    assert scene.sign_in() == kept(scene.secrets)
    assert "the code exchange: localhost answered HTTP 503; trying again in 0 s" in scene.lines


@keeps_earlier_tokens
def test_property_22_nothing_starts_over_plain_http(scene):
    with pytest.raises(InvalidProject, match="access_token_url is not https"):
        scene.sign_in(access_token_url="http://sso.example.edu/token")
    assert scene.lines == []


@keeps_earlier_tokens
def test_a_store_that_cannot_be_written(scene, monkeypatch):
    def disk_full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(ProvisionerError, match="No space left on device"):
        scene.sign_in()
    assert "Reports: not signed in" in scene.page()


# What is odd and right.


@pytest.mark.parametrize(
    ("behavior", "settings", "identity"),
    [
        ({"token_answer": {"scope": None, "token_type": "bearer"}}, {}, "reports@example.edu"),
        ({"token_answer": {"id_token": None, "scope": "SMTP"}}, {}, None),
        ({"mailbox": "Reports@Example.EDU"}, {}, "Reports@Example.EDU"),
        ({"mailbox": "delegate@example.edu"}, {"login_hint": "delegate@example.edu"},
         "delegate@example.edu"),
        ({"mailbox": "whoever@example.edu"}, {"user_name": None}, "whoever@example.edu"),
        ({"callback": {"iss": None}}, {}, "reports@example.edu"),
    ],
    ids=str,
)  # fmt: skip
def test_right_sign_ins_that_look_odd(scene, behavior, settings, identity):
    scene.behave(**behavior)
    saved = scene.sign_in(**settings)
    assert kept(scene.secrets) == saved
    assert saved.identity == identity


def test_a_mail_server_that_cannot_be_asked_leaves_it_unproven(scene):
    unproven = LoginResult(LoginOutcome.UNVERIFIED, "localhost, connect: nobody answers")
    saved = scene.sign_in(check_login=lambda tokens: unproven)
    assert saved.unproven == "localhost, connect: nobody answers"
    assert kept(scene.secrets) == saved
    assert "signed in, not verified yet" in scene.page()
    assert "nobody answers" in scene.page()


def test_property_34_the_proof_gets_the_new_token_before_it_is_saved(scene):
    proven = []

    def prove(tokens):
        assert kept(scene.secrets) is None
        assert not scene.last_page.exists(), "the browser waits for the outcome"
        proven.append(tokens)
        return LoginResult(LoginOutcome.ACCEPTED)

    saved = scene.sign_in(check_login=prove)
    assert proven == [saved]


@pytest.mark.parametrize(
    ("secret", "form", "words"),
    [
        ("5a5c4a2e-0d0f-4c0e-9c58-0a9e1c2b3d4e", "guid", "looks like the ID of the client secret"),
        ("5a5c4a2e-0d0f-4c0e-9c58-0a9e1c2b3d4e", "unknown", None),
        ("abc8Q~CANARY", "guid", None),
    ],
)
def test_the_id_of_a_client_secret_is_told_before_the_browser_opens(scene, secret, form, words):
    scene.provider.client_secret = Secret(secret)
    facts = {"localhost": {"client_secret_id_form": form}}
    scene.sign_in(client_secret_value=Secret(secret), facts=facts)
    place = "Warning: servers/reports.yml:11: Reports: oauth2.client_secret: "
    assert scene.lines[0].startswith(place) == (words is not None)
    assert words is None or words in scene.lines[0]
    assert secret not in "".join(scene.lines)


def test_property_33_no_secret_is_said_logged_or_raised(scene, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    saved = scene.sign_in()
    [exchange] = scene.requests("/token")
    secrets = [
        CLIENT_SECRET.reveal(),
        exchange["code"],
        exchange["code_verifier"],
        saved.access_token.reveal(),
        saved.refresh_token.reveal(),
    ]
    said = "\n".join([*scene.lines, caplog.text, *capfd.readouterr(), repr(saved), scene.page()])
    echoed = f'{{"error": "invalid_grant", "error_description": "{CLIENT_SECRET.reveal()}"}}'
    scene.behave(scripted_answers=(ScriptedAnswer(400, echoed),))
    error = scene.fails("invalid_grant")
    trace = error
    while trace is not None:
        said += repr(trace) + str(trace)
        trace = trace.__cause__ or (None if trace.__suppress_context__ else trace.__context__)
    said += error.message + error.remedy + caplog.text + scene.page()
    for secret in secrets:
        assert secret not in said


def test_property_33_an_issuer_or_a_name_that_holds_a_secret_is_not_shown(scene):
    secret = CLIENT_SECRET.reveal()
    scene.behave(callback={"iss": f"https://{secret}"})
    issuer = scene.fails("another issuer than the provider of the sign-in")
    scene.behave(callback={}, mailbox=secret)
    name = scene.fails(r"signed in as \*\*\*, expected reports@example.edu")
    for error in (issuer, name):
        assert secret not in error.message + error.remedy
        assert "***" in error.message + error.remedy
    assert secret not in scene.page()

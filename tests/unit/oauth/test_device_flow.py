"""Sign-ins by a code that is entered elsewhere: RFC 8628, against a scripted provider."""

import json
from secrets import token_hex

import pytest

from provisioner.errors import ExitCode, InvalidProject, ProvisionerError, SignInFailed
from provisioner.oauth.checks import LoginOutcome, LoginResult
from provisioner.oauth.device_flow import device_endpoint, device_flow
from provisioner.oauth.sign_in import sign_in
from provisioner.providers.catalogue import provider_for
from tests.support.oauth_samples import (
    LINES,
    keep,
    kept,
    oauth_server,
    secrets_in,
    sign_in_context,
    token_set,
)
from tests.support.scripted_http import form_of, json_answer, scripted_server

CODES = {
    "device_code": "CANARY-device-code",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://sso.example.edu/device",
    "expires_in": 900,
    "interval": 5,
}
TOKENS = json_answer(json.dumps({"access_token": "CANARY-at", "refresh_token": "CANARY-rt",
                                 "token_type": "Bearer", "expires_in": 3600}))  # fmt: skip


def refusal(error, **more):
    return json_answer(json.dumps({"error": error, **more}), status="400 Bad Request")


PENDING = refusal("authorization_pending")
NOBODY = "the code was not used"


class Desk:
    """A store with earlier tokens, a clock that only sleeping moves, and what was said."""

    def __init__(self, folder):
        self.secrets = secrets_in(folder)
        keep(self.secrets, oauth_server(), token_set())
        self.lines = []
        self.slept = []

    def sign_in(self, server, timeout=300, check_login=None, **changes):
        fact = {"device_authorization_url": changes.pop("reference", "device/auth")}
        declared = oauth_server(
            access_token_url=f"http://localhost:{server.port}/token",
            authorization_url=f"http://localhost:{server.port}/authorize",
            **changes,
        )
        context = sign_in_context(
            declared,
            self.secrets,
            facts={"localhost": fact},
            announce=self.lines.append,
            check_login=check_login or (lambda tokens: LoginResult(LoginOutcome.ACCEPTED)),
        )
        way = device_flow(context, timeout, clock=lambda: sum(self.slept), sleep=self.slept.append)
        return sign_in(way, context)

    def outcome(self, *polls, codes=CODES, **changes):
        """The failure's words, and the earlier tokens are as they were."""
        path = self.secrets.store.path("Reports")
        before = path.read_bytes()
        with _provider(polls, codes) as server, pytest.raises(ProvisionerError) as caught:
            self.sign_in(server, **changes)
        assert path.read_bytes() == before
        self.code = caught.value.exit_code
        words = f"{caught.value.message}\n{caught.value.remedy}"
        assert "CANARY" not in words + "".join(self.lines)
        return words


def _provider(polls, codes=CODES):
    first = codes if isinstance(codes, bytes) else json_answer(json.dumps(codes))
    return scripted_server([first, *polls])


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_property_21_a_person_enters_the_code_elsewhere(desk):
    with _provider([PENDING, PENDING, TOKENS]) as server:
        saved = desk.sign_in(server)
    assert kept(desk.secrets) == saved
    assert saved.refresh_token.reveal() == "CANARY-rt"
    assert saved.scope == "openid email offline_access smtp"
    assert desk.lines == [
        "Reports: on any machine with a browser open\n  https://sso.example.edu/device\n"
        "enter the code WDJB-MJHT and sign in as reports@example.edu.",
        "Waiting for up to 300 s; press Ctrl-C to cancel.",
    ]
    assert desk.slept == [5, 5, 5]
    asked, *polls = server.requests
    assert asked.startswith(b"POST /device/auth HTTP/1.1\r\n")
    assert form_of(asked) == {"client_id": "maps", "scope": "openid email offline_access smtp"}
    assert b"\r\nAuthorization: Basic " in asked
    for poll in polls:
        assert poll.startswith(b"POST /token HTTP/1.1\r\n")
        assert b"\r\nAuthorization: Basic " in poll
        assert form_of(poll) == {
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": "CANARY-device-code",
        }


SLOW = refusal("slow_down")
BUSY = json_answer("", status="503 Service Unavailable")
ASKS = json_answer("", status="429 Too Many Requests", headers="Retry-After: 30\r\n")
UNAVAILABLE = refusal("temporarily_unavailable")


@pytest.mark.parametrize(
    ("interval", "polls", "slept"),
    [
        (None, [], [5]), ("7", [], [7]), (0, [], [1]), (-3, [], [1]), ("x", [], [5]),
        (2.9, [], [2]), (True, [], [5]),
        # Each slow_down adds five seconds, a fault doubles the pause; neither ends anything.
        (1, [PENDING, SLOW, PENDING, SLOW], [1, 1, 6, 6, 11]),
        (1, [b"", BUSY, UNAVAILABLE, ASKS, PENDING], [1, 2, 4, 8, 30, 30]),
    ],
    ids=str,
)  # fmt: skip
def test_property_21_the_pace_of_the_questions(desk, interval, polls, slept):
    with _provider([*polls, TOKENS], {**CODES, "interval": interval}) as server:
        desk.sign_in(server)
    assert desk.slept == slept


def test_an_address_with_the_code_in_it_is_shown_beside_the_code(desk):
    complete = "https://sso.example.edu/device?user_code=WDJB-MJHT"
    with _provider([TOKENS], {**CODES, "verification_uri_complete": complete}) as server:
        desk.sign_in(server)
    assert f"Or open {complete} and check that it shows the same code." in desk.lines
    with _provider([TOKENS], {**CODES, "verification_uri_complete": "http://x.example"}) as server:
        desk.sign_in(server)
    assert "http://x.example" not in "".join(desk.lines)


def test_the_client_is_recognized_the_other_way(desk):
    unknown = json_answer('{"error": "invalid_client"}', status="401 Unauthorized")
    first = [unknown, json_answer(json.dumps(CODES)), PENDING, TOKENS]
    with scripted_server(first) as server:
        assert desk.sign_in(server).token_endpoint_auth_method == "client_secret_post"
    assert len(server.requests) == 4
    assert all(b"client_secret=" in request for request in server.requests[1:])


# Failures. Each leaves the earlier tokens.


NO_CODE = "returned no user_code, or no https page"
LINE = LINES["oauth2.scope_for_authorize"]


@pytest.mark.parametrize(
    ("codes", "polls", "words"),
    [
        # The last word of the provider.
        *[(CODES, [PENDING, refusal(error, error_description="CANARY-device-code")],
           [": the device sign-in at localhost: ", *words, "Who must act: ", "***"])
          for error, *words in (
            ("access_denied", "access_denied: the sign-in was refused on the page", "accept"),
            ("expired_token", "expired_token: no one entered the code in time", "a new code comes"),
            ("invalid_grant", "invalid_grant: the code was used before", "a new code comes"),
            ("unauthorized_client", "may not use the device flow", "sign in without --device"),
            ("invalid_scope", "invalid_scope: a scope is", "correct scope_for_authorize"))],
        (refusal("invalid_scope", error_description="Invalid device flow scope: smtp"), [],
         ["invalid_scope: the device flow does not give the scope of mail"]),
        (refusal("invalid_scope", error_description="no such scope"), [],
         [f"servers/reports.yml:{LINE}: Reports: oauth2.scope_for_authorize: the",
          'It says: "no such scope"']),
        # Codes that are none.
        *[(codes, [], [words, ": the device sign-in: localhost ", "check device_authorization_url"])
          for codes, words in (
            ({**CODES, "device_code": ""}, "returned no device_code"),
            ({**CODES, "device_code": ["CANARY"]}, "returned no device_code"),
            ({**CODES, "user_code": None}, NO_CODE),
            ({**CODES, "user_code": "\x1b[2J"}, NO_CODE),
            ({**CODES, "user_code": "7" * 65}, NO_CODE),
            ({**CODES, "verification_uri": "http://sso.example.edu/device"}, NO_CODE),
            ({**CODES, "verification_uri": "https://a@sso.example.edu/"}, NO_CODE),
            ({**CODES, "verification_uri": 7}, NO_CODE),
            (["CANARY"], "sent an invalid response: application/json without"),
            (json_answer("<h1>CANARY</h1>", status="404 Not Found"), "answered HTTP 404"),
            (json_answer("[" * 5000), "without tokens"))],
        # Tokens that are none, and those that no sign-in may keep.
        (CODES, [PENDING, json_answer("<html>")],
         ["the device sign-in: localhost sent an invalid response: application/json without tokens",
          "check access_token_url"]),
        (CODES, [json_answer('{"access_token": "CANARY-at"}')],
         ["oauth2.prompt: localhost issued no refresh token"]),
        (CODES, [json_answer('{"access_token": "x", "refresh_token": "y", "scope": "imap"}')],
         ["requested but not granted: smtp"]),
    ],
    ids=lambda value: repr(value)[-40:],
)  # fmt: skip
def test_property_21_each_failure_in_words(desk, codes, polls, words):
    said = desk.outcome(*polls, codes=codes)
    assert [word for word in words if word not in said] == []
    assert desk.slept == [5] * len(polls)


def test_property_33_a_page_that_holds_the_device_code_does_not_show_it(desk):
    code = f"CANARY-{token_hex(8)}"
    page = f"https://sso.example.edu/?code={code}"
    desk.outcome(codes={**CODES, "device_code": code, "verification_uri": page}, timeout=1)
    assert "https://sso.example.edu/?code=***" in desk.lines[0]


def test_the_mail_server_has_the_last_word_here_too(desk):
    mail = LoginResult(
        LoginOutcome.REJECTED, "the mail server rejects the token: auth, 535", "fix it"
    )
    assert "user_name: the mail server rejects" in desk.outcome(TOKENS, check_login=lambda _: mail)


@pytest.mark.parametrize(
    ("polls", "lives", "timeout", "words", "remedy"),
    [
        ([PENDING] * 3, 900, 20, f"{NOBODY} within 20 s\n",
         "--timeout 900 waits as long as the code is valid"),
        ([PENDING, refusal("expired_token")], 900, 300, "the device sign-in", "a new code"),
        ([PENDING, b""], "16", 300,
         f"{NOBODY} within 16 s. The last request failed: the device sign-in: localhost closed",
         "its own"),
    ],
    ids=("time", "code, says the provider", "code"),
)  # fmt: skip
def test_the_time_or_the_code_ends_first(desk, polls, lives, timeout, words, remedy):
    said = desk.outcome(*polls, codes={**CODES, "expires_in": lives}, timeout=timeout)
    assert desk.code is ExitCode.FAILURE
    assert f"servers/reports.yml:1: Reports: {words}" in said
    assert remedy in said
    assert desk.slept == [5] * len(polls)


# Where it begins.


def test_property_22_the_client_secret_goes_only_where_the_provider_lives(desk):
    with scripted_server([]) as thief:
        elsewhere = f"http://127.0.0.1:{thief.port}/device"
        said = desk.outcome(reference=elsewhere)
        assert "device_authorization_url is at 127.0.0.1" in said
        assert thief.requests == []
    assert "device_authorization_url is not https" in desk.outcome(reference="http://x.example/d")


def test_property_22_a_project_cannot_vouch_for_another_host():
    facts = {
        "device_authorization_url": "https://evil.example/d",
        "endpoints": ["sso.example.edu", "evil.example"],
    }
    with pytest.raises(SignInFailed, match=r"is at evil\.example, which is not known to belong"):
        _endpoint("https://sso.example.edu/token", **facts)


def _endpoint(token_url, **facts):
    server = oauth_server(access_token_url=token_url, authorization_url=token_url)
    host = "sso.example.edu"
    overrides = {host: facts} if facts else {}
    return device_endpoint(provider_for(token_url, overrides), server, server.oauth2)


def test_where_the_catalogue_knows_an_endpoint():
    entra = "https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/"
    assert _endpoint(entra + "token") == entra + "devicecode"
    gcc = "https://login.microsoftonline.us/contoso.edu/oauth2/v2.0/"
    assert _endpoint(gcc + "token") == gcc + "devicecode"
    own = "https://sso.example.edu/d"
    assert _endpoint("https://sso.example.edu/token", device_authorization_url=own) == own
    with pytest.raises(InvalidProject, match="device_authorization_url is not https"):
        _endpoint("https://sso.example.edu/t", device_authorization_url="http://sso.example.edu/d")


@pytest.mark.parametrize(
    ("token_url", "words", "remedy"),
    [
        ("https://oauth2.googleapis.com/token",
         "Google does not grant the scope of mail to a sign-in with --device", "omit --device"),
        ("https://api.login.yahoo.com/oauth2/get_token",
         "is not known to support a sign-in with --device",
         "providers: {yahoo: {device_authorization_url: URL}}"),
    ],
)  # fmt: skip
def test_others_have_none_that_serves(token_url, words, remedy):
    with pytest.raises(SignInFailed) as caught:
        _endpoint(token_url)
    line = LINES["oauth2.access_token_url"]
    where = f"servers/reports.yml:{line}: Reports: oauth2.access_token_url: "
    assert caught.value.message.startswith(where)
    assert caught.value.message.endswith(words)
    assert remedy in caught.value.remedy

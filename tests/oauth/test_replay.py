"""Every refusal that a client can see, as providers write it: what the terminal then says.

Codes of Microsoft: https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from provisioner.cli.app import print_error
from provisioner.errors import ExitCode, ProvisionerError
from provisioner.oauth.acceptance import Acceptance
from provisioner.oauth.browser_flow import BrowserOptions, browser_flow
from provisioner.oauth.failures import Stage, refusal_from
from provisioner.oauth.google_errors import GOOGLE_ERRORS, GOOGLE_WORDS
from provisioner.oauth.microsoft_errors import MICROSOFT_ERRORS
from provisioner.oauth.refreshing import fresh_tokens
from provisioner.oauth.sign_in import sign_in
from provisioner.oauth.standard_errors import STANDARD_ERRORS
from provisioner.providers.catalogue import provider_for
from provisioner.secret import Secret
from tests.oauth.scripted_server import json_answer, scripted_server
from tests.oauth_samples import CLIENT_SECRET, LINES, keep, oauth_server, secrets_in, token_set

YOU = "you, in the declared file"
SIGNER = "whoever signs in"
ADMIN = "an administrator at the provider"
NOBODY = "nobody: it passes"
US = "us: please report it"


class Row(NamedTuple):
    """`codes`: Microsoft's numbers, else nothing. `said`: the description, else made up."""

    codes: str
    error: str
    cause: str
    remedy: str
    actor: str
    field: str = ""
    said: str = ""


MICROSOFT = [
    Row("50011 70004", "invalid_request", "redirect address is not registered",
        "register exactly http://localhost", ADMIN),
    Row("900971 90102 90014 900144", "invalid_request", "lacks something", "again", US),
    Row("65001", "consent_required", "nobody has consented", "grant consent", ADMIN),
    Row("65004", "access_denied", "consent was declined", "sign in again and accept", SIGNER),
    Row("90094 90095", "access_denied", "administrator's consent", "adminconsent?", ADMIN),
    Row("650056 650057 65005 650053", "invalid_client", "does not list the permission",
        "Office 365 Exchange Online, SMTP.Send (delegated)", ADMIN),
    Row("65002", "invalid_request", "client id of Microsoft's own", "an app of your own", ADMIN),
    Row("650052 500011", "invalid_resource", "not in this tenant", "host in the scope", ADMIN),
    Row("28000 700022", "invalid_request", "scopes of two resources", "one resource", YOU,
        "oauth2.scope_for_token"),
    Row("28002 28003 70011 700023", "invalid_scope", "empty or not valid", "scope_for_token", YOU,
        "oauth2.scope_for_authorize"),
    Row("1002012", "invalid_scope", "/.default alone", "SMTP.Send", YOU, "oauth2.scope_for_token"),
    Row("700016 700011", "unauthorized_client", "no such app in this tenant", "check client_id",
        YOU, "oauth2.client_id"),
    Row("7000112 70001", "unauthorized_client", "the app is disabled", "enable it", ADMIN),
    Row("7000215 70002", "invalid_client", "its ID was copied instead of its Value",
        "the secret's Value", YOU, "oauth2.client_secret"),
    Row("7000222", "invalid_client", "the client secret has expired", "24 months at most", ADMIN,
        "oauth2.client_secret"),
    Row("7000218", "invalid_client", "sent no secret", "declare client_secret", ADMIN),
    Row("700025", "invalid_client", "registered as public", "platform Web", ADMIN),
    Row("9002325 501481 50147 501491", "invalid_grant", "proof of PKCE", "again", US),
    Row("54005", "invalid_grant", "code was used before", "start the sign-in again", SIGNER),
    Row("70000", "invalid_grant", "refresh token is not valid", "authenticate", SIGNER),
    Row("70008 700082", "invalid_grant", "unused for 90 days", "`provisioner refresh`", SIGNER),
    Row("700084", "invalid_grant", "live 24 hours", "platform Web", ADMIN),
    Row("70043", "invalid_grant", "sign-in frequency", "exemption", ADMIN),
    Row("50173 50133 50132", "invalid_grant", "password changed", "authenticate", SIGNER),
    Row("50076 50079 50074 50072 50078", "interaction_required", "multi-factor", "exclusion",
        SIGNER),
    Row("53003 530032 53000 53001 530035", "access_denied", "Conditional Access", "exemption",
        ADMIN),
    Row("50105", "invalid_grant", "not assigned to the app", "assign the user", ADMIN),
    Row("50020 500208 16000", "invalid_grant", "another tenant", "the right account", SIGNER),
    Row("50194", "invalid_request", "serves one tenant", "the tenant's id", YOU,
        "oauth2.authorization_url"),
    Row("9002332 9001023 90124 90130", "invalid_request", "do not serve this app", "own tenant",
        YOU, "oauth2.authorization_url"),
    Row("90002 50059", "invalid_request", "does not exist", "correct the tenant", YOU,
        "oauth2.authorization_url"),
    Row("90038 900382 900432", "invalid_request", "national cloud", "login.microsoftonline.us",
        YOU, "oauth2.authorization_url"),
    Row("700005", "invalid_grant", "comes from another tenant", "one tenant", YOU,
        "oauth2.access_token_url"),
    Row("900561 90056 9002313", "invalid_request", "wrong endpoint", "not swapped", YOU,
        "oauth2.access_token_url"),
    Row("50034 50057 50053 50055 50126", "invalid_grant", "disabled or locked", "the account",
        ADMIN),
    Row("50196", "invalid_grant", "for a loop", "wait", US),
    Row("70005 70007", "unsupported_response_type", "in the way that was asked for",
        "response_mode", YOU, "oauth2.authorization_url"),
    Row("70016", "authorization_pending", "nobody has entered the code", "enter it", SIGNER),
    Row("70018 70019 90120", "bad_verification_code", "mistyped", "a new code", SIGNER),
    Row("90055 90033 90006 90024 50033", "temporarily_unavailable", "is busy", "some minutes",
        NOBODY),
]  # fmt: skip

OTHERS = [
    Row("", "access_denied", "cancelled or refused", "Test users", SIGNER),
    Row("", "invalid_request", "does not understand a parameter", "check authorization_url", YOU),
    Row("", "unauthorized_client", "may not use the authorization-code flow", "allow", ADMIN),
    Row("", "unsupported_response_type", "does not give codes", "check authorization_url", YOU,
        "oauth2.authorization_url"),
    Row("", "unsupported_grant_type", "probably not the token endpoint", "not swapped", YOU,
        "oauth2.access_token_url"),
    Row("", "invalid_scope", "misspelt", "correct scope_for_authorize", YOU,
        "oauth2.scope_for_authorize"),
    Row("", "invalid_client", "unknown, or its secret is wrong", "renew client_secret", ADMIN,
        "oauth2.client_secret"),
    Row("", "invalid_target", "for which resource", "?resource=", YOU, "oauth2.authorization_url"),
    Row("", "server_error", "has a fault", "try again later", NOBODY),
    Row("", "temporarily_unavailable", "overloaded", "try again later", NOBODY),
    Row("", "interaction_required", "wants to see a person", "authenticate", SIGNER),
    Row("", "login_required", "wants to see a person", "authenticate", SIGNER),
    Row("", "consent_required", "wants to see a person", "authenticate", SIGNER),
    Row("", "admin_policy_enforced", "blocks this scope or app", "trust the client id", ADMIN),
    Row("", "org_internal", "another organization", "account of the organization", SIGNER),
    Row("", "redirect_uri_mismatch", "does not list this redirect", "Desktop app", ADMIN),
    Row("", "deleted_client", "was deleted", "create a new client", ADMIN, "oauth2.client_id"),
    Row("", "disallowed_useragent", "built into another program", "browser of the system", SIGNER),
    Row("", "invalid_grant", "session control", "exempt the trusted app", ADMIN,
        said="reauth related error (invalid_rapt)"),
    Row("", "invalid_grant", "7 days old while the app is in Testing", "In production", SIGNER,
        said="Token has been expired or revoked."),
    Row("", "invalid_request", "may not use a redirect address on this machine", "Desktop app",
        ADMIN, "oauth2.client_id",
        said="The loopback flow has been blocked in order to keep users secure."),
    Row("", "invalid_scope", "does not give the scope of mail", "without --device", SIGNER,
        said="Invalid device flow scope: https://mail.google.com/"),
    Row("", "never_heard_of", "the provider refused", "look the code up", ADMIN),
]  # fmt: skip

ROWS = MICROSOFT + OTHERS
_ENDPOINT = "oauth2.access_token_url"
ONLY_A_PERSON = {"invalid_grant", "interaction_required", "login_required", "consent_required"}


def _answer(row: Row, code: str = "") -> dict[str, str]:
    code = code or row.codes.split(" ")[0]
    said = row.said or (
        f"AADSTS{code}: Words\x1b[2J of {CLIENT_SECRET.reveal()}.\r\nTrace ID: 0000-11bb\r\n"
        "Correlation ID: aaaa-bb11\r\nTimestamp: 2026-05-10 10:43:33Z"
        if code
        else f"Words\x1b[2J of {CLIENT_SECRET.reveal()}."
    )
    return {"error": row.error, "error_description": said}


def _terminal(
    run: Callable[[], object], capsys: pytest.CaptureFixture[str]
) -> tuple[str, ExitCode]:
    with pytest.raises(ProvisionerError) as caught:
        run()
    print_error(caught.value.message, caught.value.remedy)
    return capsys.readouterr().err, caught.value.exit_code


def _check(row: Row, stage: str, said: str) -> None:
    line = LINES[row.field] if row.field else 1
    beginning = f"Error: servers/reports.yml:{line}: Reports: {row.field + ': ' * bool(row.field)}"
    assert said.startswith(f"{beginning}{stage} at localhost: {row.error}"), said
    assert row.cause in said.splitlines()[0]
    assert row.remedy in said.partition("\n")[2]
    assert f"Who must act: {row.actor}." in said
    assert "\x1b" not in said
    assert "CANARY" not in said
    if row.codes:
        assert f"{row.error}, AADSTS{row.codes.split(' ')[0]}: " in said
        assert (
            "support: trace id 0000-11bb, correlation id aaaa-bb11, timestamp 2026-05-10 10:43:33Z."
        ) in said


def _named(row: Row) -> str:
    return row.codes.split(" ")[0] or row.said[:20] or row.error


each_row = pytest.mark.parametrize("row", ROWS, ids=_named)


def _needs(folder: Path, url: str, announce: Callable[[str], None] = print) -> dict[str, Any]:
    server = oauth_server(access_token_url=f"{url}/token", authorization_url=f"{url}/authorize")
    return {
        "server": server,
        "settings": server.oauth2,
        "provider": provider_for("localhost"),
        "client_secret": CLIENT_SECRET,
        "secrets": secrets_in(folder),
        "prove": None,
        "announce": announce,
    }


@each_row
def test_at_the_code_exchange(row: Row, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused = json_answer(json.dumps(_answer(row)), status="400 Bad Request")
    with scripted_server([refused] * 2) as provider:
        acceptance = Acceptance(**_needs(tmp_path, f"http://localhost:{provider.port}"))
        said, code = _terminal(
            lambda: acceptance.accepted(
                lambda endpoint: endpoint.exchange(
                    Secret("CANARY-code"), verifier=Secret("v"), redirect_uri="x", scope=None
                )
            ),
            capsys,
        )
    assert code is ExitCode.FAILURE
    passes = row.error in ("server_error", "temporarily_unavailable")
    _check(row._replace(field=_ENDPOINT) if passes else row, "the code exchange", said)


@each_row
def test_at_the_refresh(
    row: Row, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioner.oauth.token_client.time.sleep", lambda seconds: None)
    refused = json_answer(json.dumps(_answer(row)), status="400 Bad Request")
    with scripted_server([refused] * 3) as provider:
        needs = _needs(tmp_path, f"http://localhost:{provider.port}")
        secrets, server = needs["secrets"], needs["server"]
        keep(secrets, server, token_set(expires_at=1))
        path = secrets.store.path("Reports")
        before = path.read_bytes()
        said, code = _terminal(lambda: fresh_tokens(secrets, server, 60, 1_900_000_000), capsys)
    assert code is (ExitCode.PERSON_NEEDED if row.error in ONLY_A_PERSON else ExitCode.FAILURE)
    assert path.read_bytes() == before
    passes = row.error in ("server_error", "temporarily_unavailable")
    _check(row._replace(field=_ENDPOINT) if passes else row, "the refresh", said)


@each_row
def test_on_the_sign_in_page(
    row: Row, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider sends the browser back with the error."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def send_back(url: str) -> bool:
        asked = parse_qs(urlsplit(url).query)
        answer = urlencode({**_answer(row), "state": asked["state"][0]})
        opener.open(f"{asked['redirect_uri'][0]}/?{answer}", timeout=20).close()
        return True

    monkeypatch.setenv("BROWSER", "set, as on a desktop")
    monkeypatch.setattr("webbrowser.open", send_back)
    context = Acceptance(**_needs(tmp_path, "http://localhost:1", lambda line: None))
    way = browser_flow(context, BrowserOptions(timeout=20))
    said, code = _terminal(lambda: sign_in(way, context), capsys)
    assert code is ExitCode.FAILURE
    _check(row, "the sign-in page", said)


@pytest.mark.parametrize("row", MICROSOFT, ids=_named)
def test_the_other_codes_of_a_row_say_the_same(row: Row) -> None:
    for code in row.codes.split():
        refusal = refusal_from(_answer(row, code), stage=Stage.EXCHANGE, host="localhost")
        assert refusal.vendor_code == f"AADSTS{code}"
        assert row.cause in refusal.message()
        assert f"Who must act: {row.actor}." in refusal.remedy()


def test_no_advice_is_left_out() -> None:
    codes = {f"AADSTS{code}" for row in MICROSOFT for code in row.codes.split()}
    assert codes == set(MICROSOFT_ERRORS)
    seen = {row.error for row in OTHERS} | {"invalid_rapt"}
    assert {*STANDARD_ERRORS, *GOOGLE_ERRORS} <= seen
    assert all(any(words in row.said for row in OTHERS) for words in GOOGLE_WORDS)

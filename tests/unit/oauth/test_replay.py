"""Refusals as providers write them, on their three ways to the terminal.

tests/unit/advice has the words of each; here: the words around them, where, and the end.
"""

from __future__ import annotations

import json
import urllib.request
from functools import partial
from typing import NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from provisioner.cli.app import print_error
from provisioner.credentials.proofs import read_proofs
from provisioner.errors import ExitCode, ProvisionerError
from provisioner.oauth.browser_flow import BrowserOptions, browser_flow
from provisioner.oauth.refreshing import fresh_tokens
from provisioner.oauth.sign_in import SignInContext, sign_in
from provisioner.oauth.token_endpoint import TokenEndpoint
from provisioner.providers.catalogue import provider_for
from provisioner.secret import Secret
from tests.support.oauth_samples import (
    CLIENT_SECRET,
    LINES,
    keep,
    oauth_server,
    secrets_in,
    token_set,
)
from tests.support.scripted_http import json_answer, scripted_server

YOU = "you, in the server file"
SIGNER = "the person who signs in"
ADMIN = "an administrator at the provider"
NOBODY = "no one: it is temporary"


class Row(NamedTuple):
    """`code`: Microsoft's number, else nothing. `said`: the description, else made up."""

    code: str
    error: str
    cause: str
    remedy: str
    actor: str
    field: str = ""
    said: str = ""


ROWS = [
    Row("90094", "access_denied", "administrator's consent",
        "https://localhost/contoso.edu/adminconsent?client_id=maps", ADMIN),
    Row("7000215", "invalid_client", "its ID was copied instead of its Value",
        "the secret's Value", YOU, "oauth2.client_secret"),
    Row("50076", "interaction_required", "multi-factor", "exclusion", SIGNER),
    Row("50173", "invalid_grant", "password changed", "authenticate", SIGNER),
    Row("700005", "invalid_grant", "comes from another tenant", "one tenant", YOU,
        "oauth2.access_token_url"),
    Row("", "invalid_grant", "session control", "exempt the trusted app", ADMIN,
        said="reauth related error (invalid_rapt)"),
    Row("", "access_denied", "canceled or refused", "Test users", SIGNER),
    Row("", "temporarily_unavailable", "overloaded", "try again later", NOBODY),
    Row("", "never_heard_of", "the provider refused", "look the code up", ADMIN),
]  # fmt: skip
_ENDPOINT = "oauth2.access_token_url"


def _answer(row):
    code = row.code
    said = row.said or (
        f"AADSTS{code}: Words\x1b[2J of {CLIENT_SECRET.reveal()}.\r\nTrace ID: 0000-11bb\r\n"
        "Correlation ID: aaaa-bb11\r\nTimestamp: 2026-05-10 10:43:33Z"
        if code
        else f"Words\x1b[2J of {CLIENT_SECRET.reveal()}."
    )
    return {"error": row.error, "error_description": said}


def _terminal(run, capsys):
    with pytest.raises(ProvisionerError) as caught:
        run()
    print_error(caught.value.message, caught.value.remedy)
    return capsys.readouterr().err, caught.value.exit_code


def _check(row, stage, said):
    line = LINES[row.field] if row.field else 1
    beginning = f"Error: servers/reports.yml:{line}: Reports: {row.field + ': ' * bool(row.field)}"
    assert said.startswith(f"{beginning}{stage} at localhost: {row.error}"), said
    assert row.cause in said.splitlines()[0]
    assert row.remedy in said.partition("\n")[2]
    assert f"Who must act: {row.actor}." in said
    assert "\x1b" not in said
    assert "CANARY" not in said
    if row.code:
        assert f"{row.error}, AADSTS{row.code}: " in said
        assert (
            "support: trace id 0000-11bb, correlation id aaaa-bb11, timestamp 2026-05-10 10:43:33Z."
        ) in said


def _named(row):
    return row.code or row.said[:20] or row.error


each_row = pytest.mark.parametrize("row", ROWS, ids=_named)


def _needs(folder, url, announce=print):
    server = oauth_server(
        access_token_url=f"{url}/token", authorization_url=f"{url}/contoso.edu/authorize"
    )
    return {
        "server": server,
        "provider": provider_for("localhost"),
        "client_secret": CLIENT_SECRET,
        "secrets": secrets_in(folder),
        "check_login": None,
        "announce": announce,
    }


@each_row
def test_at_the_code_exchange(row, tmp_path, capsys):
    refused = json_answer(json.dumps(_answer(row)), status="400 Bad Request")
    with scripted_server([refused] * 2) as provider:
        context = SignInContext(**_needs(tmp_path, f"http://localhost:{provider.port}"))

        def exchange():
            with context.failures_in_words():
                context.token_endpoint().exchange(
                    Secret("CANARY-code"), verifier=Secret("v"), redirect_uri="x", scope=None
                )

        said, code = _terminal(exchange, capsys)
    passes = row.error in ("server_error", "temporarily_unavailable")
    assert code is (ExitCode.FAILURE if passes else ExitCode.PERSON_NEEDED)
    _check(row._replace(field=_ENDPOINT) if passes else row, "the code exchange", said)


@each_row
def test_at_the_refresh(row, tmp_path, capsys, monkeypatch):
    at_once = partial(TokenEndpoint, pauses=(0, 0))
    monkeypatch.setattr("provisioner.oauth.refreshing.TokenEndpoint", at_once)
    refused = json_answer(json.dumps(_answer(row)), status="400 Bad Request")
    with scripted_server([refused] * 3) as provider:
        needs = _needs(tmp_path, f"http://localhost:{provider.port}")
        secrets, server = needs["secrets"], needs["server"]
        keep(secrets, server, token_set(expires_at=1))
        path = secrets.store.path("Reports")
        before = path.read_bytes()
        said, code = _terminal(lambda: fresh_tokens(secrets, server, 60, 1_900_000_000), capsys)
    passes = row.error in ("server_error", "temporarily_unavailable")
    assert code is (ExitCode.FAILURE if passes else ExitCode.PERSON_NEEDED)
    noted = read_proofs(secrets.project.root).get("Reports")
    assert bool(noted and noted.refresh) is not passes, "a fault of the provider is no refusal"
    assert path.read_bytes() == before
    _check(row._replace(field=_ENDPOINT) if passes else row, "the refresh", said)


@each_row
def test_on_the_sign_in_page(row, tmp_path, capsys, monkeypatch):
    """The provider sends the browser back with the error."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def send_back(url):
        asked = parse_qs(urlsplit(url).query)
        answer = urlencode({**_answer(row), "state": asked["state"][0]})
        opener.open(f"{asked['redirect_uri'][0]}/?{answer}", timeout=20).close()
        return True

    monkeypatch.setenv("BROWSER", "set, as on a desktop")
    monkeypatch.setattr("webbrowser.open", send_back)
    context = SignInContext(**_needs(tmp_path, "http://localhost:1", lambda line: None))
    way = browser_flow(context, BrowserOptions(timeout=20))
    said, code = _terminal(lambda: sign_in(way, context), capsys)
    passes = row.error in ("server_error", "temporarily_unavailable")
    assert code is (ExitCode.FAILURE if passes else ExitCode.PERSON_NEEDED)
    _check(row, "the sign-in page", said)

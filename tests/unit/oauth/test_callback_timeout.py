"""What is said when nobody comes back: what came instead, what to register, what pages show."""

import base64
import http.client
from pathlib import Path

import pytest

from provisioner.advice.pages import page_error_lines, shown_error
from provisioner.oauth.browser_flow import callback_timeout, tunnel
from provisioner.oauth.callback_server import CallbackServer
from provisioner.oauth.callback_tls import new_certificate
from provisioner.providers.all_providers import PROVIDERS
from provisioner.providers.catalogue import provider_for
from provisioner.secret import Secret
from tests.support.oauth_samples import oauth_server, secrets_in, sign_in_context

ENTRA = "https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/authorize"
GOOGLE = "https://accounts.google.com/o/oauth2/v2/auth"


def _remedy(callback_server, url):
    server = oauth_server(authorization_url=url, client_id="5f2c")
    context = sign_in_context(server, secrets_in(Path("/nonexistent")))
    error = callback_timeout(context, callback_server, 300)
    assert error.message == (
        "servers/reports.yml:1: Reports: no response at "
        f"{callback_server.redirect_uri} within 300 s"
    )
    return error.remedy.splitlines()


def _get(server, target):
    connection = http.client.HTTPConnection("localhost", server.port, timeout=10)
    connection.request("GET", target)
    connection.getresponse().read()
    connection.close()


def test_the_redirect_uri_and_the_tunnel_are_exact():
    with CallbackServer(Secret("s")) as server:
        lines = _remedy(server, ENTRA)
        assert lines[0] == "No request was received."
        assert lines[1].startswith(
            "The redirect URI to register is http://localhost, once, without"
        )
        elsewhere = _remedy(server, "https://sso.example.edu/authorize")[1]
        assert f"is exactly http://localhost:{server.port};" in elsewhere
        assert f"--port {server.port}." in elsewhere
        assert lines[2] == "  https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps"
        assert f"  {tunnel(server.port)}" in lines


def test_what_came_instead_is_counted_and_explained():
    with CallbackServer(Secret("s"), certificate=new_certificate()) as server:
        _get(server, "/")
        lines = _remedy(server, ENTRA)
        assert lines[0] == "Only other requests were received: 1 x http instead of https."
        assert lines[1].startswith(
            "- a browser connected with http instead of https: use_https_on_"
        )
    with CallbackServer(Secret("s")) as server:
        _get(server, "/favicon.ico")
        _get(server, "/favicon.ico")
        _get(server, "/?code=c&state=old")
        lines = _remedy(server, ENTRA)
        assert lines[:2] == [
            "Only other requests were received: "
            "2 x another path, 1 x the state of another sign-in.",
            "- the callback of another sign-in was ignored (an old browser tab?)",
        ]


def test_property_15_microsofts_pages():
    with CallbackServer(Secret("s")) as server:
        lines = _remedy(server, ENTRA)
    assert "If the browser shows an error of Microsoft 365, look for its words here:" in lines
    assert (
        "- AADSTS50011: the redirect address is not registered for this client; register exactly "
        "http://localhost, without a port, under the platform Web (who must act: an administrator "
        "at the provider)"
    ) in lines
    [consent] = [line for line in lines if line.startswith("- AADSTS90094: ")]
    assert "https://login.microsoftonline.com/contoso.edu/adminconsent?client_id=5f2c " in consent


def test_property_15_with_https_the_address_to_register_has_it():
    with CallbackServer(Secret("s"), certificate=new_certificate()) as server:
        lines = _remedy(server, ENTRA)
    assert any(
        "AADSTS50011" in line and "exactly https://localhost, without" in line for line in lines
    )


def test_property_15_googles_pages():
    with CallbackServer(Secret("s")) as server:
        lines = _remedy(server, GOOGLE)
    text = "\n".join(lines)
    assert "- redirect_uri_mismatch: the client does not list this redirect address" in text
    assert "- has not completed the Google verification process: the app is in Testing" in text
    assert "- org_internal: " in text
    assert "(who must act: the person who signs in)" in text


def test_property_15_a_provider_that_nobody_knows():
    with CallbackServer(Secret("s")) as server:
        lines = _remedy(server, "https://sso.example.edu/authorize")
    assert "If the browser shows an error of sso.example.edu, look for its words here:" in lines
    assert any(line.startswith("- the redirect address is not registered") for line in lines)


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda one: one.name)
def test_each_known_page_error_has_advice(provider):
    settings = oauth_server(authorization_url=ENTRA).oauth2
    for line in page_error_lines(provider, settings, "http://localhost:1"):
        assert "(who must act: " in line


def test_a_projects_own_page_errors_are_named():
    facts = {"sso.example.edu": {"page_errors": ["E-4711"]}}
    provider = provider_for("https://sso.example.edu/authorize", facts)
    settings = oauth_server().oauth2
    assert list(page_error_lines(provider, settings, "http://localhost:1")) == ["- E-4711"]


# As Google's page has it in its address: a message of Protocol Buffers with the words in it.
_HIDDEN = base64.urlsafe_b64encode(b"\n\x15redirect_uri_mismatch\x12\xb0\x01You can't").decode()


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("AADSTS50011: The redirect URI 'http://localhost:1' specified in", "AADSTS50011: the re"),
        ("Sorry, but\n  we are having trouble.\nAADSTS700016:\nApplication", "AADSTS700016: no s"),
        ("Error 400: redirect_uri_mismatch", "redirect_uri_mismatch: the client does not"),
        ("Error 403: access_denied\nx has not completed the Google verification process",
         "the app is in Testing and the account is not a test user"),
        ("Error 403: access_denied", "access_denied: the sign-in was"),
        (f"https://accounts.google.com/signin/oauth/error?authError={_HIDDEN}&x=1",
         "redirect_uri_mismatch: the client does not"),
    ],
)  # fmt: skip
def test_an_error_that_was_copied_from_a_page_is_explained(text, begins):
    settings = oauth_server(authorization_url=ENTRA).oauth2
    line = shown_error(text, settings, "http://localhost:1")
    assert line.startswith(begins)
    assert "(who must act: " in line


@pytest.mark.parametrize(
    "text", ["hello", "AADSTS500110", "https://x.example/?authError=%ff", "?authError=A", ""]
)
def test_what_is_no_known_error_is_not_explained(text):
    settings = oauth_server().oauth2
    assert shown_error(text, settings, "http://localhost:1") is None

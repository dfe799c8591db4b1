"""The provider answers as the real ones do."""

from __future__ import annotations

import time

import pytest
import requests

from tests.support.lab.lab import Lab
from tests.support.lab.provider import Provider


def test_its_metadata_names_all_endpoints(provider: Provider) -> None:
    """Dovecot and the product find everything below the issuer."""
    metadata = requests.get(
        f"{provider.issuer}/.well-known/openid-configuration", timeout=10
    ).json()

    assert metadata["issuer"] == provider.issuer
    assert metadata["authorization_endpoint"] == provider.authorization_url
    assert metadata["token_endpoint"] == provider.token_url
    assert metadata["revocation_endpoint"] == provider.revocation_url
    assert metadata["device_authorization_endpoint"] == provider.device_authorization_url
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["authorization_response_iss_parameter_supported"] is True


@pytest.mark.parametrize("client", ["native", "post", "public", "web"])
def test_each_client_gets_tokens_that_name_the_mailbox(provider: Provider, client: str) -> None:
    answer = provider.sign_in("alice", client)

    assert answer["refresh_token"]
    assert answer["scope"] == "openid email profile offline_access smtp"
    assert provider.introspect(answer["access_token"])["email"] == "alice@lab.test"


def test_a_client_without_the_refresh_grant_gets_no_refresh_token(provider: Provider) -> None:
    answer = provider.sign_in("alice", "without_refresh")

    assert "refresh_token" not in answer
    assert answer["access_token"]


def test_refresh_tokens_stay_unless_the_provider_rotates(
    provider: Provider, rotating_provider: Provider
) -> None:
    staying = provider.sign_in("alice")["refresh_token"]
    rotated = rotating_provider.sign_in("alice")["refresh_token"]

    assert provider.refresh(staying).json()["refresh_token"] == staying
    newer = rotating_provider.refresh(rotated).json()["refresh_token"]
    assert newer != rotated
    assert rotating_provider.refresh(rotated).json()["error"] == "invalid_grant"
    assert rotating_provider.refresh(newer).json()["error"] == "invalid_grant", "reuse ends all"


def test_revoking_the_refresh_token_ends_the_grant(provider: Provider) -> None:
    answer = provider.sign_in("alice")

    provider.revoke(answer["refresh_token"])

    assert provider.introspect(answer["access_token"]) == {"active": False}
    assert provider.refresh(answer["refresh_token"]).json()["error"] == "invalid_grant"
    assert provider.events("grant.error")[-1]["error"] == "invalid_grant"


def test_access_tokens_live_as_long_as_a_test_wants(provider: Provider) -> None:
    with provider.access_tokens_living(1):
        brief = provider.sign_in("alice")
    assert brief["expires_in"] == 1

    end = time.monotonic() + 10
    while provider.introspect(brief["access_token"])["active"]:
        assert time.monotonic() < end, "the token does not expire"
        time.sleep(0.1)
    assert provider.refresh(brief["refresh_token"]).json()["expires_in"] == 3600


@pytest.mark.parametrize(
    ("client", "redirect_uri"),
    [
        ("native", "http://localhost:49152/"),
        ("native", "http://127.0.0.1:49152"),
        ("native", "https://localhost:49152"),
        ("web", "http://localhost:49152"),
        ("web", "https://localhost:49152/"),
    ],
)
def test_a_redirect_that_is_not_registered_to_the_letter_is_refused(
    provider: Provider, client: str, redirect_uri: str
) -> None:
    query = {
        "client_id": provider.clients[client].client_id,
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "scope": "openid",
    }
    answer = requests.get(provider.authorization_url, params=query, timeout=10)

    assert answer.status_code == 400
    assert "redirect_uri did not match any of the client" in answer.text


def test_the_provider_on_https_has_a_certificate_of_the_labs_ca(lab: Lab) -> None:
    answer = lab.tls_provider.sign_in("alice")

    assert lab.tls_provider.issuer.startswith("https://localhost:")
    assert lab.tls_provider.introspect(answer["access_token"])["active"] is True

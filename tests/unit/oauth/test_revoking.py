"""Where a grant is ended, and who vouches for that place."""

import pytest

from provisioner.errors import InvalidProject, RevocationFailed
from provisioner.oauth.revoking import revocation_endpoint, revoke_grant
from provisioner.providers.catalogue import provider_for
from tests.support.oauth_samples import CLIENT_SECRET, oauth_server, token_set
from tests.support.scripted_http import scripted_server

GOOGLE = "https://oauth2.googleapis.com/token"
ZOHO_EU = "https://accounts.zoho.eu/oauth/v2/token"
MICROSOFT = "https://login.microsoftonline.com/t/oauth2/v2.0/token"
OWN = "https://sso.example.edu/realms/x/token"


def endpoint(token_url, **facts):
    overrides = {token_url.split("/")[2]: facts} if facts else None
    return revocation_endpoint(token_url, provider_for(token_url, overrides))


def test_known_endpoints():
    assert endpoint(GOOGLE) == "https://oauth2.googleapis.com/revoke"
    assert endpoint(ZOHO_EU) == "https://accounts.zoho.eu/oauth/v2/token/revoke"
    assert endpoint(MICROSOFT) is None
    assert endpoint(OWN) is None


@pytest.mark.parametrize(
    ("declared", "url"),
    [
        ("revoke", "https://sso.example.edu/realms/x/revoke"),
        ("/revoke", "https://sso.example.edu/revoke"),
        ("https://sso.example.edu:8443/revoke", "https://sso.example.edu:8443/revoke"),
    ],
)
def test_what_a_project_says_of_a_provider(declared, url):
    assert endpoint(OWN, revocation_url=declared) == url


@pytest.mark.parametrize("declared", ["http://sso.example.edu/revoke", "https://a@b/"])
def test_secrets_do_not_travel_in_the_clear(declared):
    with pytest.raises(InvalidProject, match="revocation_url is not"):
        endpoint(OWN, revocation_url=declared)


def test_without_time_under_the_lock_nothing_is_sent(monkeypatch):
    monkeypatch.setattr("provisioner.oauth.revoking.SECONDS_UNDER_LOCK", 0)
    with scripted_server([]) as server:
        place = f"http://localhost:{server.port}/revoke"
        with pytest.raises(RevocationFailed, match="localhost did not answer in time"):
            revoke_grant(place, oauth_server(), token_set(), CLIENT_SECRET)
        assert server.requests == []

"""Which provider a URL or host belongs to, and what a project may correct."""

from datetime import date
from pathlib import Path

import pytest

from provisioner.providers.all_providers import PROVIDERS
from provisioner.providers.catalogue import provider_for
from provisioner.security_level import SecurityLevel

PLACES = Path(__file__).with_name("places.txt").read_text("utf-8").splitlines()[1:]


@pytest.mark.parametrize(("place", "name"), [line.split() for line in PLACES])
def test_a_url_or_host_finds_its_provider(place, name):
    assert provider_for(place).name == name


@pytest.mark.parametrize(
    "place",
    ["https://evil.example/accounts.google.com", "accounts.google.com.evil.example", "gmail.com"],
)
def test_a_lookalike_is_nobody_we_know(place):
    assert provider_for(place).name not in {provider.name for provider in PROVIDERS}


def test_an_unknown_provider_is_named_after_its_host_and_promises_nothing():
    provider = provider_for("https://sso.example.edu:8443/realms/a/token")
    assert provider.name == "sso.example.edu"
    assert provider.refresh_token_rotation == "unknown"
    assert provider.offline == "unknown"
    assert provider.token_endpoint_auth_method == "unknown"
    assert provider.max_connections_per_mailbox is None


def test_names_and_places_are_each_one_providers():
    names = [provider.name for provider in PROVIDERS]
    places = [p for provider in PROVIDERS for p in (*provider.endpoints, *provider.smtp_hosts)]
    assert len(names) == len(set(names))
    assert len(places) == len(set(places))
    assert all(place == place.casefold() for place in places)


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_facts_of_mail_servers_fit_each_other(provider):
    levels = {str(level) for level in SecurityLevel} - {"auto_detect"}
    assert set(provider.smtp_auth_methods) <= levels
    assert "oauth2" in provider.smtp_auth_methods or not provider.smtp_auth_methods
    assert not set(provider.smtp_hosts) & {*provider.mx_hosts, *provider.reading_hosts}
    if provider.password_login in ("ended", "ending"):
        assert date.fromisoformat(provider.password_login_ends or "").year > 2020
    else:
        assert provider.password_login_ends is None


def test_a_project_corrects_a_known_provider_by_name_or_by_host():
    for key in ("microsoft", "login.microsoftonline.com", "smtp.office365.com"):
        overrides = {key: {"refresh_token_rotation": "strict"}}
        provider = provider_for("https://login.microsoftonline.com/t/oauth2/v2.0/token", overrides)
        assert provider.name == "microsoft"
        assert provider.refresh_token_rotation == "strict"
        assert provider.max_connections_per_mailbox == 3


def test_a_project_adds_a_provider():
    overrides = {"sso.example.edu": {"smtp_hosts": ["mail.example.edu"], "idle_expiry_days": 30}}
    assert provider_for("mail.example.edu", overrides).idle_expiry_days == 30
    assert provider_for("https://sso.example.edu/token", overrides).name == "sso.example.edu"

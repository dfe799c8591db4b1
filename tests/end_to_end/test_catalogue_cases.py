"""What is special at providers of the catalogue, played by the real provider."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from provisioner.oauth.refreshing import FRESH_SECONDS
from tests.end_to_end.project import succeeded

pytestmark = pytest.mark.long

ASKED = "openid email smtp offline_access"


def opened(said):
    """The query of the address that the browser was given."""
    address = re.search(r"^ +(http://localhost:\d+/\S+)$", said, re.MULTILINE)[1]
    return parse_qs(urlsplit(address).query, strict_parsing=True)


def since(provider, count, name):
    return [event for event in provider.events()[count:] if event["event"] == name]


def test_googles_parameters_in_the_address_are_kept_and_not_doubled(
    project, user, provider, mail, chromium
):
    """The facts and the declaration both say prompt: what comes twice would be refused there."""
    extra = {"access_type": "offline", "prompt": "consent"}
    facts = {"localhost": {"authorize_extra": extra}}
    project.write("provisioner.yml", {"ca_file": str(provider.ca), "providers": facts})
    address = f"{provider.authorization_url}?access_type=offline"
    project.declare(
        "Reports",
        provider,
        mail.server("oauth"),
        user=user,
        oauth2={"authorization_url": address},
    )
    ended = project.authenticate("Reports", chromium.person(user))
    succeeded(ended)
    query = opened(ended.stderr)
    assert query["access_type"] == ["offline"]
    assert query["prompt"] == ["consent"]
    assert "Reports: refreshed" in succeeded(project.run("refresh", "Reports"))


def test_a_tenant_in_the_path_a_scope_for_tokens_and_a_refresh_token_url(
    project, user, provider, mail, chromium
):
    """As at Microsoft 365; refreshes go to another address than the code."""
    tenant = f"{provider.issuer}/contoso.example.edu/oauth2/v2.0"
    project.declare(
        "Reports",
        provider,
        mail.server("oauth"),
        user=user,
        oauth2={
            "authorization_url": f"{tenant}/authorize",
            "access_token_url": f"{tenant}/token",
            "refresh_token_url": provider.token_url,
            "scope_for_authorize": ASKED,
            "scope_for_token": "smtp",
        },
    )
    before = len(provider.events())
    ended = project.authenticate("Reports", chromium.person(user))
    succeeded(ended)
    assert opened(ended.stderr)["scope"] == [ASKED]
    succeeded(project.run("refresh", "Reports"))

    assert [event["scope"] for event in since(provider, before, "authorization.success")] == [ASKED]
    grants = since(provider, before, "grant.success")
    assert [(event["grant_type"], event["path"], event["scope"]) for event in grants] == [
        ("authorization_code", "/contoso.example.edu/oauth2/v2.0/token", "smtp"),
        ("refresh_token", "/token", "smtp"),
    ]


def test_without_a_scope_for_tokens_none_is_sent(project, user, provider, mail, chromium):
    """And an access token that nears its end is renewed before a mail needs it."""
    project.declare("Reports", provider, mail.server("oauth"), user=user)
    before = len(provider.events())
    with provider.access_tokens_living(FRESH_SECONDS - 60):
        succeeded(project.authenticate("Reports", chromium.person(user)))
    assert "test email of Reports: sent" in succeeded(project.run("test-email", "Reports"))
    grants = since(provider, before, "grant.success")
    assert [(event["grant_type"], event.get("scope")) for event in grants] == [
        ("authorization_code", None),
        ("refresh_token", None),
    ]

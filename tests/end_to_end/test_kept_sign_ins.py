"""A sign-in that is kept: asked about, refreshed, revoked, at the real provider and mail server."""

import json
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from provisioner.credentials.store import Credentials, CredentialStore, TokenSet
from provisioner.credentials.vault import VaultKey
from provisioner.secret import Secret
from tests.end_to_end.project import succeeded

pytestmark = pytest.mark.long


def keep_sign_in(project, provider, mail, user, client="native"):
    """What `authenticate` would leave, without a browser; the store."""
    declared = provider.clients[client]
    project.declare("Reports", provider, mail.server("oauth"), user=user, client=declared)
    project.write(
        "provisioner.yml",
        {
            "ca_file": str(provider.ca),
            "providers": {"localhost": {"revocation_url": provider.revocation_url}},
        },
    )
    answer = provider.sign_in(user, client)
    password = Path(project.environment["ANSIBLE_VAULT_PASSWORD_FILE"]).read_text().strip()
    store = CredentialStore(project.folder / "tokens", "", lambda: VaultKey(Secret(password)))
    now = int(time.time())
    tokens = TokenSet(
        grant_id="of-this-test",
        access_token=Secret(answer["access_token"]),
        refresh_token=Secret(answer["refresh_token"]),
        expires_at=now + answer["expires_in"],
        scope=answer["scope"],
        identity=f"{user}@lab.test",
        issuer=provider.issuer,
        token_endpoint_auth_method=declared.method,
        obtained_at=now,
        refreshed_at=now,
    )
    with store.locked("Reports") as entry:
        entry.save(Credentials(server_name="Reports", project="", tokens=tokens))
    succeeded(project.run("refresh", "Reports", "--accept-destination", "Reports"))
    return store


@pytest.mark.parametrize("client", ["native", "post"])
def test_checked_refreshed_and_revoked(project, provider, mail, user, client):
    store = keep_sign_in(project, provider, mail, user, client)

    checked = succeeded(project.run("status", "--check"))
    assert "the mail server accepted the token just now" in checked

    with store.locked("Reports") as entry:
        found = entry.read()
        aged = replace(found.tokens, refreshed_at=int(time.time()) - 8 * 86400)
        entry.save(replace(found, tokens=aged))
    assert "Reports: refreshed" in succeeded(project.run("refresh", "--due"))
    assert succeeded(project.run("refresh", "--due")) == ""
    kept = store.read("Reports").tokens
    assert provider.introspect(kept.access_token.reveal())["active"] is True

    assert "the sign-in has ended at localhost" in succeeded(project.run("revoke", "Reports", "-y"))
    assert store.read("Reports") is None
    assert provider.introspect(kept.access_token.reveal()) == {"active": False}
    assert provider.refresh(kept.refresh_token.reveal(), client).json()["error"] == "invalid_grant"
    assert project.run("status").returncode == 6


def test_a_sign_in_that_was_ended_at_the_provider(project, provider, mail, user):
    store = keep_sign_in(project, provider, mail, user)
    provider.revoke(store.read("Reports").tokens.refresh_token.reveal())

    checked = project.run("status", "--check", "--format", "json")
    assert checked.returncode == 6
    [server] = json.loads(checked.stdout)["servers"]
    assert server["usable"] is False
    assert "invalid_grant" in server["problems"][0]["message"], "a new token was asked for, too"
    assert project.run("refresh").returncode == 6
    assert "the sign-in has ended" in succeeded(project.run("revoke", "Reports", "-y"))

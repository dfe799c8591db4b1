"""A provider that ends a refresh token with its first use: one host gets it, once."""

import os
import signal
import subprocess
import time

import pytest

from provisioner.demo.certificates import make_certificate
from provisioner.demo.mail_server import MailBehaviour, MailServer
from provisioner.demo.mail_sign_in import Introspection
from provisioner.demo.provider import DemoProvider
from provisioner.demo.provider_grants import Grant
from provisioner.secret import Secret
from provisioner.secret_sources.vault import VaultKey
from provisioner.tokens.store import TokenStore
from tests.fleet.mail_fleet import MailFleet
from tests.fleet.test_push_command import PROVISIONER, USER
from tests.oauth_samples import token_set

pytestmark = pytest.mark.long

VAULT_PASSWORD = "a-vault-password"


class StrictFleet(MailFleet):
    """`Reports` signs in by OAuth2, and its tokens are there, good for an hour."""

    def sign_in(self, provider):
        oauth2 = {
            "access_token_url": provider.token_url,
            "authorization_url": provider.authorization_url,
            "client_id": provider.client_id,
            "client_secret": {"env": "MAIL_PASSWORD"},
            "scope_for_authorize": "smtp offline_access",
        }
        self.oauth2 = oauth2
        self.limit_to(None)
        self.settings(
            providers={"localhost": {"refresh_token_rotation": "strict"}},
            vault_password={"env": "VAULT_PASSWORD"},
        )
        grant = Grant(provider.client_id, USER, "smtp")
        tokens = token_set(
            access_token=Secret(provider.grants.access_token(grant, seconds=3600)),
            refresh_token=Secret(provider.grants.refresh_token(grant)),
            expires_at=int(time.time()) + 3600,
            identity=USER,
            client_id=provider.client_id,
            token_endpoint=provider.token_url,
        )
        with self.store.locked("Reports") as locked:
            locked.save(tokens)

    def limit_to(self, maximum_emails_per_minute):
        """Declare it, with a limit of MAPS' own."""
        self.declare(
            "Reports",
            smtp_security_level="oauth2",
            password=None,
            oauth2=self.oauth2,
            maximum_emails_per_minute=maximum_emails_per_minute,
        )

    @property
    def store(self):
        return TokenStore(self.folder / "tokens", lambda: VaultKey(Secret(VAULT_PASSWORD)))

    @property
    def owner(self):
        return self.store.load("Reports").handed_over_to


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    (tmp_path / "tls").mkdir()
    certificate = make_certificate(tmp_path / "tls")
    with DemoProvider() as provider:
        check = Introspection(
            provider.introspection_url, provider.client_id, provider.client_secret
        )
        with MailServer(certificate, MailBehaviour(check_token=check)) as mail:
            fleet = StrictFleet(tmp_path / "project", mail, certificate.ca_file)
            monkeypatch.setenv("VAULT_PASSWORD", VAULT_PASSWORD)
            fleet.secret = provider.client_secret.reveal()
            fleet.sign_in(provider)
            yield fleet


def test_one_host_gets_it_and_nothing_here_renews_it_any_more(fleet):
    said = fleet.pushed(password=fleet.secret)
    assert "test email of Reports: sent" in said
    assert fleet.owner == "maps1"
    assert "1 host: 0 changed; 1 unchanged" in fleet.pushed(password=fleet.secret)

    refresh = fleet.run("refresh", "Reports", password=fleet.secret)
    assert refresh.returncode == 1
    assert "the refresh token of Reports was handed over to maps1" in refresh.stderr
    status = fleet.run("status").stdout
    assert "refresh token handed over to maps1, which refreshes it" in status

    fleet.limit_to(5)
    said = fleet.pushed(exit_code=6, password=fleet.secret)
    assert "Reports: skipped, what hosts have of it stays" in said
    assert "sign in anew, then push: provisioner authenticate Reports" in said
    assert fleet.served()["Reports"]["maximum_emails_per_minute"] is None


def test_several_hosts_are_refused_with_the_ways_there_are(fleet):
    ended = fleet.of(2).run("plan", password=fleet.secret)
    assert ended.returncode == 1
    assert "Reports goes to 2 hosts" in ended.stdout
    assert "declare a server for each host" in ended.stdout
    assert not fleet.host_document(1).exists()


def test_a_push_that_is_killed_while_the_host_has_it_leaves_the_owner_known(fleet, tmp_path):
    slow = f"touch {tmp_path}/applying; sleep 5"
    fleet.set(maps_apply_command=["/bin/sh", "-c", slow])
    process = subprocess.Popen(
        [str(PROVISIONER), "push", "--accept-destination=Reports"],
        cwd=fleet.folder,
        env={**os.environ, "MAIL_PASSWORD": fleet.secret},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + 120
    while not (tmp_path / "applying").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert (tmp_path / "applying").exists()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert fleet.owner == "maps1"

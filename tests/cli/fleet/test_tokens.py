"""A sign-in on hosts: a refresh token that its provider ends with its first use goes to one host,
once; and what `status` says of a token after a push."""

import time
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from provisioner.credentials.project_secrets import open_project
from provisioner.model.reading import read_project
from provisioner.secret import Secret
from tests.cli.fleet.local_fleet import USER, LocalFleet
from tests.support.ansible_processes import kill_ansible, wait_until
from tests.support.certificates import make_certificate
from tests.support.oauth_samples import kept, token_set
from tests.support.scripted_mail_server import Failure, MailBehavior, ScriptedMailServer
from tests.support.scripted_provider import Grant, ScriptedProvider

pytestmark = pytest.mark.long


class SignedInFleet(LocalFleet):
    """`Reports` signs in by OAuth2, and its tokens are there, good for an hour.

    Its provider ends a refresh token with its first use.
    """

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
        self.settings(providers={"localhost": {"refresh_token_rotation": "strict"}})
        grant = Grant(provider.client_id, USER, "smtp")
        tokens = token_set(
            access_token=Secret(provider.grants.access_token(grant, seconds=3600)),
            refresh_token=Secret(provider.grants.refresh_token(grant)),
            expires_at=int(time.time()) + 3600,
            identity=USER,
        )
        secrets = self.secrets
        secrets.save(secrets.project.servers[0], provider.client_secret, tokens)

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
    def secrets(self):
        return open_project(read_project(self.folder)).secrets

    @property
    def owner(self):
        return kept(self.secrets).handed_over_to


@contextmanager
def signed_in_fleet(folder):
    """Its mail server asks the provider whether a token is good; `secret` is the client's."""
    (folder / "tls").mkdir()
    certificate = make_certificate(folder / "tls")
    with ScriptedProvider() as provider:
        behavior = MailBehavior(check_token=provider.token_facts)
        with ScriptedMailServer(certificate, behavior) as mail:
            fleet = SignedInFleet(folder / "project", mail, certificate.ca_file).without_ansible()
            fleet.provider, fleet.secret = provider, provider.client_secret.reveal()
            fleet.sign_in(provider)
            yield fleet


@pytest.fixture
def fleet(tmp_path):
    with signed_in_fleet(tmp_path) as fleet:
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
    assert "Reports: skipped; hosts keep their copy" in said
    assert "sign in again, then push: provisioner authenticate Reports" in said
    assert fleet.entries()["Reports"]["maximum_emails_per_minute"] is None


def test_several_hosts_are_refused_with_the_ways_there_are(fleet):
    said = fleet.of(2).ends(1, "plan", password=fleet.secret).stdout
    assert "Reports goes to 2 hosts" in said
    assert "declare a server for each host" in said
    assert not fleet.document("maps1").exists()


def test_a_push_that_fails_leaves_it_here_and_one_that_is_killed_leaves_it_there(fleet):
    fleet.set(maps_apply_command=["/nonexistent/apply"])
    assert "maps1: restored" in fleet.pushed(exit_code=3, password=fleet.secret)
    assert fleet.owner is None, "the host is known not to have it"

    begun = fleet.folder / "begun"
    fleet.set(maps_apply_command=["/bin/sh", "-c", f"touch {begun}; sleep 5"])
    with fleet.with_ansible().start("push", password=fleet.secret) as running:
        wait_until(begun.exists)
        running.kill()
    kill_ansible(fleet.folder)
    assert fleet.owner == "maps1"


def test_status_says_from_which_host_a_token_was_taken_or_refused(fleet):
    fleet.pushed(password=fleet.secret)
    status = fleet.run("status", "Reports").stdout
    assert "the mail server accepted the token on " in status
    assert ", from maps1" in status

    fleet.limit_to(5)
    secrets = fleet.secrets
    tokens = replace(kept(secrets), handed_over_to=None)  # as a new sign-in would leave it
    secrets.save(secrets.project.servers[0], Secret(fleet.secret), tokens)
    fleet.mail.behavior.failures["auth"] = Failure("535 5.7.3 Authentication unsuccessful")
    said = fleet.pushed(password=fleet.secret, exit_code=4)
    assert "wrong at auth 535" in said
    status = fleet.run("status", "Reports").stdout
    assert ", from maps1" in status
    assert "Problem: the mail server rejects the token: localhost, asked by" in status

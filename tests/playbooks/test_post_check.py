"""How a host proves an entry: what it delivered, and what it went back to."""

from __future__ import annotations

import time

import pytest

from provisioner.demo.mail_server import MailServer
from provisioner.demo.mail_sign_in import Introspection
from provisioner.demo.provider import DemoProvider
from provisioner.demo.provider_grants import Grant
from tests.mail_samples import ELSEWHERE, MAILBOX, behaviour, ends_with
from tests.playbooks.samples import changed, oauth2_entry, password_entry

pytestmark = pytest.mark.long

LONG_AGO = int(time.time()) - 60


@pytest.fixture
def check(mail_code, certificate):
    """The check of a run, as a host makes it."""

    def made(**envelopes):
        given = envelopes or {"Reports": {"from": MAILBOX, "to": ELSEWHERE}}
        return mail_code.post_check(given, "run-1", "generation 7, 0a1b", str(certificate.ca_file))

    return made


def test_the_mail_says_which_run_and_which_document(check, mail_server):
    mail = check().delivered(oauth2_entry(port=mail_server.port), None, False)
    assert (mail["proof"], mail["server"], mail["refresh"]) == ("sent", "Reports", None)
    message = mail_server.received[0].message
    assert message["X-Maps-Provisioner-Run"] == "run-1"
    assert "Document:  generation 7, 0a1b" in message.get_content()


def test_without_an_envelope_it_signs_in_and_goes(check, mail_server):
    entry = oauth2_entry(port=mail_server.port)
    mail = check(Reports=None).delivered(entry, None, False)
    assert (mail["outcome"], mail["proof"]) == ("authenticated", "authenticated")
    assert mail_server.received == []
    assert ends_with(mail_server, "AUTH XOAUTH2", "QUIT")


def test_a_level_that_only_maps_speaks_is_no_failure(check, mail_server):
    entry = password_entry("Reports", port=mail_server.port, smtp_security_level="cram_sha1")
    mail = check().delivered(entry, None, False)
    assert (mail["outcome"], mail["proof"]) == ("unprovable", "unprovable")


def test_an_old_mailbox_sends_its_own_mail(check, mail_server):
    entry = oauth2_entry(port=mail_server.port)
    envelope = {"from": None, "to": ELSEWHERE}
    mail = check(Reports=envelope).given_back(entry, None)
    assert mail["proof"] == "sent"
    assert mail_server.received[0].sender == entry["user_name"]


@pytest.fixture
def provider():
    with DemoProvider() as provider:
        yield provider


def expired(mail_server, provider, **changes):
    grant = Grant(provider.client_id, MAILBOX, "smtp")
    entry = oauth2_entry(
        port=mail_server.port,
        oauth2__access_token_url=provider.token_url,
        oauth2__client_id=provider.client_id,
        oauth2__client_secret=provider.client_secret.reveal(),
        token__refresh_token=provider.grants.refresh_token(grant),
        token__expires_at=LONG_AGO,
        token__access_token="CANARYexpired0token",
    )
    return changed(entry, **changes)


@pytest.fixture
def trusting_server(certificate, provider):
    """A mail server that takes the provider's tokens."""
    introspection = Introspection(
        provider.introspection_url, provider.client_id, provider.client_secret
    )
    with MailServer(certificate, behaviour(check_token=introspection)) as server:
        yield server


def test_an_old_token_that_expired_is_refreshed_for_the_mail_alone(
    check, trusting_server, provider
):
    entry = expired(trusting_server, provider)
    before = changed(entry)
    mail = check().given_back(entry, provider.token_url)
    assert (mail["outcome"], mail["proof"]) == ("sent", "sent")
    assert mail["refresh"]["outcome"] == "proven"
    assert entry == before


def test_an_old_refresh_token_that_is_dead_is_wrong(check, trusting_server, provider):
    entry = expired(trusting_server, provider, token__refresh_token="CANARYdead0token")
    mail = check().given_back(entry, provider.token_url)
    assert (mail["outcome"], mail["proof"]) == ("wrong", None)
    assert mail["refresh"]["error"] == "invalid_grant"
    assert mail["reply"] == "its access token has expired, and could not be refreshed"
    assert trusting_server.transcript == []


@pytest.mark.parametrize("refresh_at", [None, "https://login.example.org/token"])
def test_a_token_that_may_not_be_refreshed_here_says_nothing(
    check, trusting_server, provider, refresh_at
):
    mail = check().given_back(expired(trusting_server, provider), refresh_at)
    assert (mail["outcome"], mail["proof"]) == ("inconclusive", None)
    assert "only MAPS may refresh it" in mail["reply"]

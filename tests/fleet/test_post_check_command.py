"""How `provisioner push` proves its hosts: modes of mail, patience, limits, old documents."""

import json

import pytest

from provisioner.demo.mail_server import Failure
from tests.fleet.local_fleet import PASSWORD, local_fleet
from tests.fleet.slow_mail_server import SlowMailServer
from tests.mail_samples import ends_with

pytestmark = pytest.mark.long


@pytest.fixture
def fleet(tmp_path):
    with local_fleet(tmp_path, mail_server=SlowMailServer) as fleet:
        yield fleet


def test_a_sign_in_is_enough_while_it_is_asked_for_and_no_mail(fleet):
    said = fleet.pushed("--mail", "auth-only")
    assert "sign-in of Reports: authenticated (PLAIN, TLSv1.3)" in said
    assert "where no mail was sent, the sender and the way of a mail are not proven" in said
    assert fleet.mail.received == []
    assert ends_with(fleet.mail, "AUTH PLAIN", "QUIT")

    said = fleet.pushed("--mail", "auth-only")
    assert "1 host: 0 changed; 1 unchanged" in said
    assert fleet.mail.transcript.count("QUIT") == 1

    assert "test email of Reports: sent" in fleet.pushed()
    assert len(fleet.mail.received) == 1


def test_without_any_check_nothing_is_proven_and_nothing_is_done(fleet):
    said = fleet.pushed("--mail", "none", exit_code=1)
    assert "maps1: delivered, not proven" in said
    assert fleet.mail.transcript == []
    assert fleet.document().exists()
    assert not fleet.leased()

    assert "test email of Reports: sent" in fleet.pushed()


def test_without_any_check_no_batch_waits_for_a_proof(fleet):
    said = fleet.of(2).pushed("--mail", "none", "--batches", "1", exit_code=1)
    assert "maps1, maps2 (2 hosts): delivered, not proven" in said


def test_one_canary_sends_a_mail_and_the_other_hosts_sign_in(fleet):
    said = fleet.of(3).pushed("--mail", "canary-only")
    assert len(fleet.mail.received) == 1
    assert "maps1: delivered" in said
    assert "test email of Reports: sent" in said
    assert "maps2, maps3 (2 hosts): delivered" in said
    assert "3 hosts: 0 changed; 3 unchanged" in fleet.pushed("--mail", "canary-only")


def test_a_canary_is_due_where_hosts_have_only_signed_in(fleet):
    fleet.declare("Relay", smtp_security_level="cram_sha1")  # nobody but MAPS could prove it
    fleet.of(2).pushed("--mail", "auth-only")
    said = fleet.pushed("--mail", "canary-only")
    assert "test email of Reports: sent" in said
    assert "2 hosts: 0 changed; 2 unchanged" in said
    assert len(fleet.mail.received) == 1

    said = fleet.pushed("--mail", "canary-only")
    assert "test email" not in said
    assert len(fleet.mail.received) == 1


def test_a_canary_of_what_hosts_have_signed_in_with_that_is_refused_leaves_it_unproven(fleet):
    fleet.pushed("--mail", "auth-only")
    fleet.mail.behaviour.failures["mail"] = Failure("550 5.7.60 may not send as this sender")
    said = fleet.pushed("--mail", "canary-only", exit_code=1)
    assert "maps1: delivered, not proven" in said
    assert "this push delivered nothing there, so there is nothing to take back" in said


def test_what_passes_by_itself_is_tried_again(fleet):
    fleet.mail.behaviour.failures["auth"] = Failure("454 4.7.0 Temporary problem", times=2)
    said = fleet.pushed()
    assert "test email of Reports: sent (PLAIN, TLSv1.3), at attempt 3" in said
    assert len(fleet.mail.received) == 1


def test_a_providers_limit_holds_across_hosts_and_servers(fleet):
    limited = {"localhost": {"max_connections_per_mailbox": 2}}
    fleet.settings(providers=limited)
    fleet.declare("Alerts")
    fleet.of(5).pushed()
    assert len(fleet.mail.received) == 10
    assert fleet.mail.busiest <= 2


def test_an_old_document_that_fails_too_leaves_the_host_unknown(fleet):
    proven = fleet.has(None)
    fleet.mail.behaviour.passwords = {}  # the mailbox is closed at the provider
    fleet.declare("Reports", maximum_emails_per_minute=5)
    said = fleet.pushed(exit_code=4)
    assert "maps1: unknown" in said
    assert "Reports cannot send with that one either: it was broken before" in said
    assert "with the old document: test email of Reports: wrong at auth 535" in said
    assert fleet.document().read_bytes() == proven


def test_a_document_that_is_not_the_runs_own_is_not_proven(fleet):
    meddled = 'printf "\\n" >> "$1"'
    fleet.set(maps_apply_command=["/bin/sh", "-c", meddled, "apply"])
    said = fleet.pushed(exit_code=1)
    assert "the document on the host is not the one that this run has left there" in said
    assert fleet.mail.transcript == []
    assert not fleet.leased()


def test_the_report_for_programs_has_the_conversation_without_the_sign_in(fleet):
    report = json.loads(fleet.pushed("--format", "json").splitlines()[-1])["report"]
    [mail] = report["hosts"][0]["mails"]
    assert (mail["proof"], mail["attempts"]) == ("sent", 1)
    transcript = mail["smtp"]["transcript"]
    assert "> AUTH PLAIN ***" in transcript
    assert "< 235 2.7.0 Logged in." in transcript
    assert PASSWORD not in json.dumps(report)

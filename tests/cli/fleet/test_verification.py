"""How a push verifies its hosts: modes of mail, patience, and what a mailbox is allowed."""

import json
import time

import pytest

from tests.cli.fleet.local_fleet import local_fleet
from tests.cli.fleet.slow_mail_server import SlowMailServer
from tests.support.mail_samples import ends_with
from tests.support.scripted_mail_server import Failure

pytestmark = pytest.mark.long


def test_a_sign_in_is_enough_while_it_is_asked_for_and_no_email(fleet):
    said = fleet.pushed("--mail", "auth-only")
    assert "sign-in of Reports: authenticated (PLAIN, TLSv1.3)" in said
    assert fleet.mail.received == []
    assert ends_with(fleet.mail, "AUTH PLAIN", "QUIT")

    assert "1 host: 0 changed; 1 unchanged" in fleet.pushed("--mail", "auth-only")
    assert fleet.mail.transcript.count("QUIT") == 1

    assert "test email of Reports: sent" in fleet.pushed()
    assert len(fleet.mail.received) == 1


def test_without_any_check_nothing_is_verified_and_no_batch_waits_for_it(fleet):
    said = fleet.of(2).pushed("--mail", "none", "--batches", "1", exit_code=1)
    assert "maps1, maps2 (2 hosts): delivered, not verified" in said
    assert "push again without --mail none" in said
    assert fleet.mail.transcript == []
    assert fleet.document().exists()
    assert "test email of Reports: sent" in fleet.pushed()


def test_where_no_mail_server_answers_the_remedy_is_not_about_an_option(fleet):
    fleet.declare("Reports", port=1)
    said = fleet.pushed(exit_code=1)
    assert "fix the cause, then push again" in said
    assert "unreachable at connect: Connection refused" in said
    assert "--mail none" not in said


def test_one_canary_sends_an_email_and_the_other_hosts_sign_in(fleet):
    fleet.declare("Relay", smtp_security_level="cram_sha1")  # nobody but MAPS could verify it
    fleet.of(3).pushed("--mail", "canary-only")
    assert len(fleet.mail.received) == 1
    hosts = {host.host: host for host in fleet.run_record().hosts}
    outcomes = {
        name: {mail.server: mail.smtp.outcome for mail in host.mails}
        for name, host in hosts.items()
    }
    assert [outcomes[name]["Reports"] for name in fleet.hosts] == [
        "sent",
        "authenticated",
        "authenticated",
    ]
    assert "3 hosts: 0 changed; 3 unchanged" in fleet.pushed("--mail", "canary-only")


def test_a_canary_is_due_where_hosts_have_only_signed_in(fleet):
    fleet.of(2).pushed("--mail", "auth-only")
    verified = fleet.document().read_bytes()
    fleet.mail.behavior.failures["mail"] = Failure("550 5.7.60 may not send as this sender")
    said = fleet.pushed("--mail", "canary-only", exit_code=1)
    assert "maps1: delivered, not verified" in said
    assert fleet.states() == {"maps1": "delivered, not verified", "maps2": "unchanged"}
    assert fleet.document().read_bytes() == verified, "nothing was delivered, so nothing goes back"

    fleet.mail.behavior.failures.clear()
    assert "test email of Reports: sent" in fleet.pushed("--mail", "canary-only")
    assert "2 unchanged" in fleet.pushed("--mail", "canary-only")
    assert len(fleet.mail.received) == 1


def test_what_passes_by_itself_is_tried_again(fleet):
    fleet.mail.behavior.failures["auth"] = Failure("454 4.7.0 Temporary problem", times=2)
    assert "test email of Reports: sent (PLAIN, TLSv1.3), at attempt 3" in fleet.pushed()
    assert len(fleet.mail.received) == 1


def test_a_providers_limit_holds_across_hosts_and_servers(tmp_path):
    """Over Ansible: each host has a worker, a process of its own."""
    with local_fleet(tmp_path, 4, mail_server=SlowMailServer) as fleet:
        fleet.settings(providers={"localhost": {"max_connections_per_mailbox": 2}})
        fleet.declare("Alerts")
        fleet.pushed()
        assert len(fleet.mail.received) == 8
        assert fleet.mail.busiest <= 2


def test_a_limit_a_minute_holds_across_runs(fleet):
    fleet.declare("Reports", maximum_emails_per_minute=1)
    fleet.of(2).pushed("--limit", "maps1")
    (sent,) = (fleet.folder / ".provisioner" / "turns").glob("*.messages")
    (at,) = json.loads(sent.read_text())
    assert time.time() - 60 < at < time.time()
    free_at = time.time() + 3
    sent.write_text(json.dumps([free_at - 60]))
    fleet.pushed("--limit", "maps2")
    assert time.time() >= free_at
    assert len(fleet.mail.received) == 2
    assert json.loads(sent.read_text())[-1] >= free_at

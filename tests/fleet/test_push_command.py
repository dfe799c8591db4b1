"""`provisioner push` as a user runs it, over Ansible's local connection, with a mail server that
does what a test tells it to."""

import json
import socket
from pathlib import Path

import pytest

from provisioner.demo.mail_server import Failure
from tests.fleet.local_fleet import USER


@pytest.mark.parametrize("arguments", [(), ("--format", "json")])
def test_a_report_that_cannot_be_printed_hides_not_what_hosts_have_come_to(fleet, arguments):
    with Path("/dev/full").open("w") as full:
        ended = fleet.run("push", *arguments, password="wrong", stdout=full)
    assert ended.returncode == 3, ended.stderr
    assert "Error: standard output: No space left on device" in ended.stderr


def test_an_unreachable_mail_server_leaves_it_unproven_and_the_next_push_proves_it(fleet):
    fleet.mail.behaviour.failures["greeting"] = Failure(None)
    said = fleet.pushed(exit_code=1)
    assert "maps1: delivered, not proven" in said
    assert "test email of Reports: unreachable at greeting" in said
    before = fleet.document().read_bytes()

    fleet.mail.behaviour.failures.clear()
    said = fleet.pushed()
    assert "test email of Reports: sent" in said
    assert "1 host: 0 changed; 1 unchanged" in said
    assert fleet.document().read_bytes() == before
    assert len(fleet.mail.received) == 1


def test_what_could_not_be_proven_and_is_then_refused_is_taken_back_to_what_was_proven(fleet):
    fleet.pushed()
    proven = fleet.document().read_bytes()
    fleet.mail.behaviour.failures["greeting"] = Failure(None)
    assert "delivered, not proven" in fleet.pushed(exit_code=1, password="wrong")
    assert fleet.document().read_bytes() != proven

    fleet.mail.behaviour.failures.clear()
    said = fleet.pushed(exit_code=3, password="wrong")
    assert "maps1: restored" in said
    assert "test email of Reports: wrong at auth 535" in said
    assert "with the old document, Reports sends" in said
    assert fleet.document().read_bytes() == proven


def test_a_throttled_mail_is_inconclusive_and_takes_nothing_back(fleet):
    fleet.settings(push={"mail_budget_seconds": 0})
    fleet.mail.behaviour.failures["auth"] = Failure("454 4.7.0 Too many login attempts")
    said = fleet.pushed(exit_code=1)
    assert "test email of Reports: inconclusive at auth 454" in said
    assert fleet.entries().keys() == {"Reports"}


def test_a_first_document_that_is_refused_is_removed_again(fleet):
    said = fleet.pushed(exit_code=3, password="wrong")
    assert "maps1: restored" in said
    assert not fleet.document().exists()


def test_only_the_named_server_is_changed(fleet):
    fleet.pushed()
    fleet.declare("Reports", maximum_emails_per_minute=5)
    fleet.declare("Alerts")
    said = fleet.pushed("Alerts")
    assert "+ Alerts: added" in said
    assert "Reports" not in said
    assert fleet.entries()["Reports"]["maximum_emails_per_minute"] is None
    assert fleet.entries()["Alerts"]["user_name"] == USER


def test_a_server_that_is_not_declared_any_more_stays_and_is_named(fleet):
    fleet.declare("Alerts")
    fleet.pushed()
    fleet.undeclare("Alerts")
    said = fleet.pushed()
    assert (
        "? Alerts: orphaned (not declared here any more; it stays unless --prune is said)" in said
    )
    assert fleet.entries().keys() == {"Alerts", "Reports"}


def test_a_security_level_that_only_maps_speaks_is_delivered_and_told(fleet):
    fleet.declare("Reports", smtp_security_level="cram_sha1")
    said = fleet.pushed()
    assert "CRAM-SHA1 cannot be proven from here: only MAPS speaks it" in said
    assert "maps1: delivered, not applied" in said
    assert "0 changed; 1 unchanged" in fleet.pushed()


def test_an_apply_command_that_refuses_gives_the_old_document_back(fleet):
    fleet.set(maps_apply_command=["grep", "-q", '"maximum_emails_per_minute": null'])
    fleet.pushed()
    proven = fleet.document().read_bytes()
    fleet.declare("Reports", maximum_emails_per_minute=5)
    said = fleet.pushed(exit_code=3)
    assert "maps1: restored" in said
    assert "maps_apply_command ended with code 1; the host has its old document back" in said
    assert fleet.document().read_bytes() == proven
    assert len(fleet.mail.received) == 1


def test_an_apply_command_that_refuses_the_old_document_too_is_an_unknown_state(fleet):
    fleet.pushed()
    proven = fleet.document().read_bytes()
    fleet.set(maps_apply_command=["/bin/sh", "-c", "echo MAPS is not running; exit 7"])
    fleet.declare("Reports", maximum_emails_per_minute=5)
    said = fleet.pushed(exit_code=4)
    assert "maps1: unknown" in said
    assert "maps_apply_command ended with code 7, saying: MAPS is not running" in said
    assert "what MAPS has now is unknown" in said
    assert "see what these hosts have now (provisioner status --hosts)" in said
    assert fleet.document().read_bytes() == proven


def test_maps_own_mail_is_told_apart_from_ours(fleet):
    fleet.set(maps_apply_command=["/bin/true"], maps_test_command=["/bin/true"])
    said = fleet.pushed()
    assert "maps1: applied" in said
    assert "MAPS itself was not exercised" not in said

    fleet.set(maps_test_command=["/bin/sh", "-c", "echo no such server; exit 3"])
    fleet.declare("Reports", maximum_emails_per_minute=5)
    said = fleet.pushed(exit_code=1)
    assert "maps_test_command ended with code 3: no such server" in said
    assert "maps1: delivered, not proven" in said


def test_a_document_edited_by_hand_is_named_and_brought_back(fleet):
    fleet.pushed()
    document = json.loads(fleet.document().read_text())
    document["servers"][0]["port"] = 26
    fleet.document().write_text(json.dumps(document))
    planned = fleet.run("plan")
    assert planned.returncode == 2
    assert "the document there was edited by hand since the last push" in planned.stdout
    assert f"port: 26 -> {fleet.mail.port}" in planned.stdout
    fleet.pushed()
    assert fleet.entries()["Reports"]["port"] == fleet.mail.port


def test_a_host_variable_of_the_wrong_kind_is_refused_before_anything_is_written(fleet):
    fleet.set(maps_apply_command="/usr/bin/apply --now")
    said = fleet.pushed(exit_code=3)
    assert "maps1: failed" in said
    assert "maps_apply_command is not a list of texts" in said
    assert not fleet.document().exists()


def test_a_host_whose_pipelining_is_off_gets_nothing(fleet):
    fleet.set(ansible_pipelining=False)
    said = fleet.pushed(exit_code=3)
    assert "without pipelining a file with secrets would lie on the host's disk" in said
    assert not fleet.document().exists()


def test_plan_writes_nothing_anywhere(fleet):
    ended = fleet.run("plan")
    assert ended.returncode == 2
    assert not (fleet.folder / "maps1").exists()
    assert not (fleet.folder / ".provisioner").exists()


def test_a_wrong_port_is_told_from_an_outage_and_taken_back(fleet):
    fleet.pushed()
    proven = fleet.document().read_bytes()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: refused
        fleet.declare("Reports", port=nobody.getsockname()[1])
        said = fleet.pushed(exit_code=3)
    assert "maps1: restored" in said
    assert "test email of Reports: wrong at connect" in said
    assert f"the document before says localhost:{fleet.mail.port}, and that answers" in said
    assert "with the old document, Reports sends" in said
    assert fleet.document().read_bytes() == proven


def test_where_every_server_is_skipped_no_host_is_asked(fleet):
    oauth2 = {
        "access_token_url": "https://login.example.edu/token",
        "authorization_url": "https://login.example.edu/authorize",
        "client_id": "maps",
        "client_secret": {"env": "MAIL_PASSWORD"},
        "scope_for_authorize": "smtp",
    }
    fleet.declare(
        "Reports", smtp_security_level="oauth2", oauth2=oauth2, password=None, user_name=USER
    )
    ended = fleet.run("push")
    assert ended.returncode == 6, ended.stderr + ended.stdout
    assert "maps1" not in ended.stderr + ended.stdout
    assert "0 hosts: 1 server skipped" in ended.stdout


def test_an_apply_command_that_comes_later_is_run(fleet):
    fleet.pushed()
    fleet.set(maps_apply_command=["cp", "-t", str(fleet.folder)])
    said = fleet.pushed()
    assert "maps1: applied" in said
    assert (fleet.folder / "email-servers.json").read_bytes() == fleet.document().read_bytes()


def test_a_folder_that_is_used_for_other_things_is_not_taken(fleet, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    (shared / "passwd").touch()
    fleet.set(maps_directory=str(shared))
    said = fleet.pushed(exit_code=3)
    assert f"{shared} is used for other things, too" in said
    assert shared.stat().st_mode & 0o777 == 0o755

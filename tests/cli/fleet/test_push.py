"""`provisioner push` over Ansible on local hosts, with a mail server that does what it is told."""

import json
import shutil
import stat
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest

from provisioner.deploy.record import AnyEvent, PhaseStarted
from tests.cli.fleet.local_fleet import PASSWORD, USER, LocalFleet
from tests.support.ansible_processes import wait_until
from tests.support.scripted_mail_server import Failure

pytestmark = pytest.mark.long


def modes(folder):
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}


@pytest.mark.parametrize("ask", [LocalFleet.with_ansible, LocalFleet.without_ansible])
def test_a_push_is_told_event_by_event_and_a_second_one_does_nothing(fleet, ask):
    ended = ask(fleet).ends(0, "push", "--format", "json")
    assert "maps1: would change\n  + Reports: added" in ended.stderr, "shown, asked or not"
    assert PASSWORD not in ended.stdout + ended.stderr
    assert len(fleet.mail.received) == 1
    assert fleet.entries()["Reports"]["password"] == PASSWORD
    private = {"maps1": 0o700, "email-servers.json": 0o600, "state.json": 0o600, "push.lock": 0o600}
    assert modes(fleet.folder / "maps1") == private
    require_events(fleet, [json.loads(line) for line in ended.stdout.splitlines()])

    before = fleet.document().read_bytes()
    assert "1 host: 0 changed; 1 unchanged" in fleet.pushed()
    assert fleet.document().read_bytes() == before
    assert len(fleet.mail.received) == 1


def require_events(fleet, events):
    """As their schema says, and as the journal has them."""
    schema = json.loads(fleet.ends(0, "schema", "run-events").stdout)
    for event in events:
        jsonschema_rs.Draft202012Validator(schema).validate(event)
    printed = [msgspec.convert(event, AnyEvent) for event in events]
    kept = [event for event in printed if not isinstance(event, PhaseStarted)]
    assert fleet.run_record().events == kept
    kinds = [event["event"] for event in events if event["event"] != "phase_started"]
    assert kinds == [
        *("run_started", "hosts_asked", "run_planned", "batch_started", "hosts_asked"),
        *("host_finished", "run_finished"),
    ]
    phases = [event["phase"] for event in events if event["event"] == "phase_started"]
    assert phases == ["read", "done", "deliver", "done"]
    result = next(event["result"] for event in events if event["event"] == "host_finished")
    assert (result["state"], result["generation"]) == ("delivered, not applied", 1)
    transcript = result["mails"][0]["smtp"]["transcript"]
    assert "> AUTH PLAIN ***" in transcript
    assert "< 235 2.7.0 Logged in." in transcript
    assert events[-1]["exit_code"] == 0


def test_what_was_put_off_and_is_then_refused_is_taken_back_to_what_was_verified(pushed):
    fleet = pushed
    fleet.settings(push={"mail_budget_seconds": 0})
    verified = fleet.document().read_bytes()
    fleet.mail.behavior.failures["auth"] = Failure("454 4.7.0 Too many login attempts")
    said = fleet.pushed(exit_code=1, password="wrong")
    assert "maps1: delivered, not verified" in said
    assert "test email of Reports: inconclusive at auth 454" in said
    assert fleet.entries()["Reports"]["password"] == "wrong"

    fleet.mail.behavior.failures.clear()
    said = fleet.pushed(exit_code=3, password="wrong")
    assert "maps1: restored" in said
    assert "test email of Reports: wrong at auth 535" in said
    assert "with the previous document, Reports sends" in said
    assert fleet.document().read_bytes() == verified
    assert "1 unchanged" in fleet.pushed()


def test_a_document_is_applied_or_taken_back(pushed):
    fleet = pushed
    applied = fleet.folder / "email-servers.json"
    fleet.set(maps_apply_command=["cp", "-t", str(fleet.folder)], maps_test_command=["/bin/true"])
    assert "maps1: applied" in fleet.pushed()  # a command that comes later is run
    verified = fleet.document().read_bytes()
    assert applied.read_bytes() == verified

    refuses = f'if grep -q \'"maximum_emails_per_minute": 5\' "$1"; then printf "no \\033[2Jsuch"; \
exit 3; fi; cp "$1" {fleet.folder}'
    fleet.set(maps_apply_command=["/bin/sh", "-c", refuses, "apply"])
    fleet.declare("Reports", maximum_emails_per_minute=5)
    said = fleet.pushed(exit_code=3)
    assert "maps1: restored" in said
    assert "| no [2Jsuch" in said
    assert "\x1b" not in said, "words of a host steer no terminal"
    assert fleet.document().read_bytes() == applied.read_bytes() == verified

    fleet.set(maps_apply_command=["/bin/sh", "-c", "exit 7"])
    said = fleet.pushed(exit_code=4)
    assert "maps1: unknown" in said
    assert "going back to the state before failed, too: MAPS may have either" in said
    assert "exit code 7" in said
    [row] = [r for r in fleet.ends(0, "status", "--hosts").stdout.splitlines() if "maps1" in r]
    assert row.split("  ")[1].strip() == "not applied"
    assert "MAPS may have another document until a push applies this one" in row
    assert fleet.document().read_bytes() == verified
    assert fleet.mail.received == [], "nothing was sent from a document that is not applied"


def test_what_is_not_there_on_a_host_is_named(fleet):
    fleet.of(2).set("maps1", maps_directory="/proc/nope")
    fleet.set("maps2", maps_apply_command=["/no/such", "file"])
    said = fleet.pushed("--batches", "100%", "--max-failures", "100%", exit_code=3)
    assert "/proc/nope does not exist, and cannot be created" in said
    assert "do:  correct maps_directory, or create it on the host" in said
    assert "apply: the program could not be started: /no/such\n" in said


def test_a_secret_in_the_words_of_a_command_is_masked(fleet):
    """As the name of the program, and in what it prints: on the terminal and in the journal."""
    fleet.set(maps_apply_command=[f"/no/such/{PASSWORD}"])
    said = fleet.pushed(exit_code=3)
    assert "apply: the program could not be started: /no/such/***" in said
    fleet.set(maps_apply_command=["/bin/sh", "-c", f"echo 'wrong: {PASSWORD}'; exit 3"])
    said += fleet.pushed(exit_code=4)
    assert "| wrong: ***" in said
    assert PASSWORD not in said + json.dumps(fleet.journals())


def test_only_the_named_server_is_changed_and_an_orphan_stays(fleet):
    fleet.declare("Alerts")
    fleet.pushed()
    fleet.undeclare("Alerts")
    fleet.declare("Reports", maximum_emails_per_minute=5)
    fleet.declare("Billing")
    said = fleet.pushed("Billing")
    assert "+ Billing: added" in said
    assert "? Alerts: orphaned" in said
    assert "Reports" not in said.partition("to be entered in MAPS:")[0]
    assert fleet.entries().keys() == {"Alerts", "Billing", "Reports"}
    assert fleet.entries()["Reports"]["maximum_emails_per_minute"] is None


def test_hosts_that_cannot_be_worked_with_hold_up_no_other(fleet, tmp_path):
    fleet.of(8).with_ansible()
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    (shared / "passwd").touch()
    liar = tmp_path / "liar"
    liar.write_text('#!/bin/sh\ncat > /dev/null\necho \'{"changed": false, "answers": [7]}\'\n')
    liar.chmod(0o755)
    fleet.document("maps7").parent.mkdir(mode=0o700)
    fleet.document("maps7").write_text('{"generation": 1, "servers": [')
    wrong = {
        "maps2": {"maps_apply_command": "/usr/bin/apply --now"},
        "maps3": {"ansible_pipelining": False},
        "maps4": {"maps_directory": str(shared)},
        "maps5": {"ansible_connection": "ssh", "ansible_port": 1, "ansible_host": "127.0.0.1"},
        "maps6": {"ansible_python_interpreter": str(liar)},
        "maps8": {"maps_ca_file": "{{ nonesuch }}"},
    }
    for host, variables in wrong.items():
        fleet.set(host, **variables)
    said = fleet.pushed("--batches", "100%", exit_code=3)
    states = fleet.states()
    assert states.pop("maps1") == "delivered, not applied", said
    assert states.pop("maps5") == "unreachable"
    assert set(states.values()) == {"failed"}
    for words in (
        "maps_apply_command is not a list of strings",
        "pipelining",
        f"{shared} has no state.json but other files",
        "port 1: connection refused",
        "invalid response from the host",
        f"unusable file: {fleet.document('maps7')}",
        "maps_ca_file",
    ):
        assert words in said, said
    assert shared.stat().st_mode & 0o777 == 0o755
    assert len(fleet.mail.received) == 1

    fleet.document("maps7").unlink()
    for host in wrong:
        fleet.variables[host] = {}
    fleet.set()
    said = fleet.without_ansible().pushed("--resume", "--batches", "100%")
    assert "7 hosts: 7 changed" in said
    assert all(fleet.served(host) == ["Reports"] for host in fleet.hosts)
    assert "nothing to resume" in fleet.ends(1, "push", "--resume").stderr


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
    ended = fleet.ends(6, "push")
    assert "maps1" not in ended.stderr + ended.stdout
    assert "0 hosts: 1 server skipped" in ended.stdout
    assert "0 hosts" not in ended.stderr


@pytest.mark.parametrize("file", ["nowhere/x.xml", "servers", "x" * 300])
def test_a_report_that_has_no_place_is_found_out_before_a_host_is_asked(fleet, file):
    ended = fleet.ends(1, "push", "--report", f"junit={file}")
    assert f"cannot write {file}: " in ended.stderr
    assert not fleet.document().exists()


def test_a_report_that_cannot_be_printed_hides_not_what_hosts_have_come_to(fleet):
    fleet.mail.behavior.passwords = {}
    with Path("/dev/full").open("w") as full, fleet.start("push", stdout=full) as running:
        _, errors = running.communicate(timeout=60)
    assert running.returncode == 3, errors
    assert "standard output: No space left on device" in errors
    assert fleet.states() == {"maps1": "restored"}


def test_a_reader_that_goes_away_does_not_stop_a_push(fleet):
    running = fleet.start("push", "--format", "json")
    assert '"run_started"' in running.stdout.readline()
    running.stdout.close()
    with running.stderr:
        assert running.wait(timeout=120) == 0, running.stderr.read()
    assert fleet.served("maps1") == ["Reports"]


def test_two_checkouts_at_once(fleet, tmp_path):
    """The second one is told who is at work, or waits; then nothing is left to do."""
    begun, go_on, other = fleet.folder / "begun", fleet.folder / "go-on", tmp_path / "other"
    waits = f"touch {begun}; until test -e {go_on}; do sleep 0.1; done"
    fleet.set(maps_apply_command=["/bin/sh", "-c", waits])
    shutil.copytree(fleet.folder, other)
    first = fleet.start("push")
    wait_until(begun.exists)
    fleet.folder = other
    said = fleet.pushed(exit_code=5)
    assert "maps1: locked by another run" in said
    assert f"(pid {first.pid})" in said
    locked = fleet.run_record().run_id

    waiting = fleet.start("push", "--lock-wait", "60")
    wait_until(lambda: is_asked_to_push(fleet.journals()[-1], than=locked))
    go_on.touch()
    output, errors = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, errors + output
    assert "maps1: unchanged" in output
    _, errors = first.communicate(timeout=60)
    assert first.returncode == 0, errors
    assert len(fleet.mail.received) == 1


def is_asked_to_push(events, *, than):
    """Whether it is another run than that, and its hosts are at work."""
    asked = [event["purpose"] for event in events if event["event"] == "hosts_asked"]
    return events[0]["run_id"] != than and "push" in asked

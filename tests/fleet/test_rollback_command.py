"""`provisioner rollback` as a user runs it."""

import json
import os
import re

import pytest

from provisioner.demo.mail_server import Failure
from tests.fleet.local_fleet import PROVISIONER, local_fleet
from tests.terminal import CTRL_C, Terminal

pytestmark = pytest.mark.long


@pytest.fixture
def fleet(tmp_path):
    """Two generations on one host, the newer one with a limit of 5 mails a minute."""
    with local_fleet(tmp_path) as fleet:
        fleet.set(maps_apply_command=["cp", "-t", str(tmp_path)])
        fleet.settings(push={"mail_budget_seconds": 0})
        fleet.has(None, 5)
        yield fleet


def served(fleet):
    """Generation of the host's document, and the limit in it."""
    document = json.loads(fleet.document().read_text())
    [entry] = document["servers"]
    return document["generation"], entry["maximum_emails_per_minute"]


def rolled_back(fleet, *arguments, exit_code=0):
    ended = fleet.run("rollback", *arguments, password="not needed")
    assert ended.returncode == exit_code, ended.stderr + ended.stdout
    return ended.stdout + ended.stderr


def test_the_document_before_is_a_new_generation_applied_and_proven(fleet, tmp_path):
    assert served(fleet) == (2, 5)
    said = rolled_back(fleet, "--yes")
    assert "maps1: rolled back, generation 3" in said
    assert "back from generation 2" in said
    assert "maximum_emails_per_minute: 5 -> null" in said
    assert "test email of Reports: sent" in said
    assert served(fleet) == (3, None)
    assert (tmp_path / "email-servers.json").read_bytes() == fleet.document().read_bytes()
    assert len(fleet.mail.received) == 1

    planned = fleet.run("plan")  # the declared files are still the newer ones
    assert planned.returncode == 2
    assert "maximum_emails_per_minute: null -> 5" in planned.stdout

    said = rolled_back(fleet, "maps1", "--yes")  # and back again
    assert served(fleet) == (4, 5)


def test_without_a_terminal_somebody_must_have_said_yes(fleet):
    said = rolled_back(fleet, exit_code=64)
    assert "a rollback of maps1 was not agreed to; nothing was changed" in said
    assert "say --yes" in said
    assert served(fleet) == (2, 5)


@pytest.mark.parametrize(
    ("answer", "generation", "exit_code"), [("y\n", 3, 0), ("n\n", 2, 6), (CTRL_C, 2, 130)]
)
def test_at_a_terminal_it_shows_what_would_come_back_and_asks(fleet, answer, generation, exit_code):
    command = [str(PROVISIONER), "rollback"]
    with Terminal(command, folder=fleet.folder, environment=os.environ) as terminal:
        terminal.wait_for(re.escape("Roll back maps1? [y/N] "))
        terminal.type(answer)
        assert terminal.ends() == exit_code, terminal.output
        assert "maximum_emails_per_minute: 5 -> null" in terminal.output
    assert served(fleet)[0] == generation


def test_an_old_document_that_fails_too_is_unknown(fleet):
    fleet.mail.behaviour.passwords = {}
    said = rolled_back(fleet, "--yes", exit_code=4)
    assert "maps1: unknown" in said
    assert "Reports cannot send with that one either" in said
    assert not fleet.leased()


def test_a_mail_server_that_is_away_leaves_the_rollback_unproven(fleet):
    fleet.mail.behaviour.failures["greeting"] = Failure(None)
    said = rolled_back(fleet, "--yes", exit_code=1)
    assert "maps1: delivered, not proven" in said
    assert served(fleet) == (3, None)


def test_an_apply_command_that_refuses_leaves_the_host_unknown(fleet):
    fleet.set(maps_apply_command=["/bin/sh", "-c", "echo no; exit 3"])
    said = rolled_back(fleet, "--yes", exit_code=4)
    assert "maps_apply_command ended with code 3, saying: no" in said


def test_a_host_without_an_earlier_document_stays_as_it_is(fleet):
    fleet.of(2)
    said = rolled_back(fleet, "maps2", "--yes", exit_code=3)
    assert "this host has no document of before: there is nothing to go back to" in said
    assert not fleet.document("maps2").exists()


def test_a_host_and_a_limit_without_a_common_host_are_named(fleet):
    fleet.of(2)
    said = rolled_back(fleet, "maps1", "--limit", "maps2", "--yes", exit_code=64)
    assert "Error: maps1 and --limit maps2 name no common host" in said
    assert "hosts of maps1: maps1" in said
    assert served(fleet) == (2, 5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("maps9",), "maps9"),
        (("--limit", "maps9"), "maps9"),
    ],
)
def test_a_host_that_is_none_of_the_projects_is_named(fleet, arguments, words):
    ended = fleet.run("rollback", *arguments, "--yes")
    assert ended.returncode != 0
    assert words in ended.stderr
    assert served(fleet) == (2, 5)

"""`provisioner rollback` as a user runs it."""

import json

import pytest

from tests.support.scripted_mail_server import Failure
from tests.support.terminal import CTRL_C

pytestmark = pytest.mark.long


def two_generations(fleet):
    """The newer one has a limit of 5 emails a minute."""
    fleet.set(maps_apply_command=["/bin/true"])
    fleet.settings(push={"mail_budget_seconds": 0})
    fleet.had(None, 5)


@pytest.fixture
def fleet(scene, tmp_path):
    fleet = scene(two_generations)
    fleet.set(maps_apply_command=["cp", "-t", str(tmp_path)])
    return fleet


def served(fleet):
    """Generation of the host's document, and the limit in it."""
    document = json.loads(fleet.document().read_text())
    [entry] = document["servers"]
    return document["generation"], entry["maximum_emails_per_minute"]


def rolled_back(fleet, *arguments, exit_code=0):
    ended = fleet.ends(exit_code, "rollback", *arguments, password="not needed")
    return ended.stdout + ended.stderr


def at_a_terminal(fleet, answer, exit_code):
    """What is shown there."""
    with fleet.at_a_terminal("rollback") as terminal:
        terminal.wait_for(r"Roll back maps1\? \[y/N\] ")
        terminal.type(answer)
        assert terminal.ends() == exit_code, terminal.output
        assert "maximum_emails_per_minute: 5 -> null" in terminal.output
        return terminal.output


def test_the_document_before_is_a_new_generation_applied_and_verified(fleet, tmp_path):
    said = rolled_back(fleet, exit_code=64)
    assert "nothing was changed: the rollback of maps1 was not confirmed" in said
    at_a_terminal(fleet, "n\n", 6)
    at_a_terminal(fleet, CTRL_C, 130)
    assert served(fleet) == (2, 5)
    assert fleet.mail.received == []

    said = at_a_terminal(fleet.with_ansible(), "y\n", 0)
    assert "maps1: rolled back" in said
    assert "test email of Reports: sent" in said
    assert served(fleet) == (3, None)
    assert (tmp_path / "email-servers.json").read_bytes() == fleet.document().read_bytes()
    assert len(fleet.mail.received) == 1


def test_the_declared_files_are_still_the_newer_ones(fleet):
    rolled_back(fleet, "--yes")
    planned = fleet.ends(2, "plan")
    assert "maximum_emails_per_minute: null -> 5" in planned.stdout
    said = rolled_back(fleet, "maps1", "--yes")  # and back again
    assert "maximum_emails_per_minute: null -> 5" in said, "shown, asked or not"
    assert served(fleet) == (4, 5)


def test_what_is_asked_about_hides_no_host_that_fails(fleet):
    fleet.of(2)
    with fleet.at_a_terminal("rollback") as terminal:
        terminal.wait_for(r"Roll back maps1\? \[y/N\] ")
        assert "maps2: failed" in terminal.output
        assert "there is no earlier document to roll back to" in terminal.output
        terminal.type("n\n")
        assert terminal.ends() == 6


def test_one_that_cannot_be_done(fleet):
    fleet.of(2)
    said = rolled_back(fleet, "maps2", "--yes", exit_code=3)
    assert "there is no earlier document to roll back to" in said
    assert not fleet.document("maps2").exists()
    said = rolled_back(fleet, "maps1", "--limit", "maps2", "--yes", exit_code=64)
    assert "maps1 and --limit maps2 name no common host" in said
    assert "maps9" in rolled_back(fleet, "maps9", "--yes", exit_code=64)
    assert "maps9" in rolled_back(fleet, "--limit", "maps9", "--yes", exit_code=64)
    assert served(fleet) == (2, 5)

    fleet.mail.behavior.passwords = {}
    assert "maps1: unknown" in rolled_back(fleet, "maps1", "--yes", exit_code=4)
    assert served(fleet)[1] == 5, "both documents fail: it stays as it was"

    fleet.set(maps_apply_command=["/bin/sh", "-c", "echo no; exit 3"])
    assert "exit code 3" in rolled_back(fleet, "maps1", "--yes", exit_code=4)

    fleet.set(maps_apply_command=["/bin/true"])
    fleet.mail.behavior.failures["greeting"] = Failure(None)
    said = rolled_back(fleet, "maps1", "--yes", exit_code=1)
    assert "maps1: delivered, not verified" in said
    assert served(fleet)[1] is None


def test_a_host_that_was_renamed_is_known_by_what_lies_there(fleet):
    fleet.had(10, 20)
    fleet.variables["new1"] = {"maps_directory": str(fleet.folder / "maps1")}
    fleet.hosts = ["new1"]
    fleet.set()
    said = fleet.pushed()
    assert "the vault key or the host's name changed" in said
    assert "edited by hand" not in said
    fleet.ends(0, "rollback", "new1", "--yes")
    assert fleet.entries()["Reports"]["maximum_emails_per_minute"] == 10


def test_an_inventory_without_hosts_is_no_success(fleet):
    fleet.write("inventory/hosts.yml", {"maps": {"hosts": {}}})
    said = rolled_back(fleet, "--yes", exit_code=1)
    assert "the host pattern 'maps' matches no host of" in said
    assert "add your hosts to" in said

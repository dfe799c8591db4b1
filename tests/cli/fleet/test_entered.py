"""`provisioner entered`, and what other commands say of values that a person enters into MAPS."""

import json

import pytest

from tests.cli.fleet.local_fleet import PASSWORD

pytestmark = pytest.mark.long

NOTE = "then record it: provisioner entered maps1"


def entered(fleet, *arguments, exit_code=0):
    ended = fleet.ends(exit_code, "entered", "maps1", *arguments)
    return ended.stdout + ended.stderr


def facts(fleet, *arguments, exit_code=0):
    """What a program reads of the one host."""
    [host] = json.loads(fleet.ends(exit_code, *arguments, "--format", "json").stdout)["hosts"]
    return host


def hosts_status(fleet):
    return fleet.run("status", "--hosts").stdout


def test_a_change_is_entered_and_recorded(fleet, tmp_path):
    fleet.settings(push={"to_be_entered": "report"})
    said = fleet.pushed(exit_code=6)
    assert "maps1: delivered, never entered, generation 1" in said
    assert "+ Reports: new (7 fields)" in said
    assert NOTE in said
    assert "never entered" in fleet.ends(6, "status", "--hosts").stdout

    said = entered(fleet, exit_code=64)
    assert "confirm with --yes" in said
    said = entered(fleet, "--yes", "--by", "Ann Lee", "--note", "CHG 1")
    assert (
        "maps1: entered\n  recorded as entered in MAPS by Ann Lee (CHG 1):\n    + Reports: new"
        in said
    )
    assert NOTE not in fleet.ends(0, "plan").stdout
    text = hosts_status(fleet)
    assert "by Ann Lee (CHG 1): Reports" in text
    assert "1 host: 1 entered" in text

    fleet.declare("Reports", maximum_emails_per_minute=5)
    said = entered(fleet, "--yes", exit_code=3)
    assert "a push would change this host, or verify it\n    do:  run: provisioner push" in said
    report = tmp_path / "push.xml"
    said = fleet.pushed("--report", f"junit={report}", exit_code=6)
    assert "nothing to resume" in fleet.ends(1, "push", "--resume").stderr, "it is done"
    assert "maximum_emails_per_minute: null -> 5" in said.partition("to be entered in MAPS:")[2]
    assert 'skipped="1"' in report.read_text()
    host = facts(fleet, "plan", exit_code=6)
    assert (host["state"], host["in_maps"]) == ("unchanged", "to be entered")
    assert host["to_enter"][0]["fields"] == [
        {"pointer": "/maximum_emails_per_minute", "old": None, "new": 5, "is_hidden": False}
    ]
    assert facts(fleet, "status", "--hosts", exit_code=6)["in_maps"] == "to be entered"

    entered(fleet, "--yes", "--server", "Reports")
    state, journals = fleet.folder / "maps1" / "state.json", fleet.folder / ".provisioner"
    assert '"password": "hmac:' in state.read_text()
    for file in (state, report, *journals.rglob("*.jsonl")):
        assert PASSWORD not in file.read_text()
        assert file is state or "hmac:" not in file.read_text()
    assert facts(fleet, "plan")["in_maps"] == "entered"
    assert "maps1: undone, to be entered" in entered(fleet, "--undo", "--yes")
    assert "undone, to be entered" in fleet.run("history").stdout
    fleet.settings(push={"to_be_entered": "ignore"})
    assert "unchanged, to be entered" in fleet.pushed()
    entered(fleet, "--yes")
    fleet.settings(push={"to_be_entered": "report"})
    ended = fleet.ends(6, "rollback", "--yes")
    for said in (ended.stderr, ended.stdout):  # before it is agreed to, and when it is done
        assert "maximum_emails_per_minute: 5 -> null" in said.partition("to be typed back")[2]
    assert "maps1: would change, back to generation 1\n" in ended.stderr
    assert "To be entered" not in ended.stderr


def test_it_is_asked_about(pushed):
    fleet = pushed
    with fleet.at_a_terminal("entered", "maps1", "--by", "Ann") as terminal:
        terminal.wait_for(r"Was this entered into MAPS on maps1, by Ann\? \[y/N\] ")
        assert "+ Reports: new (7 fields)" in terminal.output
        terminal.type("n\n")
        assert terminal.ends() == 6
    assert "never entered" in hosts_status(fleet)
    with fleet.with_ansible().at_a_terminal("entered", "maps1") as terminal:
        terminal.wait_for(r"\[y/N\] ")
        terminal.type("y\n")
        assert terminal.ends() == 0
    assert "1 host: 1 entered" in hosts_status(fleet.without_ansible())


def test_what_cannot_be_recorded(fleet, tmp_path):
    assert "run: provisioner push" in entered(fleet, "--yes", exit_code=3)
    assert not fleet.document().exists()
    fleet.run("push")
    assert "no such server on maps1" in entered(fleet, "--yes", "--server", "Other", exit_code=64)
    assert "--note is not one line" in entered(fleet, "--yes", "--note", "a\nb", exit_code=64)
    fleet.set(maps_apply_command=["cp", "-t", str(tmp_path)])
    assert "imports the document" in entered(fleet, "--yes", exit_code=3)
    fleet.pushed()
    assert "to be entered" not in hosts_status(fleet) + fleet.run("plan").stdout


def test_a_push_of_one_server_is_about_what_is_to_be_entered_of_it(fleet):
    fleet.settings(push={"to_be_entered": "report"})
    fleet.declare("Alerts")
    fleet.pushed(exit_code=6)
    entered(fleet, "--yes", "--server", "Reports")
    assert "Alerts" not in fleet.ends(0, "push", "Reports").stdout
    assert facts(fleet, "plan", "Reports")["in_maps"] == "entered"
    assert "+ Alerts: new" in fleet.ends(6, "push", "Alerts").stdout
    fleet.ends(6, "plan")

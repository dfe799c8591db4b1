"""A push that goes wrong in a batch stops there, says who was not reached, and is gone on with."""

import json
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import jsonschema
import pytest
from lxml import etree

from provisioner.resources import schema_path
from tests.fleet.local_fleet import PASSWORD, PROVISIONER

pytestmark = pytest.mark.long

# Takes a document without servers only: what there was before.
REFUSES = ["grep", "-q", '"servers": \\[\\]']
XSD = Path(__file__).parents[1] / "reports" / "schemas" / "junit-10.xsd"


def results(events):
    return {
        e["result"]["host"]: e["result"]["state"] for e in events if e["event"] == "host_finished"
    }


def without_times(events):
    return [{name: fact for name, fact in e.items() if name != "at"} for e in events]


def test_it_stops_after_the_batch_that_failed_and_resume_does_the_rest(three_hosts):
    fleet = three_hosts
    fleet.set("maps2", maps_apply_command=REFUSES)
    ended = fleet.ends(
        3,
        "push",
        "--batches",
        "1",
        "--report",
        "junit=r.xml",
        "--report",
        "json=r.json",
        "--report",
        "markdown=r.md",
    )
    assert "batch 2 of 3: 1 host" in ended.stderr
    assert "stopped: maps2 ended as restored; no further batch was begun; 1 host not reached" in (
        ended.stderr
    )
    assert "maps1: delivered, not applied" in ended.stdout
    assert "maps3: not reached" in ended.stdout
    assert fleet.served("maps1") == ["Reports"]
    assert not fleet.document("maps3").exists()

    root = etree.parse(fleet.folder / "r.xml")
    etree.XMLSchema(etree.parse(XSD)).assertValid(root)
    suite = ElementTree.parse(fleet.folder / "r.xml").getroot()[0]
    cases = {case.get("name"): case for case in suite}
    assert [child.tag for child in cases["maps1"]] == ["system-out"]
    assert cases["maps2"].find("failure").get("type") == "restored"
    assert cases["maps3"].find("skipped").get("type") == "not reached"
    assert float(cases["maps1"].get("time")) > 0
    report = json.loads((fleet.folder / "r.json").read_text())
    assert [host["state"] for host in report["hosts"]] == [
        "delivered, not applied",
        "restored",
        "not reached",
    ]
    assert "| maps3 | not reached |" in (fleet.folder / "r.md").read_text()

    fleet.set("maps2", maps_apply_command=["/bin/true"])
    resumed = fleet.ends(0, "push", "--resume")
    assert "maps1" not in resumed.stderr + resumed.stdout
    assert ": 2 of 3 hosts left" in resumed.stderr
    assert "2 hosts: 2 changed" in resumed.stdout
    first, second = fleet.journals()
    assert results(first) == {"maps1": "delivered, not applied", "maps2": "restored"}
    assert results(second) == {"maps2": "applied", "maps3": "delivered, not applied"}
    assert second[0]["options"]["resumed"] == first[0]["run_id"]

    nothing = fleet.ends(1, "push", "--resume")
    assert "nothing is left of the push" in nothing.stderr


def test_it_goes_on_after_a_failure_if_it_is_told_to(three_hosts):
    fleet = three_hosts
    fleet.set("maps1", maps_apply_command=REFUSES)
    ended = fleet.ends(3, "push", "--batches", "1", "--on-failure", "continue")
    assert "maps2, maps3 (2 hosts): delivered, not applied" in ended.stdout
    assert "not reached" not in ended.stdout + ended.stderr


def test_a_resumed_push_is_refused_if_something_else_is_declared_by_now(three_hosts):
    fleet = three_hosts
    fleet.set("maps1", maps_apply_command=REFUSES)
    fleet.ends(3, "push", "--batches", "1")
    fleet.declare("Reports", maximum_emails_per_minute=5)
    refused = fleet.ends(1, "push", "--resume")
    assert "declared, or signed in, otherwise since the plan was made: Reports" in refused.stderr
    assert "push anew, without --resume" in refused.stderr
    refused = fleet.ends(1, "push", "--resume", "--limit", "maps2")
    assert "was for other hosts (--limit): all then, maps2 now" in refused.stderr
    assert not fleet.document("maps2").exists()


def test_only_the_hosts_of_a_limit_are_asked(three_hosts):
    fleet = three_hosts
    ended = fleet.ends(0, "push", "--limit", "maps:!maps2")
    assert "maps2" not in ended.stderr + ended.stdout
    assert fleet.served("maps3") == ["Reports"]
    nobody = fleet.ends(64, "push", "--limit", "maps9")
    assert "--limit maps9 matches no host of" in nobody.stderr
    (fleet.folder / "inventory" / "program").write_text(f"#!/bin/sh\ntouch {fleet.folder}/ran\n")
    (fleet.folder / "inventory" / "program").chmod(0o755)
    assert completed(fleet, "rollback", "map") == ["maps1", "maps3"]
    assert completed(fleet, "rollback", "maps1", "maps") == ["maps3"]
    assert completed(fleet, "rollback", "x") == []
    assert completed(fleet, "worksheet", "--host", "map") == ["maps1", "maps3"]
    assert not (fleet.folder / "ran").exists()


def completed(fleet, *words):
    """What a shell is offered for the last of these words."""
    ended = subprocess.run(
        [str(PROVISIONER)],
        cwd=fleet.folder,
        env={
            **fleet.environment,
            "_PROVISIONER_COMPLETE": "complete_bash",
            "COMP_WORDS": " ".join(("provisioner", *words)),
            "COMP_CWORD": str(len(words)),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.split()


def test_for_a_program_each_line_is_an_event_and_the_last_one_has_the_report(fleet):
    ended = fleet.ends(0, "push", "--format", "json")
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert PASSWORD not in ended.stdout + ended.stderr
    schema = json.loads(schema_path("run-events").read_text())
    for line in lines:
        jsonschema.validate(line, schema)
    assert [lines[0]["event"], lines[-1]["event"]] == ["run_started", "run_finished"]
    assert lines[-1]["report"]["summary"] == {"delivered, not applied": 1}
    (journal,) = fleet.journals()
    assert without_times(journal) == without_times(lines)
    assert fleet.run("history").stdout.endswith("exit 0: 1 delivered, not applied\n")


def test_a_reader_that_goes_away_does_not_stop_a_push(fleet):
    running = subprocess.Popen(
        fleet.command("push", "--format", "json"),
        cwd=fleet.folder,
        env=fleet.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert '"run_started"' in running.stdout.readline()
    running.stdout.close()
    errors = running.stderr.read()
    assert running.wait(timeout=120) == 0, errors
    running.stderr.close()
    assert fleet.served("maps1") == ["Reports"]


def test_resume_comes_to_a_host_that_could_not_be_asked(three_hosts):
    fleet = three_hosts
    gone = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    fleet.set("maps3", **gone)
    ended = fleet.ends(3, "push", "--batches", "100%")
    assert "maps3: unreachable" in ended.stdout
    told = fleet.ends(0, "history", fleet.journals()[0][0]["run_id"])
    assert "maps3: unreachable when it was asked: " in told.stdout

    fleet.set("maps3", ansible_connection="local")
    resumed = fleet.ends(0, "push", "--resume")
    assert ": 1 of 3 hosts left" in resumed.stderr
    assert fleet.served("maps3") == ["Reports"]
    assert "nothing is left of the push" in fleet.ends(1, "push", "--resume").stderr

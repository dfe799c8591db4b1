"""A push in batches: where it stops, how it is gone on with, and clusters one host at a time."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest
from lxml import etree

from tests.cli.fleet.local_fleet import PROVISIONER
from tests.support.paths import FORMAT_SCHEMAS

pytestmark = pytest.mark.long

REFUSES = ["/bin/false"]
XSD = FORMAT_SCHEMAS / "junit-10.xsd"


def test_it_stops_after_the_batch_that_failed_and_resume_does_the_rest(three_hosts):
    fleet = three_hosts
    fleet.set("maps2", maps_apply_command=REFUSES)
    files = ("--report", "junit=r.xml", "--report", "json=r.json", "--report", "markdown=r.md")
    ended = fleet.ends(4, "push", "--batches", "1", *files)
    states = {"maps1": "delivered, not applied", "maps2": "unknown", "maps3": "not started"}
    assert fleet.states() == states
    assert "maps3: not started" in ended.stdout
    assert "provisioner push --resume" in ended.stdout
    assert fleet.served("maps1") == ["Reports"]
    assert not fleet.document("maps3").exists()

    root = etree.parse(fleet.folder / "r.xml")
    etree.XMLSchema(etree.parse(XSD)).assertValid(root)
    suite = ElementTree.parse(fleet.folder / "r.xml").getroot()[0]
    cases = {case.get("name"): case for case in suite}
    assert [child.tag for child in cases["maps1"]] == ["skipped"], "to be entered"
    assert cases["maps2"].find("error").get("type") == "unknown"
    assert cases["maps3"].find("skipped").get("type") == "not started"
    assert float(cases["maps1"].get("time")) > 0
    report = json.loads((fleet.folder / "r.json").read_text())
    assert {host["host"]: host["state"] for host in report["hosts"]} == states
    assert report["exit_code"] == 4
    assert "\nmaps3: not started\n" in (fleet.folder / "r.md").read_text()

    other = fleet.folder / "other.ini"
    other.write_text("[maps]\nelsewhere ansible_connection=local\n")
    elsewhere = fleet.ends(1, "push", "--resume", "--inventory", str(other)).stderr
    assert "no declared server goes to maps2, maps3" in elsewhere
    other = fleet.ends(64, "push", "--resume", "--limit", "maps2").stderr
    assert "was for other servers, hosts or removals" in other
    fleet.set("maps2", maps_apply_command=["/bin/true"])
    fleet.declare("Reports", maximum_emails_per_minute=5)
    resumed = fleet.ends(0, "push", "--resume")
    assert "changed since that push (server file, sign-in or hosts): Reports" in resumed.stderr
    assert "maps1" not in resumed.stderr + resumed.stdout
    assert "2 hosts left" in resumed.stderr
    assert fleet.states() == {"maps2": "applied", "maps3": "delivered, not applied"}
    first, second = fleet.journals()[0][0], fleet.journals()[-1][0]
    assert second["options"]["resumed"] == first["run_id"]
    assert "nothing to resume" in fleet.ends(1, "push", "--resume").stderr


def test_it_goes_on_after_as_many_failures_as_the_project_allows(three_hosts):
    fleet = three_hosts
    for host in ("maps1", "maps2"):
        fleet.set(host, maps_apply_command=REFUSES)
    fleet.settings(push={"max_failures": "100%"})
    fleet.ends(4, "push", "--batches", "1")
    assert fleet.states()["maps3"] == "delivered, not applied"


def test_only_the_hosts_of_a_limit_are_asked(three_hosts):
    fleet = three_hosts
    ended = fleet.ends(0, "push", "--limit", "maps:!maps2")
    assert "maps2" not in ended.stderr + ended.stdout
    assert fleet.served("maps3") == ["Reports"]
    nobody = fleet.ends(64, "push", "--limit", "maps9")
    assert "--limit maps9 matches no host of" in nobody.stderr
    slip = fleet.ends(64, "push", "--limit", "maps:!mpas2").stderr
    assert "it has no group or host mpas2\n" in slip, "else it would mean maps2, too"

    program = fleet.folder / "inventory" / "program"
    program.write_text(f"#!/bin/sh\ntouch {fleet.folder}/ran\n")
    program.chmod(0o755)
    assert completed(fleet, "rollback", "map") == ["maps1", "maps3"]
    assert completed(fleet, "rollback", "maps1", "maps") == ["maps3"]
    assert completed(fleet, "push", "--limit", "m") == ["maps1", "maps3"]
    assert completed(fleet, "worksheet", "--host", "x") == []
    assert not (fleet.folder / "ran").exists(), "completion runs no inventory program"


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


# -- clusters

# Writes down when it is in and out, and whom it has met: who is in (.in) or was (.out).
RECORDING = """
import json, os, sys, time
folder, host = sys.argv[1:3]
open(os.path.join(folder, host + ".in"), "w").close()
time.sleep(0.5)
others = []
while not others:  # the first one waits until it has met somebody
    time.sleep(0.05)
    names = [name for name in os.listdir(folder) if name.endswith((".in", ".out"))]
    others = [name for name in names if not name.startswith(host)]
os.rename(os.path.join(folder, host + ".in"), os.path.join(folder, host + ".out"))
with open(os.path.join(folder, "met"), "a") as file:
    print(json.dumps([host, others]), file=file)
"""


class Applying:
    """An apply command on each host that meets the others', in a folder that they share."""

    def __init__(self, fleet):
        self.folder = fleet.folder / "applying"
        self.folder.mkdir()
        for host in fleet.hosts:
            command = [sys.executable, "-c", RECORDING, str(self.folder), host]
            fleet.set(host, maps_apply_command=command)

    def met(self):
        """host -> those that it met there."""
        lines = (self.folder / "met").read_text().splitlines()
        return dict(json.loads(line) for line in lines)


def test_hosts_of_a_cluster_apply_one_after_the_other_and_others_at_once(three_hosts):
    fleet = three_hosts.of(4).with_ansible()
    applying = Applying(fleet)
    for host in ("maps1", "maps2"):
        fleet.set(host, maps_cluster="argos")
    fleet.set("maps3", maps_cluster="banner")
    fleet.pushed("--batches", "100%")
    met = applying.met()
    assert "maps2.in" not in met["maps1"]
    assert "maps1.in" not in met["maps2"]
    assert any(name.endswith(".in") for names in met.values() for name in names)


def test_after_one_that_failed_no_other_of_its_cluster_is_touched(three_hosts):
    fleet = three_hosts
    for host in ("maps1", "maps2"):
        fleet.set(host, maps_cluster="argos", maps_apply_command=REFUSES)
    said = fleet.pushed("--batches", "100%", "--max-failures", "100%", exit_code=4)
    states = fleet.states()
    assert states.pop("maps3") == "delivered, not applied"
    left, failed = sorted(states, key=states.__getitem__)
    assert states == {left: "not started", failed: "unknown"}
    assert f"{failed}, of the same maps_cluster, failed in this run" in said
    assert not fleet.document(left).exists()

    fleet.set("maps1", maps_apply_command=["/bin/true"])  # the next run asks anew
    fleet.set("maps2", maps_apply_command=["/bin/true"])
    fleet.pushed()
    assert fleet.served(left) == fleet.served(failed) == ["Reports"]

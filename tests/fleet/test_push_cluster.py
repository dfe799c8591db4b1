"""maps_cluster: one host of a cluster at a time is in its restart, in whichever batch it is."""

import json
import sys

import pytest

pytestmark = pytest.mark.long

# Writes down when it was in and out, and says whether it found another one in.
RECORDING = """
import json, os, sys, time
folder, host = sys.argv[1:3]
others = [name for name in os.listdir(folder) if name.endswith(".in")]
open(os.path.join(folder, host + ".in"), "w").close()
time.sleep(0.4)
os.rename(os.path.join(folder, host + ".in"), os.path.join(folder, host + ".out"))
with open(os.path.join(folder, "met"), "a") as file:
    print(json.dumps([host, others]), file=file)
"""


# Takes a document without servers only: what there was before.
REFUSES = ["grep", "-q", '"servers": \\[\\]']


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


def test_hosts_of_a_cluster_apply_one_after_the_other(three_hosts):
    applying = Applying(three_hosts)
    three_hosts.set(maps_cluster="argos")
    three_hosts.ends(0, "push", "--batches", "100%")
    assert applying.met() == {"maps1": [], "maps2": [], "maps3": []}


def test_hosts_of_no_cluster_apply_at_once(three_hosts):
    applying = Applying(three_hosts)
    three_hosts.set("maps1", maps_cluster="argos")
    three_hosts.set("maps2", maps_cluster="banner")
    three_hosts.ends(0, "push", "--batches", "100%")
    assert any(applying.met().values())


@pytest.mark.parametrize("batches", ["100%", "1"])
def test_after_one_that_failed_no_other_of_its_cluster_is_touched(three_hosts, batches):
    for host in ("maps1", "maps2"):
        three_hosts.set(host, maps_cluster="argos", maps_apply_command=REFUSES)
    ended = three_hosts.ends(3, "push", "--batches", batches, "--on-failure", "continue")
    failed, left = ("maps1", "maps2") if "maps2: failed" in ended.stdout else ("maps2", "maps1")
    assert f"{failed}: restored" in ended.stdout
    assert f"{failed} of the same maps_cluster (argos) did not do well, so " in ended.stdout
    assert not three_hosts.document(left).exists()
    assert three_hosts.served("maps3") == ["Reports"]
    # The next run asks anew.
    three_hosts.set(failed, maps_apply_command=["/bin/true"])
    three_hosts.set(left, maps_apply_command=["/bin/true"])
    three_hosts.ends(0, "push")
    assert three_hosts.served(left) == three_hosts.served(failed) == ["Reports"]


def test_a_cluster_s_name_is_a_text(fleet):
    fleet.set(maps_cluster=["argos"])
    ended = fleet.ends(3, "push")
    assert "maps_cluster is not a text: give the hosts of a cluster one name" in ended.stdout


def test_rolled_back_one_after_the_other(three_hosts):
    applying = Applying(three_hosts)
    three_hosts.set(maps_cluster="argos")
    three_hosts.ends(0, "push")
    three_hosts.declare("Reports", maximum_emails_per_minute=5)
    three_hosts.ends(0, "push", "--batches", "100%")
    (applying.folder / "met").unlink()
    three_hosts.ends(0, "rollback", "--yes")
    assert applying.met() == {"maps1": [], "maps2": [], "maps3": []}

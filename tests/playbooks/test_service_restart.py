"""The restart of MAPS' service as a part of applying: on Windows alone, so in C# alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioner.mail.conversation import host_code
from tests.playbooks.samples import delivery, oauth2_entry

opened = host_code("maps_sealed").opened

OLD, NEW = oauth2_entry(), oauth2_entry(port=465)
WELL = [0, "", True]
FAILS = [1, "service MAPS: it runs, but TCP port 27467 of this host did not answer in time", True]
MISSING = [1, "service MAPS: there is no service of that name: correct maps_service", False]


class Host:
    """A host whose service ends its restarts as told."""

    def __init__(self, folder: Path, program) -> None:
        self.folder, self._program = folder, program

    def run(self, run_id, *restarts, state="present", check=False, **parameters) -> dict:
        """What the module answers; `restarts`: how each is to end, and no other may take place."""
        given = {
            "state": state,
            "directory": str(self.folder),
            "run_id": run_id,
            "owner": "tester",
            "service": "MAPS",
            **parameters,
        }
        call = {"parameters": given, "check_mode": check, "restarts": list(restarts)}
        said = self._program.call("store.module", **call)
        assert said["restarts"] == [["MAPS", given.get("apply_timeout", 300)]] * len(restarts)
        answer = opened(said["sealed"])
        return {**answer["maps"], "msg": answer["msg"], "changed": said["changed"]}

    def deliver(self, run_id, entry, *restarts, **parameters) -> dict:
        """Deliver one entry that has no mail."""
        document = json.dumps(delivery(entry, mails=[]))
        return self.run(run_id, *restarts, document=document, **parameters)

    def port(self) -> int:
        """Of the server in the document."""
        document = json.loads((self.folder / "email-servers.json").read_text())
        return document["servers"][0]["port"]


@pytest.fixture
def host(tmp_path, mono_host) -> Host:
    return Host(tmp_path / "maps-provisioner", mono_host)


@pytest.fixture
def copying(tmp_path) -> dict:
    """An apply command that says what it got, and refuses port 465."""
    script = f'grep -o \'"port": .*\' "$1" >> {tmp_path}/applied; ! grep -q \'"port": 465\' "$1"'
    return {"apply_command": ["sh", "-c", script, "apply"]}


def test_only_after_a_change(host):
    said = host.deliver("r1", OLD, WELL, apply_timeout=77)
    assert (said["state"], said["apply_exit"], said["msg"]) == ("applied", 0, "")
    said = host.deliver("r2", OLD)
    assert (said["state"], said["apply_exit"], said["changed"]) == ("unchanged", None, False)


def test_left_out_once_and_made_up_for_later(host):
    assert host.deliver("r1", OLD, service=None)["state"] == "delivered"
    looked = host.deliver("plan", OLD, check=True)
    assert (looked["state"], looked["changed"]) == ("changed", True)
    assert host.deliver("r2", OLD, WELL)["state"] == "applied"


def test_after_the_apply_command(host, copying, tmp_path):
    assert host.deliver("r1", OLD, WELL, **copying)["state"] == "applied"
    assert (tmp_path / "applied").read_text() == '"port": 587,\n'


def test_not_after_an_apply_command_that_failed(host, copying, tmp_path):
    host.deliver("r1", OLD, WELL, **copying)
    said = host.deliver("r2", NEW, WELL, **copying)  # with the old document
    assert (said["state"], said["apply_exit"]) == ("restored", 1)
    assert said["msg"] == (
        "maps_apply_command ended with code 1; the host has its old document back"
    )
    assert (tmp_path / "applied").read_text() == '"port": 587,\n"port": 465,\n"port": 587,\n'


def test_one_that_fails_gets_the_old_document_back(host):
    host.deliver("r1", OLD, WELL)
    said = host.deliver("r2", NEW, FAILS, WELL)
    assert (said["state"], said["apply_exit"]) == ("restored", 1)
    assert said["msg"] == (
        "the restart of MAPS failed, saying: service MAPS: it runs, but TCP port 27467 of this "
        "host did not answer in time; the host has its old document back"
    )
    assert host.port() == 587
    assert host.deliver("r3", OLD)["state"] == "unchanged"


def test_one_that_fails_with_the_old_document_too(host):
    host.deliver("r1", OLD, WELL)
    said = host.deliver("r2", NEW, FAILS, FAILS)
    assert said["state"] == "unknown"
    assert said["msg"].endswith("in time; what MAPS has now is unknown")
    assert host.port() == 587


def test_one_that_could_not_begin_has_touched_nothing(host):
    host.deliver("r1", OLD, WELL)
    said = host.deliver("r2", NEW, MISSING)
    assert said["state"] == "restored"
    assert "the restart of MAPS failed, saying: service MAPS: there is no service" in said["msg"]
    assert host.deliver("r3", OLD)["state"] == "unchanged"


def test_one_that_could_not_begin_after_the_apply_command_had_run(host, copying, tmp_path):
    host.deliver("r1", OLD, WELL)
    other = oauth2_entry(port=2525)
    said = host.deliver("r2", other, MISSING, MISSING, **copying)
    assert said["state"] == "unknown"
    assert (tmp_path / "applied").read_text() == '"port": 2525,\n"port": 587,\n'


def test_a_first_document_is_removed_again(host):
    assert host.deliver("r1", NEW, FAILS, WELL)["state"] == "restored"
    assert not (host.folder / "email-servers.json").exists()


def test_what_is_rolled_back_is_applied_too(host):
    host.deliver("r1", OLD, WELL)
    host.deliver("r2", NEW, WELL)
    document = json.dumps({"tokens": {}, "rotating": [], "mails": []})
    said = host.run("r3", WELL, state="rolled_back", document=document)
    assert (said["phase"], said["state"], host.port()) == ("rollback", "applied", 587)


@pytest.mark.parametrize(("ends", "state"), [(WELL, "restored"), (FAILS, "unknown")])
def test_what_is_taken_back_is_applied_too(host, ends, state):
    host.deliver("r1", OLD, WELL)
    document = json.dumps(delivery(NEW))
    assert host.run("r2", WELL, document=document)["restorable"]
    said = host.run("r2", ends, state="restored")
    assert (said["state"], host.port()) == (state, 587)
    words = "what was delivered was proven wrong, and could not be taken back: "
    failed = words + "the restart of MAPS failed with it"
    assert said["msg"] == ("" if state == "restored" else failed)

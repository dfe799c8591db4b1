"""What the next run makes of a transaction that ended at any of its moments, in both languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioner.mail.conversation import host_code
from tests.playbooks.samples import delivery, oauth2_entry

digest = host_code("maps_document").digest

OLD, NEW = oauth2_entry(), oauth2_entry(port=465)
DOCUMENT, STAGED = "email-servers.json", "email-servers.json.new"
PREDECESSOR, SET_ASIDE = "email-servers.previous.json", "email-servers.json.old"


class Interrupted:
    """A host whose second delivery ended early."""

    def __init__(self, folder: Path, store_class) -> None:
        self.folder, self._store_class = folder, store_class
        self.store("r1").deliver(delivery(OLD, mails=[]))
        self.old, self.before = self.read(DOCUMENT), self.record()
        self.store("r2").deliver(delivery(NEW, mails=[]))
        self.new, self.after = self.read(DOCUMENT), self.record()
        (folder / PREDECESSOR).unlink()
        known = {"began": "2026-01-01T00:00:00Z", "run_id": "r2", "owner": "tester"}
        known.update({"from": digest(self.old), "to": digest(self.new), "after": self.after})
        self.write("state.json", json.dumps({**self.before, "transaction": known}).encode())

    def store(self, run_id: str):
        """A store of one run."""
        return self._store_class(str(self.folder), run_id, "tester")

    def read(self, name: str) -> bytes:
        """The bytes of a file."""
        return (self.folder / name).read_bytes()

    def write(self, name: str, data: bytes) -> None:
        """Put a file there."""
        (self.folder / name).write_bytes(data)
        (self.folder / name).chmod(0o600)

    def record(self) -> dict:
        """What state.json says."""
        return json.loads(self.read("state.json"))

    def mended(self) -> list[str]:
        """Have the next run mend it, and do nothing else; what is there then, the lock aside."""
        self.store("next").record_proofs([], [])
        return sorted({path.name for path in self.folder.iterdir()} - {"lock", "state.json"})


@pytest.fixture
def host(tmp_path, store_class) -> Interrupted:
    return Interrupted(tmp_path / "maps-provisioner", store_class)


def seen(host) -> tuple:
    """What a look, which writes nothing, says of it."""
    found = host.store("look").probe()
    return found["delivery"]["run_id"], found["generation"], found["edited_by_hand"]


def test_before_the_rename(host):
    host.write(DOCUMENT, host.old)
    host.write(STAGED, host.new)
    host.write(SET_ASIDE, host.old)
    assert seen(host) == ("r1", 1, False)
    assert host.mended() == [DOCUMENT]
    # The generation of what never came is used up: somebody may have read it.
    assert host.record() == {**host.before, "generations": 2}
    assert host.store("r3").deliver(delivery(NEW, mails=[]))["generation"] == 3


@pytest.mark.parametrize("moved", [False, True], ids=["set aside", "predecessor"])
def test_after_the_rename(host, moved):
    host.write(DOCUMENT, host.new)
    host.write(PREDECESSOR if moved else SET_ASIDE, host.old)
    assert seen(host) == ("r2", 2, False)
    assert host.mended() == [DOCUMENT, PREDECESSOR]
    assert host.read(PREDECESSOR) == host.old
    assert host.record() == host.after


def test_before_the_rename_and_edited_by_hand_since(host):
    host.write(DOCUMENT, host.old + b"\n")
    host.write(STAGED, host.new)
    host.write(SET_ASIDE, host.old)
    assert seen(host) == ("r1", 1, True)
    assert host.mended() == [DOCUMENT]
    assert host.record() == {**host.before, "generations": 2}


def test_after_the_rename_and_edited_by_hand_since(host):
    host.write(DOCUMENT, host.new + b"\n")
    host.write(SET_ASIDE, host.old)
    assert seen(host) == ("r2", 2, True)
    assert host.mended() == [DOCUMENT, PREDECESSOR]
    assert host.record() == host.after

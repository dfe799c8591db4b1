"""The transaction on a host, on real files and with real commands."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from provisioner.mail.conversation import host_code
from tests.playbooks.samples import changed, delivery, oauth2_entry, password_entry

Refusal = host_code("maps_refusal").Refusal
DOCUMENT, PREDECESSOR = "email-servers.json", "email-servers.previous.json"


class Host:
    """A folder of one host, and runs that work on it."""

    def __init__(self, tmp_path: Path, store_class) -> None:
        self._store_class = store_class
        self.folder = tmp_path / "etc" / "maps-provisioner"
        self.applied = tmp_path / "applied"
        self._runs = 0

    def run(self, **settings):
        """A store as a new run has it."""
        self._runs += 1
        return self.store(f"run-{self._runs}", **settings)

    def store(self, run_id, **settings):
        return self._store_class(str(self.folder), run_id, "tester", **settings)

    def applying(self, script: str = "") -> dict:
        """An apply command that copies the document, after `script` (sh)."""
        copy = (
            f'{script}\nif [ -e "$1" ]; then cp "$1" {self.applied}; else rm -f {self.applied}; fi'
        )
        return {"apply_command": ["sh", "-c", copy, "apply"]}

    @property
    def document(self) -> Path:
        return self.folder / DOCUMENT

    def content(self) -> dict:
        return json.loads(self.document.read_text())

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def prove(self, store, *entries) -> None:
        names = [entry["server_name"] for entry in entries]
        store.record_proofs([(entry, "sent") for entry in entries], names)


@pytest.fixture
def host(tmp_path: Path, store_class) -> Host:
    return Host(tmp_path, store_class)


python_only = pytest.mark.parametrize("store_class", ["python"], indirect=True)


def tree(folder: Path) -> dict:
    """Everything that a write could change, of a folder and all in it."""
    found = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
        found[str(path)] = (content, status.st_mode, status.st_ino, status.st_mtime_ns,
                            status.st_ctime_ns, status.st_uid, status.st_gid)  # fmt: skip
    return found


# -- the whole cycle


def test_delivered_proven_and_then_left_alone(host):
    entry = oauth2_entry()
    first = host.run()
    result = first.deliver(delivery(entry))
    assert (result["state"], result["generation"]) == ("delivered", 1)
    assert result["mails_needed"] == ["Reports"]
    assert result["restorable"]
    assert host.content() == {"schema_version": 1, "generation": 1, "servers": [entry]}
    host.prove(first, entry)
    before = tree(host.folder)
    again = host.run().deliver(delivery(entry))
    assert (again["state"], again["generation"], again["mails_needed"]) == ("unchanged", 1, [])
    assert again["servers"]["Reports"]["verified"]
    assert not again["restorable"]
    after = tree(host.folder)
    assert {p for p in after if after[p] != before[p]} == {str(host.folder / "lock")}


def test_a_change_keeps_the_predecessor_byte_for_byte(host):
    first = host.run()
    first.deliver(delivery(oauth2_entry(), password_entry()))
    host.prove(first, oauth2_entry())
    old = host.document.read_bytes()
    result = host.run().deliver(delivery(oauth2_entry(port=465)))
    assert (result["state"], result["generation"]) == ("delivered", 2)
    assert (host.folder / PREDECESSOR).read_bytes() == old
    assert [entry["port"] for entry in host.content()["servers"]] == [587, 465]
    assert host.content()["servers"][0] == password_entry()
    assert host.files() == [DOCUMENT, PREDECESSOR, "lock", "state.json"]


def test_unproven_is_said_again_but_nothing_is_written(host):
    host.run().deliver(delivery(oauth2_entry()))
    data = host.document.read_bytes()
    result = host.run().deliver(delivery(oauth2_entry()))
    assert (result["state"], result["mails_needed"]) == ("unchanged", ["Reports"])
    assert host.document.read_bytes() == data


def test_a_proof_counts_only_for_what_was_sent(host):
    first = host.run()
    first.deliver(delivery(oauth2_entry()))
    host.prove(first, oauth2_entry(port=465))  # not what lies there
    assert host.run().deliver(delivery(oauth2_entry()))["mails_needed"] == ["Reports"]
    host.prove(first, oauth2_entry())
    host.prove(first, oauth2_entry(port=465))
    assert host.run().deliver(delivery(oauth2_entry()))["mails_needed"] == []


def test_removed(host):
    first = host.run()
    first.deliver(delivery(oauth2_entry(), password_entry()))
    host.prove(first, oauth2_entry(), password_entry())
    result = host.run().deliver(delivery(oauth2_entry(), remove=["Relay"]))
    assert result["servers"]["Relay"]["state"] == "removed"
    assert (result["state"], result["mails_needed"]) == ("delivered", [])
    assert host.content()["servers"] == [oauth2_entry()]


def test_edited_by_hand_is_noticed_and_put_right(host):
    host.run().deliver(delivery(oauth2_entry()))
    edited = host.content()
    edited["servers"][0]["port"] = 2525
    host.document.write_text(json.dumps(edited))
    looked = host.run().compared(delivery(oauth2_entry()))
    assert looked["edited_by_hand"]
    assert looked["servers"]["Reports"]["values"] == {"/port": [2525, 587]}
    host.run().deliver(delivery(oauth2_entry()))
    assert host.content()["servers"][0]["port"] == 587
    assert json.loads((host.folder / PREDECESSOR).read_text()) == edited


def test_a_document_of_before_this_tool_is_kept_and_not_ours(host):
    host.folder.mkdir(parents=True, mode=0o700)
    found = {"schema_version": 1, "generation": 41, "servers": [password_entry("Old")]}
    host.document.write_text(json.dumps(found))
    host.document.chmod(0o600)
    result = host.run().deliver(delivery(oauth2_entry(), remove=["Old"]))
    assert (result["generation"], result["servers"]["Old"]["state"]) == (42, "orphaned")
    assert password_entry("Old") in host.content()["servers"]


# -- applying


def test_applied(host):
    result = host.run(**host.applying()).deliver(delivery(oauth2_entry()))
    assert (result["state"], result["apply_exit"]) == ("applied", 0)
    assert host.applied.read_bytes() == host.document.read_bytes()


def test_the_apply_command_runs_only_after_a_change(host):
    counting = host.applying(f"echo x >> {host.applied}.count")
    first = host.run(**counting)
    first.deliver(delivery(oauth2_entry()))
    host.prove(first, oauth2_entry())
    result = host.run(**counting).deliver(delivery(oauth2_entry()))
    assert (result["state"], result["apply_exit"]) == ("unchanged", None)
    assert Path(f"{host.applied}.count").read_text() == "x\n"


def test_an_apply_command_that_came_later_is_run(host):
    first = host.run()
    first.deliver(delivery(oauth2_entry()))
    host.prove(first, oauth2_entry())
    assert host.run(**host.applying()).compared(delivery(oauth2_entry()))["state"] == "changed"
    result = host.run(**host.applying()).deliver(delivery(oauth2_entry()))
    assert (result["state"], result["generation"]) == ("applied", 1)
    assert host.applied.read_bytes() == host.document.read_bytes()


REFUSES_465 = 'grep -q \'"port": 465\' "$1" && { echo "no port 465, CANARYclient0secret"; exit 3; }'


def test_an_apply_command_that_fails_gets_the_old_document_back(host):
    picky = host.applying(REFUSES_465)
    first = host.run(**picky)
    first.deliver(delivery(oauth2_entry()))
    host.prove(first, oauth2_entry())
    old = host.document.read_bytes()
    result = host.run(**picky).deliver(delivery(oauth2_entry(port=465)))
    assert (result["state"], result["apply_exit"], result["generation"]) == ("restored", 3, 1)
    assert result["apply_output"] == "no port 465, ***"
    assert host.document.read_bytes() == old
    assert host.applied.read_bytes() == old
    assert host.run(**picky).deliver(delivery(oauth2_entry()))["state"] == "unchanged"
    # The number that was taken back is never used again.
    later = host.run(**picky).deliver(delivery(oauth2_entry(port=2525)))
    assert (later["state"], later["generation"]) == ("applied", 3)


def test_a_first_document_that_fails_to_apply_is_removed(host):
    picky = host.applying(REFUSES_465)
    result = host.run(**picky).deliver(delivery(oauth2_entry(port=465)))
    assert (result["state"], result["generation"], result["data"]) == ("restored", None, None)
    assert not host.document.exists()
    assert json.loads(host.applied.read_text())["servers"] == []  # what MAPS was told last
    assert host.run(**picky).deliver(delivery(oauth2_entry()))["generation"] == 3


def test_an_apply_command_that_fails_with_the_old_document_too(host):
    first = host.run()
    first.deliver(delivery(oauth2_entry()))
    host.prove(first, oauth2_entry())
    old = host.document.read_bytes()
    result = host.run(apply_command=["false"]).deliver(delivery(oauth2_entry(port=465)))
    assert (result["state"], result["apply_exit"]) == ("unknown", 1)
    assert host.document.read_bytes() == old


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["/no/such/program"], 127, "/no/such/program: No such file or directory"),
        (["/etc/hostname"], 126, "/etc/hostname: Permission denied"),
    ],
)
def test_an_apply_command_that_cannot_start_has_touched_nothing(host, argv, code, words):
    first = host.run()
    first.deliver(delivery(oauth2_entry()))
    host.prove(first, oauth2_entry())
    old = host.document.read_bytes()
    result = host.run(apply_command=argv).deliver(delivery(oauth2_entry(port=465)))
    assert (result["state"], result["apply_exit"]) == ("restored", code)
    assert result["apply_output"] == words
    assert host.document.read_bytes() == old


def test_what_was_not_touched_is_not_applied_again(host):
    counting = host.applying(f"echo x >> {host.applied}.count")
    first = host.run(**counting)
    first.deliver(delivery(oauth2_entry()))
    host.prove(first, oauth2_entry())
    host.run(apply_command=["/no/such/program"]).deliver(delivery(oauth2_entry(port=465)))
    assert host.run(**counting).deliver(delivery(oauth2_entry()))["state"] == "unchanged"
    assert Path(f"{host.applied}.count").read_text() == "x\n"


def test_an_apply_command_s_secrets_are_masked_in_utf_16_too(host):
    secret = oauth2_entry()["oauth2"]["client_secret"]
    said = "".join(f"{one}\\000" for one in f"the {secret} is out")
    argv = ["sh", "-c", f"printf '{said}'; exit 3"]
    result = host.run(apply_command=argv).deliver(delivery(oauth2_entry()))
    assert result["apply_output"] == "the *** is out"


def test_damaged_output_is_the_same_on_every_host(host):
    argv = ["sh", "-c", r"printf 'a\303(b\377\360\237c\342\202'; exit 3"]
    result = host.run(apply_command=argv).deliver(delivery(oauth2_entry()))
    assert result["apply_output"] == "a\ufffd(b\ufffd\ufffdc\ufffd"


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"owner": "ann"}', "\xff"])
def test_a_lock_that_names_nobody(delivered_host, text):
    with (delivered_host.folder / "lock").open("r+b") as file:
        file.truncate(0)
        file.write(text.encode("latin-1"))
        file.flush()
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Refusal, match=r"^another run works on this host"):
            delivered_host.run(lock_wait=0).deliver(delivery(oauth2_entry()))


def test_an_apply_command_that_hangs_is_killed_with_all_its_children(host, tmp_path):
    pids = tmp_path / "pids"
    script = f'grep -q 465 "$1" && {{ echo $$ > {pids}; sleep 60 & echo $! >> {pids}; wait; }}'
    slow = {**host.applying(script), "apply_timeout": 1}
    first = host.run(**slow)
    first.deliver(delivery(oauth2_entry()))
    host.prove(first, oauth2_entry())
    began = time.monotonic()
    result = host.run(**slow).deliver(delivery(oauth2_entry(port=465)))
    assert (result["state"], result["apply_exit"]) == ("restored", 124)
    assert result["apply_output"] == "killed: it did not end within 1 s"
    assert time.monotonic() - began < 10
    for pid in pids.read_text().split():
        assert not Path(f"/proc/{pid}").exists() or is_dead(pid)


def is_dead(pid: str) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_daemon_that_the_apply_command_leaves_behind_holds_nobody_up(host, tmp_path):
    script = f"sleep 20 & echo $! > {tmp_path}/pid"
    began = time.monotonic()
    result = host.run(**host.applying(script)).deliver(delivery(oauth2_entry()))
    os.kill(int((tmp_path / "pid").read_text()), 9)
    assert result["state"] == "applied"
    assert time.monotonic() - began < 5


# -- taking back


def test_taken_back_byte_for_byte(host):
    first = host.run(**host.applying())
    first.deliver(delivery(oauth2_entry(), password_entry()))
    host.prove(first, oauth2_entry(), password_entry())
    old = host.document.read_bytes()
    second = host.run(**host.applying())
    second.deliver(delivery(oauth2_entry(port=465)))
    assert second.restore() == "restored"
    assert host.document.read_bytes() == old
    assert host.applied.read_bytes() == old
    assert host.files() == [DOCUMENT, "lock", "state.json"]
    refreshed = changed(oauth2_entry(), token__access_token="CANARYrefreshed")
    again = host.run(**host.applying()).deliver(delivery(refreshed, password_entry()))
    assert (again["state"], again["mails_needed"], again["edited_by_hand"]) == (
        "unchanged",
        [],
        False,
    )


def test_taken_back_where_there_was_none(host):
    store = host.run()
    store.deliver(delivery(oauth2_entry()))
    assert store.restore() == "restored"
    assert host.files() == ["lock", "state.json"]
    assert host.run().compared(delivery(oauth2_entry()))["servers"]["Reports"]["state"] == "added"


def test_another_run_takes_nothing_back(host):
    host.run().deliver(delivery(oauth2_entry()))
    with pytest.raises(Refusal, match="this run delivered nothing here"):
        host.run().restore()
    assert host.document.exists()


def test_what_mails_have_seen_through_is_not_taken_back(host):
    store = host.run()
    store.deliver(delivery(oauth2_entry()))
    host.prove(store, oauth2_entry())
    with pytest.raises(Refusal, match="this run delivered nothing here"):
        store.restore()


def test_what_was_edited_since_is_not_taken_back(host):
    store = host.run()
    store.deliver(delivery(oauth2_entry()))
    host.document.write_text(host.document.read_text() + "\n")
    with pytest.raises(Refusal, match="edited by hand since it was delivered"):
        store.restore()


def test_a_predecessor_that_was_exchanged_is_not_given_back(host):
    first = host.run()
    first.deliver(delivery(oauth2_entry()))
    host.prove(first, oauth2_entry())
    second = host.run()
    second.deliver(delivery(oauth2_entry(port=465)))
    (host.folder / PREDECESSOR).write_text("{}")
    assert second.restore() == "unknown"
    assert second.problem == "the predecessor here is not the one that was archived"
    assert host.content()["servers"][0]["port"] == 465


def test_an_interrupted_delivery_is_the_next_run_s_to_take_back(host):
    first = host.run()
    first.deliver(delivery(oauth2_entry()))
    host.prove(first, oauth2_entry())
    old = host.document.read_bytes()
    host.run().deliver(delivery(oauth2_entry(port=465)))  # and the controller dies here
    third = host.run()
    result = third.deliver(delivery(oauth2_entry(port=465)))
    assert (result["state"], result["restorable"]) == ("unchanged", True)
    assert third.restore() == "restored"
    assert host.document.read_bytes() == old


def test_a_document_that_was_never_seen_through_is_no_predecessor(host):
    first = host.run()
    first.deliver(delivery(oauth2_entry()))
    host.prove(first, oauth2_entry())
    old = host.document.read_bytes()
    host.run().deliver(delivery(oauth2_entry(port=465)))  # interrupted
    third = host.run()
    third.deliver(delivery(oauth2_entry(port=2525)))
    assert third.restore() == "restored"
    assert host.document.read_bytes() == old


def test_without_mails_a_delivery_stands_at_once(host):
    first = host.run()
    result = first.deliver(delivery(oauth2_entry(), mails=[]))
    assert (result["restorable"], result["mails_needed"]) == (False, ["Reports"])
    old = host.document.read_bytes()
    host.run().deliver(delivery(oauth2_entry(port=465), mails=[]))
    assert (host.folder / PREDECESSOR).read_bytes() == old


def test_without_mails_a_failed_apply_is_taken_back_all_the_same(host):
    picky = host.applying(REFUSES_465)
    host.run(**picky).deliver(delivery(oauth2_entry(), mails=[]))
    old = host.document.read_bytes()
    result = host.run(**picky).deliver(delivery(oauth2_entry(port=465), mails=[]))
    assert result["state"] == "restored"
    assert host.document.read_bytes() == old


# -- looking only


@pytest.mark.parametrize("state", ["nothing", "same", "other", "unproven", "interrupted", "broken"])
def test_looking_writes_nothing_at_all(host, tmp_path, state):
    if state != "nothing":
        first = host.run()
        first.deliver(delivery(oauth2_entry()))
        if state != "unproven":
            host.prove(first, oauth2_entry())
    if state == "interrupted":
        interrupt_before_rename(host, delivery(oauth2_entry(port=465)))
    if state == "broken":
        (host.folder / "state.json").write_text("{")
    host.folder.parent.mkdir(exist_ok=True)
    before = tree(tmp_path)
    port = 465 if state == "other" else 587
    result = host.run().compared(delivery(oauth2_entry(port=port)))
    host.run().probe()
    assert tree(tmp_path) == before
    expected = {"nothing": "changed", "other": "changed"}.get(state, "unchanged")
    assert result["state"] == expected
    assert bool(result["mails_needed"]) == (state not in ("same", "interrupted"))


def interrupt_before_rename(host, wanted):
    """A run that is killed just before the one rename."""
    code = (
        "import json, os, signal, sys\n"
        "from provisioner.mail.conversation import host_code\n"
        "real = os.replace\n"
        "def replace(a, b):\n"
        "    if b.endswith('email-servers.json'):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    real(a, b)\n"
        "os.replace = replace\n"
        "Store = host_code('maps_store').Store\n"
        "Store(sys.argv[1], 'killed', 'tester').deliver(json.loads(sys.argv[2]))\n"
    )
    argv = [sys.executable, "-c", code, str(host.folder), json.dumps(wanted)]
    assert subprocess.run(argv, check=False).returncode == -9


def test_probe_tells_who_and_when_and_no_secret(host):
    store = host.run(**host.applying())
    store.deliver(delivery(oauth2_entry()))
    host.prove(store, oauth2_entry())
    found = store.probe()
    assert found["generation"] == 1
    assert found["applied"]
    assert found["delivery"]["owner"] == "tester"
    assert found["servers"]["Reports"]["verified"]
    assert found["servers"]["Reports"]["proof"]["run_id"] == "run-1"
    assert "CANARY" not in json.dumps(found)


@python_only  # the calls of C# are watched where it is killed at each of them
def test_nothing_is_renamed_before_it_is_on_the_disk(host, monkeypatch):
    host.run().deliver(delivery(oauth2_entry(), mails=[]))
    done = []

    def noting(name, real):
        def call(*arguments):
            inode = os.stat(arguments[0]).st_ino  # noqa: PTH116  a path, or a descriptor
            real(*arguments)
            done.append((name, inode))

        return call

    monkeypatch.setattr(os, "fsync", noting("fsync", os.fsync))
    monkeypatch.setattr(os, "replace", noting("replace", os.replace))
    host.run().deliver(delivery(oauth2_entry(port=465), mails=[]))
    renamed = [number for number, (name, _) in enumerate(done) if name == "replace"]
    assert len(renamed) == 4  # the record, the document, the predecessor, the record
    for number in renamed:
        assert ("fsync", done[number][1]) in done[:number]
        assert done[number + 1] == ("fsync", host.folder.stat().st_ino)


# -- what a person has to put right


def refused(host, wanted=None, **settings):
    before = host.document.read_bytes() if host.document.is_file() else None
    with pytest.raises(Refusal) as caught:
        host.run(**settings).deliver(wanted or delivery(oauth2_entry(port=465)))
    assert (host.document.read_bytes() if host.document.is_file() else None) == before
    return caught.value.reason, caught.value.message


@pytest.fixture
def delivered_host(host) -> Host:
    first = host.run()
    first.deliver(delivery(oauth2_entry()))
    host.prove(first, oauth2_entry())
    return host


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "unreadable"),
        (b'{"schema_version": 9, "generation": 1}', "newer"),
        (b"[" * 20_000, "unreadable"),
        (
            b'{"schema_version": 1, "generation": 1, "servers":'
            b' [{"server_name": "\\ud800", "host": "x"}]}',
            "unreadable",
        ),
        (b'{"schema_version": 1, "generation": 1' + b"0" * 300 + b', "servers": []}', "unreadable"),
    ],
)
def test_a_document_that_this_version_cannot_keep(delivered_host, content, reason):
    delivered_host.document.write_bytes(content)
    assert refused(delivered_host)[0] == reason


def test_a_link_in_place_of_the_document(delivered_host, tmp_path):
    (tmp_path / "elsewhere.json").write_bytes(delivered_host.document.read_bytes())
    delivered_host.document.unlink()
    delivered_host.document.symlink_to(tmp_path / "elsewhere.json")
    reason, message = refused(delivered_host)
    assert reason == "not_private"
    assert message.endswith(
        "email-servers.json is a symbolic link: look at it, move it away, then push again"
    )


@pytest.mark.parametrize("name", ["email-servers.json", "email-servers.previous.json"])
def test_a_folder_in_place_of_a_file(delivered_host, name):
    (delivered_host.folder / name).unlink(missing_ok=True)
    (delivered_host.folder / name).mkdir()
    reason, message = refused(delivered_host)
    assert reason == "not_private"
    assert f"{name} is not a regular file: look at it" in message


def test_what_a_planted_link_leads_to_is_not_touched(delivered_host, tmp_path):
    elsewhere = tmp_path / "passwd"
    elsewhere.touch(mode=0o644)
    (delivered_host.folder / "email-servers.previous.json").unlink(missing_ok=True)
    (delivered_host.folder / "email-servers.previous.json").symlink_to(elsewhere)
    assert refused(delivered_host)[0] == "not_private"
    assert mode(elsewhere) == 0o644


@pytest.mark.parametrize("kind", ["link", "file"])
def test_something_else_in_place_of_the_folder(host, tmp_path, kind):
    host.folder.parent.mkdir()
    (tmp_path / "elsewhere").mkdir()
    if kind == "link":
        host.folder.symlink_to(tmp_path / "elsewhere")
    else:
        host.folder.write_text("")
    reason, message = refused(host)
    assert reason == "not_private"
    assert ("a symbolic link" if kind == "link" else "not a folder") in message
    assert list((tmp_path / "elsewhere").iterdir()) == []


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away or mount")


@needs_root
@pytest.mark.parametrize("whose", ["folder", "document"])
def test_somebody_else_s_folder_or_document(delivered_host, whose):
    path = delivered_host.folder if whose == "folder" else delivered_host.document
    os.chown(path, 65534, -1)
    reason, message = refused(delivered_host)
    assert reason == "not_private"
    assert f"{path} belongs to uid 65534, not to uid 0 that delivers" in message
    assert f"chown 0 {path}" in message


def test_too_open_is_closed_and_said(delivered_host):
    delivered_host.folder.chmod(0o755)
    delivered_host.document.chmod(0o644)
    looked = delivered_host.run().compared(delivery(oauth2_entry()))
    assert looked["state"] == "changed"
    result = delivered_host.run().deliver(delivery(oauth2_entry()))
    assert result["tightened"] == [str(delivered_host.folder), str(delivered_host.document)]
    assert mode(delivered_host.folder) == 0o700
    assert mode(delivered_host.document) == 0o600
    assert delivered_host.run().compared(delivery(oauth2_entry()))["state"] == "unchanged"


def test_an_unknown_group(host):
    assert refused(host, group="no-such-group-here")[0] == "no_group"


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "[" * 20_000,
        {"generations": "7"},
        {"generations": 10**40},
        {"generations": True},
        {"generations": -1},
        {"schema_version": True},
        {"schema_version": 1.0},
        {"schema_version": 2},
        {"servers": {"reports": {"proof": {"digest": "x", "outcome": "sent", "at": None}}}},
        {"servers": {"reports": {"proof": "sent"}}},
        {"servers": {"reports": 7}},
        {"delivery": {"run_id": 1}},
        {"predecessor": {"digest": "x", "applied": None, "servers": {"reports": []}}},
        {"transaction": {"from": None}},
        {"transaction": {"from": None, "to": None, "after": {}}},
    ],
)
def test_a_record_that_cannot_be_read_is_put_aside(delivered_host, broken):
    state = delivered_host.folder / "state.json"
    if isinstance(broken, dict):
        broken = json.dumps({**json.loads(state.read_text()), **broken})
    state.write_text(broken)
    assert delivered_host.run().compared(delivery(oauth2_entry()))["mails_needed"] == ["Reports"]
    result = delivered_host.run().deliver(delivery(oauth2_entry()))
    assert (result["state"], result["mails_needed"]) == ("unchanged", ["Reports"])
    assert (delivered_host.folder / "state.json.unreadable").read_text() == broken


def test_locked_by_another_run(delivered_host):
    with (delivered_host.folder / "lock").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(json.dumps({"owner": "ann@ws", "run_id": "r9", "since": "2026-01-01T00:00:00Z"}))
        file.flush()
        began = time.monotonic()
        reason, message = refused(delivered_host, lock_wait=0.3)
    assert reason == "locked"
    assert message == (
        "ann@ws (run r9) since 2026-01-01T00:00:00Z works on this host: wait until it has ended, "
        "then push again"
    )
    assert 0.2 < time.monotonic() - began < 5


def test_a_lock_whose_holder_was_killed_holds_nobody_up(delivered_host):
    (delivered_host.folder / "lock").write_text('{"owner": "dead"}')
    assert delivered_host.run().deliver(delivery(oauth2_entry()))["state"] == "unchanged"


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, with little room."""
    place = tmp_path / "disk"
    place.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "test", str(place)]
    if os.geteuid() != 0 or subprocess.run(argv, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(place: Path) -> None:
    descriptor = os.open(place / "full", os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while True:
            os.write(descriptor, b"x" * 4096)
    os.close(descriptor)
    assert os.statvfs(place).f_bavail == 0


def test_a_full_disk(small_disk, store_class):
    host = Host(small_disk, store_class)
    first = host.run()
    first.deliver(delivery(oauth2_entry()))
    host.prove(first, oauth2_entry())
    fill(small_disk)
    reason, message = refused(host)
    assert reason == "enospc"
    assert "the disk is full: make room, then push again" in message
    assert not [name for name in host.files() if name.endswith((".new", ".old"))]
    (small_disk / "full").unlink()
    assert host.run().deliver(delivery(oauth2_entry(port=465)))["state"] == "delivered"


def test_a_read_only_disk(small_disk, store_class):
    host = Host(small_disk, store_class)
    first = host.run()
    first.deliver(delivery(oauth2_entry()))
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    reason, message = refused(host)
    assert reason == "erofs"
    assert "mounted read-only" in message
    assert host.run().compared(delivery(oauth2_entry()))["state"] == "unchanged"


# -- who may read


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask(request, host):
    host.folder.parent.mkdir()
    before = os.umask(request.param)
    yield
    os.umask(before)


@python_only  # another process has a umask of its own
@pytest.mark.parametrize("umask", [0, 0o077, 0o777], indirect=True, ids=oct)
@pytest.mark.usefixtures("umask")
def test_modes_hold_whatever_the_umask_is(host, monkeypatch):
    seen = watch_modes(monkeypatch)
    host.run().deliver(delivery(oauth2_entry()))
    host.run().deliver(delivery(oauth2_entry(port=465), mails=[]))
    assert mode(host.folder) == 0o700
    assert {mode(host.folder / name) for name in host.files()} == {0o600}
    assert set(seen.values()) == {0o600}
    assert len(seen) >= 2


@needs_root
@python_only
@pytest.mark.parametrize("umask", [0, 0o077], indirect=True, ids=oct)
@pytest.mark.usefixtures("umask")
def test_a_group_may_read_if_it_is_named(host, monkeypatch):
    import grp

    gid = grp.getgrnam("daemon").gr_gid
    seen = watch_modes(monkeypatch)
    host.run(group="daemon").deliver(delivery(oauth2_entry()))
    assert (mode(host.folder), host.folder.stat().st_gid) == (0o750, gid)
    assert (mode(host.document), host.document.stat().st_gid) == (0o640, gid)
    assert set(seen.values()) == {0o640}
    looked = host.run().compared(delivery(oauth2_entry()))
    assert looked["tightened"] == [
        str(host.folder),
        str(host.document),
        str(host.folder / "state.json"),
    ]


def watch_modes(monkeypatch) -> dict:
    """The mode of every file with a document in it, at the moment its first byte is written."""
    seen = {}
    real = os.fdopen

    def fdopen(descriptor, how="r", *arguments, **names):
        file = real(descriptor, how, *arguments, **names)
        if how == "wb":
            write = file.write

            class Watched:
                def __enter__(self):
                    return self

                def __exit__(self, *_):
                    file.close()

                def __getattr__(self, name):
                    return getattr(file, name)

                def write(self, data):
                    seen[descriptor, len(seen)] = stat.S_IMODE(os.fstat(descriptor).st_mode)
                    return write(data)

            return Watched()
        return file

    monkeypatch.setattr(os, "fdopen", fdopen)
    return seen


def test_a_token_is_not_in_the_record(host):
    host.run().deliver(delivery(oauth2_entry(), password_entry()))
    changed_entry = changed(oauth2_entry(), token__grant_id="g2")
    host.run().deliver(delivery(changed_entry))
    for name in ("state.json", "lock"):
        assert "CANARY" not in (host.folder / name).read_text()

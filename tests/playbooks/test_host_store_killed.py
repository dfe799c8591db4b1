"""kill -9 at every system call: the host has its old document or the new one, and goes on."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.playbooks.csharp_store import CSharpStore
from tests.playbooks.host_modules import CSharpModules, HostModules, PythonModules, tree
from tests.playbooks.host_scene import Host
from tests.playbooks.host_sight import taken, timeless
from tests.playbooks.killed_run import LEASE, applying
from tests.playbooks.mono_host import MonoError, MonoProgram
from tests.playbooks.samples import delivery, oauth2_entry, password_entry

pytestmark = pytest.mark.long

DOCUMENT = "email-servers.json"
OLD = [password_entry(), oauth2_entry()]
NEW = oauth2_entry(port=465)


class Hosts:
    """The hosts of one test, all in one folder, and the runs of one language on them."""

    def __init__(self, folder: Path, store_class: Any, kill: Any) -> None:
        self.folder, self._store_class, self._kill = folder, store_class, kill

    def store(self, host: Path, run_id: str, **settings: Any) -> Any:
        return self._store_class(str(host), run_id, "tester", lease=LEASE, **settings)

    def prepare(self) -> bytes:
        """A host with a proven document of two servers."""
        before = self.folder / "before"
        run = self.store(before, "first")
        run.deliver(delivery(*OLD))
        run.record_proofs([(entry, "sent") for entry in OLD], [])
        return (before / DOCUMENT).read_bytes()

    def killed_everywhere(self, step: str, wanted: dict) -> list[Path]:
        """The hosts after a run that was killed at each point; the last one was not killed."""
        count = self._kill(self.folder, step, wanted)
        assert count > 20
        hosts = [self.folder / str(number) / "host" for number in range(count)]
        for host in hosts:  # the journal knows which of the two documents that is
            assert not self.store(host, "looking").probe()["edited_by_hand"]
        return hosts

    def converge(self, host: Path, wanted: dict, **settings: Any) -> dict:
        """The next run; it leaves nothing of the killed one."""
        result = self.store(host, "next", **settings).deliver(wanted)
        rest = {path.name for path in host.iterdir()}
        assert rest <= {DOCUMENT, "email-servers.previous.json", "state.json", "lock", "lease.json"}
        held = (host / "lease.json").exists() and json.loads((host / "lease.json").read_text())
        assert bool(held) == bool(result["mails_needed"])
        assert not held or held["run_id"] == "next"
        return result


@pytest.fixture
def hosts(memory: Path, store_class: Any, request: pytest.FixtureRequest) -> Hosts:
    """In Python each run is a process that dies; in C# see mono/StoppedCall.cs."""
    if request.node.callspec.params["store_class"] == "python":
        return Hosts(memory, store_class, killed_processes)
    program = request.getfixturevalue("mono_program")
    return Hosts(memory, store_class, partial(stopped_calls, program))


def killed_processes(folder: Path, step: str, wanted: dict) -> int:
    """How many runs of Python it took until one was not killed."""
    program = Path(__file__).parent / "killed_run.py"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, str(program), str(folder), step, json.dumps(wanted)],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
    )
    return int(done.stdout)


def stopped_calls(mono_program: Path, folder: Path, step: str, wanted: dict) -> int:
    """How many calls of the C# it took until one was not stopped."""
    with MonoProgram(mono_program) as program:  # each stopped call stays in it as a thread
        for number in range(1000):
            call = prepared_call(program, folder, number, step, wanted)
            if not program.call("host.stopped_at", half=number, **call):
                return number + 1
    raise AssertionError("it never ends")


def prepared_call(program: MonoProgram, folder: Path, place: Any, step: str, wanted: dict) -> dict:
    """The call to be stopped, on a host of its own that is as it was before."""
    host = folder / str(place) / "host"
    host.parent.mkdir()
    if (folder / "before").exists():
        shutil.copytree(folder / "before", host)
    settings = applying(host.parent / "applied") if step.endswith("applying") else {}
    run = CSharpStore(program, str(host), "killed-run", "tester", lease=LEASE, **settings)
    if step.startswith("restore"):
        run.deliver(wanted)
        return run.call("restore", rotating=[])
    return run.call("roll_back" if step == "rollback" else "deliver", delivery=wanted)


def document(host: Path) -> bytes | None:
    path = host / DOCUMENT
    return path.read_bytes() if path.exists() else None


def servers(data: bytes | None) -> list | None:
    return json.loads(data)["servers"] if data is not None else None


@pytest.mark.parametrize("step", ["deliver", "deliver applying"])
def test_a_stopped_call_leaves_what_a_killed_one_leaves(memory, mono_program, mono_host, step):
    stores = Hosts(memory, partial(CSharpStore, mono_host), None)
    stores.prepare()
    killed = 0
    for half in range(0, 1000, 17):
        places = [f"{half} {how}" for how in ("stopped", "killed")]
        call = prepared_call(mono_host, memory, places[0], step, delivery(NEW))
        stopped = mono_host.call("host.stopped_at", half=half, **call)
        call = prepared_call(mono_host, memory, places[1], step, delivery(NEW))
        with MonoProgram(mono_program) as program:
            program.call("host.die_at", half=half)
            if not stopped:
                program.call(call["call"], **call["arguments"])
                break
            with pytest.raises(MonoError, match="SIGKILL"):
                program.call(call["call"], **call["arguments"])
        killed += 1
        left = [tree(memory / place / "host") for place in places]
        assert timeless(left[0]) == timeless(left[1])
    assert killed > 3


def test_a_change(hosts):
    old = hosts.prepare()
    wanted = delivery(NEW)
    killed = hosts.killed_everywhere("deliver", wanted)
    seen = set()
    for host in killed:
        found = document(host)
        seen.add(found == old)
        assert found == old or servers(found) == [password_entry(), NEW]
        result = hosts.converge(host, wanted)
        assert servers(document(host)) == [password_entry(), NEW]
        # Taken over or delivered anew: what this run may take back is the proven document.
        assert result["restorable"]
        store = hosts.store(host, "next")
        assert store.restore() == "restored"
        assert document(host) == old
    assert seen == {True, False}
    assert document(killed[-1]) == old


def test_a_first_document(hosts):
    wanted = delivery(NEW)
    killed = hosts.killed_everywhere("deliver", wanted)
    seen = set()
    for host in killed:
        found = document(host) if host.exists() else None
        seen.add(found is None)
        assert servers(found) in (None, [NEW])
        hosts.converge(host, wanted)
        assert servers(document(host)) == [NEW]
        assert hosts.store(host, "next").restore() == "restored"
        assert document(host) is None
    assert seen == {True, False}


def test_a_change_and_then_something_else(hosts):
    old = hosts.prepare()
    other = oauth2_entry(port=2525)
    numbers = set()
    for host in hosts.killed_everywhere("deliver", delivery(NEW)):
        begun = json.loads((host / "state.json").read_text())["transaction"] is not None
        result = hosts.converge(host, delivery(other))
        numbers.add(result["generation"])
        assert result["generation"] == 3 or not begun
        used = json.loads((host / "state.json").read_text())["generations"]
        assert result["generation"] == used
        assert servers(document(host)) == [password_entry(), other]
        assert hosts.store(host, "next").restore() == "restored"
        assert document(host) == old
    # The killed run's number is used up as soon as its document could have been seen.
    assert numbers == {2, 3}


def test_a_change_that_is_applied(hosts):
    hosts.prepare()
    wanted = delivery(NEW)
    for host in hosts.killed_everywhere("deliver applying", wanted):
        applied = host.parent / "applied"
        hosts.converge(host, wanted, **applying(applied))
        assert document(host) == applied.read_bytes()
        assert servers(document(host)) == [password_entry(), NEW]


@pytest.mark.parametrize("step", ["restore", "restore applying"])
def test_taking_back(hosts, step):
    old = hosts.prepare()
    killed = hosts.killed_everywhere(step, delivery(NEW))
    seen = set()
    for host in killed:
        found = document(host)
        seen.add(found == old)
        assert found == old or servers(found) == [password_entry(), NEW]
        shutil.copytree(host, host.parent / "copy")
        back = hosts.converge(host, delivery(*OLD))
        assert servers(document(host)) == OLD
        if found == old:
            assert (back["state"], back["mails_needed"]) == ("unchanged", [])
        hosts.converge(host.parent / "copy", delivery(NEW))
        assert servers(document(host.parent / "copy")) == [password_entry(), NEW]
    assert seen == {True, False}
    assert document(killed[-1]) == old


@pytest.mark.parametrize("step", ["restore", "restore applying"])
def test_taking_back_where_there_was_none(hosts, step):
    seen = []
    for host in hosts.killed_everywhere(step, delivery(NEW)):
        seen.append(servers(document(host)))
        result = hosts.converge(host, delivery(NEW))
        assert servers(document(host)) == [NEW]
        assert result["restorable"]
    # An empty one is what MAPS is told to forget it by.
    told = [] if step == "restore" else [[]]
    assert [found for found, _ in itertools.groupby(seen)] == [[NEW], *told, None]


def test_a_rollback(hosts):
    hosts.prepare()
    before = hosts.folder / "before"
    changing = hosts.store(before, "second")
    changing.deliver(delivery(NEW))
    changing.record_proofs([(NEW, "sent")], ["Reports"])
    there = document(before)
    wanted = {"tokens": {}, "rotating": [], "mails": ["Reports", "Relay"]}
    seen = set()
    for host in hosts.killed_everywhere("rollback", wanted):
        found = document(host)
        seen.add(found == there)
        assert found == there or servers(found) == OLD
        # A push of either brings the host there, whatever became of the rollback.
        shutil.copytree(host, host.parent / "copy")
        hosts.converge(host, delivery(*OLD))
        assert servers(document(host)) == OLD
        hosts.converge(host.parent / "copy", delivery(NEW))
        assert servers(document(host.parent / "copy")) == [password_entry(), NEW]
    assert seen == {True, False}


NEXT = {"run": "next", "lease": LEASE["holder"]}
NEXT_RUN = [
    {"probe": None, **NEXT},
    {"deliver": [NEW], "check": True, **NEXT},
    {"deliver": [NEW], **NEXT},
    {"restore": None, **NEXT},
]


@pytest.mark.parametrize("step", ["deliver", "restore", "rollback"])
def test_what_a_killed_run_left_is_mended_alike(memory, mono_program, mono_host, step):
    """Python and C# go on from each state that a run of C# can leave."""
    kill = partial(stopped_calls, mono_program)
    hosts = Hosts(memory, partial(CSharpStore, mono_host), kill)
    hosts.prepare()
    wanted = delivery(NEW)
    if step == "rollback":
        hosts.store(memory / "before", "second").deliver({**delivery(NEW), "mails": []})
        wanted = {"tokens": {}, "rotating": [], "mails": ["Reports", "Relay"]}
    killed = hosts.killed_everywhere(step, wanted)
    states = {json.dumps(timeless(tree(host))): host for host in killed}
    assert len(states) > 10
    for host in states.values():
        shown = [
            gone_on(host, memory / "place", modules)
            for modules in (PythonModules(), CSharpModules(mono_host))
        ]
        assert shown[0] == shown[1]


def gone_on(host: Path, place: Path, modules: HostModules) -> list:
    """What the next run does with a copy of that host."""
    folder = Host(modules, place).folder
    shutil.copytree(host, folder)
    try:
        return timeless([taken(Host(modules, place), step).shown() for step in NEXT_RUN])
    finally:
        shutil.rmtree(place)

"""kill -9 before each system call: all that lies there is whole, in order, and the next call works.

A seeded third of the system calls of each list; with EFFORT=3 all of them.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.host import LOCK
from tests.hosts.operation_cases import (
    ARCHIVE,
    D2,
    DOCUMENT,
    LIES,
    NEW,
    OLD,
    READ,
    S2,
    STATE,
    D,
    copy,
    digest,
    run,
    shown,
    text,
    write,
)
from tests.hosts.posix_host import PosixHost, started

pytestmark = pytest.mark.long

# All that changes what lies there, and what opens a file before.
CALLS = (
    *("openat", "mkdir", "flock", "fchmod", "fchown", "write", "pwrite64", "ftruncate", "fsync"),
    *("renameat", "unlinkat"),
)
OLDER, NEWER = ARCHIVE, "email-servers.before-4.json"
S3, S4 = '{"generations": 3}', '{"generations": 4}'
FORWARD = [copy(NEWER, DOCUMENT), text(STATE, S2), text(DOCUMENT, D2)]
SETTLING = [text(STATE, S4), {"name": OLDER}]
BACK = [text(STATE, S3), copy(DOCUMENT, NEWER)]

LISTS: dict[str, tuple[dict[str, bytes] | None, list[dict[str, Any]], list[dict[str, str]]]] = {
    "a first delivery": (
        None,
        [write(text(STATE, S3), text(DOCUMENT, D), expect={DOCUMENT: None})],
        [text(STATE, S3), text(DOCUMENT, D)],
    ),
    "a delivery that settles": (
        {**LIES, OLDER: D2},
        [write(*FORWARD, expect={DOCUMENT: digest(D)}), run(), write(*SETTLING)],
        [*FORWARD, *SETTLING],
    ),
    "a way back": (
        LIES,
        [write(*FORWARD), run(exits=1, **{"else": [write(*BACK), run(), write(text(STATE, S4))]})],
        [*FORWARD, *BACK, text(STATE, S4)],
    ),
}


def snapshots(before: dict[str, bytes] | None, steps: list[dict[str, str]]) -> list[Any]:
    """What may lie there: what was before, and what lies there after each step."""
    found: list[Any] = [before, {}] if before is None else [before]
    for step in steps:
        files = dict(found[-1])
        files.pop(step["name"], None)
        if "copy" in step:
            files[step["name"]] = found[-1][step["copy"]]
        elif "text" in step:
            files[step["name"]] = step["text"].encode()
        found.append(files)
    return found


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory: files are flushed many hundred times."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        # Once for Python to compile what is new: that is no system call of ours.
        PosixHost(Path(folder)).start(READ).communicate()
        yield Path(folder)


def traced(place: Path, call: str, *how: str) -> tuple[int, list[tuple[str, str]]]:
    """The process's code, and the calls of CALLS that it did with the folder: name and line."""
    log = place / "log"
    command = ["strace", "-y", "-o", str(log), "-e", "trace=" + ",".join(CALLS), *how]
    process = started(call, *command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.communicate()
    lines = re.findall(r"^(\w+)\((.*)", log.read_text(), re.MULTILINE)
    return process.returncode, lines


def points(lines: list[tuple[str, str]]) -> list[tuple[str, int]]:
    """Calls since the module has begun, each with its number among those of its name."""
    counts, found, has_begun = dict.fromkeys(CALLS, 0), [], False
    for name, arguments in lines:
        counts[name] += 1
        if has_begun:
            found.append((name, counts[name]))
        has_begun |= "begun" in arguments
    return found


@pytest.mark.parametrize("group", [None, "daemon"])
@pytest.mark.parametrize("name", LISTS)
def test_killed_before_each_call(memory, name, group):
    before, operations, steps = LISTS[name]
    valid, seen = snapshots(before, steps), []
    host = PosixHost(memory / "whole")
    host.place.mkdir()
    host.put(before)
    code, lines = traced(memory, host.call_text(*operations, group=group))
    assert (code, host.files()) == (0, valid[-1])
    everywhere = points(lines)
    assert len(everywhere) > 25
    count = min(len(everywhere) * int(os.environ.get("EFFORT", "1")) // 3, len(everywhere))
    some = random.Random(f"{name} {group}").sample(everywhere, count)
    for call, number in some:
        host = PosixHost(memory / "killed")
        host.place.mkdir()
        host.put(before)
        kill = f"inject={call}:signal=KILL:when={number}"
        code, _ = traced(memory, host.call_text(*operations, group=group), "-e", kill)
        assert code == -9
        files = host.files()
        left = {one for one in files or () if one.endswith(".new")}
        whole = None if files is None else {one: files[one] for one in files if one not in left}
        assert whole in valid, (call, number)
        seen.append(valid.index(whole))
        assert host.is_closed() if group is None else is_only_for(host, group)
        goes_on(host, group)
        shutil.rmtree(host.place)
    assert len(set(seen)) > 1


def is_only_for(host: PosixHost, group: str) -> bool:
    """What its group may read, only that group may read, and nobody else."""
    paths = [host.folder, *host.folder.iterdir()] if host.folder.exists() else []
    modes = {path: path.stat().st_mode & 0o077 for path in paths}
    return all(
        mode == 0 or (mode in (0o50, 0o40) and path.group() == group)
        for path, mode in modes.items()
    )


def goes_on(host: PosixHost, group: str | None) -> None:
    """The next call finds nothing in its way, and leaves nothing of the killed one."""
    asked = [READ, write(text(STATE, "{}"), text(DOCUMENT, D2)), READ]
    answers = host.ask(*asked, group=group, lock_wait=5)
    assert [answer["done"] for answer in answers] == [True] * 3
    files = host.files()
    assert {DOCUMENT: D2, STATE: b"{}"}.items() <= files.items()
    assert not [one for one in files if one.endswith(".new")]
    assert all(answers[0]["files"][one]["text"] is not None for one in answers[0]["files"])
    assert not answers[2]["open"]
    assert not [one for one in (DOCUMENT, STATE) if answers[2]["files"][one]["open"]]
    assert answers[2]["files"][DOCUMENT]["text"] in (shown(NEW), shown(OLD))


def test_each_step_is_on_the_disk_before_the_next_and_all_before_it_is_told(memory):
    host = PosixHost(memory)
    host.put(LIES, opened=("",))
    code, lines = traced(memory, host.call_text(write(*FORWARD, {"name": OLDER})))
    assert code == 0
    done = []
    for name, arguments in lines:
        place = re.search("maps-provisioner/?([^>]*)>", arguments)
        if name == "write" and '"answers' in arguments:
            done.append("told")
        elif name == "openat" and "O_CREAT" in arguments and LOCK in arguments:
            done.append(f"{name} {LOCK}")
        elif name in ("renameat", "unlinkat"):
            done.append(f"{name} " + re.findall('"(.*?)"', arguments)[-1])
        elif place and name in ("fchmod", "write", "fsync", "pwrite64", "ftruncate"):
            done.append(f"{name} {place[1]}")
    # The folder is closed before there is a file of ours; the lock's words never name nobody.
    wanted = ["fchmod ", f"openat {LOCK}"]
    wanted += [f"{call} {LOCK}" for call in ("fchmod", "pwrite64", "ftruncate")]
    for step in FORWARD:
        wanted += [f"{call} {step['name']}.new" for call in ("fchmod", "write", "fsync")]
        wanted += [f"renameat {step['name']}", "fsync "]
    assert done == [*wanted, f"unlinkat {OLDER}", "fsync ", "told"]

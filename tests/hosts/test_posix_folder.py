"""The folder on a POSIX host: whose it is, who may read it, when there is no room. Needs root."""

from __future__ import annotations

import grp
import os
import pwd
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.hosts.host import LOCK
from tests.hosts.operation_cases import (
    ARCHIVE,
    DOCUMENT,
    LIES,
    READ,
    S2,
    STATE,
    D,
    copy,
    digest,
    run,
    text,
    write,
)
from tests.hosts.posix_host import PosixHost

NOBODY = 65534
CHANGE = write(copy(ARCHIVE, DOCUMENT), text(STATE, S2), text(DOCUMENT, "{}"))


@pytest.fixture
def host(tmp_path: Path) -> PosixHost:
    assert os.geteuid() == 0, "only root can give files away and mount"
    made = PosixHost(tmp_path)
    made.put(LIES)
    return made


def refusal(host: PosixHost, *operations: dict, **changed: object) -> tuple[str, str]:
    """Why the last one is not done."""
    answer = host.ask(*operations, **changed)[-1]
    assert not answer["done"]
    return answer["reason"], answer["about"]


# -- whose it is


@pytest.mark.parametrize("asked", [READ, CHANGE, run()], ids=lambda asked: asked["op"])
@pytest.mark.parametrize("kind", ["link", "file", "sticky", "foreign", "below a file"])
def test_another_folder_than_ours(host, kind, asked):
    elsewhere = host.place / "elsewhere"
    if kind == "link":
        host.folder.rename(elsewhere)
        host.folder.symlink_to(elsewhere)
    elif kind == "file":
        host.folder.rename(elsewhere)
        host.folder.write_bytes(b"")
    elif kind == "sticky":
        host.folder.chmod(0o1700)
    elif kind == "foreign":
        os.chown(host.folder, NOBODY, -1)
    else:
        host.folder.rename(elsewhere)
        host.folder.parent.rmdir()
        host.folder.parent.write_bytes(b"")
    assert refusal(host, asked) == ("not_private", str(host.folder))
    assert kind != "link" or {path.name for path in elsewhere.iterdir()} == set(LIES)


@pytest.mark.parametrize("directory", ["{folder}/", "{folder}/."])
def test_a_link_with_something_behind_it(host, directory):
    (host.place / "link").symlink_to(host.folder)
    place = directory.replace("{folder}", str(host.place / "link"))
    assert refusal(host, READ, directory=place) == ("not_private", str(host.place / "link"))


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "foreign"])
@pytest.mark.parametrize("name", [DOCUMENT, ARCHIVE, STATE, LOCK])
def test_something_else_in_place_of_a_file(host, name, kind):
    secret = host.place / "shadow"
    secret.write_bytes(b"hidden-1")
    place = host.folder / name
    place.unlink(missing_ok=True)
    if kind == "link":
        place.symlink_to(secret)
    elif kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place, 0o600)
    else:
        place.write_bytes(D)
        os.chown(place, NOBODY, -1)
    asked = READ if name != LOCK else CHANGE
    assert refusal(host, asked) == ("not_private", str(place))
    asked = write(text(name, "{}"), expect={name: None}) if name != LOCK else run()
    assert refusal(host, asked) == ("not_private", str(place))
    assert secret.read_bytes() == b"hidden-1"


def test_a_planted_temporary_file(host):
    secret = host.place / "shadow"
    secret.write_bytes(b"hidden-1")
    (host.folder / (DOCUMENT + ".new")).symlink_to(secret)
    assert host.ask(CHANGE)[0]["done"]
    assert secret.read_bytes() == b"hidden-1"
    assert not (host.folder / DOCUMENT).is_symlink()


@contextmanager
def as_nobody() -> Iterator[Path]:
    """For this process, and a folder that such an account can reach."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        (place / "own").mkdir()
        os.chown(place / "own", NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, 0)
        try:
            yield place
        finally:
            os.setresuid(0, 0, 0)


def test_an_account_that_may_not_write_there():
    with as_nobody() as place:
        host = PosixHost(place)
        [answer] = host.ask(READ)
        assert (answer["files"], answer["writable"]) == ({}, False)
        assert refusal(host, CHANGE)[0] == "eacces"


def test_an_account_that_may_not_even_look(host):
    with as_nobody():
        assert refusal(host, READ)[0] == "eacces"


def test_an_account_s_own_folder():
    with as_nobody() as place:
        host = PosixHost(place / "own")
        assert host.ask(READ, write(text(STATE, "{}")), READ)[-1]["writable"]
        assert host.is_closed()
        assert refusal(host, CHANGE, group="shadow") == ("eperm", str(host.folder))


def test_names_of_no_language(host):
    (host.folder / os.fsdecode(b"\xff\n")).touch()
    (host.folder / ("x" * 250)).touch()
    assert host.ask(READ)[0]["strangers"] == ["x" * 200, "\\udcff\n"]


# -- who may read it


@pytest.fixture(params=[0, 0o077, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def access(host: PosixHost) -> set[tuple[int, int]]:
    """Mode and group of the folder and of what documents are in."""
    paths = [host.folder, *(path for path in host.folder.iterdir() if path.name != LOCK)]
    return {(stat.S_IMODE(path.stat().st_mode), path.stat().st_gid) for path in paths}


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("group", [None, "daemon"])
def test_modes_hold_whatever_the_umask_is(tmp_path, group):
    host = PosixHost(tmp_path)
    host.folder.parent.mkdir()
    gid = 0 if group is None else grp.getgrnam(group).gr_gid
    answers = host.ask(write(text(STATE, "{}")), READ, group=group)
    assert [answer["done"] for answer in answers] == [True, True]
    assert (answers[1]["open"], answers[1]["files"][STATE]["open"]) == (False, False)
    assert access(host) == (
        {(0o700, 0), (0o600, 0)} if group is None else {(0o750, gid), (0o640, gid)}
    )
    assert stat.S_IMODE((host.folder / LOCK).stat().st_mode) == 0o600


def test_a_group_comes_changes_and_goes(host):
    closing = write(copy(DOCUMENT, DOCUMENT), copy(STATE, STATE))
    for group in ("daemon", "nogroup", None):
        [looked] = host.ask(READ, group=group)
        assert looked["open"]
        assert all(file["open"] for file in looked["files"].values())
        host.ask(closing, group=group)
        [looked] = host.ask(READ, group=group)
        assert not looked["open"]
        assert not any(file["open"] for file in looked["files"].values())
    assert host.files() == LIES


@pytest.mark.parametrize("group", ["no-such-group", "", "x\0y"])
def test_a_group_that_is_not_there(host, group):
    for asked in (READ, CHANGE):
        answer = host.ask(asked, group=group)[0]
        assert (answer["reason"], host.files()) == ("no_group", LIES)


# -- no room


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[PosixHost]:
    """A file system of its own, with little room."""
    place = tmp_path / "disk"
    place.mkdir()
    size = "size=64k,mode=755"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "test", str(place)], check=True)
    host = PosixHost(place)
    host.put(LIES)
    yield host
    subprocess.run(["umount", str(place)], check=True)


def fill(host: PosixHost, left: int = 0) -> None:
    """Leave room for so many bytes."""
    descriptor = os.open(host.place / "full", os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while True:
            os.write(descriptor, b"x" * 4096)
    os.ftruncate(descriptor, os.fstat(descriptor).st_size - left)
    os.close(descriptor)


def test_a_disk_that_fills_within_a_list(disk):
    disk.ask(write())  # the lock file has its block
    fill(disk, left=4096)
    asked = write(copy(ARCHIVE, DOCUMENT), text(STATE, S2))
    [answer] = disk.ask(asked)
    assert (answer["done"], answer["reason"], answer["about"]) == (
        False,
        "enospc",
        str(disk.folder),
    )
    assert answer["digests"] == {ARCHIVE: digest(D)}
    assert disk.files() == {**LIES, ARCHIVE: D}
    (disk.place / "full").unlink()
    assert disk.ask(asked)[0]["done"]


def test_a_disk_that_what_a_killed_call_left_has_filled(disk):
    disk.ask(write())
    (disk.folder / (DOCUMENT + ".new")).write_bytes(b"x" * 8192)
    fill(disk)
    assert disk.ask(CHANGE)[0]["done"]


def test_a_disk_without_room_for_a_lock(disk):
    fill(disk)
    assert refusal(disk, CHANGE)[0] == "enospc"
    assert disk.files() == LIES


def test_a_disk_that_is_read_only(disk):
    subprocess.run(["mount", "-o", "remount,ro", str(disk.place)], check=True)
    [answer] = disk.ask(READ)
    assert (answer["done"], answer["writable"]) == (True, False)
    assert refusal(disk, CHANGE) == ("erofs", str(disk.folder / LOCK))


def test_it_tells_who_it_is_and_what_room_there_is(host: PosixHost) -> None:
    [answer] = host.ask(READ)
    assert answer["free"] > 0
    assert answer["account"] == pwd.getpwuid(os.geteuid()).pw_name


def test_a_folder_below_a_link_to_nowhere_is_read(host: PosixHost) -> None:
    host.folder = host.place / "link" / "folder"
    (host.place / "link").symlink_to(host.place / "nowhere")
    [answer] = host.ask(READ)
    assert (answer["done"], answer["writable"], answer["free"]) == (True, False, None)

"""What only a Windows host has, or only its module must be asked."""

from __future__ import annotations

import json
import random
import socket
import time

import pytest

from provisioner.smtp.client import host_code
from tests.hosts.operation_cases import (
    DOCUMENT,
    KEYS,
    LIES,
    READ,
    SHOWN,
    STATE,
    D,
    digest,
    placeholder,
    run,
    write,
)
from tests.windows.host import WindowsHost
from tests.windows.powershells import Calls, signed

MAPS_PORT = 27467


def test_it_tells_who_it_is_and_what_room_there_is(host):
    [answer] = host.ask(READ)
    assert answer["free"] > 0
    assert answer["account"]


def test_masks_are_those_of_python(host):
    """2,000 documents that somebody has damaged."""
    pick = random.Random(7)
    good = b' {"servers": [{"host": "a", "port": 25, "password": "hidden-\xc3\xa4\\u00e4"}]}'
    for _ in range(10):
        files = {STATE: b"{}"}
        for number in range(200):
            data = bytearray(good)
            for _ in range(pick.randrange(1, 4)):
                at = pick.randrange(len(data))
                data[at : at + pick.randrange(3)] = bytes(
                    pick.choices(b'"\\:,[]{} \n\xa0\x85\xb5_-', k=2)
                )
            files[f"email-servers.before-{number}.json"] = bytes(data)
        host.put(files)
        [answer] = host.ask(READ)
        for name, data in files.items():
            if name != STATE:
                masked = host_code("maps_masking").replace_hidden(
                    data, KEYS, SHOWN, lambda token: f'"{placeholder(token)}"'.encode()
                )
                assert answer["files"][name]["text"] == _decoded(masked), data


def _decoded(data: bytes | None) -> str | None:
    try:
        return None if data is None else data.decode()
    except UnicodeDecodeError:
        return None


@pytest.mark.parametrize("name", ["x.bat", "x.CMD", "x.cmd ", "x.bat...", r"C:\a b\x.Bat. ."])
def test_batch_files_are_refused(name, host):
    [answer] = host.ask({"op": "run", "argv": [name, "a"], "timeout": 5})
    assert (answer["reason"], answer["about"]) == ("batch_file", name)


@pytest.mark.parametrize(
    "path",
    [
        *("maps", r"C:maps", r"\maps", r"\\server\share\maps", r"\\?\C:\maps", "C:\\", "C:"),
        *(
            r"C:\maps:stream",
            r"C:\a*",
            "C:\\a \\b",
            r"C:\a.\b",
            r"C:\..\b",
            "C:\\a\tb",
            "C:\\" + 200 * "x",
        ),
    ],
)
def test_other_paths_are_refused(path, host):
    host.need("windows")
    for operation in (READ, write()):
        [answer] = host.ask(operation, directory=path)
        assert answer["reason"] == "einval"


@pytest.mark.parametrize("asked", [READ, write(expect={DOCUMENT: None})])
def test_a_folder_in_place_of_a_file(asked, host):
    host.put({STATE: b"{}"})
    (host.folder / DOCUMENT).mkdir()
    [answer] = host.ask(asked)
    assert answer["reason"] == "not_private"
    assert answer["about"] == host.path(host.folder / DOCUMENT)


def test_names_are_compared_without_case(host):
    host.need("windows")
    host.put({"State.JSON": b"{}", "Email-Servers.json": D})
    [answer] = host.ask(READ)
    assert {name: file["digest"] for name, file in answer["files"].items()} == {
        **{DOCUMENT: digest(D), STATE: digest(b"{}")}
    }
    assert answer["strangers"] == []


def test_arguments_arrive_as_they_are(host):
    arguments = ["a b", 'c"d', "e\\", "f\\\\ g\\", "", "ä€", '\\"', "%PATH%", "h'i"]
    host.need("windows")
    file, said = host.place / "script.ps1", host.place / "said"
    file.write_text("[IO.File]::WriteAllLines($args[0], [string[]]$args[1..99])")
    options = ["-NoProfile", "-ExecutionPolicy", "Bypass", "-File", host.path(file)]
    argv = [host.calls.about["program"], *options, host.path(said), *arguments]
    [answer] = host.ask({"op": "run", "argv": argv, "timeout": 60})
    assert answer["done"], answer
    assert said.read_text("utf-8").splitlines() == arguments


def test_a_reader_that_is_soon_done_holds_nobody_up(host):
    host.need("locks")
    host.put(LIES)
    place, asked = host.path(host.folder / DOCUMENT), write({"name": DOCUMENT, "text": "{}"})
    host.calls.ask(look=place, seconds=1)
    assert host.ask(asked)[0]["done"]
    host.calls.ask(look=place)
    [answer] = host.ask(asked)
    assert (answer["reason"], answer["digests"]) == ("eacces", {})
    host.calls.ask(release=True)


def test_a_command_that_outlives_its_call_has_the_lock(powershell, host, tmp_path):
    """The process is killed while its command runs; the next call is told whose that is."""
    host.need("locks")
    calls = Calls(powershell, tmp_path / "calls")
    first = WindowsHost(calls, tmp_path)
    first.put(LIES)
    calls.send(call=signed(first.call(run(b"", sleeps=8), who="bob@ws")))
    end, lock = time.monotonic() + 60, first.folder / "push.lock"
    while not (lock.exists() and "bob" in lock.read_text()) and time.monotonic() < end:
        time.sleep(0.1)
    time.sleep(1)
    calls.kill()
    second = WindowsHost(host.calls, tmp_path)
    assert second.ask(write())[0]["about"] == "bob@ws"
    assert second.ask(READ)[0]["holder"] == "bob@ws"
    assert second.ask(write(), lock_wait=60)[0]["done"]
    calls.close()


# -- services


def test_no_such_service(host):
    host.need("service")
    for name in ("no-such-service", "Spool*"):
        [answer] = host.ask({"op": "restart", "service": name, "timeout": 5})
        assert (answer["reason"], answer["touched"]) == ("no_service", False)


def test_a_service_is_restarted_and_has_to_listen(host):
    host.need("service")
    operation = {"op": "restart", "service": "Spooler", "timeout": 5}
    with socket.create_server(("127.0.0.1", MAPS_PORT)):
        [answer] = host.ask({**operation, "timeout": 60})
    assert (answer["done"], answer["reason"], answer["touched"]) == (True, None, True)
    [answer] = host.ask(operation)
    assert (answer["done"], answer["reason"], answer["touched"]) == (False, "no_port", True)


# -- access lists


def test_a_new_folder_is_closed_and_a_foreign_one_refused(host):
    host.need("access lists")
    host.ask(write({"name": STATE, "text": "{}"}))
    [answer] = host.ask(READ)
    assert (answer["open"], answer["files"][STATE]["open"], answer["writable"]) == (
        False,
        False,
        True,
    )
    [answer] = host.ask(READ, group="no-such-account-of-tests")
    assert answer["reason"] == "no_group"
    [answer] = host.ask(READ, group="S-1-5-19")
    assert (answer["open"], answer["files"][STATE]["open"]) == (True, True)  # it may not read yet
    assert host.ask(write({"name": STATE, "copy": STATE}), group="S-1-5-19")[0]["done"]
    [answer] = host.ask(READ, group="S-1-5-19")
    assert (answer["open"], answer["files"][STATE]["open"]) == (False, False)
    assert json.loads(answer["files"][STATE]["text"]) == {}

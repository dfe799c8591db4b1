"""The transaction with Windows' files and processes, as far as Linux can stand for them."""

from __future__ import annotations

import base64
import json
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.playbooks.mono_host import Refusal
from tests.playbooks.samples import delivery, oauth2_entry
from tests.playbooks.windows_calls import DIRECTORY, SERVICE

ENTRY = oauth2_entry()
WANTED = delivery(ENTRY)
MOVED = delivery(oauth2_entry(port=465))
DOCUMENT = "email-servers.json"


def delivered(store) -> None:
    """A document, proven by a mail, to go back to."""
    assert store.deliver(WANTED)["state"] == "delivered"
    store.record_proofs([(ENTRY, "sent")], [ENTRY["server_name"]])


def descriptor(windows, folder: bool, reader: str | None) -> str:
    """What a file or folder is to have, as Windows writes it down."""
    return windows.asked.call("windows.descriptor", folder=folder, reader=reader)


def shown(windows, path: Path) -> str | None:
    data = windows.access(path)
    if data is None:
        return None
    return windows.asked.call("windows.sddl", data=base64.b64encode(data).decode())


@pytest.mark.parametrize("group", [None, SERVICE])
def test_all_that_is_delivered_is_private(windows, group):
    delivered(windows.store(group=group))
    assert windows.store("run-2", group=group).deliver(MOVED)["state"] == "delivered"
    names = sorted(path.name for path in windows.folder.iterdir())
    assert names == [DOCUMENT, "email-servers.previous.json", "lock", "state.json"]
    wanted = descriptor(windows, False, group)
    assert {name: shown(windows, windows.folder / name) for name in names} == dict.fromkeys(
        names, wanted
    )
    assert shown(windows, windows.folder) == descriptor(windows, True, group)
    assert shown(windows, windows.folder.parent) is None  # made as folders usually are
    again = windows.store("run-2", group=group).deliver(MOVED)
    assert (again["state"], again["tightened"]) == ("unchanged", [])


def test_a_document_is_given_back_byte_for_byte(windows):
    delivered(windows.store())
    before = (windows.folder / DOCUMENT).read_bytes()
    second = windows.store("run-2")
    second.deliver(MOVED)
    assert second.restore() == "restored"
    assert (windows.folder / DOCUMENT).read_bytes() == before


def test_every_handle_is_closed(windows):
    store = windows.store(apply_command=["true"])
    opened = Path(f"/proc/{store.pid}/fd")
    before = len(list(opened.iterdir()))
    for port in range(2525, 2529):
        assert store.deliver(delivery(oauth2_entry(port=port)))["state"] == "applied"
    deadline = time.monotonic() + 30  # the end of a command's output is read beside
    while len(list(opened.iterdir())) > before:
        assert time.monotonic() < deadline, [path.readlink() for path in opened.iterdir()]
        time.sleep(0.05)


def test_what_the_service_s_account_should_read_is_mended(windows):
    windows.store().deliver(WANTED)
    result = windows.store("run-2", group=SERVICE).deliver(WANTED)
    names = ("", f"\\{DOCUMENT}", "\\state.json")
    assert result["tightened"] == [DIRECTORY + name for name in names]
    assert shown(windows, windows.folder / DOCUMENT) == descriptor(windows, False, SERVICE)


def test_a_file_in_use_is_waited_for(windows):
    windows.store().deliver(WANTED)
    store = windows.store("run-2")
    windows.keep_busy(30)
    assert store.deliver(MOVED)["state"] == "delivered"
    assert windows.busy_calls() == 0
    assert json.loads((windows.folder / DOCUMENT).read_text())["servers"][0]["port"] == 465


def test_a_document_that_a_program_keeps_open_stays(windows):
    delivered(windows.store())
    before = {path: path.read_bytes() for path in windows.folder.iterdir()}
    windows.open_document()
    with pytest.raises(
        Refusal, match="a program keeps it open, or it is read-only, or the"
    ) as caught:
        windows.store("run-2").deliver(MOVED)
    assert caught.value.reason == "eacces"
    assert {path.name for path in windows.folder.iterdir()} == {path.name for path in before}
    assert (windows.folder / DOCUMENT).read_bytes() == before[windows.folder / DOCUMENT]
    windows.close_document()
    assert windows.store("run-2").deliver(MOVED)["state"] == "delivered"


def test_a_full_disk(windows):
    windows.store().deliver(WANTED)
    before = (windows.folder / DOCUMENT).read_bytes()
    store = windows.store("run-2")
    windows.fill()
    with pytest.raises(Refusal, match=r"the disk is full: make room, then push again") as caught:
        store.deliver(MOVED)
    assert caught.value.reason == "enospc"
    assert (windows.folder / DOCUMENT).read_bytes() == before


def test_nothing_is_written_where_nothing_can_be_private(windows):
    windows.store().deliver(WANTED)
    before = {path: path.read_bytes() for path in windows.folder.iterdir()}
    windows.forget_access()
    with pytest.raises(Refusal, match="keeps no access control lists") as caught:
        windows.store("run-2").deliver(MOVED)
    assert "name a folder on a drive with NTFS" in str(caught.value)
    del before[windows.folder / "lock"]
    (windows.folder / "lock").unlink()
    assert {path: path.read_bytes() for path in windows.folder.iterdir()} == before


def test_somebody_else_s_document(windows):
    windows.store().deliver(WANTED)
    windows.plant(windows.folder / DOCUMENT, "{}")
    with pytest.raises(Refusal) as caught:
        windows.store("run-2").deliver(WANTED)
    assert caught.value.reason == "not_private"
    assert f"{DOCUMENT} belongs to BUILTIN\\Users, not to the Administrators" in str(caught.value)
    assert f'icacls "{DIRECTORY}\\{DOCUMENT}" /setowner *S-1-5-32-544' in str(caught.value)


@pytest.mark.parametrize("name", ["", DOCUMENT, "state.json", "lock"])
def test_a_reparse_point_is_not_followed(windows, tmp_path, name):
    windows.store().deliver(WANTED)
    path, elsewhere = windows.folder / name, tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    before = elsewhere.read_bytes() if name else sorted(elsewhere.iterdir())
    with pytest.raises(Refusal, match=r"a symbolic link|it is no regular file"):
        windows.store("run-2").deliver(MOVED)
    assert (elsewhere.read_bytes() if name else sorted(elsewhere.iterdir())) == before


def test_a_folder_used_for_other_things_is_left_alone(windows):
    windows.store().deliver(WANTED)
    (windows.folder / "state.json").unlink()
    (windows.folder / "report.docx").touch()
    with pytest.raises(Refusal, match="is used for other things, too"):
        windows.store().deliver(WANTED)


def test_one_process_at_a_time(windows, tmp_path):
    begun, may_end = tmp_path / "begun", tmp_path / "may end"
    script = 'touch "$0"; until [ -e "$1" ]; do sleep 0.05; done'
    apply_command = ["sh", "-c", script, str(begun), str(may_end)]
    working = windows.store("run-1", "ann", apply_command=apply_command)
    waits = windows.store("run-2", "bob", lock_wait=0)
    thread = threading.Thread(target=working.deliver, args=[WANTED])
    thread.start()
    while thread.is_alive() and not begun.exists():
        time.sleep(0.02)
    with pytest.raises(Refusal, match=r"^ann \(run run-1\) since .* works on this host") as caught:
        waits.deliver(MOVED)
    assert caught.value.reason == "locked"
    may_end.touch()
    thread.join()
    assert waits.deliver(MOVED)["state"] == "delivered"


def test_who_has_the_lock_is_said_once(windows):
    windows.store("run-1", "a rather long name of an owner").deliver(WANTED)
    windows.store("run-2", "bob").deliver(MOVED)
    said = json.loads((windows.folder / "lock").read_text())
    assert (said["owner"], said["run_id"]) == ("bob", "run-2")


# -- commands

ARGUMENTS = ["", "two words", 'say "hi"', "C:\\new folder\\", 'a\\\\"b', "%PATH%", "ö", "-x"]


def run(windows, argv: list[str], timeout: int = 30, secrets: list[str] | None = None) -> list:
    return windows.asked.call(
        "windows.run", argv=argv, seconds=timeout, secrets=secrets or []
    )  # fmt: skip


def test_a_command_gets_its_arguments_and_says_how_it_ended(windows):
    code = "import json, sys; print(json.dumps(sys.argv[1:])); print('oops', file=sys.stderr)"
    code += "; assert sys.stdin.read() == ''; sys.exit(7)"
    ended, output, started = run(windows, [sys.executable, "-c", code, *ARGUMENTS])
    assert (ended, started) == (7, True)
    said, oops = output.splitlines()
    assert json.loads(said) == ARGUMENTS
    assert oops == "oops"


def test_a_command_s_secrets_are_masked_and_only_its_end_is_kept(windows):
    code = "print('begin'); print('x' * 99 * 400); print('the CANARYsecret is out')"
    output = run(windows, [sys.executable, "-c", code], secrets=["CANARYsecret"])[1]
    assert output.endswith("xxx\nthe *** is out")
    assert "begin" not in output
    assert len(output) == 1000


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "latin-1"])
def test_a_secret_is_masked_in_the_encodings_of_windows(windows, encoding):
    secret = "CANARY Größe"
    text = f"the {secret} is out".encode(encoding)
    code = f"import sys; sys.stdout.buffer.write({text!r})"
    output = run(windows, [sys.executable, "-c", code], secrets=[secret])[1]
    assert output.endswith("the *** is out")
    assert "CAN" not in output


def test_a_command_that_hangs_is_killed_with_all_its_children(windows, tmp_path):
    script = "echo began; sleep 300 & echo $! $$ > $0; wait"
    ended, output, started = run(windows, ["sh", "-c", script, str(tmp_path / "pids")], timeout=1)
    assert (ended, started) == (124, True)
    assert output == "began\nkilled: it did not end within 1 s"
    for pid in (tmp_path / "pids").read_text().split():
        deadline = time.monotonic() + 30
        while is_running(pid):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def is_running(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_daemon_holds_nobody_up_and_lives_on(windows, tmp_path):
    script = "sleep 300 & echo $! > $0; echo begun"
    assert run(windows, ["sh", "-c", script, str(tmp_path / "pid")]) == [0, "begun", True]
    pid = (tmp_path / "pid").read_text().strip()
    assert is_running(pid)
    os.kill(int(pid), 9)


@pytest.mark.parametrize(
    ("program", "code", "words"),
    [
        ("no-such-program", 127, "no-such-program: "),
        ("apply.bat", 126, "apply.bat: Windows hands a batch file to cmd.exe"),
        ('a"b', 126, 'a"b: it is no path of a program'),
    ],
)
def test_what_cannot_be_started_has_touched_nothing(windows, program, code, words):
    ended, output, started = run(windows, [program, "x"])
    assert (ended, started) == (code, False)
    assert output.startswith(words)

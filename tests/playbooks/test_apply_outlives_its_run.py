"""A run that is killed leaves its apply command behind: the next one waits for that, or says so."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from provisioner.mail.conversation import host_code
from tests.playbooks.samples import delivery, oauth2_entry

Store = host_code("maps_store").Store
Refusal = host_code("maps_refusal").Refusal
FIRST, OTHER = oauth2_entry(), oauth2_entry(port=465)

DELIVERS = """
import json, sys
from provisioner.mail.conversation import host_code
folder, command, wanted = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
lease = {"holder": "ann", "commit": None, "reason": "push"}
store = host_code("maps_store").Store(folder, "r1", "ann@ws", apply_command=command, lease=lease)
store.deliver(wanted)
"""


def run(folder: Path, *command: str, wait: float = 0) -> Store:
    """The next run of the same checkout, which no lease keeps out."""
    lease = {"holder": "ann", "commit": None, "reason": "push"}
    return Store(
        str(folder / "host"),
        "r2",
        "ann@ws",
        apply_command=list(command),
        lock_wait=wait,
        lease=lease,
    )


def seen(path: Path) -> None:
    """Wait for a file."""
    end = time.monotonic() + 60
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert path.exists()


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A run was killed while it applied; its command goes on until there is a file `go`."""
    command = f"touch {tmp_path}/began; until [ -e {tmp_path}/go ]; do sleep 0.05; done; "
    command += f"echo first >> {tmp_path}/log"
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", DELIVERS, str(tmp_path / "host")),
            *(json.dumps(["/bin/sh", "-c", command]), json.dumps(delivery(FIRST))),
        ]
    )
    seen(tmp_path / "began")
    process.kill()
    process.wait()
    yield tmp_path
    (tmp_path / "go").touch()


def test_the_next_run_says_what_it_waited_for(killed):
    document = (killed / "host" / "email-servers.json").read_bytes()
    with pytest.raises(Refusal) as caught:
        run(killed, "true").deliver(delivery(OTHER))
    assert caught.value.reason == "locked"
    assert caught.value.message.startswith("ann@ws (run r1) since ")
    assert caught.value.message.endswith(
        " works on this host: maps_apply_command, or what it left running, has not ended; wait for "
        f"it, or end it there (`fuser {killed}/host/lock` names it), then push again"
    )
    assert (killed / "host" / "email-servers.json").read_bytes() == document


def test_the_next_run_applies_once_it_has_ended(killed):
    threading.Timer(0.5, (killed / "go").touch).start()
    second = f"echo second >> {killed}/log"
    result = run(killed, "/bin/sh", "-c", second, wait=60).deliver(delivery(OTHER))
    assert result["state"] == "applied"
    assert (killed / "log").read_text() == "first\nsecond\n"


def test_a_daemon_that_a_command_starts_holds_nobody_up(tmp_path):
    first = run(tmp_path, "/bin/sh", "-c", f"sleep 300 & echo $! > {tmp_path}/pid")
    try:
        assert first.deliver(delivery(FIRST))["state"] == "applied"
        assert run(tmp_path, "true").deliver(delivery(OTHER))["state"] == "applied"
    finally:
        subprocess.run(["kill", (tmp_path / "pid").read_text().strip()], check=True)


def test_a_command_that_is_killed_for_its_time_holds_nobody_up(tmp_path):
    slow = run(tmp_path, "sleep", "300")
    slow._apply_timeout = 0.2
    assert slow.deliver(delivery(FIRST))["state"] == "unknown"
    assert run(tmp_path, "true").deliver(delivery(OTHER))["state"] == "applied"

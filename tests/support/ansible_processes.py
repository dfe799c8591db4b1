"""What a run leaves behind or not: waited for, and looked for among the processes."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path


def wait_until(true, timeout=120):
    """Fails if it has not become true in so many seconds."""
    end = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def ansible_processes(project):
    """Commands that name the inventory of this project folder."""
    return processes_naming(project / "inventory")


def kill_ansible(project):
    """Kill Ansible and its workers, as far as they live."""
    for process in _naming(project / "inventory"):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def processes_naming(path):
    """Commands that name this path."""
    return list(_naming(path).values())


def _naming(path):
    found = {}
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = process.read_bytes()
        except OSError:
            continue
        if str(path).encode() in command:
            found[int(process.parent.name)] = command
    return found

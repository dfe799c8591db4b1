"""Runs a step of the transaction again and again, killing it at each system call in turn.

Started by the tests as a program: killed_run.py FOLDER STEP DOCUMENTS, where FOLDER/before is the
host as it is first. Leaves FOLDER/N/host for each N, and prints how many there are.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from pathlib import Path

from provisioner.mail.conversation import host_code

_CALLS = ("open", "replace", "unlink", "fsync", "chmod", "mkdir", "makedirs")

LEASE = {"holder": "this checkout", "commit": None, "reason": "push"}

_STEPS = {
    "deliver": lambda run, wanted: run.deliver(wanted),
    "restore": lambda run, _wanted: run.restore(),
    "rollback": lambda run, wanted: run.roll_back(wanted),
}


def applying(place: Path) -> dict:
    """The setting of a host where applying copies the document there."""
    return {"apply_command": ["sh", "-c", f'cp "$1" {place}', "apply"]}


def main(folder: Path, step: str, wanted: dict) -> int:
    """Kill before and after every call; -> how many runs that took, the last one whole."""
    store = host_code("maps_store").Store
    for number in range(1000):
        host = folder / str(number) / "host"
        host.parent.mkdir()
        if (folder / "before").exists():
            shutil.copytree(folder / "before", host)
        applied = folder / str(number) / "applied"
        settings = {"lease": LEASE}
        if step.endswith("applying"):
            settings |= applying(applied)
        run = store(str(host), "killed-run", "tester", **settings)
        if step.startswith("restore"):
            run.deliver(wanted)
        pid = os.fork()
        if pid == 0:
            _die_at(number)
            _STEPS[step.split(maxsplit=1)[0]](run, wanted)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        if os.WIFEXITED(status):
            return number + 1 if os.WEXITSTATUS(status) == 0 else -1
        if os.WTERMSIG(status) != signal.SIGKILL:
            return -1
    return -1


def _die_at(number: int) -> None:
    """Have the `number`th half of a call be the last: even before it, odd after it."""
    left = [number]

    def half() -> None:
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    def dying(real):
        def call(*arguments, **names):
            half()
            result = real(*arguments, **names)
            half()
            return result

        return call

    for name in _CALLS:
        setattr(os, name, dying(getattr(os, name)))


if __name__ == "__main__":
    print(main(Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])))

"""The action plugin itself, with a worker and a run folder that only do what a test wants.

The script of a host is its `found` in run.json: {variables: names to read, calls: lists of
operations}. What came of it is left in the run folder.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import msgspec

from provisioner.host import protocol

_RAISED = (
    protocol.Unreachable,
    protocol.Crashed,
    protocol.CallTimeout,
    protocol.InvalidResponse,
    protocol.VariableUnusable,
)


class NotBegun(Exception):
    pass


class Begun:
    def __init__(self, file):
        self._file = file

    def answer(self, content, short):
        self._file.write_bytes(content)


@contextmanager
def begin(folder, host):
    if host == "stopped":
        raise NotBegun("the run has ended")
    yield Begun(folder / f"{host}.json")


def answer(work, host, variables, platform, caller, begun):
    script = work.hosts[host].found
    if script.get("bug"):
        exec(compile("\n" * 11 + "{}['CANARYbug']", "/x/worker.py", "exec"))
    settings = protocol.CallSettings(
        directory=variables("maps_directory"),
        group=None,
        key="00" * 32,
        who="CANARYwho",
        lock_wait=0,
        keys=["a", "2026-12-01"],
        shown=[],
    )
    call = caller(settings)
    done = {
        "platform": platform,
        "variables": [_tried(variables, name) for name in script.get("variables", [])],
        "calls": [_tried(call, operations) for operations in script["calls"]],
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,  # MiB
    }
    begun.answer(json.dumps(done).encode(), b"")


def _tried(do, argument):
    try:
        return msgspec.to_builtins(do(argument))
    except _RAISED as error:
        return {
            "raised": type(error).__name__,
            "words": str(error),
            **vars(error),
            "context": repr(error.__context__),
        }


def _stub(name, **members):
    module = ModuleType(name)
    vars(module).update(members)
    sys.modules[name] = module


_stub("provisioner.ansible.run_folder", begin=begin, NotBegun=NotBegun)
_stub("provisioner.host.worker", answer=answer)
if os.environ.get("WITHOUT_WORKER"):
    sys.modules["provisioner.host.worker"] = None  # as if it could not be imported

_PLUGIN = Path(__file__).parents[5] / "playbooks" / "action_plugins" / "maps_host.py"
exec(compile(_PLUGIN.read_text(), str(_PLUGIN), "exec"), globals())
_OVERHEAD = float(os.environ.get("OVERHEAD", "60"))

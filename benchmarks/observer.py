"""Runs as `sitecustomize` in each Python below `measure.py`: in a process of `provisioner` it notes
the modules and the deepest stack of our own, and writes them down as the process ends."""

import atexit
import json
import os
import sys
import threading
from pathlib import Path

_FOLDER, _PACKAGE = os.environ["MEASURE_FOLDER"], os.environ["MEASURE_PACKAGE"]
_COMMANDS = ("validate", "authenticate", "push", "status")


def _observe(command: str) -> None:
    deepest = 0
    files: list[str] = []  # of the stack that goes through the most of them, as it goes

    def on_event(frame, event, _argument) -> None:
        nonlocal deepest
        if event != "call" or not frame.f_code.co_filename.startswith(_PACKAGE):
            return
        stack: list[str] = []
        while frame:
            if frame.f_code.co_filename.startswith(_PACKAGE):
                stack.append(frame.f_code.co_filename.removeprefix(_PACKAGE))
            frame = frame.f_back
        deepest = max(deepest, len(stack))
        if len(stack) > len(files) and len(set(stack)) > len(files):
            files[:] = dict.fromkeys(reversed(stack))

    def write() -> None:
        names = [name for name in list(sys.modules) if f"{name}.".startswith("provisioner.")]
        seen = {"command": command, "modules": len(names), "depth": deepest, "files": files}
        Path(_FOLDER, f"{os.getpid()}.json").write_text(json.dumps(seen), encoding="utf-8")

    def end_at_once(code: int) -> None:
        write()
        really_end(code)

    really_end, os._exit = os._exit, end_at_once
    atexit.register(write)
    threading.setprofile(on_event)
    sys.setprofile(on_event)


# In a Python of Ansible's, or of a host's, the arguments are others.
if any(Path(word).name == "provisioner" for word in sys.orig_argv):
    for _word in sys.orig_argv:
        if _word in _COMMANDS:
            _observe(_word)
            break

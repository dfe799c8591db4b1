"""The program as a user starts it, with an environment that changes nothing it prints."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.commands import run_command

PROVISIONER = Path(sys.executable).with_name("provisioner")

# Read by each Python at its start: what the system does to a run, as it opens a declared file.
_FAULTS = """
import os, signal, sys

def on_open(event, arguments):
    if event == "open" and str(arguments[0]).endswith("reports.yml"):
        if os.environ["FAULT"] == "bug":
            raise RuntimeError("a fault that nobody foresaw")
        os.kill(os.getpid(), signal.SIGINT)

sys.addaudithook(on_open)
"""


def provisioner(*arguments, folder, fault=None, **environment):
    """Run it in `folder`; with `fault`, a folder to write to, something happens while it reads."""
    fixed = {
        "COLUMNS": "100",
        "HOME": str(folder.parent / "home"),
        "LANG": "C.UTF-8",
        "PATH": os.environ["PATH"],
        "TERM": "dumb",
        "TZ": "UTC",
    }
    if not fault:
        return run_command(*arguments, folder=folder, environment=fixed | environment)
    (fault / "sitecustomize.py").write_text(_FAULTS)
    fixed["PYTHONPATH"] = str(fault)
    return subprocess.run(
        [PROVISIONER, *arguments],
        cwd=folder,
        env=fixed | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

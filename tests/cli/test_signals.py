"""Signals that end a run, also where Python would lose or double them."""

import signal
import subprocess
import sys

import pytest

from provisioner.errors import ExitCode

_STEPS = {
    # At the first signal all is tidied up, and a second one in the meantime does not disturb that.
    "tidies": """
try:
    end()
finally:
    end()
    end()
    print("tidied", flush=True)
""",
    # Python drops an exception that comes in a finalizer: the next look raises it again.
    "lost in a finalizer": """
class Finalized:
    def __del__(self):
        end()
Finalized()
signals.raise_if_ended()
""",
    "after the tidying": """
signals._TIDYING_SECONDS = -1
try:
    end()
except KeyboardInterrupt:
    print("tidied", flush=True)
end()
""",
    "in the last moment": """
import atexit
atexit.register(end)
end()
""",
}
_PROGRAM = """
import os, signal, sys
from provisioner.ansible import signals
from provisioner.cli import app
from provisioner.cli.commands import schema
def end() -> None:
    os.kill(os.getpid(), {number})
def run() -> int:
    {steps}
    print("still here", flush=True)
schema.schema = run
sys.argv[1:] = ["schema"]
app.main()
"""


def _run(steps, number, *before):
    program = _PROGRAM.format(number=int(number), steps=steps.strip().replace("\n", "\n    "))
    ended = subprocess.run(
        [*before, sys.executable, "-c", program],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize(
    ("steps", "number"),
    [
        *((steps, signal.SIGTERM) for steps in _STEPS),
        *(("tidies", number) for number in (signal.SIGINT, signal.SIGHUP)),
    ],
)
def test_a_signal_ends_a_run_once_and_tidily(steps, number):
    code, shown, said = _run(_STEPS[steps], number)
    assert (code, said) == (ExitCode.INTERRUPTED, "")
    assert shown == ("tidied\n" if "tidied" in _STEPS[steps] else "")


def test_what_nohup_ignores_stays_ignored():
    code, shown, _ = _run("end()", signal.SIGHUP, "nohup")
    assert (code, shown) == (ExitCode.DONE, "still here\n")


def test_a_signal_after_the_command_is_done_leaves_its_exit_code():
    code, _, said = _run("import gc\ngc.freeze = end\nreturn 6", signal.SIGTERM)
    assert (code, said) == (ExitCode.PERSON_NEEDED, "")

"""`provisioner` as a process of its own that need not import what this one has imported.

Most of what a command costs is the start of Python and its imports (0.15 of 0.2 s), and the tests
run some two thousand commands. What is about the start itself (streams, environments, traces in
/proc, installations) starts the program.
"""

import gc
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings

from provisioner import secret
from provisioner.cli.app import main

_CRASHED = 99  # no exit code of ours


def run_command(*arguments, folder, environment, given="", timeout=120):
    """Run it in `folder`, with this environment and no other; `given` is what it reads."""
    with (
        tempfile.TemporaryFile("w+") as stdin,
        tempfile.TemporaryFile("w+") as stdout,
        tempfile.TemporaryFile("w+") as stderr,
    ):
        stdin.write(given)
        stdin.seek(0)
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            child = os.fork()  # of the threads of servers, which the child has not
        if child == 0:
            for number, stream in enumerate((stdin, stdout, stderr)):
                os.dup2(stream.fileno(), number)
            _become(arguments, folder, environment)
        code = _ended(child, arguments, timeout)
        texts = []
        for stream in (stdout, stderr):
            stream.seek(0)
            texts.append(stream.read())
        return subprocess.CompletedProcess(arguments, code, *texts)


def _ended(child, arguments, timeout):
    """Its exit code, as subprocess gives it."""
    descriptor = os.pidfd_open(child)
    try:
        if not select.select([descriptor], [], [], timeout)[0]:
            os.kill(child, signal.SIGKILL)
            raise subprocess.TimeoutExpired(arguments, timeout)
    finally:
        os.close(descriptor)
        _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _become(arguments, folder, environment):
    """What a fresh process has: nothing of this one is told to it."""
    code = _CRASHED
    try:
        gc.freeze()  # objects of this process end with it
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        time.tzset()
        tempfile.tempdir = None
        secret.known_secrets.clear()  # else a secret of the test would be masked if it were printed
        warnings.resetwarnings()
        for name in [name for name in sys.modules if name.partition(".")[0] == "ansible"]:
            del sys.modules[name]  # Ansible reads its settings when it is imported
        sys.argv = ["provisioner", *arguments]
        sys.stdin = os.fdopen(0, closefd=False)
        sys.stdout, sys.stderr = (os.fdopen(n, "w", closefd=False) for n in (1, 2))
        main()
    except SystemExit as ended:
        code = ended.code
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    finally:
        os._exit(code if isinstance(code, int) else _CRASHED)

"""`{command: [argv]}`."""

from __future__ import annotations

import subprocess
import time

from provisioner.errors import SecretUnavailable
from provisioner.secret import Secret
from provisioner.secret_sources.context import SourceContext
from provisioner.secret_sources.raw_bytes import MOST_BYTES, read_bounded, secret_from
from provisioner.secret_sources.reference import Command

LONGEST_SECONDS = 60


def read(reference: Command, context: SourceContext) -> Secret:
    """The program's standard output. Nothing that it prints is ever shown."""
    program = reference.argv[0]
    if not context.allow_commands:
        raise SecretUnavailable(
            f"it comes from the command {program!r}, and commands are not allowed to run",
            remedy="read the command in the declared file, then run again with --allow-commands",
        )
    output, exit_code = _run(reference, context)
    if exit_code != 0:
        raise SecretUnavailable(
            f"the command {program!r} failed with exit code {exit_code}",
            remedy="run it by hand in the project folder to see what it says",
        )
    return secret_from(output, origin=f"the output of {program!r}")


def _run(reference: Command, context: SourceContext) -> tuple[bytes, int]:
    """What the program printed, up to a little more than a secret may have; its exit code."""
    program = reference.argv[0]
    try:
        with subprocess.Popen(
            reference.argv,
            cwd=context.project_root,
            env=dict(context.children),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a password manager may say there what it found
        ) as process:
            try:
                return _ended(process, time.monotonic() + LONGEST_SECONDS)
            finally:
                process.kill()  # one that goes on printing, or says nothing; else it has ended
    except (TimeoutError, subprocess.TimeoutExpired):
        raise SecretUnavailable(
            f"the command {program!r} did not end within {LONGEST_SECONDS} seconds",
            remedy="does it wait for a password? Unlock it first, then run again",
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its arguments cannot be passed"
        raise SecretUnavailable(
            f"the command {program!r} cannot be run: {reason}",
            remedy="install it, or correct its name in the declared file",
        ) from None


def _ended(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, int]:
    """Its output and exit code; a program that prints more than a secret has is not waited for."""
    assert process.stdout is not None  # noqa: S101  it was asked for
    output = read_bounded(process.stdout.fileno(), deadline)
    if len(output) > MOST_BYTES:
        return output, 0
    return output, process.wait(max(0.0, deadline - time.monotonic()))

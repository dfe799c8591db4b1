"""`{command: [argv]}`."""

from __future__ import annotations

import subprocess

from provisioner.errors import SecretUnavailable
from provisioner.secret import Secret
from provisioner.secret_sources.context import SourceContext
from provisioner.secret_sources.raw_bytes import secret_from
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
    finished = _run(reference, context)
    if finished.returncode != 0:
        raise SecretUnavailable(
            f"the command {program!r} failed with exit code {finished.returncode}",
            remedy="run it by hand in the project folder to see what it says",
        )
    return secret_from(finished.stdout, origin=f"the output of {program!r}")


def _run(reference: Command, context: SourceContext) -> subprocess.CompletedProcess[bytes]:
    program = reference.argv[0]
    try:
        return subprocess.run(
            reference.argv,
            cwd=context.project_root,
            env=dict(context.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a password manager may say there what it found
            timeout=LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
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

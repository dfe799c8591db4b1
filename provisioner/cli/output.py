"""Where reports go: to standard output, and into files."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from provisioner.errors import ExitCode, ProvisionerError
from provisioner.text import printable_lines

STANDARD_OUTPUT = "standard output"  # what OSErrors of it name as their file

_FORCING = ("FORCE_COLOR", "CLICOLOR_FORCE")


def print_text(text: str, *, end: str = "\n", file: TextIO | None = None) -> None:
    """Print at once; what does not show is named."""
    print(printable_lines(text), end=end, file=file, flush=True)


def print_report(text: str, code: int = ExitCode.DONE) -> None:
    """Print what a run came to. That nothing reads it hides no graver exit code."""
    try:
        print_text(text)
    except OSError as error:
        if code in (ExitCode.DONE, ExitCode.CHANGES):
            raise
        give_up_output(error)


def give_up_output(error: OSError) -> None:
    """Lead standard output to nowhere: its rest must be no error when Python ends.

    https://docs.python.org/3/library/signal.html#note-on-sigpipe. A full disk is an error to be
    told; whoever reads no further has their reasons.
    """
    if not isinstance(error, BrokenPipeError):
        print_text(f"Error: {STANDARD_OUTPUT}: {error.strerror}", file=sys.stderr)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def write_report(file: Path, text: str, option: str, *, mode: int = 0o666) -> None:
    """Replace a file's content; ProvisionerError says why that cannot be.

    What a link leads to is replaced, not the link; a device or a pipe is written to. `mode`: who
    may read and write the file from its birth on, less the umask.
    """
    from provisioner.private_file import replace_file  # brings OpenSSL along: few runs write files

    content = text.encode("utf-8", "backslashreplace")
    try:
        if file.exists() and not file.is_file():
            file.write_bytes(content)  # of a folder, this says what is wrong
        else:
            replace_file(Path(os.path.realpath(file)), content, mode=mode)
    except OSError as error:
        raise not_written(str(file), option, error) from None


def not_written(file: str, option: str, error: OSError) -> ProvisionerError:
    """What to say of a report that finds no place."""
    return ProvisionerError(
        f"cannot write {file}: {error.strerror}",
        remedy=f"{option} needs a file in a folder that exists and that you may write to",
    )


def is_colored(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """NO_COLOR (https://no-color.org) wins, then FORCE_COLOR (https://force-color.org) and
    CLICOLOR_FORCE (https://bixense.com/clicolors), then what the stream is.
    """
    if environment.get("NO_COLOR"):
        return False
    if any(environment.get(name, "0") not in ("", "0") for name in _FORCING):
        return True
    return environment.get("TERM") != "dumb" and stream.isatty()

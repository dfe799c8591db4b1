"""Where reports go: to standard output, and into files; with commands that work as printed."""

from __future__ import annotations

import errno
import io
import os
import re
import shlex
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from provisioner.errors import ProvisionerError
from provisioner.text import printable_lines

if TYPE_CHECKING:
    from typing_extensions import Buffer

_NARROWEST = 20
_FORCING = ("FORCE_COLOR", "CLICOLOR_FORCE")

_failures: dict[int, OSError] = {}  # of standard output and error: the first one each


def print_text(text: str, *, end: str = "\n", file: TextIO | None = None) -> None:
    """Print for people, at once: wrapped on a terminal, colored where that is wanted; what does not
    show is named."""
    from provisioner.reports.layout import laid_out  # findings are printed as they are

    stream = file or sys.stdout
    colored = is_colored(stream, os.environ)
    text = with_given_options(printable_lines(text + end))
    shown = laid_out(text, width=terminal_width(stream), colored=colored)
    print(shown, end="", file=stream, flush=True)


def print_data(text: str, *, people: bool = False) -> None:
    """Print a whole report; as it is, unless it is for `people`."""
    if people:
        print_text(text, end="")
    else:
        print(printable_lines(text), end="", flush=True)


def terminal_width(stream: TextIO) -> int | None:
    """COLUMNS, else that of the terminal; None: it is none, or has none that a line fits in."""
    if not stream.isatty():
        return None
    try:
        width = int(os.environ.get("COLUMNS", "0")) or os.get_terminal_size(stream.fileno()).columns
    except (ValueError, OSError):
        return None
    return width if width >= _NARROWEST else None


def print_note(text: str) -> None:
    """Print on standard error, so that a report stays a report."""
    print_text(text, file=sys.stderr)


class Output(io.FileIO):
    """Standard output or error. What cannot be written there is lost, and nothing else is.

    That nobody reads on, or that a disk is full, ends no work: it is said when all is done.
    """

    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            _failures.setdefault(self.fileno(), error)
            return memoryview(data).nbytes


def output_failure() -> OSError | None:
    """Why standard output is not whole."""
    return _failures.get(1)


def forgive_leaving() -> None:
    """Whoever reads events may leave: that is no failure of the run."""
    if isinstance(output_failure(), BrokenPipeError):
        del _failures[1]


def write_report(file: Path, text: str, option: str, *, mode: int = 0o666) -> None:
    """Replace a file's content; ProvisionerError says why that cannot be.

    What a link leads to is replaced, not the link; a device or a pipe is written to, and so is the
    file that standard output goes to, if others than its owner may read the report. `mode`: who may
    read and write the file from its birth on, less the umask.
    """
    from provisioner.private_file import replace_file  # brings OpenSSL along: few runs write files

    content = text.encode("utf-8", "backslashreplace")
    try:
        is_stdout = file.exists() and os.path.samestat(file.stat(), os.fstat(1))
        if is_stdout and mode & stat.S_IROTH:
            print(text, end="", flush=True)  # /dev/stdout: what was printed there stays
        elif file.exists() and not file.is_file():
            file.write_bytes(content)  # of a folder, this says what is wrong
        else:
            replace_file(Path(os.path.realpath(file)), content, mode=mode)
    except OSError as error:
        raise not_written(str(file), option, error) from None


def require_place(file: Path, option: str) -> None:
    """ProvisionerError, as of write_report, where a file certainly could not be written."""
    try:
        folder, reason = Path(os.path.realpath(file)).parent, 0
        is_written_to = file.exists() and not file.is_file()  # as a pipe, or a device
        if file.is_dir():
            reason = errno.EISDIR
        elif not folder.is_dir():
            reason = errno.ENOENT
        elif not is_written_to and not os.access(folder, os.W_OK | os.X_OK):
            reason = errno.EACCES
        if reason:
            raise OSError(reason, os.strerror(reason))
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


# -- printed commands repeat the options that led to this project and these hosts: without them they
# would not work as printed, from the folder where they are printed

PROJECT_COMMANDS = (
    "init|validate|authenticate|accept|status|refresh|revoke|rekey|doctor|plan|push|rollback|"
    "history|test-email|worksheet|entered"
)
INVENTORY_COMMANDS = "status|doctor|plan|push|rollback|worksheet(?=.* --host)|entered"
_OPTIONS = {"-C": PROJECT_COMMANDS, "-i": INVENTORY_COMMANDS}
_COMMAND = r"(?<![\w/.-])provisioner (?:{})(?![\w-])(?!:)"

_given: dict[str, str] = {}


def repeat(option: str, value: Path | None) -> Path | None:
    """Remember what was given; the current folder needs no mention."""
    if value is not None and value != Path():
        _given[option] = shlex.quote(str(value))
    return value


def forget_options() -> None:
    """Before another command line is run in this process."""
    _given.clear()


def with_given_options(text: str) -> str:
    """The text with these options in each command that takes them."""
    for option, value in reversed(_given.items()):
        given = f" {option} {value}".replace("\\", r"\\")
        text = re.sub(_COMMAND.format(_OPTIONS[option]), rf"\g<0>{given}", text)
    return text

"""The command `provisioner`: its commands, its streams, and where errors become exit codes."""

from __future__ import annotations

import gc
import io
import os
import resource
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Annotated, NoReturn, TextIO

import typer

import provisioner
from provisioner.ansible.signals import end_on_signals, ignore_signals
from provisioner.cli.options import with_single_options
from provisioner.cli.output import Output, forget_options, output_failure, print_text
from provisioner.errors import ExitCode, ProvisionerError, UsageError
from provisioner.text import printable_lines

# In the order of `provisioner --help`: one file each, imported only when it runs.
COMMANDS = (
    "init",
    "validate",
    "authenticate",
    "accept",
    "status",
    "refresh",
    "revoke",
    "rekey",
    "doctor",
    "plan",
    "push",
    "rollback",
    "history",
    "test-email",
    "worksheet",
    "entered",
    "schema",
    "rules",
    "demo",
    "merge-credentials",
)
HIDDEN = ("merge-credentials",)  # git runs it
# What other programs call the same.
_ELSEWHERE = {
    "init": ("new", "create", "setup", "configure"),
    "validate": ("check", "lint", "verify", "test", "fmt"),
    "authenticate": ("login", "signin", "sign-in", "auth", "authorize"),
    "accept": ("trust", "approve"),
    "status": ("show", "list", "ls", "info"),
    "refresh": ("renew",),
    "revoke": ("logout", "signout", "sign-out", "deauthorize"),
    "doctor": ("health", "diagnose", "ping"),
    "plan": ("diff", "preview"),
    "push": ("apply", "deploy", "provision", "sync", "up"),
    "rollback": ("undo", "revert", "restore"),
    "history": ("log", "runs"),
    "test-email": ("send", "test-mail", "mail", "email"),
}

_PR_SET_DUMPABLE = 4

# typer >= 0.26 carries its own copy of click; this is the base of its usage errors in either.
_ClickException = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


def main() -> NoReturn:
    """Run the command line; never returns."""
    _open_standard_streams()
    _make_private()
    _report_all_bugs()
    end_on_signals()
    gc.set_threshold(100_000, 20, 100)  # what a command imports, Ansible above all, is no garbage
    gc.enable()
    code = run(sys.argv[1:])
    ignore_signals()
    if failure := output_failure():
        # What came of the run may be worse than that nobody reads it.
        code = ExitCode.FAILURE if code in (ExitCode.DONE, ExitCode.CHANGES) else code
        if not isinstance(failure, BrokenPipeError):  # such a reader has its reasons
            print_error(f"standard output: {failure.strerror}")
    gc.freeze()  # Python, as it ends, looks for garbage three times: it goes with the process
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command line, print what went wrong, return the exit code."""
    forget_options()
    try:
        _require_command(arguments)
        app = app_with({*arguments[:1]} & {*COMMANDS} or COMMANDS)
        code = int(app(arguments, prog_name="provisioner", standalone_mode=False) or ExitCode.DONE)
        sys.stdout.flush()
        return code
    except ProvisionerError as error:
        print_error(error.message, error.remedy)
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except (OSError, SystemExit) as error:  # click makes an exit of EPIPE
        failure = error.__context__ if isinstance(error, SystemExit) else error
        if not isinstance(failure, OSError):  # a shell has got its completion
            raise
        # One that nothing expected is no bug: a disk is full, a file is closed to us.
        where = "operating system error" if failure.filename is None else failure.filename
        print_error(f"{os.fsdecode(where)}: {failure.strerror or type(failure).__name__}")
        return ExitCode.FAILURE
    except Exception as error:  # noqa: BLE001
        if isinstance(error, _ClickException):
            error.message = printable_lines(error.message)  # type: ignore[attr-defined]
            error.show()  # type: ignore[attr-defined]
            return ExitCode.USAGE
        _report_bug(error)
        return ExitCode.BUG


def _require_command(arguments: list[str]) -> None:
    """UsageError: there is no such command; and which one was most likely meant."""
    name = next(iter(arguments), "")
    if not name or name.startswith("-") or name in COMMANDS:
        return
    from provisioner.lint.mistakes.nearest import nearest

    known = [command for command in COMMANDS if command not in HIDDEN]
    same = (ours for ours, theirs in _ELSEWHERE.items() if name.casefold() in theirs)
    meant = next(same, None) or nearest(name, known)
    remedy = f"did you mean `provisioner {meant}`?" if meant else "commands: " + ", ".join(known)
    raise UsageError(f"there is no command {name!r}", remedy=remedy)


def app_with(names: Iterable[str] = COMMANDS) -> typer.Typer:
    app = typer.Typer(
        name="provisioner",
        help="Manage the email servers of Evisions MAPS: validate, sign in, push, verify.",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,  # they print local variables, and those hold secrets
        rich_markup_mode="markdown",
    )
    app.callback()(_options)
    for name in names:
        command = command_named(name)
        description, _, examples = (command.__doc__ or "").partition("Examples:")
        hidden, epilog = name in HIDDEN, f"Examples:{examples}"
        app.command(name, help=description, epilog=epilog, hidden=hidden)(command)
    return app


def command_named(name: str) -> Callable[..., int]:
    module = name.replace("-", "_")
    command: Callable[..., int] = getattr(
        import_module(f"provisioner.cli.commands.{module}"), module
    )
    return with_single_options(command)


def print_error(message: str, remedy: str = "") -> None:
    """What is wrong and what to do next, on standard error.

    Errors quote plans, journals, inventories and answers: none of it steers the terminal.
    """
    lines = f"Error: {message}\n" + (textwrap.indent(remedy, "  ") + "\n" if remedy else "")
    print_text(lines, end="", file=sys.stderr)


def code_of(work: Callable[[], None]) -> ExitCode:
    """Of one of several works: its error is told here, so that the next one gets its turn."""
    try:
        work()
    except ProvisionerError as error:
        print_error(error.message, error.remedy)
        return error.exit_code
    return ExitCode.DONE


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"provisioner {provisioner.__version__}")
        raise typer.Exit


_Version = Annotated[
    bool,
    typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version),
]


def _options(version: _Version = False) -> None:
    """Options before the command."""


def _open_standard_streams() -> None:
    """Fill what is closed: the next file opened, such as one of tokens, would get its number.

    https://man.openbsd.org/daemon.3
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:  # EBADF: the lowest free number is this one
            os.open(os.devnull, os.O_RDWR)
    # Python has no object for a stream that was closed when it started.
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = _text_stream(1, sys.stdout)
    sys.stderr = _text_stream(2, sys.stderr)


def _text_stream(descriptor: int, before: TextIO | None) -> TextIO:
    """A terminal may lack a character: that is no error."""
    before = before or os.fdopen(descriptor, "w", closefd=False)
    lines = bool(before.line_buffering)
    buffer = io.BufferedWriter(Output(descriptor, "w", closefd=False))
    return io.TextIOWrapper(buffer, before.encoding, "backslashreplace", line_buffering=lines)


def _make_private() -> None:
    """No core dump, nor one through a pipe, which heeds no limit; no look into /proc/PID/mem.

    https://man7.org/linux/man-pages/man2/pr_set_dumpable.2const.html: it lasts until an exec.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _report_bug(error: BaseException) -> None:
    """Type and place only: an exception's words may quote a secret."""
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    where, *callers = [f"{one.filename}:{one.lineno}" for one in reversed(frames)] or ["no place"]
    print_error(
        f"bug in provisioner: {type(error).__name__} at {where}",
        f"please report it with this line; called from {' <- '.join(callers)}",
    )


def _report_all_bugs() -> None:
    """Those in threads and finalizers, too: Python would print what the exception says."""
    import threading

    def report(error: BaseException | None) -> None:
        if error is not None and not isinstance(error, SystemExit | KeyboardInterrupt):
            _report_bug(error)

    threading.excepthook = lambda caught: report(caught.exc_value)
    sys.unraisablehook = lambda caught: report(caught.exc_value)
    sys.excepthook = lambda _type, error, _trace: report(error)

"""The command `provisioner`: its commands, and the one place where errors become exit codes."""

from __future__ import annotations

import gc
import io
import os
import sys
from collections.abc import Iterable
from typing import Annotated, NoReturn

import typer

import provisioner
from provisioner.cli.bug_report import report_all_bugs_so, report_bug
from provisioner.cli.commands import COMMANDS, command_named
from provisioner.cli.error_lines import print_error
from provisioner.cli.standard_output import OutputFailed, flushed, give_up_output
from provisioner.cli.standard_streams import open_standard_streams
from provisioner.errors import ExitCode, ProvisionerError


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


def app_with(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The command line with these commands."""
    app = typer.Typer(
        name="provisioner",
        help="Evisions MAPS email servers: declared in git, validated, signed in, pushed, proven.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,  # they print local variables, and those hold secrets
        rich_markup_mode="markdown",
    )
    app.callback()(_options)
    for name in names:
        command = command_named(name)
        description, _, examples = (command.__doc__ or "").partition("Examples:")
        app.command(name, help=description, epilog=f"Examples:{examples}")(command)
    return app


# typer >= 0.26 carries its own copy of click; this is the base of its usage errors in either.
_ClickException = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


def main() -> NoReturn:
    """Run the command line; never returns."""
    open_standard_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character
    arguments = sys.argv[1:]
    if arguments[:1] == ["validate"]:
        _end_at_once(run(arguments))
    gc.set_threshold(100_000, 20, 100)  # what a command imports, Ansible above all, is no garbage
    gc.enable()
    report_all_bugs_so()
    code = run(arguments)
    gc.freeze()  # Python, as it ends, looks for garbage three times: it goes with the process
    sys.exit(code)


def _end_at_once(code: int) -> NoReturn:
    """A run that leaves nothing to tidy up ends a tenth sooner if Python tidies up nothing."""
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run one command line, print what went wrong, return the exit code."""
    try:
        app = app_with({*arguments[:1]} & {*COMMANDS} or COMMANDS)
        code = int(app(arguments, prog_name="provisioner", standalone_mode=False) or ExitCode.DONE)
        return code if flushed() else code or ExitCode.FAILURE
    except ProvisionerError as error:
        print_error(error.message, error.remedy)
        return error.exit_code
    except typer.Abort:
        return ExitCode.INTERRUPTED
    except (BrokenPipeError, OutputFailed) as error:
        give_up_output(error)
        return ExitCode.FAILURE
    except Exception as error:  # noqa: BLE001
        if isinstance(error, _ClickException):
            error.show()  # type: ignore[attr-defined]
            return ExitCode.USAGE
        report_bug(error)
        return ExitCode.BUG

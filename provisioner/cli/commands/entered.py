"""`provisioner entered`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.completion import complete_host_name, complete_server_name
from provisioner.cli.options import HostsOptions, LockWait, ReportOptions, Yes

if TYPE_CHECKING:
    from provisioner.host.result import HostResult

_LONGEST = 400  # characters, as the state of a host keeps them


def entered(
    options: HostsOptions,
    report: ReportOptions,
    hosts: Annotated[
        list[str],
        typer.Argument(
            metavar="HOST...",
            help="The hosts.",
            show_default=False,
            autocompletion=complete_host_name,
        ),
    ],
    servers: Annotated[
        list[str] | None,
        typer.Option(
            "--server",
            metavar="SERVER",
            help="Only this server (repeatable).",
            show_default="all that is to be entered",
            autocompletion=complete_server_name,
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="NAME", help="Who entered it.", show_default="you"),
    ] = None,
    note: Annotated[
        str, typer.Option("--note", metavar="TEXT", help="A note, such as a ticket.")
    ] = "",
    undo: Annotated[
        bool, typer.Option("--undo", help="Remove the newest record: it was not entered.")
    ] = False,
    yes: Yes = False,
    lock_wait: LockWait = 0.0,
) -> int:
    """Record that a person entered the values of these hosts into the dialog of MAPS.

    For hosts without maps_apply_command, after push has verified them. Shows the fields first; on a
    terminal you confirm them. One record per server covers its fields and the sign-in with
    Authenticate. The host and the journal keep who, when and which values, without secrets.

    Examples:

      provisioner entered maps1.example.edu

      provisioner entered maps1.example.edu --by 'Ann Lee' --note CHG-1234 --yes

      provisioner entered maps1.example.edu --server Reports --undo
    """
    from provisioner.ansible.run_input import EnteredInput
    from provisioner.cli.output import print_text
    from provisioner.cli.run_session import RunSession
    from provisioner.deploy.entered import record_entered
    from provisioner.deploy.run import RunOptions
    from provisioner.deploy.scope import Scope
    from provisioner.private_file import process_owner
    from provisioner.reports.entered_text import question_text

    said = EnteredInput(
        by=_one_line("--by", by or process_owner().partition(" ")[0]),
        note=_one_line("--note", note),
        servers=sorted(servers or ()),
        undo=undo,
    )
    session = RunSession("entered", options, report)

    def agree(results: list[HostResult]) -> None:
        session.view.clear()
        print_text(question_text(results, said.servers, undo=undo), end="", file=sys.stderr)
        if yes:
            return
        names = ", ".join(result.host for result in results)
        question = f"Was this entered into MAPS on {names}, by {said.by}?"
        if undo:
            question = f"Remove these records of {names}?"
        unasked = f"nothing was recorded for {names}: no one confirmed it"
        session.require_agreement(question, unasked)

    with (
        session.locked(lock_wait),
        session.run(
            Scope(hosts=tuple(hosts)),
            also={"by": said.by, "note": note, "entered": said.servers, "undo": undo},
            options=RunOptions(lock_wait=lock_wait, entered=said, keep_key=True),
            keep=True,
        ) as run,
    ):
        record_entered(run, agree)
    return session.report(run.record)


def _one_line(option: str, text: str) -> str:
    """A text that the state of a host can keep."""
    from provisioner.errors import UsageError

    if not text.isprintable() or len(text) > _LONGEST:
        raise UsageError(
            f"{option} is not one line of at most {_LONGEST} characters",
            remedy="shorten it, and remove line breaks and control characters",
        )
    return text

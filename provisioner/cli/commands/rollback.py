"""`provisioner rollback`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.completion import complete_host_name
from provisioner.cli.options import HostLimit, HostsOptions, LockWait, NoRestart, ReportOptions, Yes

if TYPE_CHECKING:
    from provisioner.host.result import HostResult


def rollback(
    options: HostsOptions,
    report: ReportOptions,
    hosts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[HOST]...",
            help="Only these hosts.",
            show_default="all",
            autocompletion=complete_host_name,
        ),
    ] = None,
    limit: HostLimit = None,
    yes: Yes = False,
    no_restart: NoRestart = False,
    lock_wait: LockWait = 0.0,
) -> int:
    """Restore the previous document of hosts, and verify it with a test email.

    The previous document becomes a new generation. Refresh tokens that can be used only once are
    not restored. The declared files do not change: correct them before the next push.

    Examples:

      provisioner rollback maps1.example.edu

      provisioner rollback --limit 'maps:&test' --yes
    """
    from provisioner.cli.run_session import RunSession
    from provisioner.deploy.rollback import rollback as roll_back
    from provisioner.deploy.run import RunOptions
    from provisioner.deploy.scope import Scope
    from provisioner.deploy.targets import prepare_rollback
    from provisioner.host.result import HostState

    session, wanted = RunSession("rollback", options, report), HostState.WOULD_CHANGE

    def agree(results: list[HostResult]) -> None:
        session.show_plan(results)
        if yes:
            return
        names = ", ".join(result.host for result in results if result.state is wanted)
        unasked = f"nothing was changed: the rollback of {names} was not confirmed"
        session.require_agreement(f"Roll back {names}?", unasked)

    with (
        session.locked(lock_wait),
        session.run(
            Scope(hosts=tuple(hosts or ()), limit=limit),
            also={"restart": not no_restart},
            options=RunOptions(
                restart=not no_restart,
                lock_wait=lock_wait,
                keep_key=True,
                prepare=prepare_rollback,
            ),
            keep=True,
        ) as run,
    ):
        roll_back(run, agree)
    return session.report(run.record)

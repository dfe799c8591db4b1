"""`provisioner plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.options import HostLimit, HostsOptions, Prune, ReportOptions, ServerNames


def plan(
    hosts: HostsOptions,
    report: ReportOptions,
    servers: ServerNames = None,
    limit: HostLimit = None,
    prune: Prune = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Save the plan, without secrets; `push --plan FILE` applies it.",
            show_default="not saved",
        ),
    ] = None,
) -> int:
    """Show what a push would change on each host; change nothing. Exit code 2: there are changes.

    Examples:

      provisioner plan

      provisioner plan Reports --format json

      provisioner plan --out plan.json
    """
    from provisioner.cli.output import write_report
    from provisioner.cli.run_session import RunSession
    from provisioner.deploy.push import plan as plan_hosts
    from provisioner.deploy.run import RunOptions
    from provisioner.deploy.scope import Scope

    session = RunSession("plan", hosts, report)
    scope = Scope(servers=tuple(sorted(servers or ())), limit=limit, prune=prune)
    scope.check(session.project)
    with (
        session.unlocked(),
        session.run(scope, RunOptions(keep_key=out is not None)) as run,
    ):
        saved = plan_hosts(run).plan
    if out is not None:
        write_report(out, saved.text(), "--out")
    return session.report(run.record)

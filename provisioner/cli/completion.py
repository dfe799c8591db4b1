"""Names that the shell offers while somebody types. Whatever is wrong, there is just nothing to
offer: a shell in the middle of a line is no place for errors.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import typer

_LATEST_RUNS = 20  # so many journals are opened at most


def complete_server_name(context: typer.Context, incomplete: str) -> list[str]:
    """The declared names that go on as typed, without those that are there already."""
    return _going_on(incomplete, _declared_names(context), context.params.get("servers"))


def complete_destination(context: typer.Context, incomplete: str) -> list[str]:
    """The same for --accept-destination: its servers are usually arguments, too."""
    given = context.params.get("accept_destination")
    return _going_on(incomplete, _declared_names(context), given)


def _declared_names(context: typer.Context) -> set[object]:
    from provisioner.config.files import documents_of, server_files, settings_documents

    root = Path(context.params.get("project") or ".")
    try:
        documents = documents_of(server_files(root, settings_documents(root)))
        return {d.value.get("server_name") for d in documents if isinstance(d.value, dict)}
    except OSError:
        return set()


def complete_host_name(context: typer.Context, incomplete: str) -> list[str]:
    """The hosts of the last push that go on as typed, as its journal names them.

    The inventory is not asked: it may be a program.
    """
    from provisioner.deploy.record import all_runs
    from provisioner.errors import ProvisionerError

    root = Path(context.params.get("project") or ".")
    try:
        runs = islice(all_runs(root), _LATEST_RUNS)
        names = next(([host.host for host in run.hosts] for run in runs if run.plan), [])
    except (OSError, ProvisionerError):
        return []
    return _going_on(incomplete, names, context.params.get("hosts"))


def complete_run_id(context: typer.Context, incomplete: str) -> list[str]:
    """The runs that go on as typed; of no journal more than its name is read."""
    from provisioner.deploy.record import run_ids

    try:
        names = run_ids(Path(context.params.get("project") or "."))
    except OSError:
        return []
    return _going_on(incomplete, names, None)


def complete_rule(context: typer.Context, incomplete: str) -> list[str]:
    """The rules of `validate` that go on as typed."""
    from provisioner.lint.checks import EVERYTHING

    return _going_on(incomplete, EVERYTHING, context.params.get("select"))


def complete_ignorable_rule(context: typer.Context, incomplete: str) -> list[str]:
    """The same, without those that cannot be ignored."""
    from provisioner.lint.checks import OPTIONAL

    return _going_on(incomplete, OPTIONAL, context.params.get("ignore"))


def _going_on(incomplete: str, names: Iterable[object], given: Iterable[str] | None) -> list[str]:
    taken = {str(name).casefold() for name in given or ()}
    return sorted(
        _as_one_word(name)
        for name in names
        if isinstance(name, str)
        and name.isprintable()
        and name.startswith(incomplete)
        and name.casefold() not in taken
    )


def _as_one_word(name: str) -> str:
    """bash takes what is offered as it is; other shells quote it themselves."""
    if "bash" not in os.environ.get("_PROVISIONER_COMPLETE", ""):
        return name
    return re.sub(r"([^\w@%+=:,./-])", r"\\\1", name)

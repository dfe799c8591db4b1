"""What a command that talks to hosts opens first: project, secrets, tokens, inventory, Ansible."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from provisioner.ansible.signals import Signals
from provisioner.cli.output import print_text
from provisioner.cli.run_view import RunView
from provisioner.credentials.project_secrets import OpenProject, ProjectSecrets
from provisioner.credentials.sources import secret_variables
from provisioner.errors import FleetError, UsageError
from provisioner.fleet.fleet import Fleet
from provisioner.fleet.preparation import Preparation, prepare
from provisioner.fleet.run_event import Listener
from provisioner.hosts.inventory import Inventory
from provisioner.model.email_server import DEFAULT_HOSTS, EmailServer
from provisioner.model.project import Project
from provisioner.text import redact


class Prepare(Protocol):
    """What a run is about, of the servers and the inventory."""

    def __call__(
        self,
        project: Project,
        servers: Sequence[EmailServer],
        inventory: Inventory,
        secrets: ProjectSecrets,
        /,
        *,
        now: float,
    ) -> Preparation:
        """Opens no connection to a host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a command line says a run is about: servers, hosts, and whether orphans go.

    `hosts` are host patterns that the command takes beside `limit`.
    """

    servers: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    limit: str | None = None
    prune: bool = False
    forks: int | None = None
    verbosity: int = 0

    def check(self) -> None:
        """UsageError where its parts contradict each other."""
        if self.prune and self.servers:
            raise UsageError(
                "--prune looks at all servers, and SERVER names some",
                remedy="leave one of them away",
            )


def chosen_servers(project: Project, names: Iterable[str]) -> tuple[EmailServer, ...]:
    """The named servers, or all; UsageError for an unknown name."""
    wanted = list(names)
    return tuple(project.server(name) for name in wanted) if wanted else project.servers


@contextmanager
def fleet_session(
    opened: OpenProject,
    scope: Scope,
    *,
    view: RunView,
    listener: Listener,
    signals: Signals,
    prepare: Prepare = prepare,
) -> Iterator[tuple[Fleet, Preparation]]:
    """Everything that a run over hosts needs, with an environment fit for Ansible around it."""
    from provisioner.fleet.environment import ansible_environment
    from provisioner.hosts.inventory import read_inventory

    project = opened.project
    servers = chosen_servers(project, scope.servers)
    with ansible_environment(project.root, secret_names=secret_variables(project.secrets())):
        inventory = read_inventory(project.inventory_path)
    preparation = _preparation(opened, servers, scope, inventory, prepare)
    with ansible_environment(
        project.root,
        secret_names=secret_variables(project.secrets()),
        secrets=preparation.secrets(),
    ) as settings:
        yield (
            Fleet(
                project=project,
                settings=settings,
                forks=scope.forks or project.push.forks,
                listener=listener,
                output=_ansible_output(scope.verbosity),
                tick=view.tick,
                verbosity=scope.verbosity,
                signals=signals,
            ),
            preparation,
        )


def _preparation(
    opened: OpenProject,
    servers: tuple[EmailServer, ...],
    scope: Scope,
    inventory: Inventory,
    prepare: Prepare,
) -> Preparation:
    project = opened.project
    found = prepare(project, servers, inventory, opened.secrets, now=time.time())
    if scope.prune:
        _refuse_pruning_blindly(found)
        found = replace(found, pruned_hosts=frozenset(inventory.matching(DEFAULT_HOSTS)))
    return found if scope.limit is None else _limited(found, scope, inventory)


def _limited(preparation: Preparation, scope: Scope, inventory: Inventory) -> Preparation:
    pattern = str(scope.limit)
    hosts = inventory.matching(pattern)
    limited = preparation.limited_to(hosts)
    if not hosts:
        raise UsageError(
            f"--limit {pattern} matches no host of {inventory.path}",
            remedy=f"groups there: {', '.join(inventory.groups()) or 'none'}",
        )
    if preparation.entries and not limited.all_hosts:
        named = ", ".join((*scope.servers, *scope.hosts))
        if named:
            raise UsageError(
                f"{named} and --limit {pattern} name no common host",
                remedy=f"hosts of {named}: {', '.join(preparation.all_hosts)}",
            )
        raise UsageError(
            f"no email server is declared for the hosts of --limit {pattern}",
            remedy=f"hosts with one: {', '.join(preparation.all_hosts)}",
        )
    return limited


def _refuse_pruning_blindly(preparation: Preparation) -> None:
    """A pattern with a slip in it makes every entry of its server look like an orphan."""
    lost = sorted(name for name, hosts in preparation.declared.items() if not hosts)
    if lost:
        raise FleetError(
            f"--prune: the host pattern of {', '.join(lost)} matches no host, so what hosts have "
            "of it would be removed",
            remedy="correct `hosts:` of the server, or the inventory",
        )


def _ansible_output(verbosity: int) -> Callable[[str], None]:
    """Where Ansible's own output goes: standard error if asked for, redacted even so."""
    if not verbosity:
        return lambda _text: None
    return lambda text: print_text(redact(text), file=sys.stderr)


def with_inventory(project: Project, inventory: Path | None) -> Project:
    """The project with --inventory in place of its own."""
    return replace(project, inventory_path=inventory.resolve()) if inventory else project

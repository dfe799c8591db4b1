"""What a command line says a run is about, and which hosts that comes to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

import msgspec
from msgspec import Struct

from provisioner.ansible.inventory import Inventory
from provisioner.deploy.record import RunRecord
from provisioner.deploy.targets import Targets
from provisioner.errors import FleetError, UsageError
from provisioner.model.email_server import DEFAULT_HOSTS, EmailServer
from provisioner.model.project import Project

_MOST_NAMES = 20


class Scope(Struct, frozen=True, kw_only=True):
    """Servers, hosts, and whether orphans go. `hosts`: patterns that a command takes beside
    `limit`."""

    servers: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    limit: str | None = None
    prune: bool = False

    def check(self, project: Project) -> None:
        """UsageError where its parts contradict each other, or a server is unknown: a slip in a
        name makes no journal."""
        chosen_servers(project, self.servers)
        if self.prune and self.servers:
            raise UsageError(
                "--prune cannot be combined with SERVER",
                remedy="remove one of them",
            )

    def planned(self, saved: Scope) -> Scope:
        """That of a saved plan; UsageError where the command line has one, too."""
        if self != Scope():
            raise UsageError(
                "--plan cannot be combined with SERVER, --limit or --prune",
                remedy="make a new plan to change them",
            )
        return saved

    def resumed(self, earlier: RunRecord) -> Scope:
        """That of the push that is continued; UsageError where the command line has another."""
        try:
            found = msgspec.convert(earlier.options, Scope)
        except msgspec.ValidationError:
            raise FleetError(
                f"the journal of the push {earlier.run_id} is not of this version",
                remedy="push again without --resume",
            ) from None
        if self not in (Scope(), found):
            raise UsageError(
                f"the push {earlier.run_id} was for other servers, hosts or removals",
                remedy="pass --resume alone, or push again without it",
            )
        return found

    def options(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found


def chosen_servers(project: Project, names: Collection[str]) -> tuple[EmailServer, ...]:
    """The named servers, or all; UsageError for an unknown name."""
    return tuple(project.server(name) for name in names) if names else project.servers


def concerned(targets: Targets, scope: Scope, inventory: Inventory) -> Targets:
    """The targets without servers that go to none of the hosts that the run is about: what they
    lack does not matter. One that goes to no host at all stays, for it to be told."""
    limits = () if scope.limit is None else (scope.limit,)
    wanted = [_hosts_of(patterns, inventory) for patterns in (scope.hosts, limits) if patterns]

    def is_concerned(server: EmailServer) -> bool:
        hosts = targets.hosts[server.server_name]
        return not hosts or bool(set(hosts).intersection(*wanted))

    return replace(targets, servers=[s for s in targets.servers if is_concerned(s)])


def scoped(targets: Targets, scope: Scope, inventory: Inventory) -> Targets:
    """The targets that a run is about; UsageError where there are none."""
    if scope.prune:
        _refuse_pruning_blindly(targets)
        targets = replace(targets, pruned_hosts=frozenset(inventory.matching(DEFAULT_HOSTS)))
    if scope.hosts:
        targets = targets.limited_to(_named(targets, scope, inventory))
    return targets if scope.limit is None else _limited(targets, scope, inventory)


def _hosts_of(patterns: Iterable[str], inventory: Inventory) -> set[str]:
    return {host for pattern in patterns for host in inventory.matching(pattern)}


def _named(targets: Targets, scope: Scope, inventory: Inventory) -> set[str]:
    declared = {host for hosts in targets.declared.values() for host in hosts}
    found = _hosts_of(scope.hosts, inventory)
    unknown = sorted(found - declared)
    if unknown or not found:
        names = sorted(declared)
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        raise UsageError(
            f"no declared server goes to {', '.join(unknown or scope.hosts)}",
            remedy=f"hosts of this project: {', '.join(names[:_MOST_NAMES]) or 'none'}{more}",
        )
    return found


def _limited(targets: Targets, scope: Scope, inventory: Inventory) -> Targets:
    pattern = str(scope.limit)
    hosts = inventory.matching(pattern)
    limited = targets.limited_to(hosts)
    if not hosts:
        raise UsageError(
            f"--limit {pattern} {inventory.no_match(pattern)}",
            remedy=f"groups there: {', '.join(inventory.groups()) or 'none'}",
        )
    there = sorted({host for found in targets.hosts.values() for host in found})
    if there and not any(limited.hosts.values()) and not limited.pruned_hosts:
        named = ", ".join((*scope.servers, *scope.hosts))
        if named:
            raise UsageError(
                f"{named} and --limit {pattern} name no common host",
                remedy=f"hosts of {named}: {', '.join(there)}",
            )
        raise UsageError(
            f"no email server is declared for the hosts of --limit {pattern}",
            remedy=f"hosts with one: {', '.join(there)}",
        )
    return limited


def _refuse_pruning_blindly(targets: Targets) -> None:
    """A pattern with a slip in it makes every entry of its server look like an orphan."""
    lost = sorted(name for name, hosts in targets.declared.items() if not hosts)
    if lost:
        raise FleetError(
            f"--prune: the host pattern of {', '.join(lost)} matches no host: it would be removed "
            "from all of them",
            remedy="correct `hosts:` of the server, or the inventory",
        )

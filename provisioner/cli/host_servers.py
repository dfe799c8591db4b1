"""The servers of hosts of the inventory."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.ansible.environment import ansible_environment
from provisioner.ansible.inventory import Inventory, read_inventory
from provisioner.credentials.sources import secret_variables
from provisioner.errors import UsageError
from provisioner.model.email_server import EmailServer
from provisioner.model.project import Project

_SHOWN = 20


def servers_of_hosts(
    hosts: Sequence[str], project: Project, chosen: Sequence[EmailServer], *, named: bool
) -> dict[tuple[str, ...], tuple[EmailServer, ...]]:
    """The chosen servers by the hosts that they are declared for; of no host if none is asked for.

    UsageError if one is no host of the inventory or has none; or, if they were `named`, not all.
    """
    if not hosts:
        return {(): _once(chosen)}
    grouped: dict[tuple[str, ...], list[str]] = {}
    with ansible_environment(project.root, secret_names=secret_variables(project.secrets())):
        inventory = read_inventory(project.inventory_path, root=project.root)
        for host in dict.fromkeys(hosts):
            _require_host(host, inventory)
            there = _of_host(host, inventory, chosen, named=named)
            grouped.setdefault(tuple(server.server_name for server in there), []).append(host)
    return {
        tuple(group): tuple(project.server(name) for name in names)
        for names, group in grouped.items()
    }


def _once(servers: Sequence[EmailServer]) -> tuple[EmailServer, ...]:
    return tuple({server.server_name: server for server in servers}.values())


def _of_host(
    host: str, inventory: Inventory, chosen: Sequence[EmailServer], *, named: bool
) -> tuple[EmailServer, ...]:
    there = tuple(server for server in _once(chosen) if host in inventory.matching(server.hosts))
    missing = [server for server in chosen if server not in there] if named else []
    if missing:
        raise UsageError(
            f"{missing[0].where('hosts')}: {missing[0].hosts} does not include {host}",
            remedy=f"remove {missing[0].server_name}, or correct `hosts:` or the inventory",
        )
    if not there:
        raise UsageError(
            f"no email server is declared for {host}",
            remedy="check `hosts:` of the servers, and the groups of the inventory",
        )
    return there


def _require_host(host: str, inventory: Inventory) -> None:
    hosts = inventory.matching("all")
    if host in hosts:
        return
    shown = [*hosts[:_SHOWN], *(["..."] if len(hosts) > _SHOWN else [])]
    raise UsageError(
        f"unknown host: {host} is not in {inventory.path}",
        remedy=f"name one of these: {', '.join(shown)}"
        if shown
        else f"add your hosts to {inventory.file_to_edit}",
    )

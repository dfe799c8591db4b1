"""The servers of one host of the inventory."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.ansible.environment import ansible_environment
from provisioner.ansible.inventory import Inventory, read_inventory
from provisioner.credentials.sources import secret_variables
from provisioner.errors import UsageError
from provisioner.model.email_server import EmailServer
from provisioner.model.project import Project

_SHOWN = 20


def servers_of_host(
    host: str, project: Project, chosen: Sequence[EmailServer], *, named: bool
) -> tuple[EmailServer, ...]:
    """Those of the chosen servers that are declared for a host.

    UsageError if it is no host of the inventory or has none; or, where they were `named`, not all.
    """
    with ansible_environment(project.root, secret_names=secret_variables(project.secrets())):
        inventory = read_inventory(project.inventory_path, root=project.root)
        _require_host(host, inventory)
        there = tuple(server for server in chosen if host in inventory.matching(server.hosts))
    missing = [server for server in chosen if server not in there] if named else []
    if missing:
        raise UsageError(
            f"{missing[0].where('hosts')}: {missing[0].hosts} does not include {host}",
            remedy=f"leave {missing[0].server_name} away, or correct `hosts:` or the inventory",
        )
    if not there:
        raise UsageError(
            f"no email server is declared for {host}",
            remedy="look at `hosts:` of the servers, and at the groups of the inventory",
        )
    return there


def _require_host(host: str, inventory: Inventory) -> None:
    hosts = inventory.matching("all")
    if host in hosts:
        return
    shown = [*hosts[:_SHOWN], *(["..."] if len(hosts) > _SHOWN else [])]
    raise UsageError(
        f"{host} is no host of {inventory.path}",
        remedy=f"name one of these: {', '.join(shown)}"
        if shown
        else "it has no hosts at all: add them, in the group `maps`",
    )

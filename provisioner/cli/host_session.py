"""What a command opens that asks hosts and sends them no secret: inventory and Ansible."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.cli.fleet_session import with_inventory
from provisioner.credentials.sources import secret_variables
from provisioner.model.project import Project

if TYPE_CHECKING:
    from provisioner.fleet.host_contact import HostContact


@contextmanager
def host_session(
    declared: Project, inventory_path: Path | None, progress: Callable[[str], None]
) -> Iterator[tuple[HostContact, tuple[str, ...]]]:
    """The contact, and every host of the project; needs no token and no vault key."""
    from provisioner.fleet.environment import ansible_environment
    from provisioner.fleet.host_contact import HostContact, hosts_of
    from provisioner.hosts.inventory import read_inventory

    project = with_inventory(declared, inventory_path)
    with ansible_environment(
        project.root, secret_names=secret_variables(project.secrets())
    ) as settings:
        hosts = hosts_of(project, read_inventory(project.inventory_path))
        yield HostContact(project=project, settings=settings, progress=progress), hosts

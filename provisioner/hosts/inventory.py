"""Which hosts a server's `hosts:` pattern means, as Ansible itself reads the inventory."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.errors import FleetError
from provisioner.hosts.inventory_defect import unreadable_inventory, warnings_in_our_words


@dataclass(frozen=True, slots=True)
class Inventory:
    """A parsed Ansible inventory. Only names and groups are read here, no variable is opened."""

    path: Path
    _manager: Any

    def matching(self, pattern: str) -> tuple[str, ...]:
        """The hosts of an Ansible host pattern, sorted; FleetError when it is none."""
        from ansible.errors import AnsibleError

        try:
            found = {str(host.name) for host in self._manager.get_hosts(pattern)}
        except (AnsibleError, IndexError):  # the latter of `!` alone
            raise FleetError(
                f"{pattern!r} is not a host pattern that Ansible understands",
                remedy="use a group, a host or a pattern such as maps:&prod",
            ) from None
        return tuple(sorted(found))

    def groups(self) -> tuple[str, ...]:
        """The groups a person wrote, sorted."""
        return tuple(sorted(set(self._manager.groups) - {"all", "ungrouped"}))


def read_inventory(path: Path) -> Inventory:
    """Parse an inventory file, folder or script; FleetError when it cannot be read whole.

    Scripts and plugins run here: call this inside `fleet.environment.ansible_environment`.
    """
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        raise FleetError(
            f"there is no inventory at {path}",
            remedy="write one (a group `maps` with your hosts), or name it: "
            "`inventory:` in provisioner.yml, or --inventory PATH",
        )
    from ansible import constants
    from ansible.errors import AnsibleError
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader

    # Ansible reads its settings once, when something first imports it: these two must hold anyway.
    constants.INVENTORY_ANY_UNPARSED_IS_FAILED = True
    constants.HOST_PATTERN_MISMATCH = "ignore"
    said = io.StringIO()
    try:
        with redirect_stderr(said), redirect_stdout(said):
            manager = InventoryManager(loader=DataLoader(), sources=[str(path)])
    except AnsibleError as error:
        raise unreadable_inventory(path, f"{said.getvalue()}\n{error}") from None
    for warning in warnings_in_our_words(path, said.getvalue()):
        print(f"warning: {warning}", file=sys.stderr)
    return Inventory(path, manager)

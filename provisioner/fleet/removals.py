"""What a push with --prune would take away, and how much of that is too much. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from provisioner.errors import FleetError
from provisioner.fleet.host_result import HostResult


def removals(hosts: Iterable[HostResult]) -> dict[str, tuple[str, ...]]:
    """host -> servers that would go away there; only hosts with any."""
    found = {h.host: tuple(s.name for s in h.servers if s.state == "removed") for h in hosts}
    return {host: names for host, names in found.items() if names}


def removed_servers(hosts: Iterable[HostResult]) -> list[str]:
    """The names of all that would go away anywhere, sorted."""
    return sorted({name for names in removals(hosts).values() for name in names})


def refuse_too_many(hosts: Iterable[HostResult], ceiling: int) -> None:
    """FleetError if more servers would go away than a slip of the hand may cost."""
    names = removed_servers(hosts)
    if len(names) > ceiling:
        noun = "server" if len(names) == 1 else "servers"
        raise FleetError(
            f"--prune would remove {len(names)} {noun}, and the ceiling is {ceiling}: "
            + ", ".join(names),
            remedy=f"if that is right: --prune-limit {len(names)}, or `push: prune_ceiling` in "
            "provisioner.yml",
        )

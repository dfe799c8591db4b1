"""Giving back what a dead run holds: the lock of a checkout, the leases on hosts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provisioner.deploy.state_dir import project_lock, remove_lock
from provisioner.errors import ExitCode, LockHeld
from provisioner.fleet.host_answer import NONSENSE
from provisioner.fleet.runner import TaskResult
from provisioner.git import Commit


@dataclass(frozen=True, slots=True)
class LeaseEnding:
    """What became of one host's lease, in a line."""

    text: str
    exit_code: ExitCode


def unlock_checkout(root: Path, commit: Commit, *, force: bool) -> str:
    """Say that the checkout's lock is free, or with `force` make it so; LockHeld names its owner.

    The lock itself goes with its process. Forced, the next push takes a new one beside it.
    """
    try:
        with project_lock(root, commit):
            return f"{root}: no push works here"
    except LockHeld as held:
        if not force:
            raise LockHeld(
                held.message,
                remedy="wait until it has ended, or end its process; if it cannot be reached any "
                "more (another machine, a shared folder): provisioner unlock --force",
            ) from None
        remove_lock(root)
        return f"{root}: its lock was taken away. {held.message}"


def lease_ending(host: str, result: TaskResult | None) -> LeaseEnding:
    """From what a host said to unlock.yml."""
    if result is None:
        return LeaseEnding(f"{host}: Ansible did not reach it", ExitCode.HOSTS_BEHIND)
    maps = result.result.get("maps") or {}
    words = str(result.result.get("msg") or "it gave no reason")
    if result.outcome == NONSENSE:
        return LeaseEnding(f"{host}: {words}", ExitCode.HOST_UNKNOWN)
    if maps.get("state") == "held" or maps.get("reason") == "locked":
        return LeaseEnding(f"{host}: {words}", ExitCode.LOCKED)
    if result.outcome != "ok":
        return LeaseEnding(f"{host}: {words}", ExitCode.HOSTS_BEHIND)
    lease = maps.get("lease")
    if maps.get("state") == "unlocked" and lease:
        return LeaseEnding(
            f"{host}: ended the lease of {lease['owner']} since {lease['since']}", ExitCode.DONE
        )
    return LeaseEnding(f"{host}: no run works there", ExitCode.DONE)

"""Which hosts go together: a canary first, then more of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from provisioner.errors import UsageError

# Sizes of batches, in turn; the last one again and again. As Ansible's `serial` has them.
BatchSizes = tuple[int | str, ...]

CAREFUL: BatchSizes = (1, "25%", "100%")
AT_ONCE: BatchSizes = ("100%",)
FEW_HOSTS = 5

_PERCENT = re.compile(r"(100|[1-9][0-9]?)%")
_NUMBER = re.compile(r"[1-9][0-9]{0,4}")


def batch_sizes(text: str) -> BatchSizes:
    """`1,25%,100%` of the command line; UsageError where it is something else."""
    parts = [part.strip() for part in text.split(",")]
    if not all(_PERCENT.fullmatch(part) or _NUMBER.fullmatch(part) for part in parts):
        raise UsageError(
            f"--batches {text}: not a list of sizes",
            remedy="write numbers of hosts, or percentages of all, such as 1,25%,100%",
        )
    return tuple(part if part.endswith("%") else int(part) for part in parts)


def batches(hosts: Sequence[str], sizes: BatchSizes | None) -> tuple[tuple[str, ...], ...]:
    """The hosts in batches. Without sizes: a canary first where there are more than a few hosts."""
    wanted = sizes or (CAREFUL if len(hosts) > FEW_HOSTS else AT_ONCE)
    found: list[tuple[str, ...]] = []
    rest = tuple(hosts)
    while rest:
        count = _count(wanted[min(len(found), len(wanted) - 1)], len(hosts))
        found.append(rest[:count])
        rest = rest[count:]
    return tuple(found)


def _count(size: int | str, total: int) -> int:
    """A percentage is one of all hosts, rounded down, and at least one host."""
    if isinstance(size, int):
        return size
    return max(1, total * int(size.rstrip("%")) // 100)

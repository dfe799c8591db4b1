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


def default_sizes(hosts: int) -> BatchSizes:
    """A canary first where there are more than a few hosts."""
    return CAREFUL if hosts > FEW_HOSTS else AT_ONCE


def batches(hosts: Sequence[str], sizes: BatchSizes, total: int) -> list[list[str]]:
    """The hosts in batches; percentages are of `total`, rounded down, and one host at least."""
    found: list[list[str]] = []
    rest = list(hosts)
    while rest:
        size = sizes[min(len(found), len(sizes) - 1)]
        count = size if isinstance(size, int) else max(1, total * int(size.rstrip("%")) // 100)
        found.append(rest[:count])
        rest = rest[count:]
    return found

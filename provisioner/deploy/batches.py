"""Which hosts go together, a canary first, then more of them; and when no more begin. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from provisioner.errors import ProvisionerError, UsageError
from provisioner.host.mail_mode import MailMode
from provisioner.host.result import HostResult, HostState

# Sizes of batches, in turn; the last one again and again. As Ansible's `serial` has them.
BatchSizes = tuple[int | str, ...]

CAREFUL: BatchSizes = (1, "25%", "100%")
AT_ONCE: BatchSizes = ("100%",)
FEW_HOSTS = 5

_PERCENT = re.compile(r"(100|[1-9][0-9]?)%")
_SHARE = re.compile(r"(100|[1-9]?[0-9])%")
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


class StopPolicy:
    """Counts the failures of one batch. `most`: how many are too few to stop, or a percentage."""

    def __init__(self, most: str, hosts: int, mail: MailMode) -> None:
        self._most = hosts * int(most[:-1]) // 100 if most.endswith("%") else int(most)
        self._mail, self._failures = mail, 0
        self.why, self.verified = "", False

    def because(self, error: ProvisionerError) -> None:
        """No further host is to begin."""
        self.why = ": ".join(filter(None, (error.message, error.remedy)))

    def after(self, result: HostResult) -> bool:
        """Whether no further host is to begin."""
        asked_for = self._mail is MailMode.NONE and result.state is HostState.UNVERIFIED
        self.verified = self.verified or asked_for or result.meaning.done
        if result.meaning.stops and not asked_for:
            self._failures += 1
            if self._failures > self._most and not self.why:
                self.why = f"{result.host}: {result.state}"
        return bool(self.why)


def max_failures(text: str) -> str:
    """`3` or `10%` of the command line; UsageError where it is something else."""
    if not _SHARE.fullmatch(text) and not (text.isascii() and text.isdigit() and len(text) < 6):
        raise UsageError(
            f"--max-failures {text}: not a number of hosts, nor a percentage of the batch",
            remedy="write 0 to stop after the first failure, 100% to never stop",
        )
    return text

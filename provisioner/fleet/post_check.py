"""What proves a delivered document, and what its test emails say. Pure: sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.fleet.mail_proof import MailProof

Canaries = Mapping[str, frozenset[str]]


class MailMode(StrEnum):
    """How much of a mail a push sends; what is less than a mail never counts as verified."""

    FULL = "full"
    AUTH_ONLY = "auth-only"
    CANARY_ONLY = "canary-only"
    NONE = "none"


# What a host does for a server: send a mail, sign in and go (AUTH, QUIT), or nothing.
MAIL, AUTH, NOTHING = "mail", "auth", "none"


def accepted_proofs(mode: MailMode) -> tuple[str, ...]:
    """Which of the proofs that a host remembers are enough, so that nothing is due there."""
    full = ("sent", "unprovable")
    return full if mode in (MailMode.FULL, MailMode.NONE) else (*full, "authenticated")


def canaries(due: Iterable[tuple[str, Iterable[str]]]) -> dict[str, frozenset[str]]:
    """host -> servers that it sends a mail for: of each server, the first host where it is due."""
    taken: set[str] = set()
    chosen = {}
    for host, servers in due:
        chosen[host] = frozenset(servers) - taken
        taken |= chosen[host]
    return chosen


def check_of(mode: MailMode, host: str, server: str, chosen: Canaries) -> str:
    """How that server is proven on that host: MAIL, AUTH or NOTHING."""
    if mode is MailMode.NONE:
        return NOTHING
    if mode is MailMode.FULL or (mode is MailMode.CANARY_ONLY and server in chosen.get(host, ())):
        return MAIL
    return AUTH


def broken_before(baseline: Sequence[MailProof]) -> str:
    """Why a host that has its old document back is no better off; empty if that document works."""
    names = ", ".join(proof.server for proof in baseline if proof.wrong)
    if not names:
        return ""
    return (
        f"the host has its old document back, but {names} cannot send with that one either: it was "
        "broken before, or is broken at the provider"
    )

"""What a host says it has: which servers, since when, from whom, proven when. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.errors import ExitCode
from provisioner.fleet.host_answer import NONSENSE
from provisioner.fleet.runner import TaskResult


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerOnHost:
    """One entry of a host's document. Times are as the host wrote them, ISO 8601 in UTC.

    `proof`: sent, authenticated or unprovable, which is of the entry as it was at `proven_at`;
    only `verified` says that it is of the entry as it is. `token_expires_at`: Unix seconds.
    """

    name: str
    verified: bool
    orphaned: bool
    proof: str | None
    proven_at: str | None
    token_expires_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReport:
    """`problem` says why nothing is known of a host; else it is empty.

    `leftovers`: files in the folder that no run leaves there which ends well.
    """

    host: str
    problem: str = ""
    exit_code: ExitCode = ExitCode.DONE
    generation: int | None = None
    applied: bool = False
    edited_by_hand: bool = False
    delivery: Mapping[str, Any] | None = None
    lease: Mapping[str, Any] | None = None
    leftovers: tuple[str, ...] = ()
    servers: tuple[ServerOnHost, ...] = ()


def host_report(host: str, result: TaskResult | None, declared: Collection[str]) -> HostReport:
    """From what a host said to probe.yml; `declared`: names of the project's servers."""
    if result is None:
        words = "Ansible did not reach it"
        return HostReport(host=host, problem=words, exit_code=ExitCode.HOSTS_BEHIND)
    maps = result.result.get("maps") or {}
    if result.outcome != "ok" or maps.get("phase") != "probe":
        unknown = result.outcome == NONSENSE
        code = ExitCode.HOST_UNKNOWN if unknown else ExitCode.HOSTS_BEHIND
        words = str(result.result.get("msg") or "it gave no reason")
        return HostReport(host=host, problem=words, exit_code=code)
    return HostReport(
        host=host,
        generation=maps.get("generation"),
        applied=bool(maps.get("applied")),
        edited_by_hand=bool(maps.get("edited_by_hand")),
        delivery=maps.get("delivery"),
        lease=maps.get("lease"),
        leftovers=tuple(maps.get("leftovers") or ()),
        servers=_servers(maps.get("servers") or {}, declared),
    )


def _servers(
    servers: Mapping[str, Mapping[str, Any]], declared: Collection[str]
) -> tuple[ServerOnHost, ...]:
    known = {name.casefold() for name in declared}
    return tuple(
        _server(name, facts, orphaned=name.casefold() not in known)
        for name, facts in sorted(servers.items(), key=lambda item: item[0].casefold())
    )


def _server(name: str, facts: Mapping[str, Any], *, orphaned: bool) -> ServerOnHost:
    proof = facts.get("proof") or {}
    return ServerOnHost(
        name=name,
        verified=bool(facts["verified"]),
        orphaned=orphaned,
        proof=proof.get("outcome"),
        proven_at=proof.get("at"),
        token_expires_at=facts.get("token_expires_at"),
    )

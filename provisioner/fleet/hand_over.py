"""A refresh token that rotates strictly belongs to one machine: how a host becomes that one.

The store marks the token before the host can have it, and takes the mark back where the host is
known not to have it. So a kill at any moment leaves a mark too many, never one too few: a refresh
here, after MAPS has the token, would lock MAPS out (RFC 9700 section 4.14.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from msgspec.structs import replace

from provisioner.credentials.store import CredentialStore
from provisioner.errors import FleetError, PersonNeeded
from provisioner.fleet.host_result import HostResult, HostState, ServerChange
from provisioner.fleet.preparation import Preparation, skipped_server
from provisioner.fleet.rotation import is_strict
from provisioner.hosts.entry import ServerEntry
from provisioner.model.project import Project
from provisioner.text import proposed_command

Settle = Callable[[Iterable[HostResult]], None]

GRANT = "/oauth2/token"  # the field by which a host's entry differs if it has another grant

# The host may have the token. A host that got its old document back has it only where its entry
# there was given the token, since its own was used up (HostResult.renewed).
_HAS_IT = frozenset(
    (
        HostState.APPLIED,
        HostState.DELIVERED,
        HostState.UNPROVEN,
        HostState.UNCHANGED,
        HostState.UNKNOWN,
    )
)


@contextmanager
def handing_over(
    store: CredentialStore, project: Project, preparation: Preparation, hosts: Iterable[str]
) -> Iterator[Settle]:
    """Mark what is delivered meanwhile; call what it gives with the results of the hosts."""
    marked = {
        name: host
        for name, host in _handed_over(project, preparation, set(hosts)).items()
        if _mark(store, preparation.entries[name], host)
    }

    def settle(results: Iterable[HostResult]) -> None:
        by_host = {result.host: result for result in results}
        for name, host in marked.items():
            if not may_have(by_host.get(host), name):
                _unmark(store, preparation.entries[name], host)

    try:
        yield settle
    except FleetError:  # Ansible did not even start
        for name, host in marked.items():
            _unmark(store, preparation.entries[name], host)
        raise


def may_have(result: HostResult | None, name: str) -> bool:
    """Whether a host may have the token that went to it; True where nothing is known of it."""
    return result is None or result.state in _HAS_IT or name in result.renewed


def without_handed_over(
    preparation: Preparation, hosts: Iterable[HostResult], project: Project
) -> Preparation:
    """Less the servers that would give a host its first token again: MAPS has used that up."""
    changes = {(host.host, change.name): change for host in hosts for change in host.servers}
    for name, host in _handed_over(project, preparation, set(preparation.all_hosts)).items():
        entry, change = preparation.entries[name], changes.get((host, name))
        if change is not None and _is_again(entry, host, change):
            preparation = preparation.without(skipped_server(name, _used_up(name, host)))
    return preparation


def _is_again(entry: ServerEntry, host: str, change: ServerChange) -> bool:
    owner = entry.token_set.handed_over_to if entry.token_set else None
    return owner == host and change.state == "changed" and GRANT not in change.fields


def _used_up(name: str, host: str) -> PersonNeeded:
    return PersonNeeded(
        f"{name} has changed, and its refresh token was handed over to {host}: MAPS renews it "
        "there, and the one kept here may be dead",
        remedy=f"sign in anew, then push: {proposed_command('authenticate', name)}",
    )


def _handed_over(project: Project, preparation: Preparation, hosts: set[str]) -> Mapping[str, str]:
    """Server -> the one host it goes to, of those whose refresh token rotates strictly."""
    return {
        name: preparation.hosts[name][0]
        for name, entry in preparation.entries.items()
        if is_strict(entry, project) and hosts.intersection(preparation.hosts[name])
    }


def _mark(store: CredentialStore, entry: ServerEntry, host: str) -> bool:
    """Whether it was not marked before."""
    return _rewrite(store, entry, None, host)


def _unmark(store: CredentialStore, entry: ServerEntry, host: str) -> None:
    _rewrite(store, entry, host, None)


def _rewrite(
    store: CredentialStore, entry: ServerEntry, before: str | None, after: str | None
) -> bool:
    """Only of this grant: a sign-in meanwhile has brought a token that nobody else has."""
    delivered = entry.token_set
    with store.locked(entry.name) as locked:
        found = locked.read()
        there = found.tokens if found else None
        if not found or not there or not delivered or there.grant_id != delivered.grant_id:
            return False
        if there.handed_over_to != before:
            return False
        locked.save(replace(found, tokens=replace(there, handed_over_to=after)))
        return True

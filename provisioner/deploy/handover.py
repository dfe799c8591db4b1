"""A refresh token that rotates strictly belongs to one machine: how a host becomes that one.

The store marks the token before the host can have it, and takes the mark back where the host is
known not to have it. So a kill at any moment leaves a mark too many, never one too few: a refresh
here, after MAPS has the token, would lock MAPS out (RFC 9700 section 4.14.2).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress

from msgspec.structs import replace

from provisioner.credentials.store import CredentialStore
from provisioner.deploy.entry import ServerEntry
from provisioner.deploy.plan import LEFT_OUT, Plan
from provisioner.deploy.targets import Targets
from provisioner.errors import PersonNeeded, ProvisionerError
from provisioner.host.result import HostResult, HostState
from provisioner.text import proposed_command

_GRANT = "/oauth2/token"  # the field by which a host's entry differs if it has another grant

# The host does not have the token. A restored one has it where its way back kept it alive.
_WITHOUT_IT = frozenset(
    (
        HostState.FAILED,
        HostState.UNREACHABLE,
        HostState.DRIFTED,
        HostState.NOT_STARTED,
        HostState.SKIPPED,
    )
)


def hand_over(
    store: CredentialStore, targets: Targets, hosts: Collection[str]
) -> Callable[[HostResult], Iterator[str]]:
    """Mark what is to be delivered; call what it gives with each host's result: -> warnings.

    ProvisionerError where that cannot be, with no mark left behind.
    """
    marked = list[tuple[ServerEntry, str]]()

    def settle(result: HostResult) -> Iterator[str]:
        for entry, host in marked:
            if host == result.host and not may_hold_token(result, entry.name):
                try:
                    _mark(store, entry, host, None)
                except ProvisionerError as error:
                    yield (
                        f"{entry.name}: its refresh token still counts as handed over to {host}, "
                        f"which did not get it: {error.message}\n{_sign_in_again(entry.name)}"
                    )

    try:
        for entry, host in _handed_over(targets, hosts):
            if _mark(store, entry, None, host):
                marked.append((entry, host))
    except ProvisionerError:
        for entry, host in marked:
            with suppress(ProvisionerError):
                _mark(store, entry, host, None)
        raise
    return settle


def may_hold_token(result: HostResult, server: str) -> bool:
    """Whether a host may have the token that went to it."""
    if result.state is HostState.LOCKED:
        return bool(result.mails)  # then it was delivered before another run came
    if result.state is HostState.RESTORED:
        return server in result.kept_tokens
    return result.state not in _WITHOUT_IT


def used_up(targets: Targets, hosts: Iterable[HostResult]) -> set[tuple[str, str]]:
    """(host, server) where a push would bring a host its first token again: MAPS has used that."""
    changes = {(host.host, change.name): change for host in hosts for change in host.servers}
    found = set[tuple[str, str]]()
    for entry, host in _handed_over(targets, targets.all_hosts):
        change = changes.get((host, entry.name))
        owner = entry.token_set.handed_over_to if entry.token_set else None
        if change is None or owner != host or change.state != "changed":
            continue
        if _GRANT not in change.fields:
            found.add((host, entry.name))
    return found


def without_used_up(targets: Targets, plan: Plan) -> Targets:
    """Less the servers that a plan leaves out for that; a saved one has asked no host now."""
    for host, planned in plan.hosts.items():
        for name, action in planned.actions.items():
            if action == LEFT_OUT and name in targets.entries:
                targets = targets.without(name, _used_up(name, host))
    return targets


def _used_up(name: str, host: str) -> PersonNeeded:
    return PersonNeeded(
        f"{name} has changed, and its refresh token was handed over to {host}: MAPS renews it "
        "there, and the one kept here may be dead",
        remedy=_sign_in_again(name),
    )


def _sign_in_again(name: str) -> str:
    return f"sign in again, then push: {proposed_command('authenticate', name)}"


def _handed_over(targets: Targets, hosts: Collection[str]) -> Iterator[tuple[ServerEntry, str]]:
    """The entries whose refresh token rotates strictly, each with the one host it goes to."""
    for name, entry in targets.entries.items():
        if targets.is_strict(entry) and set(hosts).intersection(targets.hosts[name]):
            yield entry, targets.hosts[name][0]


def _mark(
    store: CredentialStore, entry: ServerEntry, before: str | None, after: str | None
) -> bool:
    """Whether it was changed. Only of this grant: a sign-in meanwhile has brought a token that
    nobody else has."""
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

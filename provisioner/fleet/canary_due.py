"""Of which host a canary mail is due, where every host has at most signed in. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from provisioner.fleet.host_result import HostResult
from provisioner.hosts.entry import ServerEntry
from provisioner.model.email_server import SecurityLevel


def with_canaries_due(
    hosts: Iterable[HostResult], entries: Mapping[str, ServerEntry]
) -> tuple[HostResult, ...]:
    """The hosts of a check run in which a sign-in counts as a proof, with the mails still due.

    A server without any mail, sent or to come, is due on the first host that has it.
    """
    found = list(hosts)
    for server in _unmailed(found, entries):
        first = next((h for h in found if server in _unverified(h)), None)
        if first is not None:
            needed = sorted((*first.mails_needed, server), key=str.casefold)
            found[found.index(first)] = replace(first, mails_needed=tuple(needed))
    return tuple(found)


def _unmailed(hosts: Iterable[HostResult], entries: Mapping[str, ServerEntry]) -> list[str]:
    mailed = {s.name for h in hosts for s in h.servers if s.verified}
    mailed |= {name for h in hosts for name in h.mails_needed}
    return [name for name, entry in entries.items() if name not in mailed and _is_provable(entry)]


def _is_provable(entry: ServerEntry) -> bool:
    """CRAM-SHA1 only MAPS speaks: playbooks/module_utils/maps_conversation.py has that."""
    return entry.server.smtp_security_level is not SecurityLevel.CRAM_SHA1


def _unverified(host: HostResult) -> set[str]:
    return {s.name for s in host.servers if s.state == "unchanged" and not s.verified}

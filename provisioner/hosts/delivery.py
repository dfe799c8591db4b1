"""What one host is to receive in one push: the file that the action plugin reads."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from provisioner.hosts.entry import ServerEntry
from provisioner.hosts.envelope import Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Entries and test emails for one host; pure data until `as_json` reveals the secrets.

    `prune`: remove what this tool put there and is not `declared` for this host; `remove` names
    what to remove.
    """

    host: str
    entries: tuple[ServerEntry, ...]
    envelopes: dict[str, Envelope]
    declared: tuple[str, ...]
    prove_refresh: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    prune: bool = False

    def as_json(self, *, fingerprint_key: str, run_id: str, owner: str) -> dict[str, Any]:
        """The delivery as it is written, secrets revealed."""
        secrets = {secret.reveal() for entry in self.entries for secret in entry.secrets()}
        return {
            "entries": [entry.as_json() for entry in self.entries],
            "declared": list(self.declared),
            "remove": list(self.remove),
            "prune": self.prune,
            "secrets": sorted(secrets),
            "mails": {
                name: {"from": e.sender, "to": e.recipient} for name, e in self.envelopes.items()
            },
            "prove_refresh": list(self.prove_refresh),
            "fingerprint_key": fingerprint_key,
            "run_id": run_id,
            "owner": owner,
        }


def delivery_file(host: str) -> str:
    """The name of a host's file. Host names may hold anything: it is named by their digest."""
    return hashlib.sha256(host.encode()).hexdigest() + ".json"

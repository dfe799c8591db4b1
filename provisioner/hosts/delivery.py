"""What one host is to receive in one push: the file that the action plugin reads."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.hosts.entry import ServerEntry
from provisioner.hosts.envelope import Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Entries and test emails for one host; pure data until `as_json` reveals the secrets.

    `keep_tokens`: servers whose old refresh tokens are dead, so that an old document that is given
    back keeps the tokens of the one it replaces. `give_tokens`: those for which a rollback brings
    the tokens of `entries` along.
    """

    host: str
    entries: tuple[ServerEntry, ...]
    envelopes: dict[str, Envelope]
    declared: tuple[str, ...]
    prove_refresh: tuple[str, ...] = ()
    keep_tokens: tuple[str, ...] = ()
    give_tokens: tuple[str, ...] = ()
    mail_limits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    remove: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """Host names may hold anything: the file is named by their digest."""
        return hashlib.sha256(self.host.encode()).hexdigest() + ".json"

    def as_json(
        self, *, fingerprint_key: str, run_id: str, owner: str, post_check: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The delivery as it is written, secrets revealed. `post_check`: how it is proven."""
        secrets = {secret.reveal() for entry in self.entries for secret in entry.secrets()}
        return {
            "entries": [entry.as_json() for entry in self.entries],
            "declared": list(self.declared),
            "remove": list(self.remove),
            "secrets": sorted(secrets),
            "mails": {
                name: {"from": e.sender, "to": e.recipient} for name, e in self.envelopes.items()
            },
            "prove_refresh": list(self.prove_refresh),
            "keep_tokens": list(self.keep_tokens),
            "give_tokens": list(self.give_tokens),
            "mail_limits": {name: dict(limit) for name, limit in self.mail_limits.items()},
            **post_check,
            "fingerprint_key": fingerprint_key,
            "run_id": run_id,
            "owner": owner,
        }

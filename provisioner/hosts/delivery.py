"""What one host is to receive in one push: the file that the action plugin reads."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.hosts.contract import require_contract
from provisioner.hosts.entry import ServerEntry
from provisioner.hosts.envelope import Envelope
from provisioner.mail.conversation import host_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Entries and test emails for one host; pure data until `as_json` reveals the secrets.

    `rotating`: servers whose old refresh tokens are dead, so that an old document that is given
    back keeps the tokens of the one it replaces. `current_tokens`: those for which a rollback
    brings the tokens of `entries` along. `prune`: remove what this tool put there and is not
    `declared` for this host; `remove` names what to remove. `written`: whether the entries are to
    become a document; those of a rollback are not, and hold no password. `restart`: whether a
    host that applies by restarting MAPS (maps_service) may do so now.
    """

    host: str
    entries: tuple[ServerEntry, ...]
    envelopes: dict[str, Envelope]
    declared: tuple[str, ...]
    prove_refresh: tuple[str, ...] = ()
    rotating: tuple[str, ...] = ()
    current_tokens: tuple[str, ...] = ()
    mail_limits: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    prune: bool = False
    written: bool = True
    restart: bool = True

    def for_plan(
        self,
        *,
        fingerprint_key: str,
        run_id: str,
        owner: str,
        post_check: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The delivery as a plan hands it out: of secrets, only keyed prints."""
        whole = self._content(fingerprint_key, run_id, owner, post_check, None)
        without: dict[str, Any] = host_code("maps_prints").without_secrets(whole)
        return without

    def as_json(
        self,
        *,
        fingerprint_key: str,
        run_id: str,
        owner: str,
        post_check: Mapping[str, Any] | None = None,
        lease: Mapping[str, str | None] | None = None,
    ) -> dict[str, Any]:
        """The delivery as it is written, secrets revealed; ContractBroken if it must not be.

        `post_check`: how it is proven. `lease`: see fleet/lease.py.
        """
        for entry in self.entries if self.written else ():
            require_contract(entry)
        return self._content(fingerprint_key, run_id, owner, post_check, lease)

    def _content(
        self,
        fingerprint_key: str,
        run_id: str,
        owner: str,
        post_check: Mapping[str, Any] | None,
        lease: Mapping[str, str | None] | None,
    ) -> dict[str, Any]:
        secrets = {secret.reveal() for entry in self.entries for secret in entry.secrets()}
        return {
            "entries": [entry.as_json() for entry in self.entries],
            "declared": list(self.declared),
            "remove": list(self.remove),
            "prune": self.prune,
            "restart": self.restart,
            "secrets": sorted(secrets),
            "mails": {
                name: {"from": e.sender, "to": e.recipient} for name, e in self.envelopes.items()
            },
            "prove_refresh": list(self.prove_refresh),
            "rotating": list(self.rotating),
            "tokens": {
                entry.name: entry.token_as_json()
                for entry in self.entries
                if entry.name in self.current_tokens
            },
            "mail_limits": {name: dict(limit) for name, limit in self.mail_limits.items()},
            **(post_check or {}),
            "fingerprint_key": _host_key(fingerprint_key, self.host),
            "run_id": run_id,
            "owner": owner,
            "lease": dict(lease) if lease else None,
        }


def _host_key(fingerprint_key: str, host: str) -> str:
    """One key a host, derived one-way: no host can test guesses at another's secrets with it."""
    return hmac.new(
        fingerprint_key.encode(), b"maps-provisioner host v1\0" + host.encode(), hashlib.sha256
    ).hexdigest()


def delivery_file(host: str) -> str:
    """The name of a host's file. Host names may hold anything: it is named by their digest."""
    return hashlib.sha256(host.encode()).hexdigest() + ".json"

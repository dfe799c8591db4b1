"""What is known of one host, for a program and for the journal. No field holds a secret."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from provisioner.fleet.host_result import HostResult, ServerChange
from provisioner.fleet.mail_proof import MailProof


def host_as_json(host: HostResult) -> dict[str, Any]:
    """`fingerprint_before` and `fingerprint` are those of its document; null: there is none."""
    return {
        "host": host.host,
        "state": str(host.state),
        "generation": host.generation,
        "fingerprint_before": host.before,
        "fingerprint": host.fingerprint,
        "edited_by_hand": host.edited_by_hand,
        "maps_exercised": host.maps_sent,
        "message": host.message,
        "seconds": round(host.seconds, 2),
        "servers": [_server(server) for server in host.servers],
        "mails_needed": list(host.mails_needed),
        "mails": [_mail(proof) for proof in host.mails],
        "baseline": [_mail(proof) for proof in host.baseline],
        "rolled_back_from": host.rolled_back_from,
    }


def _server(server: ServerChange) -> dict[str, Any]:
    return {
        "server": server.name,
        "state": server.state,
        "fields": list(server.fields),
        "values": {pointer: list(pair) for pointer, pair in server.values.items()},
        "verified": server.verified,
    }


def _mail(proof: MailProof) -> dict[str, Any]:
    return {
        "server": proof.server,
        "proven": proof.proven,
        "proof": proof.proof,
        "attempts": proof.attempts,
        "smtp": {n: v for n, v in asdict(proof.smtp).items() if n != "passing"},
        "refresh": dict(proof.refresh) if proof.refresh else None,
    }

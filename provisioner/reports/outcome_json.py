"""What plan or push has found, for a program."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from provisioner.fleet.host_result import HostResult
from provisioner.fleet.mail_proof import MailProof
from provisioner.fleet.push import Outcome


def outcome_json(outcome: Outcome) -> str:
    """One object: run_id, check, hosts, skipped, summary, exit_code."""
    return json.dumps(
        {
            "run_id": outcome.run_id,
            "check": outcome.check,
            "hosts": [_host(host) for host in outcome.hosts],
            "skipped": [
                {"server": s.name, "reason": s.reason, "remedy": s.remedy} for s in outcome.skipped
            ],
            "warnings": list(outcome.warnings),
            "summary": dict(Counter(str(host.state) for host in outcome.hosts)),
            "exit_code": int(outcome.exit_code),
        },
        ensure_ascii=False,
        indent=2,
    )


def _host(host: HostResult) -> dict[str, Any]:
    return {
        "host": host.host,
        "state": str(host.state),
        "generation": host.generation,
        "fingerprint": host.fingerprint,
        "edited_by_hand": host.edited_by_hand,
        "rolled_back_from": host.rolled_back_from,
        "maps_exercised": host.maps_sent,
        "message": host.message,
        "servers": [
            {
                "server": server.name,
                "state": server.state,
                "fields": list(server.fields),
                "values": {pointer: list(pair) for pointer, pair in server.values.items()},
                "prints": {pointer: list(pair) for pointer, pair in server.prints.items()},
                "verified": server.verified,
            }
            for server in host.servers
        ],
        "mails": [_mail(proof) for proof in host.mails],
        "baseline": [_mail(proof) for proof in host.baseline],
    }


def _mail(proof: MailProof) -> dict[str, Any]:
    return {
        "server": proof.server,
        "proven": proof.proven,
        "proof": proof.proof,
        "attempts": proof.attempts,
        "smtp": asdict(proof.smtp),
        "refresh": dict(proof.refresh) if proof.refresh else None,
    }

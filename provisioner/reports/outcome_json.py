"""What plan or push has found, for a program."""

from __future__ import annotations

import json

from provisioner.fleet.outcome import Outcome


def outcome_json(outcome: Outcome) -> str:
    """One object: run_id, check, hosts, skipped, warnings, summary, exit_code."""
    return json.dumps(outcome.as_json(), ensure_ascii=False, indent=2)

"""What plan or push has found, for a program."""

from __future__ import annotations

from provisioner.fleet.outcome import Outcome
from provisioner.text import as_json


def outcome_json(outcome: Outcome) -> str:
    """One object: run_id, check, hosts, skipped, warnings, summary, exit_code."""
    return as_json(outcome.as_json(), indent=2)

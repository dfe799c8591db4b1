"""What a run over the fleet has come to: every host once, and the servers that did not go out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioner.errors import ExitCode, gravest
from provisioner.fleet.host_json import host_as_json
from provisioner.fleet.host_result import HostResult
from provisioner.fleet.preparation import SkippedServer
from provisioner.hosts.envelope import Envelope


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`interrupted` names the signal that ended the run. `envelopes`: server -> its test email.

    `restart`: whether hosts with a maps_service could apply what they got.
    """

    run_id: str
    hosts: tuple[HostResult, ...]
    skipped: tuple[SkippedServer, ...]
    warnings: tuple[str, ...]
    check: bool
    interrupted: str = ""
    envelopes: Mapping[str, Envelope] = field(default_factory=dict)
    restart: bool = True

    @property
    def exit_code(self) -> ExitCode:
        """The gravest of all hosts and skipped servers; changes count only in a plan."""
        if self.interrupted:
            return ExitCode.INTERRUPTED
        codes = {h.exit_code for h in self.hosts} | {s.exit_code for s in self.skipped}
        worst = gravest(codes)
        if worst is ExitCode.DONE and self.check and any(h.needs_push for h in self.hosts):
            return ExitCode.CHANGES
        return worst

    def as_json(self) -> dict[str, Any]:
        """One object: run_id, check, hosts, skipped, warnings, summary, exit_code."""
        return {
            "run_id": self.run_id,
            "check": self.check,
            "interrupted": self.interrupted or None,
            "hosts": [host_as_json(host) for host in self.hosts],
            "skipped": [
                {"server": s.name, "reason": s.reason, "remedy": s.remedy} for s in self.skipped
            ],
            "warnings": list(self.warnings),
            "summary": dict(Counter(str(host.state) for host in self.hosts)),
            "exit_code": int(self.exit_code),
        }

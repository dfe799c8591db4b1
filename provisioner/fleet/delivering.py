"""The playbook push.yml on some hosts, and each host judged: the check run, and the real one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from provisioner.fleet.fleet import Answers, Fleet
from provisioner.fleet.host_result import GOOD_STATES, HostResult, HostState, host_result
from provisioner.fleet.lock import lock_owner
from provisioner.fleet.preparation import Preparation, delivery

Removals = Mapping[str, tuple[str, ...]]  # host -> servers that go away there


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivering:
    """One run's deliveries. `prune`: ask for what is not declared any more, too."""

    fleet: Fleet
    fingerprint_key: str
    run_id: str
    prune: bool = False

    def asked(self, preparation: Preparation, hosts: Iterable[str]) -> tuple[HostResult, ...]:
        """What a push would change there; changes nothing."""
        return self._run(preparation, hosts, {}, check=True)

    def delivered(
        self, preparation: Preparation, hosts: Iterable[str], removals: Removals
    ) -> tuple[HostResult, ...]:
        """Deliver, prove, take back what was proven wrong. Nothing but `removals` is removed."""
        return self._run(preparation, hosts, removals, check=False)

    def _run(
        self, preparation: Preparation, hosts: Iterable[str], removals: Removals, *, check: bool
    ) -> tuple[HostResult, ...]:
        content = {h: self._content(h, preparation, removals, check=check) for h in sorted(hosts)}
        answers = self.fleet.run("push.yml", content, check=check)
        return tuple(self._judged(host, answers, check=check) for host in content)

    def _content(
        self, host: str, preparation: Preparation, removals: Removals, *, check: bool
    ) -> dict[str, Any]:
        wanted = replace(
            delivery(host, preparation, self.fleet.project),
            remove=removals.get(host, ()),
            prune=self.prune and check,
        )
        return wanted.as_json(
            fingerprint_key=self.fingerprint_key, run_id=self.run_id, owner=lock_owner()
        )

    def _judged(self, host: str, answers: Answers, *, check: bool) -> HostResult:
        results, stopped = answers.of(host), self._stopped(answers)
        if results:
            return _with_reason(host_result(host, results, check=check), stopped)
        if stopped and (check or host not in answers.started):
            return not_reached(host, stopped)
        if stopped:
            words = f"{stopped}; its document may be the old or the new one"
            return HostResult(host=host, state=HostState.UNKNOWN, message=words)
        return host_result(host, results, check=check)

    def _stopped(self, answers: Answers) -> str:
        """Why hosts may not have had their say; empty if all had it."""
        if self.fleet.interruption.signal:
            return "the run was interrupted before it answered"
        return answers.broke


def _with_reason(result: HostResult, stopped: str) -> HostResult:
    if result.state in GOOD_STATES or result.message:
        return result
    return replace(result, message=stopped)


def not_reached(host: str, why: str) -> HostResult:
    """A host that nothing was tried on: it has what it had."""
    return HostResult(host=host, state=HostState.NOT_REACHED, message=why)

"""The playbooks plan.yml and push.yml on some hosts, and each host judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

from provisioner.credentials.store import CredentialStore
from provisioner.fleet.fleet import Answers, Fleet
from provisioner.fleet.hand_over import handing_over
from provisioner.fleet.host_result import GOOD_STATES, HostResult, HostState, host_result
from provisioner.fleet.lease import lease_terms, lease_wait
from provisioner.fleet.mail_limits import turns_folder
from provisioner.fleet.post_check import Canaries, MailMode, accepted_proofs, check_of
from provisioner.fleet.preparation import Preparation, delivery
from provisioner.fleet.runner import TaskResult
from provisioner.git import Commit
from provisioner.hosts.delivery import Delivery
from provisioner.private_file import process_owner

Removals = Mapping[str, tuple[str, ...]]  # host -> servers that go away there


class Judge(Protocol):
    """What became of a host, from the results of its tasks."""

    def __call__(self, host: str, results: Sequence[TaskResult], *, check: bool) -> HostResult:
        """One host's outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivering:
    """One run's deliveries, of one commit. `prune`: ask for what is not declared any more, too.

    `mail`: how much of a mail proves a host; `canaries`: whose mails are sent all the same.
    `lock_wait`: seconds to wait for another run on a host. `restart`: whether hosts with a
    maps_service may restart it.
    """

    fleet: Fleet
    store: CredentialStore
    fingerprint_key: str
    run_id: str
    commit: Commit
    prune: bool = False
    mail: MailMode = MailMode.FULL
    canaries: Canaries = field(default_factory=dict)
    lock_wait: float = 0.0
    restart: bool = True

    def asked(self, preparation: Preparation, hosts: Iterable[str]) -> tuple[HostResult, ...]:
        """What a push would change there; changes nothing."""
        return self.played("plan.yml", preparation, hosts, check=True)

    def delivered(
        self, preparation: Preparation, hosts: Iterable[str], removals: Removals
    ) -> tuple[HostResult, ...]:
        """Deliver, prove, take back what was proven wrong. Nothing but `removals` is removed."""
        wanted = sorted(hosts)
        with handing_over(self.store, self.fleet.project, preparation, wanted) as settle:
            found = self.played("push.yml", preparation, wanted, check=False, removals=removals)
            settle(found)
        return found

    def played(
        self,
        playbook: str,
        preparation: Preparation,
        hosts: Iterable[str],
        *,
        check: bool,
        removals: Removals = MappingProxyType({}),
        judge: Judge = host_result,
    ) -> tuple[HostResult, ...]:
        """Run a playbook that writes documents, with a delivery for each host."""
        wanted = {
            host: replace(
                delivery(host, preparation, self.fleet.project),
                remove=removals.get(host, ()),
                prune=self.prune and check,
                restart=self.restart,
            )
            for host in sorted(hosts)
        }
        reason = playbook.removesuffix(".yml")
        content = {h: self._content(d, reason, check=check) for h, d in wanted.items()}
        answers = self.fleet.run(playbook, content, check=check)
        return tuple(self._judged(host, answers, judge, check=check) for host in content)

    def _content(self, wanted: Delivery, reason: str, *, check: bool) -> dict[str, Any]:
        given = {
            "fingerprint_key": self.fingerprint_key,
            "run_id": self.run_id,
            "owner": process_owner(),
        }
        if check:
            return wanted.for_plan(**given, post_check=self._checks(wanted))
        root = self.fleet.project.root
        post_check = {**self._checks(wanted), "mail_turns_folder": str(turns_folder(root))}
        content = wanted.as_json(
            **given, post_check=post_check, lease=lease_terms(root, self.commit, reason)
        )
        return {**content, "lock_wait": lease_wait(self.lock_wait)}

    def _checks(self, wanted: Delivery) -> dict[str, Any]:
        names = [entry.name for entry in wanted.entries]
        return {
            "accepted": accepted_proofs(self.mail),
            "canaries": sorted(self.canaries.get(wanted.host, ())),
            "checks": {n: check_of(self.mail, wanted.host, n, self.canaries) for n in names},
            "mail_budget_seconds": self.fleet.project.push.mail_budget_seconds,
        }

    def _judged(self, host: str, answers: Answers, judge: Judge, *, check: bool) -> HostResult:
        results, stopped = answers.of(host), self._stopped(answers)
        if results:
            return _with_reason(judge(host, results, check=check), stopped)
        if stopped and (check or host not in answers.started):
            return not_reached(host, stopped)
        if stopped:
            words = f"{stopped}; its document may be the old or the new one"
            return HostResult(host=host, state=HostState.UNKNOWN, message=words)
        return judge(host, results, check=check)

    def _stopped(self, answers: Answers) -> str:
        """Why hosts may not have had their say; empty if all had it."""
        if self.fleet.signals.first:
            return "the run was interrupted before it answered"
        return answers.broke


def _with_reason(result: HostResult, stopped: str) -> HostResult:
    if result.state in GOOD_STATES or result.message:
        return result
    return replace(result, message=stopped)


def not_reached(host: str, why: str) -> HostResult:
    """A host that nothing was tried on: it has what it had."""
    return HostResult(host=host, state=HostState.NOT_REACHED, message=why)

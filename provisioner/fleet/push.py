"""plan and push: ask all hosts, then bring those that differ to the declared state."""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from provisioner.errors import ExitCode, ProvisionerError, gravest
from provisioner.fleet.hand_over import handing_over, without_handed_over
from provisioner.fleet.host_result import HostResult, HostState, host_result
from provisioner.fleet.lease import lease_terms
from provisioner.fleet.lock import lock_owner
from provisioner.fleet.mail_limits import turns_folder
from provisioner.fleet.post_check import Canaries, MailMode, accepted_proofs, canaries, check_of
from provisioner.fleet.preparation import Preparation, SkippedServer, deliveries, skipped_server
from provisioner.fleet.progress_line import progress_line
from provisioner.fleet.run_folder import run_folder, write_private_json
from provisioner.fleet.runner import PlaybookRun, TaskResult, run_playbook
from provisioner.hosts.delivery import Delivery
from provisioner.hosts.entry import ServerEntry
from provisioner.model.project import Project
from provisioner.resources import playbooks_folder
from provisioner.tokens.store import TokenStore
from provisioner.tokens.token_set import TokenSet

Progress = Callable[[str], None]
Refresh = Callable[[ServerEntry], TokenSet]


class Judge(Protocol):
    """What became of a host, from the results of its tasks."""

    def __call__(self, host: str, results: Sequence[TaskResult], *, check: bool) -> HostResult:
        """One host's outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What plan or push has found: every host once, and the servers that did not go out."""

    run_id: str
    hosts: tuple[HostResult, ...]
    skipped: tuple[SkippedServer, ...]
    warnings: tuple[str, ...]
    check: bool

    @property
    def exit_code(self) -> ExitCode:
        """The gravest of all hosts and skipped servers; changes count only in a plan."""
        codes = {h.exit_code for h in self.hosts} | {s.exit_code for s in self.skipped}
        worst = gravest(codes)
        if worst is ExitCode.DONE and self.check and any(h.needs_push for h in self.hosts):
            return ExitCode.CHANGES
        return worst


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """How this project's hosts are reached: what every Ansible run of it has in common."""

    project: Project
    store: TokenStore
    settings: Mapping[str, str]
    fingerprint_key: str
    progress: Progress
    output: Progress
    verbosity: int
    mail: MailMode = MailMode.FULL

    def run(
        self,
        preparation: Preparation,
        hosts: Iterable[str],
        *,
        run_id: str,
        check: bool,
        canaries: Canaries = MappingProxyType({}),
    ) -> tuple[HostResult, ...]:
        """Run push.yml on `hosts` and judge each of them."""
        wanted = set(hosts)
        if not wanted:  # to Ansible, an empty limit is none
            return ()
        if check:
            return self.play(preparation, wanted, run_id=run_id, check=True)
        with handing_over(self.store, self.project, preparation, wanted) as settle:
            judged = self.play(preparation, wanted, run_id=run_id, check=False, canaries=canaries)
            settle(judged)
        return judged

    def play(
        self,
        preparation: Preparation,
        wanted: set[str],
        *,
        run_id: str,
        check: bool,
        canaries: Canaries = MappingProxyType({}),
        playbook: str = "push.yml",
        judge: Judge = host_result,
    ) -> tuple[HostResult, ...]:
        """Run a playbook on `wanted`, with their deliveries, and judge each of them."""
        with run_folder() as folder:
            self._write_deliveries(folder, preparation, wanted, run_id, check, canaries)
            results = run_playbook(
                PlaybookRun(
                    playbook=playbooks_folder() / playbook,
                    inventory=self.project.inventory_path,
                    hosts=sorted(wanted),
                    folder=folder,
                    variables={"maps_run_folder": str(folder)},
                    settings=self.settings,
                    forks=self.project.push.forks,
                    check=check,
                    verbosity=self.verbosity,
                ),
                lambda result: self.progress(progress_line(result, check=check)),
                self.output,
            )
        return _judged(wanted, results, partial(judge, check=check))

    def _write_deliveries(
        self,
        folder: Path,
        preparation: Preparation,
        hosts: set[str],
        run_id: str,
        check: bool,
        chosen: Canaries,
    ) -> None:
        (folder / "deliveries").mkdir(mode=0o700)
        patience = {} if check else self._patience()
        given: dict[str, Any] = {
            "fingerprint_key": self.fingerprint_key,
            "run_id": run_id,
            "owner": lock_owner(),
        }
        lease = None if check else lease_terms(self.project.root, "push")
        for delivery in deliveries(preparation, self.project):
            if delivery.host in hosts:
                given["post_check"] = {**patience, **self._checks(delivery, chosen)}
                content = (
                    delivery.for_plan(**given) if check else delivery.as_json(**given, lease=lease)
                )
                write_private_json(folder / "deliveries" / delivery.file_name, content)

    def _patience(self) -> dict[str, Any]:
        return {
            "mail_budget_seconds": self.project.push.mail_budget_seconds,
            "mail_turns_folder": str(turns_folder(self.project.root)),
        }

    def _checks(self, delivery: Delivery, chosen: Canaries) -> dict[str, Any]:
        names = [entry.name for entry in delivery.entries]
        return {
            "accepted": accepted_proofs(self.mail),
            "checks": {n: check_of(self.mail, delivery.host, n, chosen) for n in names},
        }


def plan(fleet: Fleet, preparation: Preparation) -> Outcome:
    """Ask every host what a push would change; changes nothing anywhere."""
    run_id = new_run_id()
    hosts = fleet.run(preparation, preparation.all_hosts, run_id=run_id, check=True)
    preparation = without_handed_over(preparation, hosts, fleet.project)
    return _outcome(run_id, hosts, preparation, check=True)


def push(fleet: Fleet, preparation: Preparation, refresh: Refresh) -> Outcome:
    """Plan, refresh what is about to expire, deliver to the hosts that differ, prove by mail."""
    planned = plan(fleet, preparation)
    behind = tuple(h for h in planned.hosts if h.needs_push)
    preparation = without_handed_over(preparation, behind, fleet.project)
    ready = _refreshed(preparation, behind, refresh)
    targets = [h.host for h in behind if _still_wanted(h, ready)]
    chosen = canaries((h.host, _servers_due([h])) for h in behind if h.host in targets)
    run = partial(fleet.run, ready, run_id=planned.run_id, check=False, canaries=chosen)
    done = run(targets) if targets else ()
    results = {h.host: h for h in planned.hosts} | {h.host: h for h in done}
    untouched = {h.host for h in behind} - set(targets)
    hosts = tuple(_left_as_it_was(h) if h.host in untouched else h for h in results.values())
    return _outcome(planned.run_id, hosts, ready, check=False)


def new_run_id() -> str:
    """Sortable, unique, and short enough for a mail header: 20261124T131500-1f2e3d4c."""
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime()) + "-" + secrets.token_hex(4)


def _outcome(
    run_id: str, hosts: tuple[HostResult, ...], preparation: Preparation, *, check: bool
) -> Outcome:
    return Outcome(
        run_id=run_id,
        hosts=hosts,
        skipped=preparation.skipped,
        warnings=preparation.warnings,
        check=check,
    )


def _judged(
    hosts: set[str],
    results: Iterable[TaskResult],
    judge: Callable[[str, Sequence[TaskResult]], HostResult],
) -> tuple[HostResult, ...]:
    by_host: dict[str, list[TaskResult]] = defaultdict(list)
    for result in results:
        by_host[result.host].append(result)
    return tuple(judge(host, by_host[host]) for host in sorted(hosts))


def _servers_due(hosts: Iterable[HostResult]) -> set[str]:
    """Servers that will be written or mailed somewhere."""
    changed = {s.name for h in hosts for s in h.servers if s.state in ("added", "changed")}
    return changed | {name for h in hosts for name in h.mails_needed}


def _refreshed(
    preparation: Preparation, hosts: Iterable[HostResult], refresh: Refresh
) -> Preparation:
    due = _servers_due(hosts)
    for entry in list(preparation.entries.values()):
        if entry.token_set is None or entry.name not in due:
            continue
        try:
            preparation = preparation.with_entry(replace(entry, token_set=refresh(entry)))
        except ProvisionerError as error:
            preparation = preparation.without(skipped_server(entry.name, error))
    return preparation


def _still_wanted(host: HostResult, preparation: Preparation) -> bool:
    """Held back only if all that is due there was skipped: a host may also differ in what no
    server is due for, such as a document not yet applied, or one that others can read."""
    due = _servers_due([host])
    wanted = not due or bool(due & set(preparation.entries))
    return wanted and host.host in preparation.all_hosts


def _left_as_it_was(host: HostResult) -> HostResult:
    """Its only changes were of servers that could not be made ready: the run says which."""
    return replace(
        host,
        state=HostState.HELD,
        message="what would change there could not be made ready",
    )

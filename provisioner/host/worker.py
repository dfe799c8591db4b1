"""What happens to one host, in Ansible's worker: read, decide, deliver, verify, take back.

The decisions are made in host_change, transaction and post_check; this is their order, and what
follows on which answer.
"""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from provisioner.ansible.run_folder import Begun
from provisioner.ansible.run_input import EnteredInput, HostInput, RunInput
from provisioner.host import protocol
from provisioner.host.delivery import Delivery, Surroundings
from provisioner.host.examination import examine
from provisioner.host.host_change import (
    Change,
    Current,
    Found,
    Unusable,
    Wanted,
    current,
    found_in,
    plan_host,
)
from provisioner.host.host_document import known_names
from provisioner.host.host_settings import (
    HostSettings,
    InvalidVariable,
    Platform,
    Variables,
    host_settings,
)
from provisioner.host.host_state import Entered, State
from provisioner.host.mail_turns import NoTurn
from provisioner.host.protocol import (
    DOCUMENT,
    STATE,
    Caller,
    CallFailed,
    CallSettings,
    ReadAnswer,
    Unreachable,
    VariableUnusable,
)
from provisioner.host.result import HostAnswer, HostResult, HostState
from provisioner.host.to_enter import (
    ServerToEnter,
    dialog_entry,
    last_entered,
    of_servers,
    to_enter,
    to_undo,
)
from provisioner.host.transaction import Moved, Transaction, not_heard, require_delivered

_AS_IT_WAS = (HostState.UNCHANGED, HostState.ENTERED, HostState.UNDONE)
_UTC = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, kw_only=True)
class Worker(Surroundings):
    work: RunInput
    settings: HostSettings

    @property
    def given(self) -> HostInput:
        return self.work.hosts[self.host]

    # -- the procedure

    def answer(self) -> HostAnswer:
        """Do what the run's mode asks for. Never raises for what a host does."""
        began = time.monotonic()
        try:
            answer = self._carry_out()
        except Unusable as error:
            answer = self._ended(HostState.FAILED, error.reason, error.told(self.settings))
        except Unreachable as error:
            answer = self._ended(HostState.UNREACHABLE, error.reason, error.words, error.remedy)
        except CallFailed as error:
            answer = self._ended(HostState.FAILED, error.reason, error.words)
        except NoTurn as error:
            state = HostState.FAILED if error.reason == "turns" else HostState.NOT_STARTED
            answer = self._ended(state, error.reason, error.about)
        seconds = round(time.monotonic() - began, 2)
        return msgspec.structs.replace(answer, result=replace(answer.result, seconds=seconds))

    def _ended(self, state: HostState, reason: str, about: str, remedy: str = "") -> HostAnswer:
        result = HostResult(host=self.host, state=state, reason=reason, about=about, remedy=remedy)
        return HostAnswer(result=result)

    def _carry_out(self) -> HostAnswer:
        work, given = self.work, self.given
        if work.mode == "doctor":
            return self._examined()
        fresh = given.found is not None
        now = current(msgspec.convert(given.found, Found), given) if fresh else self._read()
        shown = now.state.entered
        for _ in (1, 2):
            change = self._change(now)
            if work.mode not in ("push", "rollback", "entered"):
                return HostAnswer(result=self._planned(change), found=now.found)
            if not change.needed and work.mode != "entered":
                return HostAnswer(result=self._result(change, HostState.UNCHANGED))
            expected = given.expected
            differs = expected is not None and (change.now.fingerprint or "") != expected
            # what another person has recorded meanwhile is not what this one was shown
            differs = differs or (work.mode == "entered" and now.state.entered != shown)
            # a saved plan goes on with what an interrupted push of it has delivered
            if differs and (change.writes or fresh):
                return HostAnswer(result=self._drifted(change))
            try:
                result = self._enter(change) if work.mode == "entered" else self._deliver(change)
                return HostAnswer(result=result)
            except Moved:
                now = self._read()
        return HostAnswer(result=self._drifted(self._change(now)))

    def _examined(self) -> HostAnswer:
        entries = [self.work.servers[name] for name in self.given.servers]
        seen = examine(
            self.call, self.settings, self.given, entries, phase=self.phase, clock=self.clock
        )
        return HostAnswer(
            result=HostResult(host=self.host, state=HostState.UNCHANGED), examined=seen
        )

    def _read(self) -> Current:
        """What lies there. A plan beside a push may see a state newer than the archives; what
        stays missing is nothing to go back to, so only to look goes on."""
        self.phase("read")
        for _ in (1, 2):
            answer = self.call([protocol.read()])[0]
            if not isinstance(answer, ReadAnswer) or not answer.done:
                raise Unusable(
                    getattr(answer, "reason", None) or "invalid_response",
                    getattr(answer, "about", None) or "",
                )
            if answer.logged:
                raise Unusable("logged")
            now = current(found_in(answer, self.clock()), self.given)
            if not now.missing:
                return now
        if self._looks:
            return now
        raise Unusable("archive_missing", file=now.missing or "")

    def _change(self, now: Current) -> Change:
        if self.work.mode in ("rollback", "rollback_plan"):
            if now.archived is None:
                raise Unusable("no_archive")
            wanted = Wanted.before(now, self.work, self.given)
            if wanted.dead:
                raise Unusable("dead_token", ", ".join(wanted.dead))
        elif self._looks:
            wanted = Wanted.lying(now, self.given)
        else:
            wanted = Wanted.of(self.work, self.given)
        # --no-restart leaves MAPS alone on hosts where applying means a restart
        may_apply = self.settings.can_apply and (self.work.restart or not self.settings.service)
        return plan_host(now, wanted, may_apply=may_apply, at=self.clock())

    @property
    def _looks(self) -> bool:
        return self.work.mode == "status"

    # -- results

    def _result(self, change: Change, state: HostState, **facts: object) -> HostResult:
        now = change.now
        names = {key: entry["server_name"] for key, entry in change.document.entries.items()}
        values: dict[str, object] = {
            "host": self.host,
            "state": state,
            "servers": list(change.servers),
            "unverified": [names[k] for k in (*change.unverified, *change.unchecked) if k in names],
            "generation": change.document.generation or None,
            "fingerprint": change.fingerprint,
            "generation_before": now.document.generation or None,
            "before": now.fingerprint,
            "edited": now.edited and now.record is not None,
            "rekeyed": now.rekeyed,
            "applies": change.applies,
            "applied": self._is_applied(change),
            "to_enter": self._to_enter(change, state),
            "entered": [] if self.settings.can_apply else last_entered(now.state),
            "delivery": now.record.delivery if now.record and now.record.delivery.run_id else None,
            "holder": now.found.holder,
            "strangers": now.found.strangers,
            "open": list(change.close),
            "skew": now.found.skew,
            **facts,
        }
        return HostResult(**values)  # type: ignore[arg-type]

    def _is_applied(self, change: Change) -> bool | None:
        if not self.settings.can_apply:
            return None
        lies = change.now.fingerprint
        return lies is not None and change.now.state.applied == lies

    def _to_enter(self, change: Change, state: HostState) -> list[ServerToEnter] | None:
        """What a person has to type into MAPS: of what is declared here, or was entered before."""
        is_due = self.work.mode == "rollback_plan" or self._is_settled(change, state)
        if self.settings.can_apply or not is_due:
            return None
        entries = change.document.entries
        if self.work.mode not in ("rollback", "rollback_plan"):
            declared = {name.casefold() for name in self.given.declared}
            known = declared.union(change.now.state.entered)
            entries = {key: entry for key, entry in entries.items() if key in known}
        return list(to_enter(entries, change.now.state))

    def _is_settled(self, change: Change, state: HostState) -> bool:
        """Whether what lies there in the end is what is to be, and verified."""
        if state in (HostState.DELIVERED, HostState.ROLLED_BACK):
            return not change.left_out
        record = change.now.record
        if state not in _AS_IT_WAS or record is None or not record.delivery.settled:
            return False
        edited = self._looks and change.now.edited  # else what is declared was compared
        return not (change.unverified or change.unchecked or change.left_out or edited)

    def _planned(self, change: Change) -> HostResult:
        state = HostState.UNCHANGED
        if change.needed and not self._looks:
            state = HostState.WOULD_CHANGE
        archived = change.now.archived if self.work.mode == "rollback_plan" else None
        rolled_back_to = archived.generation if archived else None
        return self._result(change, state, rolled_back_to=rolled_back_to)

    def _drifted(self, change: Change) -> HostResult:
        """A run of somebody else's meanwhile is told as a lock; anything else is drift."""
        delivery = change.now.record.delivery if change.now.record else None
        other = delivery is not None and delivery.run_id not in ("", self.work.run_id)
        fresh = self.given.found is not None and self.work.mode != "entered"
        if other and fresh and not change.now.edited and delivery is not None:
            about = f"{delivery.owner} (run {delivery.run_id}), {delivery.at}"
            return self._result(change, HostState.LOCKED, reason="delivered", about=about)
        return self._result(change, HostState.DRIFTED, reason="moved")

    # -- entered by hand

    def _enter(self, change: Change) -> HostResult:
        """Record what a person typed into MAPS, or undo the newest record; Moved if the host is no
        longer as it was read."""
        now, said = change.now, self.work.entered
        if said is None or self.settings.can_apply:
            raise Unusable("imports_itself")
        if change.needed and not said.undo:
            raise Unusable("push_first")
        recorded, state = self._with_entered(change, said)
        if state is now.state:
            return self._result(change, HostState.UNCHANGED)
        expect = {name: now.found.digests.get(name) for name in (DOCUMENT, STATE)}
        operations = [protocol.write([{"name": STATE, "text": state.text()}], expect=expect)]
        try:
            ending = require_delivered(self.call(operations), operations, writes=False)
        except CallFailed as error:
            ending = not_heard(error)
        if ending is not None:
            return self._result(change, ending.state, reason=ending.reason, about=ending.about)
        done = HostState.UNDONE if said.undo else HostState.ENTERED
        after = dataclasses.replace(change, now=dataclasses.replace(now, state=state))
        return self._result(after, done, recorded=recorded)

    def _with_entered(
        self, change: Change, said: EnteredInput
    ) -> tuple[list[ServerToEnter], State]:
        """What there is to record, and the state with it; the same state if there is nothing."""
        state, entries = change.now.state, change.document.entries
        if said.undo:
            keys = [one.name.casefold() for one in to_undo(last_entered(state), said.servers)]
            return [], state.without_entered(keys) if keys else state
        due = of_servers(self._to_enter(change, HostState.UNCHANGED) or (), said.servers)
        typed = {one.name.casefold(): entries.get(one.name.casefold()) for one in due}
        records = {
            key: Entered(
                entry=dialog_entry(entry) if entry else None,
                at=self._now,
                by=said.by,
                note=said.note,
                run_id=self.work.run_id,
            )
            for key, entry in typed.items()
        }
        return due, state.with_entered(records) if records else state

    @property
    def _now(self) -> str:
        return time.strftime(_UTC, time.gmtime(self.clock()))

    # -- delivering

    def _deliver(self, change: Change) -> HostResult:
        tx = Transaction(
            change=change,
            work=self.work,
            given=self.given,
            settings=self.settings,
            at=self._now,
        )
        delivery = Delivery(tx, self)
        ending = delivery.carry_out()
        return self._result(
            change,
            ending.state,
            **{**delivery.facts(), "reason": ending.reason, "about": ending.about},
        )


def answer(
    work: RunInput,
    host: str,
    variables: Variables,
    platform: Platform,
    caller: Caller,
    begun: Begun,
) -> None:
    """Do one host's part of a run, and leave what became of it in the run folder."""
    try:
        settings = host_settings(variables, platform)
    except (InvalidVariable, VariableUnusable) as error:
        failed = HostResult(
            host=host, state=HostState.FAILED, reason="invalid_variable", about=str(error)
        )
        found = HostAnswer(result=failed)
    else:
        found = Worker(
            work=work,
            host=host,
            settings=settings,
            call=caller(_call_settings(work, host, settings)),
            phase=begun.phase,
            goes_on=begun.goes_on,
        ).answer()
    short = HostResult(host=host, state=found.result.state, reason=found.result.reason)
    begun.answer(msgspec.json.encode(found), msgspec.json.encode(HostAnswer(result=short)))


def _call_settings(work: RunInput, host: str, settings: HostSettings) -> CallSettings:
    names, shown = known_names()
    return CallSettings(
        directory=settings.directory,
        group=settings.group,
        key=work.hosts[host].key,
        who=f"{work.owner} (run {work.run_id})",
        lock_wait=work.lock_wait,
        keys=sorted(names),
        shown=sorted(shown),
    )

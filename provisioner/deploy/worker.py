"""What happens to one host, in Ansible's worker: read, decide, deliver, verify, take back.

The decisions are made in host_change, transaction and post_check; this is their order, and what
follows on which answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from provisioner.ansible.run_folder import Begun
from provisioner.ansible.run_input import HostInput, RunInput
from provisioner.deploy import protocol
from provisioner.deploy.delivery import Delivery, Surroundings
from provisioner.deploy.host_change import (
    Change,
    Current,
    Found,
    Wanted,
    current,
    found_in,
    plan_host,
)
from provisioner.deploy.host_document import Damaged, known_names
from provisioner.deploy.host_settings import (
    HostSettings,
    InvalidVariable,
    Platform,
    Variables,
    host_settings,
)
from provisioner.deploy.host_state import InvalidState
from provisioner.deploy.mail_turns import GoesOn, NoTurn
from provisioner.deploy.protocol import (
    DOCUMENT,
    STATE,
    Call,
    Caller,
    CallFailed,
    CallSettings,
    ReadAnswer,
    Unreachable,
    VariableUnusable,
)
from provisioner.deploy.result import HostResult, HostState
from provisioner.deploy.transaction import Moved, Transaction

_UTC = "%Y-%m-%dT%H:%M:%SZ"


class HostAnswer(Struct, frozen=True, kw_only=True):
    """What the controller hears of one host. `found`: what a plan has read, for its push."""

    result: HostResult
    found: Found | None = None


class NotReadable(Exception):
    """A host whose folder cannot be worked with; `result` says why. Nothing was touched."""

    def __init__(self, reason: str, about: str = "") -> None:
        super().__init__(reason)
        self.reason, self.about = reason, about


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One host's worker; see `Surroundings` for what it is given."""

    work: RunInput
    host: str
    settings: HostSettings
    call: Call
    phase: Callable[[str], None] = field(default=lambda _name: None)
    goes_on: GoesOn = field(default=lambda: True)
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    @property
    def given(self) -> HostInput:
        """The host's part of the run."""
        return self.work.hosts[self.host]

    # -- the procedure

    def answer(self) -> HostAnswer:
        """Do what the run's mode asks for. Never raises for what a host does."""
        began = time.monotonic()
        try:
            answer = self._carry_out()
        except NotReadable as error:
            answer = self._ended(HostState.FAILED, error.reason, error.about)
        except Damaged as error:
            place = self.settings.place(DOCUMENT)
            answer = self._ended(HostState.FAILED, "damaged", f"{place}: {error}")
        except InvalidState as error:
            place = self.settings.place(STATE)
            answer = self._ended(HostState.FAILED, "damaged", f"{place}: {error}")
        except Unreachable as error:
            answer = self._ended(HostState.UNREACHABLE, error.kind, error.words, error.remedy)
        except CallFailed as error:
            answer = self._ended(HostState.FAILED, error.reason, error.words)
        except NoTurn as error:
            reason = "cluster" if error.host else "interrupted"
            answer = self._ended(HostState.NOT_STARTED, reason, error.host)
        seconds = round(time.monotonic() - began, 2)
        return msgspec.structs.replace(answer, result=replace(answer.result, seconds=seconds))

    def _ended(self, state: HostState, reason: str, about: str, remedy: str = "") -> HostAnswer:
        result = HostResult(host=self.host, state=state, reason=reason, about=about, remedy=remedy)
        return HostAnswer(result=result)

    def _carry_out(self) -> HostAnswer:
        work, given = self.work, self.given
        carried = given.found is not None and work.mode in ("push", "rollback")
        if carried:
            found = msgspec.convert(given.found, Found)
            now = current(found, given)
        else:
            found, now = self._read()
        for attempt in (1, 2):
            change = self._change(found, now)
            if work.mode not in ("push", "rollback"):
                return HostAnswer(result=self._planned(change, found), found=found)
            if not change.needed:
                return HostAnswer(result=self._result(change, found, HostState.UNCHANGED))
            expected = given.expected
            differs = expected is not None and (change.now.fingerprint or "") != expected
            # a saved plan goes on with what an interrupted push of it has delivered
            if differs and (change.writes or attempt > 1 or carried):
                return HostAnswer(result=self._drifted(change, found))
            try:
                return HostAnswer(result=self._deliver(found, change))
            except Moved:
                (found, now), carried = self._read(), False
        return HostAnswer(result=self._drifted(self._change(found, now), found))

    def _read(self) -> tuple[Found, Current]:
        """What lies there. A plan beside a push may see a state newer than the archives."""
        self.phase("read")
        for _ in (1, 2):
            answer = self.call([protocol.read()])[0]
            if not isinstance(answer, ReadAnswer) or not answer.done:
                raise NotReadable(
                    getattr(answer, "reason", None) or "invalid_response",
                    getattr(answer, "about", None) or "",
                )
            if answer.logged:
                raise NotReadable("logged")
            found = found_in(answer, self.clock())
            now = current(found, self.given)
            known = now.record.previous if now.record else None
            if known is None or known.file in found.digests:
                break
        return found, now

    def _change(self, found: Found, now: Current) -> Change:
        if self.work.mode in ("rollback", "rollback_plan"):
            if now.archived is None:
                raise NotReadable("no_archive")
            wanted = Wanted.before(now, self.work, self.given)
            if wanted.dead:
                raise NotReadable("dead_token", ", ".join(wanted.dead))
        elif self.work.mode in ("status", "doctor"):
            wanted = Wanted.lying(now, self.given)
        else:
            wanted = Wanted.of(self.work, self.given)
        applies = self.settings.can_apply and self._may_apply
        return plan_host(found, now, wanted, self.given, applies=applies, at=self.clock())

    @property
    def _may_apply(self) -> bool:
        """`--no-restart` leaves MAPS alone on hosts where applying means a restart."""
        return self.work.restart or not self.settings.service

    # -- results

    def _result(
        self, change: Change, found: Found, state: HostState, **facts: object
    ) -> HostResult:
        now = change.now
        names = {key: entry["server_name"] for key, entry in change.document.entries.items()}
        lies = change.writes or now.fingerprint is not None
        values: dict[str, object] = {
            "host": self.host,
            "state": state,
            "servers": list(change.servers),
            "unverified": [names[k] for k in (*change.unverified, *change.unchecked) if k in names],
            "generation": change.document.generation or None,
            "fingerprint": change.document.fingerprint(self.given.key) if lies else None,
            "generation_before": now.document.generation or None,
            "before": now.fingerprint,
            "edited": now.edited and now.record is not None,
            "rekeyed": now.rekeyed,
            "applies": change.applies,
            "applied": self._is_applied(change),
            "delivery": now.record.delivery if now.record and now.record.delivery.run_id else None,
            "holder": found.holder,
            "strangers": found.strangers,
            "open": list(change.close),
            "skew": found.skew,
            **facts,
        }
        return HostResult(**values)  # type: ignore[arg-type]

    def _is_applied(self, change: Change) -> bool | None:
        if not self.settings.can_apply:
            return None
        lies = change.now.fingerprint
        return lies is not None and change.now.state.applied == lies

    def _planned(self, change: Change, found: Found) -> HostResult:
        looks = self.work.mode in ("status", "doctor")
        state = HostState.WOULD_CHANGE if change.needed and not looks else HostState.UNCHANGED
        rolled_back_to = change.now.archived.generation if change.now.archived else None
        if self.work.mode != "rollback_plan":
            rolled_back_to = None
        return self._result(change, found, state, rolled_back_to=rolled_back_to)

    def _drifted(self, change: Change, found: Found) -> HostResult:
        """A run of somebody else's meanwhile is told as a lock; anything else is drift."""
        delivery = change.now.record.delivery if change.now.record else None
        other = delivery is not None and delivery.run_id not in ("", self.work.run_id)
        fresh = self.given.found is not None
        if other and fresh and not change.now.edited and delivery is not None:
            about = f"{delivery.owner} (run {delivery.run_id}), {delivery.at}"
            return self._result(change, found, HostState.LOCKED, reason="delivered", about=about)
        return self._result(change, found, HostState.DRIFTED, reason="moved")

    # -- delivering

    def _deliver(self, found: Found, change: Change) -> HostResult:
        tx = Transaction(
            found=found,
            change=change,
            work=self.work,
            given=self.given,
            settings=self.settings,
            at=time.strftime(_UTC, time.gmtime(self.clock())),
        )
        around = Surroundings(
            host=self.host,
            call=self.call,
            phase=self.phase,
            goes_on=self.goes_on,
            sleep=self.sleep,
            clock=self.clock,
        )
        delivery = Delivery(tx, around)
        ending = delivery.carry_out()
        return self._result(
            change,
            found,
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


def decoded(content: bytes) -> HostAnswer:
    """What a worker left in the run folder."""
    return msgspec.json.decode(content, type=HostAnswer)

"""One delivery on one host: forward, verify, and back if a test email proves it wrong.

The lists are made in transaction.py, the emails in post_check.py: here is what follows on which
answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from provisioner.ansible.run_input import Mail, RunInput
from provisioner.config.pointer import value_at
from provisioner.host import mail_turns, post_check, protocol
from provisioner.host.host_change import Change
from provisioner.host.host_document import Entry, entry_fingerprint, is_expired
from provisioner.host.host_state import Outcome, Proof
from provisioner.host.mail_turns import GoesOn, NoTurn
from provisioner.host.post_check import CheckContext, ServerCheck, server_check
from provisioner.host.protocol import (
    DOCUMENT,
    STATE,
    Answer,
    Call,
    CallFailed,
    MailAnswer,
    Operation,
    PostAnswer,
    RestartAnswer,
    RunAnswer,
    Unreachable,
    WriteAnswer,
)
from provisioner.host.result import CommandResult, HostState, MailResult
from provisioner.host.transaction import (
    TEST_TIMEOUT,
    Ending,
    Transaction,
    digests_in,
    not_heard,
    require_delivered,
    require_given_back,
)
from provisioner.secret import Secret

_GRANT, _ACCESS_TOKEN = "/oauth2/token/grant_id", "/oauth2/token/access_token"


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What a delivery needs beside its transaction. `call`: asks the host; `phase`: tells the
    controller where it is; `goes_on`: whether it makes sense to wait for a turn."""

    host: str
    call: Call
    phase: Callable[[str], None] = lambda _name: None
    goes_on: GoesOn = lambda: True
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time


class LostHost(CallFailed):
    """A later call found the folder locked, or another run's document there."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason


class Delivery:
    """One delivery under way. What is known of it when it has ended is in `facts`."""

    def __init__(self, tx: Transaction, around: Surroundings) -> None:
        self._tx, self._around = tx, around
        self._work: RunInput = tx.work
        self._change: Change = tx.change
        self._results: dict[str, MailResult] = {}
        self._baseline: dict[str, MailResult] = {}
        self._digests: dict[str, str | None] = dict(tx.now.found.digests)
        self._apply: CommandResult | None = None
        self._test: CommandResult | None = None
        self._recorded = False
        self._mails = {name.casefold(): mail for name, mail in self._work.mails.items()}
        self._declared = {name.casefold(): entry for name, entry in self._work.servers.items()}
        self._context = CheckContext(
            host=around.host,
            run_id=self._work.run_id,
            document=f"generation {self._change.document.generation}, {tx.fingerprint}",
            ca_file=tx.settings.ca_file,
        )

    def carry_out(self) -> Ending:
        """Deliver, verify, and take back what was proven wrong; Moved if nothing was touched."""
        checks = [check for key in self._change.unverified if (check := self._check(key))]
        rounds = post_check.rounds(checks)
        joins = bool(rounds) and not (self._change.applies and post_check.limits(rounds[0]))
        joined = rounds.pop(0) if joins else []
        failure = ""
        try:
            ending = self._deliver(joined, last=not rounds)
        except LostHost as error:  # once the document lies there
            ending, failure = None, error.reason
        except CallFailed as error:
            return not_heard(error)
        if ending is not None:
            return ending
        failure = failure or self._verify(checks, rounds)
        if self._is_wrong and self._tx.can_go_back:
            return self._give_back()
        return self._verified(failure)

    def facts(self) -> dict[str, object]:
        """What reports tell of it."""
        entries = self._change.document.entries
        unverified = [key for key in self._change.unverified if key not in self._proofs]
        return {
            "mails": [self._results[key] for key in sorted(self._results)],
            "baseline": [self._baseline[key] for key in sorted(self._baseline)],
            "unverified": [
                entries[key]["server_name"] for key in (*unverified, *self._change.unchecked)
            ],
            "kept_tokens": self._tx.kept_tokens,
            "apply": self._apply,
            "test": self._test,
        }

    # -- forward

    def _deliver(self, joined: Sequence[ServerCheck], *, last: bool) -> Ending | None:
        """The first call; None if the document lies there, applied where that is due."""
        forward = self._tx.forward()
        proving = self._proving(joined, last=last) if joined or last else []
        self._around.phase("deliver")
        cluster = self._cluster_turn(applies=self._change.applies)
        with cluster as went_well, self._mailbox_turns(joined):
            said = self._around.call([*forward, *proving])
            self._digests.update(digests_in(said))
            for answer in said[1 : len(forward)]:
                self._apply = _command_result(answer) or self._apply
            ending = require_delivered(said, forward, writes=self._change.writes)
            if ending is None:
                went_well()
        if ending is None:
            self._hear(said[len(forward) :], joined)
        return ending

    # -- verify

    def _check(self, key: str, *, before: bool = False) -> ServerCheck | None:
        """How a server is verified, of this document or of that of before; None where nothing is to
        be asked, because the result is known or nothing can be said."""
        document = self._tx.before if before else self._change.document
        entry = document.entries.get(key)
        if entry is None or not post_check.is_complete(entry):
            return None
        secret = None
        if before and is_expired(entry, self._around.clock()):
            secret = self._living_token(key, entry)
            if secret is None:
                return None  # only MAPS may refresh it
        mail = self._mails.get(key) if self._change.checks.get(key, "mail") == "mail" else None
        name = entry["server_name"]
        check = server_check(
            key,
            entry,
            self._context,
            mail=mail and self._from_its_own_mailbox(mail, key, entry),
            limit=self._work.limits.get(name),
            refresh_at=None if before else self._work.refresh.get(name),
            secret=secret,
        )
        known = check.foreseen()
        if known is None:
            return check
        (self._baseline if before else self._results)[key] = known
        return None

    def _from_its_own_mailbox(self, mail: Mail, key: str, entry: Entry) -> Mail:
        """In a document of before the mailbox may have been another one."""
        declared = self._declared.get(key, {})
        own = entry.get("user_name")
        if not own or mail.sender != declared.get("user_name"):
            return mail
        return msgspec.structs.replace(mail, sender=own)

    def _living_token(self, key: str, entry: Entry) -> Secret | None:
        """The controller's access token of the same grant; None if it has another one."""
        declared = self._declared.get(key)
        if declared is None or value_at(declared, _GRANT) != value_at(entry, _GRANT):
            return None
        token = self._work.secrets.get(declared["server_name"], {}).get(_ACCESS_TOKEN)
        return None if token is None else Secret(msgspec.json.decode(token.encode(), type=str))

    @property
    def _proofs(self) -> dict[str, Proof]:
        """What is verified by now."""
        entries, results = self._change.document.entries, self._results.items()
        return {key: self._proof(entries[key], one.proof) for key, one in results if one.proof}

    def _proof(self, entry: Entry, outcome: Outcome) -> Proof:
        return Proof(
            fingerprint=entry_fingerprint(entry, self._tx.given.key),
            outcome=outcome,
            at=self._tx.at,
            run_id=self._work.run_id,
        )

    def _proving(self, checks: Sequence[ServerCheck], *, last: bool) -> list[Operation]:
        """Emails, MAPS' own, and the write that says so: reached only if all of it went well."""
        operations = [operation for check in checks for operation in check.operations]
        if last and self._tests_maps(checks):
            operations.append(protocol.run(self._tx.settings.test_command, TEST_TIMEOUT))
        proofs = self._proofs | {c.key: self._proof(c.entry, c.proof) for c in checks}
        return operations + self._recording(proofs, {})

    def _recording(
        self, proofs: Mapping[str, Proof], expect: Mapping[str, str | None]
    ) -> list[Operation]:
        """The write of what is verified, where that is something new."""
        settle = self._settles(proofs) and not self._change.left_out
        if not proofs and (not settle or self._tx.is_settled):
            return []
        return [protocol.write(self._tx.recording(proofs, settle=settle), expect=expect)]

    def _tests_maps(self, checks: Sequence[ServerCheck]) -> bool:
        """MAPS itself sends, too, where emails are sent and what it has is the document there."""
        sent = any(result.proof == "sent" for result in self._results.values())
        due = sent or any(check.message for check in checks)
        return bool(self._tx.settings.test_command) and due and not self._left_unapplied

    @property
    def _left_unapplied(self) -> bool:
        """MAPS has another document, and this run may not change that (`--no-restart`)."""
        applied = self._change.applies or self._change.now.state.applied == self._tx.fingerprint
        return self._tx.settings.can_apply and not applied

    def _settles(self, proofs: Mapping[str, Proof]) -> bool:
        return not self._change.unchecked and set(self._change.unverified) <= set(proofs)

    @property
    def _are_verified(self) -> bool:
        return set(self._change.unverified) <= set(self._proofs)

    def _hear(self, said: Sequence[Answer], checks: Sequence[ServerCheck]) -> None:
        """Take in the answers to `_proving`."""
        self._digests.update(digests_in(said))
        self._results |= post_check.results(checks, said, self._results, self._tx.now.found.skew)
        for answer in said:
            if isinstance(answer, (MailAnswer, PostAnswer)) and answer.reason:
                raise LostHost(answer.reason)  # it does not know its own secret any more
            if isinstance(answer, RunAnswer):
                self._test = _command_result(answer)
        self._recorded = bool(said) and isinstance(said[-1], WriteAnswer) and said[-1].done

    def _verify(self, checks: Sequence[ServerCheck], rounds: list[list[ServerCheck]]) -> str:
        """What the first call has left: further rounds, and again what passes by itself. -> why it
        was not heard to the end; empty if it was."""
        paused, attempt = 0.0, 1
        try:
            while not self._is_wrong:
                self._ask(rounds)
                if self._is_wrong or self._answers_elsewhere(checks):
                    break
                waiting = [check for check in checks if self._is_waiting(check)]
                if not waiting:
                    break
                unreached = [check for check in waiting if check.key not in self._results]
                if not unreached:
                    pause = mail_turns.pause_before_retry(attempt, paused, self._work.mail_budget)
                    if pause is None or not self._around.goes_on():
                        break
                    self._around.sleep(pause)
                    paused, attempt = paused + pause, attempt + 1
                rounds = post_check.rounds(unreached or waiting)
            if not self._is_wrong:
                self._record()
        except NoTurn as error:
            return error.about or error.reason
        except Unreachable as error:
            return error.words
        except CallFailed as error:
            return error.reason
        return ""

    def _ask(self, rounds: Sequence[Sequence[ServerCheck]]) -> None:
        for number, checks in enumerate(rounds, 1):
            last = number == len(rounds)
            self._around.phase("verify")
            with self._mailbox_turns(checks):
                guard = protocol.write([], expect=self._lying())
                said = self._around.call([guard, *self._proving(checks, last=last)])
            _require(said[0])
            self._hear(said[1:], checks)
            if self._is_wrong:
                return

    def _is_waiting(self, check: ServerCheck) -> bool:
        """Whether it was not reached, or what kept it passes by itself."""
        return check.key not in self._results or self._results[check.key].smtp.passing

    @property
    def _is_wrong(self) -> bool:
        return any(result.wrong for result in self._results.values())

    def _answers_elsewhere(self, checks: Sequence[ServerCheck]) -> bool:
        """Whether nobody answers because this delivery looks for a mail server in a new place."""
        for check in checks:
            result = self._results.get(check.key)
            if result is None or result.smtp.outcome != "unreachable" or not self._tx.can_go_back:
                continue
            before = self._tx.before.entries.get(check.key)
            operation = post_check.elsewhere(check.entry, before, self._context)
            if operation is None or before is None or not self._around.call([operation])[0].done:
                continue
            wrong = replace(result.smtp, outcome="wrong", passing=False)
            place = f"{before['host']}:{before['port']}"
            self._results[check.key] = msgspec.structs.replace(
                result, smtp=wrong, worked_before=place
            )
            return True
        return False

    def _record(self) -> None:
        """Record what was verified where no list has come to its own record."""
        untested = not self._recorded and self._test is None
        if untested and self._are_verified and self._tests_maps(()):
            self._ask([()])  # the list that had MAPS' own email ended at a refresh as a trial
        if self._recorded or self._test_failed:
            return
        for operation in self._recording(self._proofs, self._lying()):
            _require(self._around.call([operation])[0])

    @property
    def _test_failed(self) -> bool:
        return self._test is not None and self._test.exit != 0

    def _lying(self) -> dict[str, str | None]:
        """The digests of what this run has left there."""
        return {name: self._digests.get(name) for name in (DOCUMENT, STATE)}

    def _verified(self, failure: str) -> Ending:
        if self._test and self._test_failed:
            return Ending(HostState.UNVERIFIED, "test_failed", self._test.output)
        if failure == "moved":
            return Ending(HostState.LOCKED, "moved")  # another run's document lies there now
        if failure:
            return Ending(HostState.UNVERIFIED, "not_heard", failure)
        if not self._settles(self._proofs):
            reason = "not_checked" if self._change.unchecked else "not_verified"
            return Ending(HostState.UNVERIFIED, reason)
        if self._work.mode == "rollback":
            return Ending(HostState.ROLLED_BACK, "")
        left = not self._tx.settings.can_apply or self._left_unapplied
        return Ending(HostState.DELIVERED if left else HostState.APPLIED, "")

    # -- back

    def _give_back(self) -> Ending:
        """The same two steps the other way, then the baseline of what was refused."""
        wrong = [key for key in sorted(self._results) if self._results[key].wrong]
        checks = [check for key in wrong if (check := self._check(key, before=True))]
        backward = self._tx.backward(self._lying())
        baseline = self._baseline_list(checks)
        joins = not (self._change.may_apply and post_check.limits(checks))
        self._around.phase("restore")
        try:
            cluster = self._cluster_turn(applies=self._change.may_apply)
            with cluster as went_well, self._mailbox_turns(checks if joins else []):
                said = self._around.call([*backward, *(baseline if joins else [])])
                ending = require_given_back(said, backward)
                if ending is not None:
                    return ending
                went_well()
            self._digests.update(digests_in(said))
            said = said[len(backward) :]
            if baseline and not joins:
                with self._mailbox_turns(checks):
                    guard = protocol.write([], expect=self._lying())
                    said = self._around.call([guard, *baseline])[1:]
        except NoTurn as error:
            return Ending(HostState.UNKNOWN, error.reason, error.about)
        except CallFailed as error:
            return Ending(HostState.UNKNOWN, error.reason, error.words)
        self._baseline |= post_check.results(checks, said, {}, self._tx.now.found.skew)
        if any(result.wrong for result in self._baseline.values()):
            return Ending(HostState.UNKNOWN, "baseline_wrong")
        rejected = any(self._results[key].smtp.outcome == "wrong" for key in wrong)
        return Ending(HostState.RESTORED, "mail_refused" if rejected else "refresh_refused")

    def _baseline_list(self, checks: Sequence[ServerCheck]) -> list[Operation]:
        operations = [operation for check in checks for operation in check.operations]
        proofs = {check.key: self._proof(check.entry, check.proof) for check in checks}
        if proofs:
            files = self._tx.baseline_recorded(proofs)
            operations.append(protocol.write(files, expect={}))
        return operations

    # -- turns

    def _cluster_turn(self, *, applies: bool) -> AbstractContextManager[Callable[[], None]]:
        cluster = self._tx.settings.cluster if applies else None
        run_id, host = self._work.run_id, self._around.host
        goes_on = self._around.goes_on
        return mail_turns.cluster_turn(Path(self._work.turns), cluster, run_id, host, goes_on)

    def _mailbox_turns(self, checks: Sequence[ServerCheck]) -> AbstractContextManager[None]:
        return mail_turns.mailbox_turns(
            Path(self._work.turns),
            post_check.limits(checks),
            self._around.goes_on,
            messages=any(check.message for check in checks),
        )


def _require(answer: Answer) -> None:
    if not answer.done:
        raise LostHost(getattr(answer, "reason", None) or "crash")


def _command_result(answer: Answer) -> CommandResult | None:
    if not isinstance(answer, (RunAnswer, RestartAnswer)):
        return None
    code = answer.exit if isinstance(answer, RunAnswer) else 0 if answer.done else None
    return CommandResult(
        exit=code,
        output=getattr(answer, "output", ""),
        reason=answer.reason,
        about=answer.about or "",
    )

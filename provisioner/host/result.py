"""What a host's worker tells the controller: one table of states, and the facts that reports make
words of."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from provisioner.errors import ExitCode, gravest
from provisioner.host.host_change import Found, ServerChange
from provisioner.host.host_state import DeliveryRecord, Outcome
from provisioner.host.to_enter import ServerEntered, ServerToEnter
from provisioner.smtp.client import SmtpResult


class HostState(StrEnum):
    """The outcome of a plan, a push or a rollback for one host."""

    UNCHANGED = "unchanged"
    WOULD_CHANGE = "would change"
    APPLIED = "applied"
    DELIVERED = "delivered, not applied"
    ROLLED_BACK = "rolled back"
    ENTERED = "entered"
    UNDONE = "undone"
    SKIPPED = "skipped"
    UNVERIFIED = "delivered, not verified"
    RESTORED = "restored"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    DRIFTED = "drifted"
    NOT_STARTED = "not started"
    LOCKED = "locked by another run"
    UNKNOWN = "unknown"


class InMaps(StrEnum):
    """What MAPS has of a settled document: by its import on the host, or by a person's word."""

    APPLIED = "applied"
    ENTERED = "entered"
    TO_BE_ENTERED = "to be entered"
    NEVER_ENTERED = "never entered"


class Meaning(NamedTuple):
    """`stops`: a failure of the batch; `done`: nothing is left to do there for --resume."""

    exit_code: ExitCode
    junit: str = ""
    stops: bool = False
    done: bool = False


MEANINGS = {
    HostState.UNCHANGED: Meaning(ExitCode.DONE, done=True),
    HostState.APPLIED: Meaning(ExitCode.DONE, done=True),
    HostState.DELIVERED: Meaning(ExitCode.DONE, done=True),
    HostState.ROLLED_BACK: Meaning(ExitCode.DONE, done=True),
    HostState.ENTERED: Meaning(ExitCode.DONE, done=True),
    HostState.UNDONE: Meaning(ExitCode.DONE, done=True),
    HostState.WOULD_CHANGE: Meaning(ExitCode.CHANGES),
    HostState.SKIPPED: Meaning(ExitCode.DONE, "skipped"),  # the skipped server has the code
    HostState.UNVERIFIED: Meaning(ExitCode.FAILURE, "failure", stops=True),
    HostState.RESTORED: Meaning(ExitCode.HOSTS_BEHIND, "failure", stops=True),
    HostState.FAILED: Meaning(ExitCode.HOSTS_BEHIND, "failure", stops=True),
    HostState.UNREACHABLE: Meaning(ExitCode.HOSTS_BEHIND, "error"),
    HostState.DRIFTED: Meaning(ExitCode.HOSTS_BEHIND, "failure"),
    HostState.NOT_STARTED: Meaning(ExitCode.HOSTS_BEHIND, "skipped"),
    HostState.LOCKED: Meaning(ExitCode.LOCKED, "failure", stops=True),
    HostState.UNKNOWN: Meaning(ExitCode.HOST_UNKNOWN, "error", stops=True),
}


class RefreshResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A refresh as a trial, from the host. outcome: verified, wrong, unreachable, inconclusive.

    `error`: that of RFC 6749 section 5.2, or our word; `code`: the vendor's own.
    """

    outcome: str
    error: str | None = None
    code: str | None = None
    http_status: int | None = None


class MailResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was verified of one server from one host. `proof`: None if nothing was.

    `worked_before`: the place (host:port) of the document before, where the mail server answers
    while it does not in the new place. `attempts`: how often it was tried.
    """

    server: str
    smtp: SmtpResult
    refresh: RefreshResult | None = None
    proof: Outcome | None = None
    worked_before: str | None = None
    attempts: int = 1

    @property
    def wrong(self) -> bool:
        """What was delivered is wrong, by the mail server's word or the token endpoint's."""
        return "wrong" in (self.smtp.outcome, self.refresh.outcome if self.refresh else "")


class CommandResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a command of the host's administrator, or a service, ended; `exit` None: it did not.
    `about`: the program or service that `reason` is about."""

    exit: int | None = None
    output: str = ""
    reason: str | None = None
    about: str = ""


class HostResult(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One host's outcome, without secrets and placeholders: facts, of which reports make words.

    `reason` is one word for what ended it, `about` what it is about; `baseline`: how the servers
    whose emails were refused fare with the document of before; `before`, `generation_before`: the
    fingerprint and generation of what lay there; `skew`: seconds by which the host's clock is ahead
    of ours; `unverified`: names of servers that no test email has verified yet; `kept_tokens`:
    names of servers whose delivered token stays in a document that was given back, since using it
    has ended the one of before; `to_enter`: what a person has to type into MAPS, None where MAPS
    imports the document, or the document is not settled; `entered`: what was typed last;
    `recorded`: what this run recorded as typed.
    """

    host: str
    state: HostState
    reason: str = ""
    about: str = ""
    remedy: str = ""
    servers: list[ServerChange] = []
    mails: list[MailResult] = []
    baseline: list[MailResult] = []
    unverified: list[str] = []
    generation: int | None = None
    generation_before: int | None = None
    fingerprint: str | None = None
    before: str | None = None
    rolled_back_to: int | None = None
    kept_tokens: list[str] = []
    edited: bool = False
    rekeyed: bool = False
    applies: bool = False
    applied: bool | None = None
    apply: CommandResult | None = None
    test: CommandResult | None = None
    to_enter: list[ServerToEnter] | None = None
    entered: list[ServerEntered] = []
    recorded: list[ServerToEnter] = []
    delivery: DeliveryRecord | None = None
    holder: str | None = None
    strangers: list[str] = []
    open: list[str] = []
    skew: float | None = None
    seconds: float = 0.0

    @property
    def meaning(self) -> Meaning:
        return MEANINGS[self.state]

    @property
    def exit_code(self) -> ExitCode:
        """What this host alone makes of the run."""
        return self.meaning.exit_code

    @property
    def in_maps(self) -> InMaps | None:
        """What MAPS has of what lies there; None where that is not known."""
        if self.is_to_be_entered:
            return InMaps.TO_BE_ENTERED if self.entered else InMaps.NEVER_ENTERED
        if self.to_enter == [] and self.entered:
            return InMaps.ENTERED
        is_unchanged = self.state is HostState.UNCHANGED and bool(self.applied)
        return InMaps.APPLIED if is_unchanged or self.state is HostState.APPLIED else None

    @property
    def is_to_be_entered(self) -> bool:
        """Whether a person has to type something into MAPS now; after a rollback that is only
        planned, they would have to."""
        return bool(self.to_enter) and self.state is not HostState.WOULD_CHANGE

    @property
    def junit(self) -> str:
        """The tag of its test case; empty if all is well."""
        return self.meaning.junit or ("skipped" if self.is_to_be_entered else "")

    @property
    def outcome(self) -> str:
        """Its state for a person, with what is left to type into MAPS."""
        if self.state is HostState.DELIVERED and self.in_maps is not None:
            return f"delivered, {self.in_maps}"
        return f"{self.state}, {self.in_maps}" if self.is_to_be_entered else str(self.state)

    @property
    def needs_push(self) -> bool:
        """Something is to be done there, as a plan says it."""
        return self.state is HostState.WOULD_CHANGE


class Way(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The way from the host to a mail server or a token endpoint that `servers` need.

    `smtp`: how a conversation without sign-in ended; of a token endpoint `status` is that of HTTP,
    or `error` one word why there is none.
    """

    place: str
    servers: list[str]
    smtp: SmtpResult | None = None
    status: int | None = None
    error: str | None = None
    about: str = ""


class Examination(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`reason`: why the folder cannot be used, `about` what that is about; `free`: bytes; `skew`:
    seconds by which the host's clock is ahead of ours; `logged`: PowerShell logs what it is given.
    """

    windows: bool
    directory: str
    account: str = ""
    reason: str = ""
    about: str = ""
    writable: bool = False
    logged: bool = False
    holder: str | None = None
    free: int | None = None
    skew: float | None = None
    ways: list[Way] = []


class HostAnswer(Struct, frozen=True, kw_only=True):
    """What the controller hears of one host. `found`: what a plan has read, for its push;
    `examined`: what `doctor` has seen."""

    result: HostResult
    found: Found | None = None
    examined: Examination | None = None


def exit_code(hosts: Iterable[HostResult], others: Iterable[ExitCode] = ()) -> ExitCode:
    """The gravest of hosts and of what else came up (skipped servers)."""
    return gravest([*(host.exit_code for host in hosts), *others])

"""One fixed result for each renderer: the one place of these tests that knows the inside."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from provisioner.credentials.expiry import LastProof, Problem, SignInState, TokenExpiry
from provisioner.errors import ExitCode
from provisioner.fleet import journal as journals
from provisioner.fleet.host_report import HostReport, ServerOnHost
from provisioner.fleet.host_result import HostResult, HostState, ServerChange
from provisioner.fleet.mail_proof import MailProof
from provisioner.fleet.outcome import Outcome
from provisioner.fleet.preparation import SkippedServer
from provisioner.fleet.run_event import (
    BatchStarted,
    HostFinished,
    RunFinished,
    RunPlanned,
    RunStarted,
    RunStopped,
)
from provisioner.hosts.envelope import Envelope
from provisioner.reports.host_reports import host_reports_as_json, host_reports_as_text
from provisioner.reports.outcome_formats import RENDERERS
from provisioner.reports.sign_in_states import states_as_json, states_as_text
from provisioner.smtp.client import SmtpResult
from tests.frozen.program import provisioner
from tests.oauth_samples import token_set

NOW = 1_900_000_000
DAY = 86400
RUN_ID = "20300317T174640-frozen"
SUFFIXES = {"text": "txt", "json": "json", "junit": "xml", "markdown": "md"}


def rendered_results(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """File name -> text, at NOW and in UTC."""
    monkeypatch.setattr(time, "time", lambda: float(NOW))
    with in_utc(monkeypatch):
        return {
            **{f"push.{SUFFIXES[n]}": render(push(), {}) for n, render in RENDERERS.items()},
            **{f"plan.{SUFFIXES[n]}": render(plan(), {}) for n, render in RENDERERS.items()},
            "sign_ins.txt": states_as_text(sign_ins(), now=NOW),
            "sign_ins.json": states_as_json(sign_ins(), now=NOW),
            "hosts.txt": host_reports_as_text(hosts()),
            "hosts.json": host_reports_as_json(hosts()),
            **history(folder),
        }


@contextmanager
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


REFUSED = SmtpResult(
    outcome="wrong",
    stage="auth",
    code=535,
    enhanced="5.7.139",
    reply="5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled",
    tls="TLSv1.3",
)
SENT = SmtpResult(outcome="sent", stage="data", mechanism="XOAUTH2", tls="TLSv1.3")
CHANGED = ServerChange(
    "Reports", "changed", ("/port", "/oauth2/client_secret"), {"/port": (25, 587)}, verified=False
)
ADDED = ServerChange("Alerts", "added", (), {}, verified=False)
SKIPPED = SkippedServer("News", "nobody has signed in", "sign in", ExitCode.PERSON_NEEDED)


def a_host(number: int, state: HostState) -> HostResult:
    """Some are alike, some have a mail that was sent or refused, some have words of their own."""
    mails = {
        HostState.APPLIED: (MailProof("Reports", SENT, None, "sent"),),
        HostState.RESTORED: (MailProof("Reports", REFUSED, None, None),),
    }
    words = {
        HostState.RESTORED: "what was delivered was proven wrong",
        HostState.UNREACHABLE: "Connection refused",
        HostState.FAILED: "the folder cannot be written",
    }
    return HostResult(
        host=f"maps{number:02}.example.edu",
        state=state,
        servers=(CHANGED, ADDED) if state in (*mails, HostState.CHANGES) else (),
        mails=mails.get(state, ()),
        message=words.get(state, ""),
        before="aaaa",
        fingerprint="aaaa" if state is HostState.RESTORED else "bbbb",
        generation=number,
        seconds=1.5,
    )


def push() -> Outcome:
    """A host in each state, and two alike."""
    states = (HostState.APPLIED, *(state for state in HostState if state is not HostState.CHANGES))
    return Outcome(
        run_id=RUN_ID,
        hosts=tuple(a_host(number, state) for number, state in enumerate(states, 1)),
        skipped=(SKIPPED,),
        warnings=("the inventory names maps99 twice",),
        check=False,
        envelopes={"Reports": Envelope("reports@example.edu", "admins@example.edu")},
    )


def plan() -> Outcome:
    states = (HostState.CHANGES, HostState.CHANGES, HostState.UNCHANGED, HostState.UNREACHABLE)
    hosts = tuple(a_host(number, state) for number, state in enumerate(states, 1))
    return Outcome(run_id=RUN_ID, hosts=hosts, skipped=(SKIPPED,), warnings=(), check=True)


def sign_ins() -> list[SignInState]:
    """Signed in, signed in for the last days, and never."""
    tokens = token_set(
        expires_at=NOW + 3000,
        obtained_at=NOW - 30 * DAY,
        refreshed_at=NOW - DAY,
    )
    proof = LastProof(grant_id=tokens.grant_id, at=NOW - DAY)
    return [
        SignInState(
            server_name="Reports",
            mailbox="reports@example.edu",
            client_secret_expires=date(2030, 4, 1),
            tokens=tokens,
            proof=proof,
            end=TokenExpiry(NOW + 60 * DAY, "it ends after 90 days without a refresh"),
            early_ends=("a new password of the mailbox ends it",),
        ),
        SignInState(
            server_name="Alerts",
            mailbox="alerts@example.edu",
            tokens=tokens,
            proof=proof,
            end=TokenExpiry(NOW + 2 * DAY, "it ends after 90 days without a refresh"),
            problems=(Problem("the sign-in ends within a week", "sign in", blocks=False),),
        ),
        SignInState(
            server_name="News",
            mailbox="news@example.edu",
            problems=(Problem("nobody has signed in yet", "sign in"),),
        ),
    ]


def hosts() -> list[HostReport]:
    at = "2030-03-17T08:00:00Z"
    names = {"Reports": (True, "sent"), "Old": (False, None), "Maps": (False, "unprovable")}
    servers = tuple(
        ServerOnHost(
            name=name,
            verified=verified,
            orphaned=name == "Old",
            proof=proof,
            proven_at=at if proof else None,
            token_expires_at=NOW if verified else None,
        )
        for name, (verified, proof) in names.items()
    )
    delivery = {"run_id": RUN_ID, "owner": "ann@ws (pid 7)", "commit": "0123456789ab", "at": at}
    told = HostReport(
        host="maps1",
        generation=3,
        applied=True,
        edited_by_hand=True,
        delivery=delivery,
        leftovers=("email-servers.json.new",),
        servers=servers,
    )
    return [told, HostReport(host="maps2", problem="Connection refused")]


def history(folder: Path) -> dict[str, str]:
    """What the command says of a push that was stopped."""
    restored = a_host(1, HostState.RESTORED)
    events = (
        RunStarted(
            run_id=RUN_ID,
            command="push",
            owner="ann@ws (pid 7)",
            version="1.0",
            commit="0123456789abcdef" + "0" * 24,
            dirty=True,
            options={"servers": ["Reports"], "limit": "maps", "prune": False, "restart": False},
        ),
        RunPlanned(plan={"seal": "5ea1"}, hosts=(), batches=(("maps01.example.edu",), ("maps02",))),
        BatchStarted(number=1, count=2, hosts=("maps01.example.edu",)),
        HostFinished(result=restored),
        RunStopped(reason="maps01.example.edu ended as restored", hosts=("maps02",)),
        RunFinished(
            exit_code=3,
            report=Outcome(run_id=RUN_ID, hosts=(restored,), skipped=(), warnings=(), check=False),
        ),
    )
    with journals.journal(folder, RUN_ID, keep=9) as written:
        for event in events:
            written.append(event)
    commands = {"runs": ("history",), "run": ("history", RUN_ID)}
    return {
        f"history_{name}.{SUFFIXES[form]}": provisioner(
            *command, "--format", form, folder=folder
        ).stdout
        for name, command in commands.items()
        for form in ("text", "json", "markdown")
    }

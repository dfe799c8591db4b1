"""Records of runs at a fixed time, for all that reports of them."""

from dataclasses import replace as with_reply

from msgspec.structs import replace

from provisioner.deploy.record import (
    BatchStarted,
    HostFinished,
    HostsAsked,
    RunFinished,
    RunPlanned,
    RunRecord,
    RunStarted,
    RunStopped,
    ServerSkipped,
    WarningGiven,
)
from provisioner.errors import ExitCode
from provisioner.host.host_change import ServerChange
from provisioner.host.host_state import DeliveryRecord
from provisioner.host.result import CommandResult, HostResult, HostState, MailResult, RefreshResult
from provisioner.host.to_enter import FieldToEnter, ServerEntered, ServerToEnter
from provisioner.smtp.client import SmtpResult

RUN_ID = "20300317T174640-1f2e3d4c"
AT = "2030-03-17T17:46:40.000+00:00"
TRANSCRIPT = ["< 220 smtp.example.edu", "> AUTH XOAUTH2 ***", "< 535 5.7.139 no"]

SENT = MailResult(
    server="Reports",
    smtp=SmtpResult(outcome="sent", stage="data", mechanism="XOAUTH2", tls="TLSv1.3"),
    proof="sent",
)
SIGNED_IN = MailResult(
    server="Reports",
    smtp=SmtpResult(outcome="authenticated", stage="auth"),
    proof="authenticated",
)
REFUSED = MailResult(
    server="Reports",
    smtp=SmtpResult(
        outcome="wrong",
        stage="auth",
        code=535,
        enhanced="5.7.139",
        reply="5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled",
        tls="TLSv1.3",
        transcript=TRANSCRIPT,
    ),
)
DEFERRED = MailResult(
    server="Reports",
    smtp=SmtpResult(
        outcome="inconclusive", stage="mail", code=451, enhanced="4.7.0", reply="4.7.0 later"
    ),
    attempts=3,
)
NOT_RENEWED = replace(
    SENT, proof=None, refresh=RefreshResult(outcome="wrong", error="invalid_client")
)
CHANGED = ServerChange(
    name="Reports",
    state="changed",
    fields=["/port", "/oauth2/client_secret"],
    values={"/port": (25, 587)},
)
ADDED = ServerChange(name="Alerts", state="added")
REMOVED = ServerChange(name="Old", state="removed")
ORPHANED = ServerChange(name="Foreign", state="orphaned")
UNCHANGED = ServerChange(name="News", state="unchanged", verified=True)
DELIVERY = DeliveryRecord(
    run_id=RUN_ID, owner="ann@ws (pid 7)", commit="0123456789ab", at=AT, settled=True
)
PORT_TO_ENTER = ServerToEnter(
    name="Reports",
    change="changed",
    fields=(
        FieldToEnter(pointer="/port", old=25, new=587),
        FieldToEnter(pointer="/oauth2/client_secret", is_hidden=True),
    ),
)
PORT_BACK = replace(PORT_TO_ENTER, fields=(FieldToEnter(pointer="/port", old=587, new=25),))
NEW_TO_ENTER = ServerToEnter(
    name="Alerts", change="new", fields=(FieldToEnter(pointer="/server_name", new="Alerts"),)
)
OLD_TO_REMOVE = ServerToEnter(name="Old", change="removed")
ENTERED = [
    ServerEntered(name="News", at="2030-03-16T10:00:00Z", by="bob", run_id="run-1"),
    ServerEntered(name="Reports", at="2030-03-17T09:30:00Z", by="ann", note="C 7", run_id="run-2"),
]
SKIPPED = ServerSkipped(
    server="Billing",
    reason="not signed in: Billing",
    remedy="run: provisioner authenticate Billing",
    exit_code=ExitCode.PERSON_NEEDED,
)


def result(host, state, reason="", **facts):
    return HostResult(host=host, state=state, reason=reason, **{"seconds": 1.5, **facts})


def delivered(host, state, reason="", **facts):
    """With what was to change there, and was written."""
    changes = {
        "servers": [CHANGED, ADDED, UNCHANGED],
        "generation": 8,
        "before": "aaaa",
        "fingerprint": "bbbb",
        "delivery": DELIVERY,
    }
    return result(host, state, reason, **{**changes, **facts})


def started(command="push", **options):
    return RunStarted(
        run_id=RUN_ID,
        command=command,
        owner="ann@ws (pid 7)",
        version="1.0",
        commit="0123456789abcdef" + "0" * 24,
        dirty=True,
        options={"servers": [], "limit": None, "prune": False, **options},
    )


def record(*events, of=None):
    return RunRecord.of([replace(event, at=AT) for event in (of or started(), *events)])


def finished(*hosts):
    return [HostFinished(result=host) for host in hosts]


def plan(*hosts, others=()):
    due = [[host.host for host in hosts if host.needs_push]]
    planned = RunPlanned(hosts=list(hosts), plan={"seal": "5ea1"}, batches=due)
    return record(HostsAsked(purpose="plan", hosts=len(hosts)), *others, planned, of=_PLAN)


_PLAN = started("plan")


def sample_plan():
    """What hosts have before a push: equal ones, and some that need attention."""
    change = {"servers": [CHANGED, ADDED, REMOVED, ORPHANED, UNCHANGED]}
    would = HostState.WOULD_CHANGE
    return plan(
        *(delivered(f"maps{n:02}", would, unverified=["Reports"], **change) for n in range(1, 9)),
        delivered("maps09", would, applies=True, edited=True, skew=-432.1, unverified=["Reports"]),
        result("maps10", would, rekeyed=True, servers=[UNCHANGED], unverified=["News"]),
        result("maps11", would, open=["", "state.json"], holder="bob@ci (run 1)"),
        result("maps12", HostState.UNCHANGED, servers=[UNCHANGED]),
        *(
            result(
                f"maps{n}",
                HostState.UNREACHABLE,
                "refused",
                about="port 22: connection refused",
                remedy="check ansible_host and ansible_port",
            )
            for n in (13, 14)
        ),
        result(
            "maps15",
            HostState.UNREACHABLE,
            "timeout",
            about="the connection timed out",
            remedy="check ansible_host and ansible_port",
        ),
        result("maps16", HostState.FAILED, "not_private", about="/etc/maps-provisioner"),
        others=[SKIPPED, WarningGiven(text="the inventory names maps99 twice")],
    )


def sample_push():
    """Hosts in each state, some of them equal."""
    test = CommandResult(exit=3, output="MAPS: cannot connect\nsee its log\n")
    apply = CommandResult(exit=1, output="import failed: maps08 has no license")
    ends = (
        *(delivered(f"maps0{n}", HostState.APPLIED, mails=[SENT], generation=n) for n in (1, 2)),
        result("maps03", HostState.UNCHANGED, servers=[UNCHANGED]),
        delivered("maps04", HostState.DELIVERED, mails=[SIGNED_IN]),
        delivered("maps05", HostState.UNVERIFIED, "not_verified", mails=[DEFERRED]),
        delivered("maps06", HostState.UNVERIFIED, "test_failed", mails=[SENT], test=test),
        delivered(
            "maps07", HostState.RESTORED, "mail_refused", mails=[REFUSED], baseline=[SIGNED_IN]
        ),
        delivered("maps08", HostState.RESTORED, "apply_failed", apply=apply),
        delivered(
            "maps09",
            HostState.UNKNOWN,
            "baseline_wrong",
            mails=[NOT_RENEWED],
            baseline=[replace(REFUSED, worked_before="smtp.example.edu:25")],
        ),
        result("maps10", HostState.LOCKED, "locked", about="bob@ci (run 1)"),
        result("maps11", HostState.DRIFTED, "moved"),
        result("maps12", HostState.FAILED, "eio", about="/etc/maps-provisioner/state.json"),
        delivered("maps13", HostState.UNKNOWN, "lost", about="the connection was lost"),
    )
    names = [host.host for host in ends]
    planned = [delivered(name, HostState.WOULD_CHANGE) for name in (*names, "maps14", "maps15")]
    batches = [names, ["maps14", "maps15"]]
    return record(
        HostsAsked(purpose="plan", hosts=16),
        RunPlanned(hosts=planned, plan={"seal": "5ea1"}, batches=batches),
        HostsAsked(purpose="push", hosts=13),
        BatchStarted(number=1, count=2, hosts=names),
        *finished(*ends),
        SKIPPED,
        RunStopped(reason="maps07 was restored; stopped before batch 2", hosts=batches[1]),
        RunFinished(exit_code=ExitCode.HOST_UNKNOWN, interrupted=""),
    )


def sample_groups():
    """Hosts that differ in what is of each alone, and are one block; then hosts that do not."""
    twice = [
        ("full", "enospc", "full{n}: /etc"),
        ("lock", "locked", "ann (run 2026112{n}T100101-1f2e3d4{n}), since 2026-11-27T10:0{n}:00Z"),
    ]
    replies = {
        "outlook": "5.7.139 Authentication unsuccessful [FR{n}P281CA0042.DEUP281.PROD.OUTLOOK.COM "
        "2026-11-27T10:0{n}:00.123Z 08DC{n}]",
        "gmail": "5.7.8 Username and Password not accepted {n}b1f17b1804b1-40c8.3 - gsmtp",
    }
    words = "no\nmaps2: applied\x1b[2J"
    back = {"generation": 8, "rolled_back_to": 6}
    hosts = [
        *(result(f"even{n:02}", HostState.UNCHANGED) for n in range(1, 51)),
        *(delivered(f"generation{n}", HostState.ROLLED_BACK, generation=n) for n in (3, 1, 2)),
        *(
            result(f"{name}{n}", HostState.FAILED, reason, about=about.format(n=n))
            for name, reason, about in twice
            for n in (1, 2)
        ),
        *(
            result(f"{name}{n}", HostState.RESTORED, "mail_refused", mails=[_refused(reply, n)])
            for name, reply in replies.items()
            for n in (1, 2)
        ),
        *(result(f"clock{n}", HostState.UNCHANGED, skew=n * 400.0) for n in (1, 2)),
        *(
            delivered(f"port{old}", HostState.APPLIED, servers=[_port_was(old)], mails=[SENT])
            for old in (25, 465)
        ),
        result(
            "moved",
            HostState.RESTORED,
            "mail_refused",
            mails=[replace(REFUSED, worked_before="old:25")],
            baseline=[REFUSED],
        ),
        delivered("back", HostState.ROLLED_BACK, **back),
        delivered("goes-back", HostState.WOULD_CHANGE, **back),
        delivered("not-back", HostState.FAILED, "eio", **back),
        delivered("rekeyed", HostState.APPLIED, rekeyed=True),
        delivered("restarted-later", HostState.DELIVERED),
        result(
            "loud",
            HostState.RESTORED,
            "apply_failed",
            about="no",
            apply=CommandResult(exit=1, output=words),
        ),
        result("e\x1b]0;vil\x07\n", HostState.FAILED, "eio", about=words),
    ]
    return record(*finished(*hosts), of=started(restart=False))


def _refused(reply, number):
    smtp = with_reply(REFUSED.smtp, reply=reply.format(n=number), message_id=f"<{number}@a>")
    return replace(REFUSED, smtp=smtp)


def _port_was(old):
    return replace(CHANGED, values={"/port": (old, 587)})


def sample_rollback():
    """One host went back, another one was not started."""
    return record(
        BatchStarted(number=1, count=1, hosts=["maps1", "maps2"]),
        *finished(
            delivered("maps1", HostState.ROLLED_BACK, mails=[SENT]),
            result("maps2", HostState.NOT_STARTED, "interrupted"),
        ),
        RunFinished(exit_code=ExitCode.INTERRUPTED, interrupted="SIGINT"),
        of=started("rollback", limit="maps1,maps2"),
    )


def sample_to_enter():
    """Hosts where a person enters the values into MAPS, and one where MAPS imports them."""
    left = {"to_enter": [PORT_TO_ENTER, NEW_TO_ENTER, OLD_TO_REMOVE], "entered": ENTERED}
    return record(
        *finished(
            *(delivered(f"maps{n}", HostState.DELIVERED, mails=[SENT], **left) for n in (1, 2)),
            delivered("maps3", HostState.DELIVERED, to_enter=[NEW_TO_ENTER], mails=[SENT]),
            delivered("maps4", HostState.DELIVERED, to_enter=[], entered=ENTERED),
            result("maps5", HostState.UNCHANGED, **left),
            result("maps6", HostState.UNCHANGED, to_enter=[], entered=ENTERED),
            delivered("maps7", HostState.APPLIED, applied=False, mails=[SENT]),
        ),
    )


def sample_entered():
    """Of what a person entered, and of hosts where nothing can be recorded."""
    return record(
        *finished(
            result(
                "maps1",
                HostState.ENTERED,
                to_enter=[],
                entered=ENTERED,
                recorded=[PORT_TO_ENTER, NEW_TO_ENTER, OLD_TO_REMOVE],
            ),
            result("maps2", HostState.UNDONE, to_enter=[PORT_TO_ENTER], entered=ENTERED[:1]),
            result("maps3", HostState.FAILED, "imports_itself", applied=True),
            delivered("maps4", HostState.FAILED, "push_first"),
            result("maps5", HostState.DRIFTED, "moved"),
        ),
        RunFinished(exit_code=ExitCode.HOSTS_BEHIND, interrupted=""),
        of=started("entered"),
    )


def sample_typed_back():
    """A rollback of what a person had entered."""
    back = {"generation": 8, "rolled_back_to": 6, "to_enter": [PORT_BACK], "entered": ENTERED}
    return record(
        *finished(delivered("maps1", HostState.ROLLED_BACK, mails=[SENT], **back)),
        of=started("rollback"),
    )


def sample_killed_push():
    """Of a push that was killed in its first batch."""
    planned = [delivered(name, HostState.WOULD_CHANGE) for name in ("maps1", "maps2", "maps3")]
    return record(
        RunPlanned(hosts=planned, plan={"seal": "5ea1"}, batches=[["maps1", "maps2"], ["maps3"]]),
        BatchStarted(number=1, count=2, hosts=["maps1", "maps2"]),
        *finished(delivered("maps1", HostState.APPLIED, mails=[SENT])),
        of=started(servers=["Reports"], limit="maps*", prune=True, restart=False),
    )


def sample_status():
    """What hosts have, as `status --hosts` asks for it."""
    there = delivered("maps1", HostState.UNCHANGED, servers=[UNCHANGED, ORPHANED], skew=1.0)
    would = HostState.WOULD_CHANGE
    refused = {"about": "port 22: refused", "remedy": "check ansible_port"}
    hosts = [
        there,
        delivered("maps2", would, generation_before=7, applies=True, applied=False),
        replace(there, host="maps3", edited=True, strangers=["notes.txt"], skew=-432.1),
        replace(there, host="maps3b", applied=False, open=["", "state.json"], holder="bob@ci"),
        replace(there, host="maps3c", before=None, servers=[], delivery=None, rekeyed=True),
        result("maps4", would, servers=[replace(UNCHANGED, state="added")]),
        result("maps5", HostState.UNREACHABLE, "refused", **refused),
        replace(there, host="maps6", servers=[UNCHANGED], unverified=["News"]),
        replace(there, host="maps7", delivery=None),
        replace(there, host="maps8", applied=True, servers=[UNCHANGED]),
        replace(there, host="maps9", to_enter=[PORT_TO_ENTER, OLD_TO_REMOVE], entered=ENTERED),
        replace(there, host="maps9b", to_enter=[NEW_TO_ENTER]),
        replace(there, host="maps9c", to_enter=[], entered=ENTERED),
    ]
    return record(*finished(*hosts), of=started("status"))


SAMPLES = {
    "plan": sample_plan,
    "push": sample_push,
    "groups": sample_groups,
    "rollback": sample_rollback,
    "to-enter": sample_to_enter,
    "entered": sample_entered,
    "typed-back": sample_typed_back,
    "killed": sample_killed_push,
}

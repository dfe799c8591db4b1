"""A run explained long after it: to people, to programs, in a change record."""

import json

from provisioner.fleet.host_result import HostResult, HostState, ServerChange
from provisioner.fleet.journal import journal
from provisioner.fleet.mail_proof import MailProof
from provisioner.fleet.outcome import Outcome
from provisioner.fleet.run_event import (
    BatchStarted,
    HostFinished,
    RunFailed,
    RunFinished,
    RunPlanned,
    RunStarted,
    RunStopped,
)
from provisioner.fleet.run_record import all_runs
from provisioner.reports.history_formats import LISTS, ONES
from provisioner.smtp.client import SmtpResult

MAPS1 = HostResult(
    host="maps1",
    state=HostState.RESTORED,
    before="aaaa",
    fingerprint="aaaa",
    seconds=2.5,
    message="what was delivered was proven wrong",
    servers=(ServerChange("Reports", "changed", ("/port",), {"/port": (25, 587)}, verified=False),),
    mails=(
        MailProof(
            "Reports",
            SmtpResult(outcome="wrong", stage="auth", code=535, reply="5.7.8 no", tls="TLSv1.3"),
            None,
            None,
        ),
    ),
)
STARTED = RunStarted(
    run_id="run-1",
    command="push",
    owner="ann@ws (pid 7)",
    version="1.0",
    commit="0123456789abcdef" + "0" * 24,
    dirty=True,
    options={"servers": ["Reports"], "limit": "maps", "prune": False, "restart": False},
)
PLANNED = RunPlanned(plan={"seal": "5ea1"}, hosts=(), batches=(("maps1",), ("maps2",), ("maps3",)))
REPORT = Outcome(run_id="run-1", hosts=(MAPS1,), skipped=(), warnings=(), check=False)


def record(tmp_path, *events):
    with journal(tmp_path, "run-1", keep=9) as written:
        for event in events:
            written.append(event)
    (run,) = all_runs(tmp_path)
    return run


def explained(tmp_path):
    return record(
        tmp_path,
        STARTED,
        PLANNED,
        BatchStarted(number=1, count=3, hosts=("maps1",)),
        HostFinished(result=MAPS1),
        BatchStarted(number=2, count=3, hosts=("maps2",)),
        RunStopped(reason="maps1 ended as restored", hosts=("maps3",)),
        RunFinished(exit_code=3, report=REPORT),
    )


def test_a_run_in_words(tmp_path):
    lines = ONES["text"](explained(tmp_path)).splitlines()
    assert lines[0] == "push run-1"
    assert lines[1].endswith(", by ann@ws (pid 7)")
    assert lines[2:] == [
        "  at:     0123456789ab and changes, provisioner 1.0",
        "  asked:  Reports, --limit maps, --no-restart",
        "  plan:   5ea1, 3 hosts in 3 batches",
        "  ended:  exit 3: 1 restored",
        "maps1: restored, document aaaa, 2.5 s",
        "  what was delivered was proven wrong",
        "  Reports: changed (/port)",
        "  test email of Reports: wrong at auth 535: 5.7.8 no (TLSv1.3)",
        "maps2: begun, and nothing was heard of it",
        "maps3: not begun",
        "stopped: maps1 ended as restored; not reached: maps3",
    ]


def test_a_run_as_markdown_and_json(tmp_path):
    run = explained(tmp_path)
    assert "| maps1 | restored | document aaaa | test email of Reports: " in ONES["markdown"](run)
    content = json.loads(ONES["json"](run))
    assert (content["run_id"], content["whole"], len(content["events"])) == ("run-1", True, 7)


def test_the_list_says_how_each_ended(tmp_path):
    run = explained(tmp_path)
    expected = "run-1  0123456789ab and changes  ann@ws  exit 3: 1 restored\n"
    assert LISTS["text"]([run]) == expected
    assert "| run-1 | 0123456789ab and changes |" in LISTS["markdown"]([run])
    (row,) = json.loads(LISTS["json"]([run]))["runs"]
    assert (row["targets"], row["undone"]) == (3, ["maps1", "maps2", "maps3"])
    assert LISTS["text"]([]) == "no push was made from this project folder yet\n"


def test_a_run_that_was_killed_and_one_that_failed(tmp_path):
    (tmp_path / "a").mkdir()
    killed = record(tmp_path / "a", STARTED, PLANNED)
    assert "killed, or still at work; 3 hosts not done" in LISTS["text"]([killed])
    (tmp_path / "b").mkdir()
    failed = RunFailed(exit_code=1, message="Ansible cannot read\nthe inventory", remedy="")
    run = record(tmp_path / "b", STARTED, failed)
    assert "ended with 1: Ansible cannot read\n" in LISTS["text"]([run])

"""The record of a run: what its events come to, and the journal that a killed run leaves."""

import json
import os
import re
import stat
import subprocess
import sys
import time
import tracemalloc

import pytest

from provisioner.deploy.record import (
    BatchStarted,
    HostFinished,
    PhaseStarted,
    RunFailed,
    RunFinished,
    RunPlanned,
    RunRecord,
    RunStarted,
    RunStopped,
    ServerSkipped,
    WarningGiven,
    all_runs,
    event_line,
    journal,
    new_run_id,
    run_named,
)
from provisioner.errors import ExitCode, FleetError, UsageError
from provisioner.host.result import HostResult, HostState, MailResult
from provisioner.reports.history import LISTS
from provisioner.smtp.client import SmtpResult
from tests.unit.deploy.pushes import run_started


def result(host, state, **facts):
    return HostResult(host=host, state=state, **facts)


def finished(host, state):
    return HostFinished(result=result(host, state))


def planned(*batches, others=()):
    hosts = [result(host, HostState.WOULD_CHANGE) for batch in batches for host in batch]
    return RunPlanned(hosts=[*hosts, *others], plan={"seal": "s"}, batches=list(batches))


def record(*events):
    made = RunRecord(run_started())
    for event in events:
        made.add(event)
    return made


def states(run):
    return {host.host: str(host.state) for host in run.hosts}


# -- what events come to


def test_the_last_word_on_each_host():
    run = record(
        planned(
            ["maps3"],
            ["maps1", "maps2"],
            others=(result("maps4", HostState.UNREACHABLE), result("maps0", HostState.UNCHANGED)),
        ),
        BatchStarted(number=1, count=2, hosts=["maps3"]),
        finished("maps3", HostState.RESTORED),
        RunStopped(reason="maps3 was restored", hosts=["maps1", "maps2"]),
    )
    assert states(run) == {
        "maps0": "unchanged",
        "maps1": "not started",
        "maps2": "not started",
        "maps3": "restored",
        "maps4": "unreachable",
    }
    assert (run.hosts[1].reason, run.hosts[1].about) == ("stopped", "maps3 was restored")
    assert run.targets == ["maps3", "maps1", "maps2"]
    assert run.undone == ["maps1", "maps2", "maps3", "maps4"]
    assert run.exit_code is ExitCode.HOSTS_BEHIND


def test_a_host_that_was_started_and_never_answered_is_unknown():
    run = record(planned(["maps1"], ["maps2"]), BatchStarted(number=1, count=2, hosts=["maps1"]))
    assert states(run) == {"maps1": "unknown", "maps2": "would change"}
    assert run.hosts[0].reason == "no_result"


def test_of_a_saved_plan_no_host_was_asked():
    plan = RunPlanned(hosts=[], plan={}, batches=[["maps1"], ["maps2"]])
    run = record(plan, BatchStarted(number=1, count=2, hosts=["maps1"]), finished("maps1", APPLIED))
    assert states(run) == {"maps1": "applied", "maps2": "not started"}


APPLIED = HostState.APPLIED
SKIPPED = ServerSkipped(
    server="Reports", reason="not signed in", remedy="", exit_code=ExitCode.PERSON_NEEDED
)


@pytest.mark.parametrize(
    ("events", "interrupted", "code"),
    [
        ([], "", ExitCode.DONE),
        ([planned(["maps1"])], "", ExitCode.CHANGES),
        ([finished("maps1", APPLIED), SKIPPED], "", ExitCode.PERSON_NEEDED),
        ([finished("maps1", HostState.UNVERIFIED), SKIPPED], "", ExitCode.PERSON_NEEDED),
        ([finished("maps1", HostState.UNKNOWN), SKIPPED], "", ExitCode.HOST_UNKNOWN),
        ([finished("maps1", HostState.UNKNOWN)], "SIGINT", ExitCode.INTERRUPTED),
        ([finished("maps1", HostState.LOCKED)], "", ExitCode.LOCKED),
    ],
)
def test_the_gravest_is_the_exit_code(events, interrupted, code):
    run = record(*events)
    assert run.finish(interrupted) is code
    assert run.exit_code is code
    assert run.interrupted == interrupted
    assert run.ended == run.events[-1]


def test_a_run_that_could_not_go_on_has_that_exit_code_too():
    failed = RunFailed(exit_code=ExitCode.BUG, message="m", remedy="")
    run = record(finished("maps1", HostState.RESTORED), failed)
    assert run.exit_code is ExitCode.BUG


def test_phases_are_told_and_not_kept():
    told = []
    run = RunRecord(run_started(), [told.append])
    run.add(PhaseStarted(host="maps1", phase="read"))
    run.add(WarningGiven(text="careful"))
    assert [type(event) for event in told] == [RunStarted, PhaseStarted, WarningGiven]
    assert [type(event) for event in run.events] == [RunStarted, WarningGiven]
    assert run.warnings == ["careful"]
    assert all(event.at for event in told)


def test_a_line_of_json_has_its_time_first_and_steers_no_terminal():
    run = record(WarningGiven(text="a\x1b[2J\udcff"))
    line = event_line(run.events[-1])
    assert list(json.loads(line)) == ["at", "event", "text", "exit_code"]
    assert json.loads(line)["event"] == "warning_given"
    assert "\x1b" not in line
    assert json.loads(line)["text"] == "a\x1b[2J?"


# -- the journal


def write(root, run_id, *events, **keep):
    with journal(root, run_id, **keep) as written:
        run = RunRecord(run_started(run_id=run_id), [written.append])
        for event in events:
            run.add(event)
        assert written.problem == ""
    return root / ".provisioner" / "runs" / f"{run_id}.jsonl"


def test_it_is_for_its_owner_only_and_never_written_over(tmp_path):
    file = write(tmp_path, "run-1")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    with pytest.raises(FleetError, match="cannot write a journal"):
        write(tmp_path, "run-1")


def test_what_is_read_is_what_was_recorded(tmp_path):
    smtp = SmtpResult(outcome="sent", stage="data", challenge={"status": "400"}, transcript=["a"])
    mails = [MailResult(server="Reports", smtp=smtp, proof="sent")]
    run = RunRecord(run_started())
    events = (
        planned(["maps1"]),
        PhaseStarted(host="maps1", phase="deliver"),
        HostFinished(result=result("maps1", APPLIED, mails=mails)),
        SKIPPED,
        RunFinished(exit_code=ExitCode.DONE, interrupted=""),
    )
    with journal(tmp_path, "run-1") as written:
        run = RunRecord(run_started(), [written.append])
        for event in events:
            run.add(event)
    read = run_named(tmp_path, "run-1")
    assert read.events == run.events
    assert (read.started, read.hosts, read.whole) == (run.started, run.hosts, True)
    file = tmp_path / ".provisioner" / "runs" / "run-1.jsonl"
    assert b'"baseline"' not in file.read_bytes(), "defaults go without saying"
    assert b"phase_started" not in file.read_bytes(), "of the moment"
    file.write_text("".join(f"{event_line(event)}\n" for event in run.events))
    assert b'"baseline":[]' in file.read_bytes().replace(b" ", b""), "as they were once written"
    assert run_named(tmp_path, "run-1").events == run.events


def test_a_torn_or_foreign_line_is_skipped_and_counted(tmp_path):
    file = write(tmp_path, "run-1", planned(["maps1"], ["maps2"]), finished("maps1", APPLIED))
    with file.open("ab") as torn:
        torn.write(b'{"event":"run_cleaned"}\n\xff\n[1]\n{"event": "host_fin')
    run = run_named(tmp_path, "run-1")
    assert not run.whole
    assert run.undone == ["maps2"]


def test_without_its_first_line_a_run_has_its_name_from_the_file(tmp_path):
    file = write(tmp_path, "run-1", finished("maps1", APPLIED))
    file.write_bytes(file.read_bytes().partition(b"\n")[2])
    run = run_named(tmp_path, "run-1")
    assert (run.run_id, states(run)) == ("run-1", {"maps1": "applied"})


def test_the_oldest_go_by_number(tmp_path):
    for number in range(4):
        write(tmp_path, f"run-{number}", keep_runs=2)
    assert [run.run_id for run in all_runs(tmp_path)] == ["run-3", "run-2"]


def test_the_oldest_go_by_size_and_the_running_one_stays(tmp_path):
    for number in range(3):
        write(tmp_path, f"run-{number}", WarningGiven(text="x" * 2000))
    write(tmp_path, "run-3", keep_bytes=3000)
    assert [run.run_id for run in all_runs(tmp_path)] == ["run-3", "run-2"]
    write(tmp_path, "run-4", keep_bytes=0)
    assert [run.run_id for run in all_runs(tmp_path)] == ["run-4"]


def test_many_large_journals_are_listed_in_little_memory(tmp_path):
    smtp = SmtpResult(outcome="sent", stage="data", transcript=["250 ok"] * 20)
    mails = [MailResult(server=name, smtp=smtp) for name in "abc"]
    hosts = [f"maps{number}" for number in range(500)]
    events = [HostFinished(result=result(host, APPLIED, mails=mails)) for host in hosts]
    lines = [event_line(event) for event in (run_started(), planned(hosts), *events)]
    folder = write(tmp_path, "run-0").parent
    (folder / "first").write_text("".join(f"{line}\n" for line in lines))
    for number in range(1, 6):
        os.link(folder / "first", folder / f"run-{number}.jsonl")
    tracemalloc.start()
    rows = LISTS["text"](all_runs(tmp_path)).splitlines()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(rows) == 7
    assert rows[1].endswith("0 hosts not done")
    assert peak < 10_000_000


def test_a_run_is_found_by_how_its_id_begins(tmp_path):
    for name in ("20260101-a", "20260101-b", "20260102-a"):
        write(tmp_path, name)
    assert run_named(tmp_path, "20260102").run_id == "20260102-a"
    assert run_named(tmp_path, "20260101-a").run_id == "20260101-a"
    with pytest.raises(UsageError, match="2 runs found for '20260101'"):
        run_named(tmp_path, "20260101")
    with pytest.raises(UsageError, match="no run found"):
        run_named(tmp_path, "1999")


def test_a_folder_that_is_a_link_is_not_written_through(tmp_path):
    (tmp_path / ".provisioner").mkdir()
    (tmp_path / ".provisioner" / "runs").symlink_to(tmp_path)
    with pytest.raises(FleetError, match="unexpected file"):
        write(tmp_path, "run-1")


_FILL = """
import sys
from pathlib import Path
from provisioner.deploy.record import WarningGiven, journal
with journal(Path(sys.argv[1]), "run-1") as written:
    for number in range(2000):
        written.append(WarningGiven(text="x" * 100))
    print(written.problem)
"""


@pytest.mark.long  # it mounts, which `make unit` must not
def test_a_full_disk_is_told_and_stops_nothing(tmp_path):
    mount = 'mount -t tmpfs -o size=64k none "$1" && "$2" -c "$3" "$1"'
    ended = subprocess.run(
        ["unshare", "-m", "sh", "-c", mount, "sh", str(tmp_path), sys.executable, _FILL],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert ended.stdout == "the journal is incomplete: No space left on device\n"


def test_each_event_is_on_disk_before_the_run_continues(tmp_path, monkeypatch):
    """A power cut must not take away what was done on hosts; which phase one is in may be lost."""
    on_disk = []
    with journal(tmp_path, "run-1") as written:
        sync = os.fsync
        monkeypatch.setattr(
            os, "fsync", lambda file: (sync(file), on_disk.append(os.fstat(file).st_size))
        )
        for number, event in enumerate((run_started(), finished("maps1", HostState.APPLIED)), 1):
            written.append(event)
            written.append(PhaseStarted(host="maps1", phase="read"))
            (file,) = tmp_path.rglob("run-1*")
            assert len(on_disk) == number
            assert on_disk[-1] == file.stat().st_size


def test_run_ids_are_in_the_order_of_time_within_a_second(monkeypatch):
    ids = []
    for now in (1_900_000_000.001, 1_900_000_000.5, 1_900_000_000.999, 1_900_000_001.0):
        monkeypatch.setattr(time, "time", lambda now=now: now)
        ids.append(new_run_id())
    assert ids == sorted(ids)
    assert all(re.fullmatch(r"\d{8}T\d{6}-[0-9a-f]{8}", run_id) for run_id in ids)
    assert len({new_run_id() for _ in range(50)}) > 40, "at one moment"

"""The journal of a run: private, added to, readable though its last line is torn."""

import json
import os
import stat
import subprocess
import sys

import pytest

from provisioner.errors import FleetError, UsageError
from provisioner.fleet.host_result import HostResult, HostState
from provisioner.fleet.journal import journal
from provisioner.fleet.resumption import run_to_resume
from provisioner.fleet.run_event import BatchStarted, HostFinished, RunPlanned, RunStarted
from provisioner.fleet.run_record import all_runs, run_named
from provisioner.fleet.saved_plan import PlanRefused, SavedPlan, require_plan
from provisioner.reports.history_formats import LISTS, ONES

OPTIONS = {"servers": [], "limit": None, "prune": False}


def started(run_id, **options):
    return RunStarted(
        run_id=run_id,
        command="push",
        owner="ann@ws (pid 1)",
        version="1",
        commit="a" * 40,
        dirty=True,
        options=OPTIONS | options,
    )


PLANNED = RunPlanned(plan={"seal": "s"}, hosts=(), batches=(("maps1",), ("maps2",)))


def finished(host, state):
    return HostFinished(result=HostResult(host=host, state=state))


def write(root, run_id, *events, keep=10):
    with journal(root, run_id, keep=keep) as written:
        for event in events:
            written.append(event)
        assert written.problem == ""
    return root / ".provisioner" / "runs" / f"{run_id}.jsonl"


def test_it_is_for_its_owner_only_and_never_written_over(tmp_path):
    file = write(tmp_path, "run-1", started("run-1"))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    with pytest.raises(FleetError, match="no journal can be written"):
        write(tmp_path, "run-1", started("run-1"))


def test_a_torn_line_is_passed_over_and_told(tmp_path):
    file = write(tmp_path, "run-1", started("run-1"), PLANNED, finished("maps1", HostState.APPLIED))
    with file.open("a") as torn:
        torn.write('{"event": "host_fin')
    (run,) = all_runs(tmp_path)
    assert not run.whole
    assert run.undone == ("maps2",)


def test_the_oldest_go(tmp_path):
    for number in range(4):
        write(tmp_path, f"run-{number}", started("x"), keep=2)
    assert [run.run_id for run in all_runs(tmp_path)] == ["run-3", "run-2"]


def test_a_full_disk_is_told_and_stops_nothing(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    script = (
        "import sys; from pathlib import Path\n"
        "from provisioner.fleet.journal import journal\n"
        "from provisioner.fleet.run_event import PlaybookStarted\n"
        "with journal(Path(sys.argv[1]), 'run-1', keep=9) as j:\n"
        "    for n in range(2000): j.append(PlaybookStarted(purpose='x' * 100, hosts=n))\n"
        "    print(j.problem)\n"
    )
    ended = subprocess.run(
        [
            "unshare",
            "-m",
            "sh",
            "-c",
            'mount -t tmpfs -o size=64k none "$1" && "$2" -c "$3" "$1"',
            "sh",
            str(folder),
            sys.executable,
            script,
        ],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert ended.stdout == "the journal is not whole: No space left on device\n"


def test_a_folder_that_is_a_link_is_not_written_through(tmp_path):
    (tmp_path / ".provisioner").mkdir()
    (tmp_path / ".provisioner" / "runs").symlink_to(tmp_path)
    with pytest.raises(FleetError, match="unexpected file"):
        write(tmp_path, "run-1", started("run-1"))


def test_a_run_is_found_by_how_its_id_begins(tmp_path):
    for name in ("20260101-a", "20260101-b", "20260102-a"):
        write(tmp_path, name, started(name))
    assert run_named(tmp_path, "20260102").run_id == "20260102-a"
    assert run_named(tmp_path, "20260101-a").run_id == "20260101-a"
    with pytest.raises(UsageError, match="2 runs of this project begin with '20260101'"):
        run_named(tmp_path, "20260101")
    with pytest.raises(UsageError, match="no run begins"):
        run_named(tmp_path, "1999")


def resumed(root, saved=None, **options):
    return run_to_resume(all_runs(root), OPTIONS | options, saved)


def test_what_is_left_of_the_last_push(tmp_path):
    events = (
        started("run-1"),
        PLANNED,
        BatchStarted(number=1, count=2, hosts=("maps1",)),
        finished("maps1", HostState.RESTORED),
    )
    write(tmp_path, "run-1", *events)
    run = resumed(tmp_path)
    assert run.undone == ("maps1", "maps2")
    assert run.begun == {"maps1"}


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ((), "there is no push to go on with"),
        ((started("run-1"),), "there is no push to go on with"),
        (
            (
                started("run-1"),
                PLANNED,
                finished("maps1", HostState.APPLIED),
                finished("maps2", HostState.DELIVERED),
            ),
            "nothing is left of the push run-1",
        ),
    ],
)
def test_where_nothing_is_left(tmp_path, events, message):
    if events:
        write(tmp_path, "run-1", *events)
    with pytest.raises(FleetError, match=message):
        resumed(tmp_path)


def test_other_options_or_another_plan_are_refused(tmp_path):
    write(tmp_path, "run-1", started("run-1", servers=["Reports"], plan="s"), PLANNED)
    with pytest.raises(PlanRefused, match="was for other servers: Reports then, all now"):
        resumed(tmp_path)
    with pytest.raises(PlanRefused, match="did not carry out this plan"):
        resumed(tmp_path, SavedPlan({"seal": "t"}), servers=["Reports"])
    assert resumed(tmp_path, SavedPlan({"seal": "s"}), servers=["Reports"]).run_id == "run-1"


def test_a_line_is_json_with_a_time(tmp_path):
    line = json.loads(write(tmp_path, "run-1", started("run-1")).read_text())
    assert line["event"] == "run_started"
    assert line["at"].endswith("+00:00")


HOSTILE = {
    "lacks facts": '{"event": "run_started"}\n{"event": "run_planned"}\n{"event": "run_failed"}',
    "other types": '{"event": "run_started", "owner": 3, "options": []}\n{"event": []}',
    "deep": "[" * 100_000,
    "a number": "9" * 10_000,
    "binary": "\0\ud800",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_event_is_passed_over_in_every_format(tmp_path, content):
    write(tmp_path, "run-1", started("run-1"), PLANNED, finished("maps1", HostState.APPLIED))
    file = tmp_path / ".provisioner" / "runs" / "run-2.jsonl"
    file.write_bytes(content.encode(errors="surrogatepass"))
    hostile, good = all_runs(tmp_path)
    assert hostile.events == ()
    assert good.whole
    for shown in [*LISTS.values()]:
        assert "run-2" in shown((hostile, good))
    for shown in [*ONES.values()]:
        assert "run-2" in shown(hostile)
    assert "has lines that are no events" in ONES["text"](hostile)
    assert run_to_resume((hostile, good), OPTIONS, None).run_id == "run-1"


def test_a_plan_in_a_journal_that_is_none_is_refused():
    with pytest.raises(PlanRefused, match="it is not a plan of this version"):
        require_plan(SavedPlan({"seal": "s"}), "it", remedy="push anew")


def test_what_is_no_file_is_no_journal(tmp_path):
    file = write(tmp_path, "run-1", started("run-1"))
    os.mkfifo(file.with_name("run-2.jsonl"))  # to read it would wait for ever
    file.with_name("run-3.jsonl").symlink_to(file)
    assert [run.run_id for run in all_runs(tmp_path)] == ["run-1"]

"""Runs that were, as lists and one by one."""

from __future__ import annotations

import json
from dataclasses import replace as with_id

import jsonschema_rs
import pytest
from msgspec.structs import replace

from provisioner.deploy.record import RunFailed, RunRecord, event_line, event_schema
from provisioner.deploy.result import HostState
from provisioner.errors import ExitCode
from provisioner.reports.history import LISTS, ONES, asked_for
from tests.reports.run_samples import (
    RUN_ID,
    SAMPLES,
    SENT,
    delivered,
    finished,
    record,
    sample_killed_push,
    sample_push,
    sample_rollback,
)


def row(run: RunRecord) -> str:
    return LISTS["text"]([run])


def test_without_a_run_that_is_told() -> None:
    assert LISTS["text"]([]) == "no runs recorded in this project folder\n"


@pytest.mark.parametrize(
    ("run", "how"),
    [
        (sample_rollback(), "interrupted (SIGINT): 1 not started, 1 rolled back"),
        (sample_killed_push(), "killed, or still running; 2 hosts not done"),
        (
            record(RunFailed(exit_code=ExitCode.BUG, message="a\nb", remedy="")),
            "failed with exit code 70: a",
        ),
        (record(), "killed, or still running; 0 hosts not done"),
    ],
)
def test_how_a_run_ended(run: RunRecord, how: str) -> None:
    start = f"{RUN_ID}  {run.command}  0123456789ab and changes  ann@ws  "
    assert row(run) == f"{start}{how}\n"


def test_what_was_asked_for() -> None:
    options = sample_killed_push().options
    assert asked_for(options) == "Reports, --limit maps*, --prune, --no-restart"
    assert asked_for({"plan": "x", "resumed": "y"}) == "all servers, saved plan x, resumes y"


def test_a_torn_journal_is_told() -> None:
    run = RunRecord.of([], run_id="run-1", whole=False)
    text = ONES["text"](run)
    assert text.startswith("push run-1\n  started: unknown, by unknown\n")
    assert "journal: some lines are not valid" in text


def test_one_run_has_each_host_with_its_documents_and_emails() -> None:
    sent = replace(SENT, smtp=with_id(SENT.smtp, message_id="<1@maps1>"))
    host = delivered("maps1", HostState.APPLIED, mails=[sent])
    text = ONES["text"](record(*finished(host)))
    assert "maps1: applied, generation 8, document aaaa -> bbbb, 1.5 s\n" in text
    assert "  test email of Reports: sent (XOAUTH2, TLSv1.3)\n" in text
    assert "  message id for Reports: <1@maps1>\n" in text


def test_a_list_for_programs() -> None:
    (run,) = json.loads(LISTS["json"]([sample_push()]))["runs"]
    assert (run["run_id"], run["exit_code"], run["undone"], run["targets"]) == (RUN_ID, 4, 11, 15)
    assert run["hosts"]["applied"] == 2


def test_each_event_is_as_its_schema_says() -> None:
    events = jsonschema_rs.Draft202012Validator(event_schema())
    for sample in SAMPLES.values():
        for event in sample().events:
            events.validate(json.loads(event_line(event)))
    line = json.loads(event_line(sample_push().events[0]))
    assert not events.is_valid({name: value for name, value in line.items() if name != "at"})
    assert not events.is_valid({**line, "event": "run_ended"})


def test_a_run_for_programs_is_its_journal() -> None:
    report = json.loads(ONES["json"](sample_push()))
    assert report["whole"]
    assert [event["event"] for event in report["events"][:2]] == ["run_started", "hosts_asked"]


@pytest.mark.parametrize(
    ("state", "facts", "words"),
    [
        (HostState.RESTORED, {}, "document aaaa"),
        (HostState.UNKNOWN, {}, "document aaaa or bbbb"),
        (HostState.UNVERIFIED, {"before": None}, "document none -> bbbb"),
        (HostState.UNREACHABLE, {"before": None, "fingerprint": None}, "document unknown"),
    ],
)
def test_which_document_a_host_has(state: HostState, facts: dict[str, None], words: str) -> None:
    text = ONES["text"](record(*finished(delivered("maps1", state, **facts))))
    assert f", {words}, 1.5 s\n" in text

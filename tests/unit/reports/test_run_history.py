"""Runs that were, as lists and one by one."""

import json
from dataclasses import replace as with_id

import jsonschema_rs
from msgspec.structs import replace

from provisioner.deploy.record import RunFailed, RunRecord, event_line, event_schema
from provisioner.errors import ExitCode
from provisioner.host.result import HostState
from provisioner.reports.history import LISTS, ONES, asked_for
from tests.unit.reports.run_samples import (
    SAMPLES,
    SENT,
    delivered,
    finished,
    record,
    sample_killed_push,
    sample_push,
)


def test_without_a_run_that_is_told():
    assert LISTS["text"]([]) == "no runs recorded in this project folder\n"


def test_a_run_that_failed_is_told_in_one_line():
    run = record(RunFailed(exit_code=ExitCode.BUG, message="a\nb", remedy=""))
    assert LISTS["text"]([run]).endswith("\tann@ws\tfailed with exit code 70: a\n")


def test_an_email_has_its_id_and_a_first_document_none_before():
    sent = replace(SENT, smtp=with_id(SENT.smtp, message_id="<1@maps1>"))
    host = delivered("maps1", HostState.APPLIED, mails=[sent], before=None)
    text = ONES["text"](record(*finished(host)))
    assert "maps1: applied, generation 8, document none -> bbbb, 1.5 s\n" in text
    assert "  message id for Reports: <1@maps1>\n" in text


def test_what_was_asked_for():
    options = sample_killed_push().options
    assert asked_for(options) == "Reports, --limit maps*, --prune, --no-restart"
    assert asked_for({"plan": "x", "resumed": "y"}) == "all servers, saved plan x, resumes y"


def test_a_torn_journal_is_told():
    run = RunRecord.of([], run_id="run-1", whole=False)
    text = ONES["text"](run)
    assert text.startswith("push run-1\n  started: unknown, by unknown\n")
    assert "journal: some lines are not valid" in text


def test_each_event_is_as_its_schema_says():
    events = jsonschema_rs.Draft202012Validator(event_schema())
    for sample in SAMPLES.values():
        for event in sample().events:
            events.validate(json.loads(event_line(event)))
    line = json.loads(event_line(sample_push().events[0]))
    assert not events.is_valid({name: value for name, value in line.items() if name != "at"})
    assert not events.is_valid({**line, "event": "run_ended"})


def test_a_run_for_programs_is_its_journal():
    report = json.loads(ONES["json"](sample_push()))
    assert report["whole"]
    assert [event["event"] for event in report["events"][:2]] == ["run_started", "hosts_asked"]

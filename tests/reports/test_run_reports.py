"""Reports of plan, push and rollback: equal hosts together, changes masked, failures with their
remedy. tests/frozen/test_runs.py has them word for word."""

from __future__ import annotations

import json
from dataclasses import replace as with_reply
from typing import Any
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from provisioner.deploy.record import HostFinished, RunRecord, WarningGiven
from provisioner.deploy.result import CommandResult, HostResult, HostState
from provisioner.reports.run_formats import FILE_FORMATS, RENDERERS, run_json, run_junit
from provisioner.reports.run_text import run_text
from tests.reports.run_samples import (
    CHANGED,
    REFUSED,
    RUN_ID,
    SENT,
    SIGNED_IN,
    SKIPPED,
    delivered,
    finished,
    plan,
    record,
    result,
    sample_push,
    started,
)


def push(*hosts: HostResult, **options: Any) -> RunRecord:
    return record(*finished(*hosts), of=started(**options))


def text_of(*hosts: HostResult, **options: Any) -> str:
    return run_text(push(*hosts, **options), {})


def test_a_plan_shows_values_that_are_public_and_hides_the_others() -> None:
    would = HostState.WOULD_CHANGE
    planned = plan(*(result(f"maps{n}", would, servers=[CHANGED]) for n in (1, 2)))
    assert run_text(planned, {}) == (
        "maps1, maps2 (2 hosts): would change\n"
        "  ~ Reports: changed\n"
        "      port: 25 -> 587\n"
        "      oauth2.client_secret: changed (hidden)\n"
        "\n"
        "2 hosts: 2 would change\n"
    )


def test_many_equal_hosts_are_one_block() -> None:
    hosts = (result(f"maps{n:02}", HostState.UNCHANGED) for n in range(1, 51))
    assert text_of(*hosts) == (
        "maps01, maps02, maps03, maps04, maps05 +45 more (50 hosts): unchanged\n"
        "\n"
        "50 hosts: 0 changed; 50 unchanged\n"
    )


def test_hosts_that_differ_in_generations_are_one_block() -> None:
    hosts = (delivered(f"maps{n}", HostState.ROLLED_BACK, generation=n) for n in (3, 1, 2))
    assert text_of(*hosts).startswith(
        "maps1, maps2, maps3 (3 hosts): rolled back, generations 1 to 3\n"
    )


ABOUTS = {
    "its own name": "maps{n}: /etc is full",
    "a run and a time": "ann (run 2026112{n}T100101-1f2e3d4{n}), since 2026-11-27T10:0{n}:00Z",
}


@pytest.mark.parametrize("about", ABOUTS.values(), ids=ABOUTS)
def test_hosts_whose_words_differ_only_in_what_is_theirs_are_one_block(about: str) -> None:
    text = text_of(
        *(result(f"maps{n}", HostState.LOCKED, "locked", about=about.format(n=n)) for n in (1, 2))
    )
    assert text.startswith("maps1, maps2 (2 hosts): locked by another run\n")
    assert about.format(n=1) in text
    assert about.format(n=2) not in text


@pytest.mark.parametrize(
    "reply",
    [
        "5.7.139 Authentication unsuccessful [FR{n}P281CA0042.DEUP281.PROD.OUTLOOK.COM "
        "2026-11-27T10:0{n}:00.123Z 08DC{n}]",
        "5.7.8 Username and Password not accepted {n}b1f17b1804b1-40c8.3 - gsmtp",
    ],
)
def test_replies_that_differ_in_the_mail_servers_own_ids_are_one_block(reply: str) -> None:
    hosts = (
        result(f"maps{n}", HostState.RESTORED, "mail_refused", mails=[replace(REFUSED, smtp=smtp)])
        for n in (1, 2)
        for smtp in (with_reply(REFUSED.smtp, reply=reply.format(n=n), message_id=f"<{n}@a>"),)
    )
    assert text_of(*hosts).startswith("maps1, maps2 (2 hosts): restored\n")


def test_clocks_that_differ_by_the_same_minutes_or_others_are_one_block() -> None:
    hosts = (result(f"maps{n}", HostState.UNCHANGED, skew=n * 400.0) for n in (1, 2))
    assert "maps1, maps2 (2 hosts): unchanged\n  its clock is ahead by 7 minutes" in text_of(*hosts)


def test_hosts_whose_changes_or_causes_differ_are_two_blocks() -> None:
    other = replace(CHANGED, values={"/port": (465, 587)})
    would, gone = HostState.WOULD_CHANGE, HostState.UNREACHABLE
    text = run_text(
        plan(
            result("maps1", would, servers=[CHANGED]),
            result("maps2", would, servers=[other]),
            result("maps3", gone, "refused", about="refused", remedy="check"),
            result("maps4", gone, "timeout", about="timed out", remedy="check"),
        ),
        {},
    )
    assert all(f"maps{n}: " in text for n in (1, 2, 3, 4))


def test_a_refused_email_has_stage_code_cause_remedy_and_who_acts() -> None:
    refused = delivered("maps1", HostState.RESTORED, "mail_refused", mails=[REFUSED])
    text = run_text(push(refused), {"Reports": "microsoft"})
    assert "test email of Reports: wrong at auth 535: 5.7.139 Authentication unsuccessful" in text
    assert "Set-CASMailbox" in text
    assert "administrator" in text
    assert "1 host: 0 changed; 1 restored" in text


def test_what_the_previous_document_does_is_told() -> None:
    def back(**facts: Any) -> str:
        return text_of(result("maps1", HostState.RESTORED, "mail_refused", **facts))

    assert "with the previous document, Reports signs in" in back(baseline=[SIGNED_IN])
    assert "with the previous document: test email of Reports: wrong" in back(baseline=[REFUSED])
    moved = replace(REFUSED, worked_before="old:25")
    assert "the previous document names old:25, which answers" in back(mails=[moved])


def test_delivered_is_not_applied_and_a_mail_of_ours_is_not_that_of_maps() -> None:
    host = delivered("maps1", HostState.DELIVERED, mails=[SENT])
    assert "Set maps_apply_command" in text_of(host)
    assert "Set maps_test_command to let MAPS send one" in text_of(host)
    assert "--no-restart skipped the restart" in text_of(host, restart=False)
    assert "Set maps_apply_command" not in text_of(host, restart=False)
    tested = replace(host, test=CommandResult(exit=0))
    assert "maps_test_command" not in text_of(tested)


def test_a_failing_command_is_shown_with_its_output_and_makes_no_line_of_its_own() -> None:
    apply = CommandResult(exit=1, output="no\nmaps2: applied\x1b[2J")
    host = result("maps1", HostState.RESTORED, "apply_failed", about="no", apply=apply)
    assert "\n  apply: exit code 1\n    | no\n    | maps2: applied<U+001B>[2J\n" in text_of(host)


def test_a_vault_key_that_changed_is_told() -> None:
    would = HostState.WOULD_CHANGE
    alone = run_text(plan(result("maps1", would, rekeyed=True)), {})
    assert "the vault key changed: all servers are verified again; nothing is written" in alone
    both = run_text(plan(delivered("maps1", would, rekeyed=True)), {})
    assert "all servers are verified again\n" in both


def test_a_rollback_names_both_generations() -> None:
    back = {"generation": 8, "rolled_back_to": 6}
    would = run_text(plan(delivered("maps1", HostState.WOULD_CHANGE, **back)), {})
    assert would.startswith("maps1: would change, back to generation 6\n")
    done = text_of(delivered("maps1", HostState.ROLLED_BACK, **back))
    assert done.startswith("maps1: rolled back, generation 8 (content of generation 6)\n")
    assert text_of(delivered("maps1", HostState.FAILED, "eio", **back)).startswith(
        "maps1: failed\n"
    )


def test_skipped_servers_and_warnings() -> None:
    text = run_text(record(*finished(result("maps1", HostState.UNCHANGED)), SKIPPED), {})
    assert "Billing: skipped; hosts keep their copy\n  not signed in: Billing\n  run: pro" in text
    assert "warning: careful" in run_text(record(WarningGiven(text="careful")), {})


def test_after_an_interrupted_rollback_it_is_not_to_be_run_again_as_it_was() -> None:
    host = result("maps1", HostState.NOT_STARTED, "interrupted")
    text = run_text(record(HostFinished(result=host), of=started("rollback")), {})
    assert "--limit" in text
    assert "--resume" not in text
    assert "provisioner push --resume" in text_of(host)


def test_json_has_the_same_facts_and_words() -> None:
    report = json.loads(run_json(sample_push(), {}))
    hosts = {host["host"]: host for host in report["hosts"]}
    assert (report["run_id"], report["exit_code"]) == (RUN_ID, 4)
    assert report["summary"]["restored"] == 2
    assert report["skipped"][0]["server"] == "Billing"
    assert hosts["maps07"]["state"] == "restored"
    assert hosts["maps07"]["servers"][0]["values"] == {"/port": [25, 587]}
    assert hosts["maps07"]["mails"][0]["smtp"]["code"] == 535
    assert hosts["maps10"]["message"] == "the host is locked: bob@ci (run 1)"
    assert "--lock-wait" in hosts["maps10"]["remedy"]


def test_junit_has_a_case_for_each_host_and_skipped_server() -> None:
    suite = ElementTree.fromstring(run_junit(sample_push(), {}))[0]
    tags = {case.get("name"): case[0].tag for case in suite}
    assert len(tags) == 16
    assert (tags["maps01"], tags["maps05"], tags["maps07"]) == ("system-out", "failure", "failure")
    assert (tags["maps09"], tags["maps14"], tags["Billing"]) == ("error", "skipped", "failure")


def test_what_a_host_says_makes_no_line_and_steers_no_terminal() -> None:
    about = "no\nmaps2: applied\x1b[2J"
    text = text_of(result("e\x1b]0;vil\x07\n", HostState.FAILED, "eio", about=about))
    assert text.startswith("e<U+001B>]0;vil<U+0007><U+000A>: failed\n  eio: no<U+000A>maps2: app")


def test_a_report_in_a_file_is_for_programs() -> None:
    assert set(FILE_FORMATS) == set(RENDERERS) - {"text"}

"""What plan and push print: equal hosts together, changes masked, failures with their remedy."""

import json
from dataclasses import replace

from provisioner.errors import ExitCode
from provisioner.fleet.host_result import HostResult, HostState, ServerChange
from provisioner.fleet.mail_proof import MailProof
from provisioner.fleet.outcome import Outcome
from provisioner.fleet.preparation import SkippedServer
from provisioner.mail.session import SmtpResult
from provisioner.reports.outcome_json import outcome_json
from provisioner.reports.outcome_text import outcome_text

SENT = MailProof(
    "Reports",
    SmtpResult(outcome="sent", stage="data", mechanism="XOAUTH2", tls="TLSv1.3"),
    None,
    "sent",
)
REFUSED = MailProof(
    "Reports",
    SmtpResult(
        outcome="wrong",
        stage="auth",
        code=535,
        enhanced="5.7.139",
        reply="5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the "
        "Tenant",
    ),
    None,
    None,
)
CHANGED = ServerChange(
    "Reports",
    "changed",
    ("/port", "/oauth2/client_secret"),
    {"/port": (25, 587)},
    verified=False,
)


def outcome(*hosts, check=False, skipped=(), warnings=()):
    return Outcome(run_id="run-1", hosts=hosts, skipped=skipped, warnings=warnings, check=check)


def host(name, state, **changes):
    return HostResult(host=name, state=state, **changes)


def test_a_plan_shows_values_that_are_no_secret_and_masks_the_others():
    planned = outcome(
        *(host(f"maps{n}", HostState.CHANGES, servers=(CHANGED,)) for n in (1, 2)), check=True
    )
    assert planned.exit_code is ExitCode.CHANGES
    assert outcome_text(planned, {}) == (
        "maps1, maps2 (2 hosts): would change\n"
        "  ~ Reports: changed\n"
        "      port: 25 -> 587\n"
        "      oauth2.client_secret: *** -> ***\n"
        "\n"
        "2 hosts: 2 would change"
    )


def test_many_equal_hosts_are_one_block():
    done = outcome(*(host(f"maps{n:02}", HostState.UNCHANGED) for n in range(1, 51)))
    assert outcome_text(done, {}) == (
        "maps01, maps02, maps03, maps04, maps05 +45 more (50 hosts): unchanged\n"
        "\n"
        "50 hosts: 0 changed; 50 unchanged"
    )


def test_a_refused_mail_names_stage_code_cause_remedy_and_who_acts():
    text = outcome_text(
        outcome(host("maps1", HostState.RESTORED, servers=(CHANGED,), mails=(REFUSED,))),
        {"Reports": "microsoft"},
    )
    assert "test email of Reports: wrong at auth 535: 5.7.139 Authentication unsuccessful" in text
    assert "Set-CASMailbox" in text
    assert "administrator" in text
    assert "1 host: 0 changed; 1 restored" in text


def test_the_old_documents_own_sign_in_is_told():
    signed_in = SmtpResult(outcome="authenticated", stage="auth")
    login = MailProof("Reports", signed_in, None, "authenticated")
    text = outcome_text(outcome(host("maps1", HostState.RESTORED, baseline=(login,))), {})
    assert "with the old document, Reports signs in" in text


def test_an_old_document_that_proves_nothing_is_told_with_its_reason():
    reply = "its access token has expired, and only MAPS may refresh it"
    unknown = SmtpResult(outcome="inconclusive", stage="auth", reply=reply)
    login = MailProof("Reports", unknown, None, None)
    text = outcome_text(outcome(host("maps1", HostState.RESTORED, baseline=(login,))), {})
    assert f"with the old document: test email of Reports: inconclusive at auth: {reply}" in text


def test_delivered_is_not_applied_and_a_mail_of_ours_is_not_maps_own():
    text = outcome_text(outcome(host("maps1", HostState.DELIVERED, mails=(SENT,))), {})
    assert "maps1: delivered, not applied" in text
    assert "test email of Reports: sent (XOAUTH2, TLSv1.3)" in text
    assert "Delivered, not applied: these hosts have no maps_apply_command" in text
    assert "MAPS itself was not exercised" in text


def test_a_restart_that_was_left_out_is_told_as_that():
    delivered = outcome(host("maps1", HostState.DELIVERED, mails=(SENT,)))
    text = outcome_text(replace(delivered, restart=False), {})
    assert "Delivered, not applied: --no-restart left maps_service alone" in text
    assert "these hosts have no maps_apply_command" not in text


def test_where_maps_itself_sent_nothing_else_is_said():
    text = outcome_text(
        outcome(host("maps1", HostState.APPLIED, mails=(SENT,), maps_sent=True)), {}
    )
    assert "MAPS itself was not exercised" not in text


def test_skipped_servers_and_warnings():
    skipped = SkippedServer("Reports", "nobody has signed in", "run: x", ExitCode.PERSON_NEEDED)
    told = outcome(host("maps1", HostState.UNCHANGED), skipped=(skipped,), warnings=("careful",))
    assert told.exit_code is ExitCode.PERSON_NEEDED
    text = outcome_text(told, {})
    assert "Reports: skipped, what hosts have of it stays\n  nobody has signed in\n  run: x" in text
    assert "warning: careful" in text


def test_json_has_the_same_facts():
    told = outcome(host("maps1", HostState.RESTORED, servers=(CHANGED,), mails=(REFUSED,)))
    report = json.loads(outcome_json(told))
    assert report["exit_code"] == 3
    assert report["hosts"][0]["state"] == "restored"
    assert report["hosts"][0]["servers"][0]["values"] == {"/port": [25, 587]}
    assert report["hosts"][0]["mails"][0]["smtp"]["code"] == 535
    assert report["hosts"][0]["mails"][0]["proven"] is False
    assert report["summary"] == {"restored": 1}


def test_the_gravest_outcome_is_the_exit_code():
    mixed = outcome(
        host("maps1", HostState.APPLIED),
        host("maps2", HostState.UNPROVEN),
        host("maps3", HostState.UNREACHABLE),
        host("maps4", HostState.UNKNOWN),
    )
    assert mixed.exit_code is ExitCode.HOST_UNKNOWN


def test_names_and_words_of_hosts_steer_no_terminal():
    host = HostResult(host="e\x1b]0;vil\x07", state=HostState.FAILED, message="no\x1b[2Jsuch")
    text = outcome_text(outcome(host), {})
    assert text.startswith("e\ufffd]0;vil\ufffd: failed\n  no\ufffd[2Jsuch\n")

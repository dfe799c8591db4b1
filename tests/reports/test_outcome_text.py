"""What plan and push print: equal hosts together, changes masked, failures with their remedy."""

import json
from dataclasses import replace

import pytest

from provisioner.errors import ExitCode
from provisioner.fleet.host_result import HostResult, HostState, ServerChange
from provisioner.fleet.mail_proof import MailProof
from provisioner.fleet.outcome import Outcome
from provisioner.fleet.preparation import SkippedServer
from provisioner.reports.outcome_json import outcome_json
from provisioner.reports.outcome_text import outcome_text
from provisioner.smtp.client import SmtpResult

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


def test_hosts_that_differ_only_in_numbers_of_the_moment_are_one_block():
    done = outcome(
        *(
            host(
                f"maps{n}",
                HostState.ROLLED_BACK,
                written=True,
                generation=n + 1,
                rolled_back_from=n,
            )
            for n in (3, 1, 2)
        ),
        host("maps4", HostState.ROLLED_BACK, written=True, generation=5, rolled_back_from=4),
    )
    assert outcome_text(done, {}).startswith(
        "maps3, maps1, maps2, maps4 (4 hosts): rolled back, generations 2 to 5\n"
        "  back from generations 1 to 4\n\n"
    )


def test_hosts_locked_by_one_owners_runs_are_one_block_with_the_words_of_the_first():
    words = "ann@ws works on this host since 2026-11-27T10:0{n}:00Z (push, run {run}), until dawn"
    runs = {1: "20261127T100101-1f2e3d4c", 2: "20261127T100202-ffee0011"}
    locked = outcome(
        *(
            host(f"maps{n}", HostState.LOCKED, message=words.format(n=n, run=run))
            for n, run in runs.items()
        )
    )
    text = outcome_text(locked, {})
    assert text.startswith(
        "maps1, maps2 (2 hosts): locked by another run\n"
        "  ann@ws works on this host since 2026-11-27T10:01:00Z (push, run "
        "20261127T100101-1f2e3d4c), until dawn\n"
    )
    assert "ffee0011" not in text


@pytest.mark.parametrize(
    "reply",
    [
        "5.7.139 Authentication unsuccessful [FR{n}P281CA0042.DEUP281.PROD.OUTLOOK.COM "
        "2026-11-27T10:0{n}:00.123Z 08DC{n}]",
        "5.7.8 Username and Password not accepted {n}b1f17b1804b1-40c8.3 - gsmtp",
    ],
)
def test_replies_that_differ_in_the_mail_servers_own_ids_are_one_block(reply):
    told = outcome(
        *(
            host(f"maps{n}", HostState.RESTORED, mails=(replace(REFUSED, smtp=smtp),))
            for n in (1, 2)
            for smtp in (replace(REFUSED.smtp, reply=reply.format(n=n)),)
        )
    )
    text = outcome_text(told, {})
    assert text.startswith("maps1, maps2 (2 hosts): restored\n")
    assert reply.format(n=1) in text


def test_hosts_whose_changes_differ_are_two_blocks():
    other = replace(CHANGED, values={"/port": (465, 587)})
    planned = outcome(
        host("maps1", HostState.CHANGES, servers=(CHANGED,)),
        host("maps2", HostState.CHANGES, servers=(other,)),
        check=True,
    )
    text = outcome_text(planned, {})
    assert "maps1: would change" in text
    assert "maps2: would change" in text


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
    assert text.startswith("e<U+001B>]0;vil<U+0007>: failed\n  no<U+001B>[2Jsuch\n")

"""A host is judged from what its tasks said: every way they can end."""

import pytest

from provisioner.errors import ExitCode
from provisioner.fleet.host_result import HostState, host_result
from provisioner.fleet.runner import TaskResult

SENT = {"server": "Reports", "outcome": "sent", "stage": "data", "refresh": None, "proof": "sent"}
UNPROVABLE = {
    "server": "Reports",
    "outcome": "inconclusive",
    "stage": "auth",
    "refresh": None,
    "proof": "unprovable",
}
REFUSED = {"server": "Reports", "outcome": "wrong", "stage": "auth", "code": 535, "refresh": None}
AWAY = {"server": "Reports", "outcome": "unreachable", "stage": "connect", "refresh": None}


def deliver(state, *, outcome="ok", mails_needed=("Reports",), msg=None, restorable=True):
    servers = {"Reports": {"state": "changed", "fields": ["/port"], "values": {"/port": [25, 587]}}}
    facts = {
        "phase": "deliver",
        "state": state,
        "generation": 2,
        "servers": servers,
        "mails_needed": list(mails_needed),
        "restorable": restorable,
    }
    return TaskResult("maps1", "deliver", outcome, {"maps": facts, "msg": msg})


def mail(*mails, outcome="ok"):
    return TaskResult("maps1", "mail", outcome, {"maps": {"phase": "mail", "mails": list(mails)}})


def restore(state):
    return TaskResult("maps1", "restore", "ok", {"maps": {"phase": "restore", "state": state}})


UNREACHABLE = TaskResult("maps1", "deliver", "unreachable", {"msg": "Connection\n refused"})
CRASHED = TaskResult("maps1", "deliver", "failed", {"msg": "MODULE FAILURE"})


@pytest.mark.parametrize(
    ("results", "state", "exit_code"),
    [
        ([deliver("unchanged", mails_needed=())], HostState.UNCHANGED, ExitCode.DONE),
        ([deliver("applied"), mail(SENT)], HostState.APPLIED, ExitCode.DONE),
        ([deliver("delivered"), mail(SENT)], HostState.DELIVERED, ExitCode.DONE),
        ([deliver("delivered"), mail(AWAY)], HostState.UNPROVEN, ExitCode.FAILURE),
        ([deliver("delivered")], HostState.UNPROVEN, ExitCode.FAILURE),
        ([deliver("applied"), mail(UNPROVABLE)], HostState.APPLIED, ExitCode.DONE),
        (
            [deliver("unchanged", restorable=False), mail(REFUSED)],
            HostState.UNPROVEN,
            ExitCode.FAILURE,
        ),
        ([deliver("refused", outcome="failed")], HostState.FAILED, ExitCode.HOSTS_BEHIND),
        (
            [deliver("applied"), mail(REFUSED), restore("restored")],
            HostState.RESTORED,
            ExitCode.HOSTS_BEHIND,
        ),
        ([deliver("applied"), mail(REFUSED)], HostState.UNKNOWN, ExitCode.HOST_UNKNOWN),
        (
            [deliver("applied"), mail(REFUSED), restore("unknown")],
            HostState.UNKNOWN,
            ExitCode.HOST_UNKNOWN,
        ),
        ([deliver("restored", outcome="failed")], HostState.RESTORED, ExitCode.HOSTS_BEHIND),
        ([deliver("unknown", outcome="failed")], HostState.UNKNOWN, ExitCode.HOST_UNKNOWN),
        ([deliver("masked ********")], HostState.UNKNOWN, ExitCode.HOST_UNKNOWN),
        ([CRASHED], HostState.UNKNOWN, ExitCode.HOST_UNKNOWN),
        ([UNREACHABLE], HostState.UNKNOWN, ExitCode.HOST_UNKNOWN),
        ([], HostState.UNREACHABLE, ExitCode.HOSTS_BEHIND),
    ],
)
def test_a_push_ends_as(results, state, exit_code):
    result = host_result("maps1", results, check=False)
    assert (result.state, result.exit_code) == (state, exit_code)


@pytest.mark.parametrize(
    ("results", "state", "exit_code"),
    [
        ([deliver("unchanged", mails_needed=())], HostState.UNCHANGED, ExitCode.DONE),
        ([deliver("changed")], HostState.CHANGES, ExitCode.CHANGES),
        ([UNREACHABLE], HostState.UNREACHABLE, ExitCode.HOSTS_BEHIND),
        ([CRASHED], HostState.FAILED, ExitCode.HOSTS_BEHIND),
        ([], HostState.UNREACHABLE, ExitCode.HOSTS_BEHIND),
    ],
)
def test_a_plan_ends_as(results, state, exit_code):
    result = host_result("maps1", results, check=True)
    assert (result.state, result.exit_code) == (state, exit_code)


def test_a_refresh_that_fails_from_the_host_counts_as_wrong_though_the_mail_went_out():
    refused = {
        **SENT,
        "refresh": {"outcome": "wrong", "stage": "refresh", "error": "invalid_client"},
    }
    results = [deliver("delivered"), mail(refused), restore("restored")]
    result = host_result("maps1", results, check=False)
    assert result.state is HostState.RESTORED
    assert result.mails[0].wrong


def test_an_unreachable_hosts_message_is_one_line():
    assert host_result("maps1", [UNREACHABLE], check=True).message == "Connection refused"


def test_changes_keep_their_values_for_the_report():
    result = host_result("maps1", [deliver("changed")], check=True)
    assert result.servers[0].fields == ("/port",)
    assert result.servers[0].values == {"/port": (25, 587)}
    assert result.needs_push


def test_an_unproven_document_needs_a_push_though_nothing_would_be_written():
    assert host_result("maps1", [deliver("unchanged")], check=True).needs_push

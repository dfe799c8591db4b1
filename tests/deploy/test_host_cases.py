"""What a push does on one host, case by case: which operations in which calls, and what follows."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace as with_host
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from provisioner.deploy import mail_turns
from provisioner.deploy.protocol import (
    DOCUMENT,
    STATE,
    CallTimeout,
    InvalidResponse,
    Operation,
    Unreachable,
)
from provisioner.deploy.result import HostResult, HostState
from tests.deploy.memory_host import MemoryHost
from tests.deploy.runs import (
    APPLY,
    TURNS,
    carry_out,
    entry,
    limit,
    mail,
    oauth2_entry,
    run_input,
    worker,
)

SENT = {"done": True, "code": 250}
REFUSED = {"done": False, "code": 535, "stage": "auth", "reply": "5.7.8 no"}
PUT_OFF = {"done": False, "code": 451, "stage": "mail", "reply": "4.7.0 later"}
UNREACHABLE = {"done": False, "stage": "connect", "error": "timeout"}
OLD, NEW = entry(port=2501), entry(port=2502)


@pytest.fixture
def host() -> MemoryHost:
    """A host on which OLD is delivered, applied and verified."""
    host = MemoryHost()
    assert push(host, OLD).state is HostState.APPLIED
    host.calls.clear()
    host.sent.clear()
    return host


def push(host: MemoryHost, *entries: Mapping[str, Any], **changes: Any) -> HostResult:
    settings = changes.pop("settings", APPLY)
    return carry_out(host, entries, settings, **changes).result


def deliver(host: MemoryHost, *entries: Mapping[str, Any], **changes: Any) -> HostResult:
    """The same on a host without an apply command."""
    return push(host, *entries, settings={}, **changes)


def content(host: MemoryHost) -> Any:
    return json.loads(host.files[DOCUMENT])


def ports(host: MemoryHost) -> list[int]:
    return [server["port"] for server in content(host)["servers"]]


def mail_by_port(**answers: Mapping[str, Any]) -> Callable[[Operation], dict[str, Any]]:
    """A mail server that answers by port; what is not named is sent."""
    return lambda operation: dict(answers.get(f"p{operation['port']}", SENT))


# -- what a push does


def test_a_plan_reads_once_and_has_no_secret(host: MemoryHost) -> None:
    answer = carry_out(host, [NEW], APPLY, mode="plan", secrets={})
    assert answer.result.state is HostState.WOULD_CHANGE
    assert answer.result.servers[0].values == {"/port": (2501, 2502)}
    assert host.calls == [["read"]]
    assert answer.found is not None
    assert "password of" not in str(answer)
    assert "hmac:" not in str(answer.result)


def test_one_call_delivers_applies_verifies_and_settles(host: MemoryHost) -> None:
    assert push(host, NEW).state is HostState.APPLIED
    assert host.calls == [
        ["read"],
        ["write before-2,state,json", "run", "write state", "smtp", "write state"],
    ]
    assert host.maps == host.files[DOCUMENT]
    assert content(host)["servers"][0]["password"] == "password of Reports"
    assert push(host, NEW).state is HostState.UNCHANGED
    assert host.calls[2:] == [["read"]]


def test_what_a_plan_has_read_is_not_read_again(host: MemoryHost) -> None:
    found = carry_out(host, [NEW], APPLY, mode="plan").found
    host.calls.clear()
    before = carry_out(host, [NEW], APPLY, mode="plan").result.before
    host.calls.clear()
    assert push(host, NEW, found=found, expected=before).state is HostState.APPLIED
    assert [call[0] for call in host.calls] == ["write before-2,state,json"]


def test_without_an_apply_command_it_is_delivered(host: MemoryHost) -> None:
    assert deliver(host, NEW).state is HostState.DELIVERED
    assert host.calls[1] == ["write before-2,state,json", "smtp", "write state"]
    assert deliver(host, NEW).state is HostState.UNCHANGED


def test_a_limit_and_an_apply_command_make_two_calls(host: MemoryHost) -> None:
    result = push(host, NEW, limits={"Reports": limit(connections=1)})
    assert result.state is HostState.APPLIED
    assert host.calls[1:] == [
        ["write before-2,state,json", "run", "write state"],
        ["write ", "smtp", "write state"],
    ]
    host.calls.clear()
    deliver(host, OLD, limits={"Reports": limit(connections=1)})
    assert len(host.calls) == 2, "with nothing to apply one call does"


def test_a_minute_allows_so_many(host: MemoryHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_turns, "_MINUTE", 0.3)
    names = ("A", "B", "C")
    limits = dict.fromkeys(names, limit(per_minute=2))
    deliver(host, *map(entry, names), limits=limits)
    assert [call.count("smtp") for call in host.calls] == [0, 2, 1]
    assert all(server.proof == "sent" for server in deliver(host, *map(entry, names)).mails)


def archives(host: MemoryHost) -> list[str]:
    return sorted(name for name in host.files if "before" in name)


def test_the_document_before_is_kept_and_no_older_one(host: MemoryHost) -> None:
    push(host, NEW)
    assert push(host, entry(port=2503)).generation == 3
    assert archives(host) == ["email-servers.before-3.json"]
    assert b"2502" in host.files["email-servers.before-3.json"]
    assert host.calls[-1][-1] == "write state,before-2"


def test_what_is_verified_of_a_server_lasts_until_that_one_changes(host: MemoryHost) -> None:
    push(host, OLD, entry("Two"))
    host.sent.clear()
    result = push(host, NEW, entry("Two"))
    assert host.sent == ["reports@example.edu@smtp.example.edu"]
    assert {s.name: (s.state, s.verified) for s in result.servers} == {
        "Reports": ("changed", False),
        "Two": ("unchanged", True),
    }
    assert push(host, NEW, entry("Two")).state is HostState.UNCHANGED


def test_one_server_is_not_to_be_verified_and_another_is(host: MemoryHost) -> None:
    checks = {"Reports": "none", "Two": "mail"}
    result = push(host, NEW, entry("Two"), checks=checks)
    assert (result.state, result.unverified) == (HostState.UNVERIFIED, ["Reports"])
    host.sent.clear()
    assert push(host, NEW, entry("Two")).state is HostState.APPLIED
    assert len(host.sent) == 1


def test_a_sign_in_is_less_than_an_email(host: MemoryHost) -> None:
    auth = {"checks": {"Reports": "auth"}}
    result = push(host, NEW, **auth)
    assert result.state is HostState.APPLIED
    assert result.mails[0].proof == "authenticated"
    assert host.sent == []
    assert push(host, NEW, **auth).state is HostState.UNCHANGED
    [server] = carry_out(host, [NEW], APPLY, mode="plan").result.servers
    assert (server.verified, server.proof) == (False, "authenticated")


def test_what_is_only_to_be_applied_is_one_call() -> None:
    host = MemoryHost()
    deliver(host, NEW)
    host.calls.clear()
    assert push(host, NEW).state is HostState.APPLIED
    assert host.calls == [["read"], ["write ", "run", "write state"]]


def test_where_it_is_in_which_phase(host: MemoryHost) -> None:
    host.mail = mail_by_port(p2502=REFUSED)
    phases: list[str] = []
    work = run_input(host, [NEW], limits={"Reports": limit(connections=1)})
    with_host(worker(host, work, **APPLY), phase=phases.append).answer()
    assert phases == ["read", "deliver", "verify", "restore"]
    assert host.calls[1:] == [
        ["write before-2,state,json", "run", "write state"],
        ["write ", "smtp", "write state"],
        ["write state,json", "run", "write state"],
        ["write ", "smtp", "write state"],
    ]


def test_a_document_that_was_removed_by_hand_comes_again(host: MemoryHost) -> None:
    for key in (host.key, "77" * 32):
        del host.files[DOCUMENT]
        host.key = key
        result = push(host, OLD)
        assert (result.state, result.edited) == (HostState.APPLIED, False)
        assert ports(host) == [2501]
        assert push(host, OLD).state is HostState.UNCHANGED


def test_what_lies_there_as_it_is_declared_is_only_verified(host: MemoryHost) -> None:
    del host.files[STATE]
    before = host.files[DOCUMENT]
    host.calls.clear()
    assert push(host, OLD).state is HostState.APPLIED
    assert host.calls[1] == ["write state", "run", "write state", "smtp", "write state"]
    assert host.files[DOCUMENT] == before
    assert push(host, OLD).state is HostState.UNCHANGED


def test_to_look_changes_nothing_and_tells_what_lies_there(host: MemoryHost) -> None:
    host.read.update(strangers=["notes.txt"], time="2027-01-15T08:00:07Z")
    host.holder = "bert (run 2)"
    found = carry_out(host, [], APPLY, mode="status", declared=["Reports"]).result
    assert (found.state, found.holder, found.strangers) == (
        "unchanged",
        "bert (run 2)",
        ["notes.txt"],
    )
    assert (found.generation, found.applied, found.skew) == (1, True, 7.0)
    assert found.delivery is not None
    assert (found.delivery.run_id, found.delivery.owner, found.delivery.commit) == (
        *("run-1", "anna@desk", "c0ffee"),
    )
    [server] = found.servers
    assert (server.state, server.verified, server.proven_at) == (
        *("unchanged", True, found.delivery.at),
    )
    assert host.calls == [["read"]]
    other = carry_out(host, [], APPLY, mode="status", declared=[]).result
    assert [server.state for server in other.servers] == ["orphaned"]
    assert carry_out(host, [], {}, mode="status").result.applied is None
    host.maps = None
    host.files[DOCUMENT] = host.files[DOCUMENT].replace(b"2501", b"2599")
    edited = carry_out(host, [], APPLY, mode="status", declared=["Reports"]).result
    assert (edited.state, edited.edited, edited.applied) == ("unchanged", True, False)


def test_a_host_that_has_nothing() -> None:
    host = MemoryHost()
    found = carry_out(host, [], APPLY, mode="status").result
    assert (found.state, found.generation, found.before, found.servers) == (
        *("unchanged", None, None, []),
    )
    assert (found.delivery, found.edited, found.applied) == (None, False, False)
    assert push(host).state is HostState.UNCHANGED
    assert host.files == {}


@pytest.mark.parametrize(
    ("old", "new", "fields"),
    [
        (entry(), entry(password="another"), ["/password"]),
        (oauth2_entry(), ("/oauth2/client_secret", "another"), ["/oauth2/client_secret"]),
        (oauth2_entry(), ("/oauth2/scope_for_token", "smtp"), ["/oauth2/scope_for_token"]),
    ],
    ids=["password", "client secret", "a public field"],
)
def test_what_differs_is_named_and_a_secret_is_not_shown(old: Any, new: Any, fields: Any) -> None:
    host = MemoryHost()
    deliver(host, old)
    if isinstance(new, tuple):
        new = {**old, "oauth2": {**old["oauth2"], new[0].rpartition("/")[2]: new[1]}}
    [server] = carry_out(host, [new], mode="plan", secrets={}).result.servers
    public = {name: (None, "smtp") for name in fields if name.endswith("scope_for_token")}
    assert (server.state, server.fields, server.values) == ("changed", fields, public)
    host.sent.clear()
    assert deliver(host, new).state is HostState.DELIVERED
    assert len(host.sent) == 1


def test_from_a_password_to_oauth2() -> None:
    host = MemoryHost()
    deliver(host, entry())
    [server] = carry_out(host, [oauth2_entry()], mode="plan", secrets={}).result.servers
    assert {"/password", "/smtp_security_level", "/oauth2/client_id"} <= set(server.fields)
    assert "/oauth2/token" not in server.values
    assert "hmac:" not in str(server)
    assert deliver(host, oauth2_entry()).state is HostState.DELIVERED
    assert b"password of" not in host.files[DOCUMENT]


# -- a failing apply command


def fails_with(port: int, code: int | None = 1) -> Callable[[bytes], int | None]:
    return lambda document: code if str(port).encode() in document else 0


def test_a_failing_apply_command_takes_the_delivery_back(host: MemoryHost) -> None:
    host.apply = fails_with(2502)
    result = push(host, NEW)
    assert (result.state, result.reason) == (HostState.RESTORED, "apply_failed")
    assert result.apply is not None
    assert result.apply.exit == 1
    assert ports(host) == [2501]
    assert host.maps == host.files[DOCUMENT]
    assert len(host.calls) == 2
    assert push(host, OLD).state is HostState.UNCHANGED, "and MAPS is known to have it"


@pytest.mark.parametrize(
    ("codes", "state"),
    [((1, 1), HostState.UNKNOWN), ((None, None), HostState.RESTORED), ((1, None), "unknown")],
)
def test_the_way_back_may_fail_too(
    host: MemoryHost, codes: tuple[int | None, int | None], state: str
) -> None:
    forward, backward = codes
    host.apply = lambda document: forward if b"2502" in document else backward
    assert push(host, NEW).state == state
    assert ports(host) == [2501]
    host.apply = lambda _document: 0
    assert push(host, OLD).state is HostState.APPLIED, "MAPS may have anything"


@pytest.mark.parametrize(
    ("at", "state", "there"),
    [
        (0, HostState.FAILED, 2501),  # the archive
        (1, HostState.FAILED, 2501),  # the state
        (2, HostState.FAILED, 2501),  # the document
        (5, HostState.UNVERIFIED, 2502),  # that it is applied
        (7, HostState.UNVERIFIED, 2502),  # that it is verified
    ],
)
def test_a_full_disk(host: MemoryHost, at: int, state: HostState, there: int) -> None:
    host.steps, host.disk_full_from = 0, at
    result = push(host, NEW)
    assert (result.state, ports(host)) == (state, [there])
    if state is HostState.FAILED:
        assert result.reason == "enospc"
    host.disk_full_from = math.inf
    assert push(host, NEW).state is HostState.APPLIED


def test_a_full_disk_on_the_way_back_leaves_it_unknown(host: MemoryHost) -> None:
    host.apply = fails_with(2502)
    host.steps, host.disk_full_from = 0, 6  # the document of before
    assert push(host, NEW).state is HostState.UNKNOWN
    assert ports(host) == [2502]


def test_an_interrupted_apply_is_done_by_the_next_push(host: MemoryHost) -> None:
    host.steps, host.kill_at = 0, 3
    assert push(host, NEW).state is HostState.UNKNOWN
    host.kill_at = None
    host.calls.clear()
    assert push(host, NEW).state is HostState.APPLIED
    assert host.calls[1] == ["write ", "run", "write state", "smtp", "write state"]
    assert host.maps == host.files[DOCUMENT]


def test_no_restart_leaves_maps_alone(host: MemoryHost) -> None:
    service = {"service": "MAPS"}
    result = push(host, NEW, settings=service, restart=False)
    assert result.state is HostState.DELIVERED
    assert host.calls[1] == ["write before-2,state,json", "smtp", "write state"]
    assert push(host, NEW, settings=service).state is HostState.APPLIED
    assert host.calls[-1][1] == "restart"


def test_a_first_delivery_that_fails_leaves_an_empty_document() -> None:
    host = MemoryHost(apply=fails_with(2502))
    assert push(host, NEW).state is HostState.RESTORED
    assert content(host) == {"generation": 2, "schema_version": 1, "servers": []}
    assert host.maps == host.files[DOCUMENT]
    assert push(host, OLD).state is HostState.APPLIED
    assert content(host)["generation"] == 3


def test_what_maps_has_long_had_stays_when_its_first_apply_fails() -> None:
    """Nothing was delivered, and there is nothing to go back to."""
    for code, state in ((1, HostState.UNKNOWN), (None, HostState.FAILED)):
        host = MemoryHost(apply=fails_with(2502, code))
        deliver(host, NEW)
        before = host.files[DOCUMENT]
        result = push(host, NEW)
        assert (result.state, result.reason) == (state, "apply_failed")
        assert host.files[DOCUMENT] == before
        host.apply = lambda _document: 0
        assert push(host, NEW).state is HostState.APPLIED


def test_a_later_apply_that_fails_takes_an_unverified_document_back(host: MemoryHost) -> None:
    host.mail = mail_by_port(p2502=PUT_OFF)
    assert deliver(host, NEW).state is HostState.UNVERIFIED
    host.apply = fails_with(2502)
    assert push(host, NEW).state is HostState.RESTORED
    assert ports(host) == [2501]
    assert host.maps == host.files[DOCUMENT]


def test_a_service_that_cannot_be_restarted_was_not_touched(host: MemoryHost) -> None:
    reached = [False]
    host.restart = lambda: {"done": False, "reason": "no_service", "touched": reached[0]}
    result = push(host, NEW, settings={"service": "MAPS"})
    assert (result.state, ports(host)) == (HostState.RESTORED, [2501])
    reached[0] = True
    assert push(host, NEW, settings={"service": "MAPS"}).state is HostState.UNKNOWN
    assert ports(host) == [2501]


def test_what_somebody_else_had_put_there_comes_back_each_time(host: MemoryHost) -> None:
    del host.files[STATE]
    foreign = host.files[DOCUMENT] = json.dumps({**content(host), "generation": 7}).encode()
    host.mail = mail_by_port(p2502=REFUSED)
    for generation in (8, 9):
        result = push(host, NEW)
        assert (result.state, result.generation) == (HostState.RESTORED, generation)
        assert host.files[DOCUMENT] == foreign
        assert host.maps == foreign


# -- test emails


def test_a_refused_email_takes_the_delivery_back(host: MemoryHost) -> None:
    host.mail = mail_by_port(p2502=REFUSED)
    result = push(host, NEW)
    assert (result.state, result.reason) == (HostState.RESTORED, "mail_refused")
    assert host.calls[2] == ["write state,json", "run", "write state", "smtp", "write state"]
    assert ports(host) == [2501]
    assert host.maps == host.files[DOCUMENT]
    assert [one.smtp.outcome for one in result.baseline] == ["sent"]
    assert push(host, OLD).state is HostState.UNCHANGED


def test_a_baseline_that_is_refused_too_leaves_it_unknown(host: MemoryHost) -> None:
    host.mail = lambda _operation: dict(REFUSED)
    result = push(host, NEW)
    assert (result.state, result.reason) == (HostState.UNKNOWN, "baseline_wrong")
    assert ports(host) == [2501]


def test_an_email_put_off_is_tried_again_within_the_budget(host: MemoryHost) -> None:
    answers = iter([PUT_OFF, PUT_OFF, SENT])
    host.mail = lambda _operation: dict(next(answers))
    result = deliver(host, NEW, mail_budget=60)
    assert result.state is HostState.DELIVERED
    assert result.mails[0].attempts == 3


def test_one_put_off_for_longer_is_unverified_and_stays(host: MemoryHost) -> None:
    host.mail = mail_by_port(p2502=PUT_OFF)
    result = deliver(host, NEW, mail_budget=6)
    assert (result.state, result.unverified) == (HostState.UNVERIFIED, ["Reports"])
    assert result.mails[0].attempts == 3
    assert ports(host) == [2502]
    host.calls.clear()
    host.mail = mail_by_port()
    assert deliver(host, NEW).state is HostState.DELIVERED
    assert host.calls[1] == ["write ", "smtp", "write state"]


def test_an_unverified_document_is_nothing_to_go_back_to(host: MemoryHost) -> None:
    host.mail = mail_by_port(p2502=PUT_OFF, p2503=REFUSED)
    assert push(host, NEW).state is HostState.UNVERIFIED
    assert push(host, entry(port=2503)).state is HostState.RESTORED
    assert ports(host) == [2501]


def test_what_an_earlier_run_left_unverified_is_the_next_one_s(host: MemoryHost) -> None:
    """It says so, it may take it back, and what is before it stays what it was."""
    host.mail = mail_by_port(p2502=PUT_OFF, p2503=PUT_OFF)
    push(host, NEW)
    assert push(host, NEW, run_id="run-2").state is HostState.UNVERIFIED
    looked = carry_out(host, [], APPLY, mode="status", declared=["Reports"]).result
    assert looked.delivery is not None
    assert (looked.delivery.run_id, looked.delivery.settled) == ("run-2", False)
    assert push(host, entry(port=2503)).state is HostState.UNVERIFIED
    assert archives(host) == ["email-servers.before-2.json"]
    host.mail = mail_by_port(p2503=REFUSED)
    assert push(host, entry(port=2503)).state is HostState.RESTORED
    assert ports(host) == [2501]


def test_what_was_verified_before_is_still_known_once_that_comes_back(host: MemoryHost) -> None:
    push(host, OLD, entry("Two"))
    host.mail = mail_by_port(p2502=PUT_OFF, p2503=REFUSED)
    push(host, NEW, entry("Two", port=2502))
    assert push(host, entry(port=2503), entry("Two", port=2502)).state is HostState.RESTORED
    host.calls.clear()
    assert push(host, OLD, entry("Two")).state is HostState.UNCHANGED


def test_a_settled_document_whose_email_fails_now_stays(host: MemoryHost) -> None:
    assert push(host, NEW, checks={"Reports": "auth"}).state is HostState.APPLIED
    host.mail = lambda _operation: dict(REFUSED)
    assert push(host, NEW).state is HostState.UNVERIFIED
    assert ports(host) == [2502]


def test_a_mail_server_that_answers_in_the_place_of_before(host: MemoryHost) -> None:
    host.mail = mail_by_port(p2502=UNREACHABLE)
    result = push(host, NEW)
    assert result.state is HostState.RESTORED
    assert result.mails[0].worked_before == "smtp.example.edu:2501"


def test_one_that_answers_nowhere_is_an_outage(host: MemoryHost) -> None:
    host.mail = lambda _operation: dict(UNREACHABLE)
    assert push(host, NEW).state is HostState.UNVERIFIED
    assert ports(host) == [2502]


@pytest.mark.parametrize(("skew", "state"), [(400, HostState.UNVERIFIED), (0, HostState.RESTORED)])
def test_a_wrong_clock_makes_certificates_inconclusive(
    host: MemoryHost, skew: int, state: HostState
) -> None:
    expired = {"done": False, "stage": "tls", "error": "certificate"}
    host.mail = mail_by_port(p2502={**expired, "about": "certificate has expired"})
    host.read["time"] = "2027-01-15T08:06:40Z" if skew else "2027-01-15T08:00:00Z"
    assert push(host, NEW).state is state


def test_mail_none_twice(host: MemoryHost) -> None:
    none = {"checks": {"Reports": "none"}}
    result = deliver(host, NEW, **none)
    assert (result.state, result.unverified) == (HostState.UNVERIFIED, ["Reports"])
    host.calls.clear()
    assert deliver(host, NEW, **none).state is HostState.UNCHANGED
    assert host.calls == [["read"]]
    assert deliver(host, NEW).state is HostState.DELIVERED
    assert host.sent == ["reports@example.edu@smtp.example.edu"]


def test_a_level_that_only_maps_speaks(host: MemoryHost) -> None:
    result = deliver(host, entry(smtp_security_level="cram_sha1"))
    assert result.state is HostState.DELIVERED
    assert result.mails[0].proof == "unverifiable"
    assert host.sent == []


def test_a_baseline_that_says_nothing_takes_nothing_back(host: MemoryHost) -> None:
    host.mail = mail_by_port(p2502=REFUSED, p2501=PUT_OFF)
    result = push(host, NEW)
    assert (result.state, result.baseline[0].proof) == (HostState.RESTORED, None)


def test_an_email_put_off_keeps_no_other_from_being_sent(host: MemoryHost) -> None:
    """A list ends at the first email that is not taken; the rest is asked for behind it."""
    asked: list[int] = []
    answer = mail_by_port(p2601=PUT_OFF)
    host.mail = lambda operation: asked.append(operation["port"]) or answer(operation)
    result = deliver(host, *(entry(name, port=2600 + n) for n, name in enumerate("ABC")))
    assert asked == [2600, 2601, 2602]
    assert (result.state, result.unverified) == (HostState.UNVERIFIED, ["B"])
    asked.clear()
    host.mail = mail_by_port()
    host.sent.clear()
    deliver(host, *(entry(name, port=2600 + n) for n, name in enumerate("ABC")))
    assert host.sent == ["b@example.edu@smtp.example.edu"]


def test_a_refused_email_behind_one_that_is_put_off_takes_it_back(host: MemoryHost) -> None:
    host.mail = mail_by_port(p2600=PUT_OFF, p2601=REFUSED)
    result = deliver(host, entry("A", port=2600), entry("B", port=2601), mail_budget=60)
    assert result.state is HostState.RESTORED
    assert [one.attempts for one in result.mails] == [1, 1]


def test_a_settled_document_is_not_looked_for_elsewhere(host: MemoryHost) -> None:
    push(host, NEW, checks={"Reports": "auth"})
    host.mail = mail_by_port(p2502=UNREACHABLE)
    host.calls.clear()
    assert push(host, NEW).state is HostState.UNVERIFIED
    assert host.calls == [["read"], ["write ", "smtp", "write state"]]


def test_a_baseline_that_only_maps_can_verify(host: MemoryHost) -> None:
    push(host, entry(port=2501, smtp_security_level="cram_sha1"))
    host.mail = mail_by_port(p2502=REFUSED)
    result = push(host, NEW)
    assert result.state is HostState.RESTORED
    assert [one.smtp.outcome for one in result.mails] == ["wrong"]
    assert [one.proof for one in result.baseline] == ["unverifiable"]


def test_maps_own_email_fails(host: MemoryHost) -> None:
    settings = {**APPLY, "test_command": ["test"]}
    host.test = lambda: 3
    result = push(host, NEW, settings=settings)
    assert (result.state, result.reason) == (HostState.UNVERIFIED, "test_failed")
    assert ports(host) == [2502]
    host.test = lambda: 0
    assert push(host, NEW, settings=settings).state is HostState.APPLIED
    assert push(host, NEW, settings=settings).state is HostState.UNCHANGED


def test_an_edited_archive_is_nothing_to_send_from(host: MemoryHost) -> None:
    del host.files[STATE]
    broken = content(host)
    broken["servers"][0]["port"] = "twenty-five"
    host.files[DOCUMENT] = json.dumps(broken).encode()
    host.mail = mail_by_port(p2502=REFUSED)
    result = push(host, NEW)
    assert (result.state, result.baseline) == (HostState.RESTORED, [])
    assert host.files[DOCUMENT] == json.dumps(broken).encode()


def test_maps_own_email_is_the_last_word(host: MemoryHost) -> None:
    """An inconclusive refresh ends the list before it; it is made up for."""
    settings = {**APPLY, "test_command": ["test"]}
    url = {"refresh": {"Reports": "https://login.example.edu/token"}}
    host.token_endpoint = lambda _operation: {"status": 503}
    host.test = lambda: 3
    result = push(host, oauth2_entry(port=2502), settings=settings, **url)
    assert (result.state, result.reason) == (HostState.UNVERIFIED, "test_failed")
    assert result.test is not None
    assert result.test.exit == 3
    host.test = lambda: 0
    host.calls.clear()
    assert push(host, oauth2_entry(port=2502), settings=settings, **url).state is HostState.APPLIED
    assert host.calls[1:] == [
        ["write ", "smtp", "post", "run", "write state"],
        ["write ", "run", "write state"],
    ]


@pytest.mark.parametrize(
    ("changes", "runs"),
    [
        ({}, 2),
        ({"checks": {"Reports": "auth"}}, 1),  # nobody asked for emails
        ({"checks": {"Reports": "none"}}, 1),
    ],
)
def test_maps_is_asked_for_an_email_where_emails_are_sent(
    host: MemoryHost, changes: dict[str, Any], runs: int
) -> None:
    push(host, NEW, settings={**APPLY, "test_command": ["test"]}, **changes)
    assert sum(call.count("run") for call in host.calls) == runs


def test_maps_is_asked_once_all_emails_are_sent(
    host: MemoryHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_turns, "_MINUTE", 0.2)
    limits = dict.fromkeys(("Reports", "Two"), replace(limit(per_minute=1), mailbox="rounds"))
    settings = {"test_command": ["test"]}
    assert (
        push(host, NEW, entry("Two"), settings=settings, limits=limits).state
        == "delivered, not applied"
    )
    assert [call.count("run") for call in host.calls] == [0, 0, 1]


def test_maps_is_not_asked_for_an_email_with_another_document(host: MemoryHost) -> None:
    settings = {"service": "MAPS", "test_command": ["test"]}
    push(host, NEW, settings=settings, restart=False)
    assert "run" not in host.calls[-1]
    host.calls.clear()
    push(host, NEW, settings=settings)
    push(host, entry(port=2503), settings=settings)
    assert [call.count("run") for call in host.calls] == [0, 0, 0, 1]


def test_a_refused_email_ends_the_rounds(host: MemoryHost) -> None:
    asked: list[str] = []
    host.mail = lambda operation: asked.append(operation["user"]) or dict(REFUSED)
    limits = dict.fromkeys("ABC", replace(limit(per_minute=1), mailbox="refused"))
    assert deliver(host, *map(entry, "ABC"), limits=limits).state is HostState.RESTORED
    assert asked == ["a@example.edu"]


def test_a_run_that_ends_waits_for_no_turn(host: MemoryHost, monkeypatch: Any) -> None:
    """It has delivered nothing; or has, and nobody hears of the emails; or cannot take it back."""
    monkeypatch.setattr(mail_turns, "_LOOK_AGAIN_SECONDS", 0.0)
    one = replace(limit(connections=1), mailbox="taken")

    def ended(settings: dict[str, Any], when: int, **changes: Any) -> HostResult:
        """The mailbox is taken, and the run ends, after so many calls."""
        work = run_input(host, [NEW], limits={"Reports": one}, **changes)
        host.calls.clear()
        with ExitStack() as taken:

            def take() -> None:
                if len(host.calls) == when:
                    turn = mail_turns.mailbox_turns(Path(TURNS), [one], lambda: True)
                    taken.enter_context(turn)

            host.between = take
            ours = with_host(worker(host, work, **settings), goes_on=lambda: False)
            return ours.answer().result

    result = ended({}, 0)
    assert (result.state, result.reason) == (HostState.NOT_STARTED, "interrupted")
    assert ports(host) == [2501]
    result = ended(APPLY, 1)
    assert (result.state, result.about) == (HostState.UNVERIFIED, "interrupted")
    host.between = lambda: None
    assert push(host, NEW).state is HostState.APPLIED


def test_a_run_that_ends_does_not_try_again(host: MemoryHost) -> None:
    host.mail = mail_by_port(p2502=PUT_OFF)
    ours = worker(host, run_input(host, [NEW], mail_budget=60))
    result = with_host(ours, goes_on=lambda: False).answer().result
    assert (result.state, result.mails[0].attempts) == (HostState.UNVERIFIED, 1)


# -- tokens


def test_a_refreshed_token_alone_is_no_reason() -> None:
    host = MemoryHost()
    deliver(host, oauth2_entry())
    assert deliver(host, oauth2_entry(token="2")).state is HostState.UNCHANGED
    assert "access token 1" in host.files[DOCUMENT].decode()


def test_another_grant_is() -> None:
    host = MemoryHost()
    deliver(host, oauth2_entry())
    result = deliver(host, oauth2_entry(token="2", grant="g2"))
    assert result.servers[0].fields == ["/oauth2/token"]
    assert "access token 2" in host.files[DOCUMENT].decode()
    assert len(host.sent) == 2


def test_a_token_that_expired_unverified_is_replaced() -> None:
    host = MemoryHost(mail=lambda _operation: dict(PUT_OFF))
    deliver(host, oauth2_entry(expires=1_700_000_000))
    host.mail = lambda _operation: dict(SENT)
    assert deliver(host, oauth2_entry(token="2")).state is HostState.DELIVERED
    assert "access token 2" in host.files[DOCUMENT].decode()


def test_a_refresh_is_tried_where_it_does_no_harm() -> None:
    host = MemoryHost()
    url = "https://login.example.edu/token"
    result = deliver(host, oauth2_entry(), refresh={"Reports": url})
    assert host.calls[1] == ["write state,json", "smtp", "post", "write state"]
    assert result.mails[0].refresh is not None
    assert result.mails[0].refresh.outcome == "verified"
    host.token_endpoint = lambda _operation: {
        "status": 400,
        "body": '{"error":"invalid_grant","error_description":"AADSTS700082: gone"}',
    }
    other = oauth2_entry(token="2", grant="g2")
    result = deliver(host, other, refresh={"Reports": url})
    assert (result.state, result.reason) == (HostState.RESTORED, "refresh_refused")
    assert result.mails[0].refresh is not None
    assert result.mails[0].refresh.code == "AADSTS700082"


def test_a_way_back_keeps_the_token_that_was_used_last() -> None:
    host = MemoryHost()
    deliver(host, oauth2_entry(port=2501), rotation=["Reports"])
    host.mail = mail_by_port(p2502=REFUSED)
    new = oauth2_entry(port=2502, token="2", grant="g2")
    assert deliver(host, new, rotation=["Reports"]).state is HostState.RESTORED
    assert ports(host) == [2501]
    assert "refresh token 2" in host.files[DOCUMENT].decode()
    assert content(host)["generation"] == 3


@pytest.mark.parametrize(
    ("changes", "keeps"),
    [
        ({}, True),
        ({"user_name": "other@example.edu"}, False),
        ({"client_id": "another"}, False),
        ({"access_token_url": "https://x.example.edu/token"}, False),
        ({"refresh_token_url": "https://x.example.edu/token"}, False),
        ({"token": None}, False),
    ],
)
@pytest.mark.parametrize("how", ["mail refused", "apply fails", "not started"])
def test_which_token_a_way_back_keeps(changes: dict[str, Any], keeps: bool, how: str) -> None:
    """That of the same client and mailbox: another one is no use to the document of before."""
    host = MemoryHost()
    old = oauth2_entry(port=2501)
    if "token" in changes:
        old = entry(port=2501)
    push(host, old, entry("Two"))
    before = host.files[DOCUMENT]
    new = oauth2_entry(port=2502, token="2", grant="g2")
    for name, value in changes.items():
        (new if name == "user_name" else new["oauth2"])[name] = value or new["oauth2"][name]
    host.mail = mail_by_port(p2502=REFUSED) if how == "mail refused" else mail_by_port()
    if how != "mail refused":
        host.apply = fails_with(2502, 1 if how == "apply fails" else None)
    result = push(host, new, entry("Two"), rotation=["Reports"])
    assert (result.state, ports(host)) == (HostState.RESTORED, [2501, 587])
    assert result.kept_tokens == (["Reports"] if keeps else [])
    assert (b"refresh token 2" in host.files[DOCUMENT]) is keeps
    assert (host.files[DOCUMENT] == before) is not keeps
    host.apply = lambda _document: 0
    host.mail = mail_by_port()
    back = oauth2_entry(port=2501, token="2", grant="g2") if keeps else old
    assert push(host, back, entry("Two"), rotation=["Reports"]).state in (
        *(HostState.APPLIED, HostState.UNCHANGED),
    )
    assert host.maps == host.files[DOCUMENT]


def test_a_token_that_a_person_edited_is_put_right() -> None:
    host = MemoryHost()
    deliver(host, oauth2_entry())
    host.files[DOCUMENT] = host.files[DOCUMENT].replace(b"refresh token 1", b"something else")
    result = deliver(host, oauth2_entry())
    assert [server.fields for server in result.servers] == [["/oauth2/token"]]
    assert result.servers[0].values == {}
    assert "refresh token 1" in host.files[DOCUMENT].decode()


def test_a_token_that_expired_once_it_was_verified_is_maps_own_matter() -> None:
    host = MemoryHost()
    used: list[str] = []
    host.mail = lambda operation: used.append(operation["secret"]) or dict(SENT)
    deliver(host, oauth2_entry(expires=1_700_000_000))
    assert used[0].startswith("hmac:"), "the host has it"
    assert deliver(host, oauth2_entry(token="2")).state is HostState.UNCHANGED


@pytest.mark.parametrize(
    ("grant", "outcome"), [("g1", ["sent"]), ("g2", [])], ids=["of the same grant", "of another"]
)
def test_a_baseline_with_an_expired_token(grant: str, outcome: list[str]) -> None:
    """The host may not refresh it: the controller's of that grant serves, else nothing is said."""
    host = MemoryHost()
    deliver(host, oauth2_entry(port=2501, expires=1_700_000_000))
    host.mail = mail_by_port(p2502=REFUSED)
    asked: list[Any] = []
    answer = host.mail
    host.mail = lambda operation: asked.append(operation["secret"]) or answer(operation)
    new = oauth2_entry(port=2502, token="2", grant=grant)
    result = deliver(host, new)
    assert result.state is HostState.RESTORED
    assert [one.smtp.outcome for one in result.baseline] == outcome
    assert asked[1:] == (["access token 2"] if outcome else [])


def test_a_document_of_before_sends_from_its_own_mailbox(host: MemoryHost) -> None:
    senders: list[str] = []
    refused = mail_by_port(p2502=REFUSED)
    host.mail = lambda operation: senders.append(operation["sender"]) or refused(operation)
    push(host, entry("Alerts"), entry(port=2502, user_name="other@example.edu"))
    assert senders == ["alerts@example.edu", "other@example.edu", "reports@example.edu"]
    senders.clear()
    mails = {"Reports": mail("alerts@example.edu")}  # test_email names another one
    push(host, entry(port=2502, user_name="other@example.edu"), mails=mails)
    assert senders == ["alerts@example.edu"] * 2


def test_secrets_travel_once() -> None:
    host = MemoryHost()
    deliver(host, oauth2_entry(), entry("Two"))
    sent: list[str] = []
    call = host.call

    def listen(operations: Any) -> Any:
        sent.append(json.dumps(operations))
        return call(operations)

    host.call = listen  # type: ignore[method-assign]
    deliver(host, oauth2_entry(port=25), entry("Two", password="another one"))
    assert "another one" in "".join(sent)
    assert "access token" not in "".join(sent)
    assert "client secret" not in "".join(sent)


# -- who else is there


def test_locked(host: MemoryHost) -> None:
    host.between = lambda: setattr(host, "holder", "bert (run 2)") if host.calls else None
    result = push(host, NEW)
    assert (result.state, result.about) == (HostState.LOCKED, "bert (run 2)")
    assert ports(host) == [2501]


def other_run(host: MemoryHost, *entries: Mapping[str, Any], edit: bool = False) -> None:
    """Once our run has read, somebody else comes in between."""

    def come_in() -> None:
        if len(host.calls) != 1:
            return
        host.between = lambda: None
        if edit:
            host.files[DOCUMENT] = host.files[DOCUMENT].replace(b"2501", b"2599")
        else:
            before = list(host.calls)
            push(host, *entries, run_id="run-2", owner="bert@desk")
            host.calls[:] = before

    host.between = come_in


@pytest.mark.parametrize(
    ("entries", "edit", "state"),
    [
        ([NEW], False, HostState.UNCHANGED),  # it delivered just this
        ([entry(port=2504)], False, HostState.LOCKED),
        ([], True, HostState.DRIFTED),
    ],
)
def test_another_run_comes_in_between(
    host: MemoryHost, entries: list[Mapping[str, Any]], edit: bool, state: HostState
) -> None:
    planned = carry_out(host, [NEW], APPLY, mode="plan")
    host.calls[:] = [["read"]]
    other_run(host, *entries, edit=edit)
    result = push(host, NEW, found=planned.found, expected=planned.result.before)
    assert result.state is state
    if state is HostState.LOCKED:
        assert "bert@desk" in result.about


def test_a_saved_plan_of_a_host_that_has_moved(host: MemoryHost) -> None:
    expected = carry_out(host, [NEW], APPLY, mode="plan").result.before
    push(host, entry(port=2504), run_id="run-2")
    assert push(host, NEW, expected=expected).state is HostState.DRIFTED
    assert ports(host) == [2504]


def test_a_saved_plan_goes_on_with_what_it_has_delivered(host: MemoryHost) -> None:
    expected = carry_out(host, [NEW], APPLY, mode="plan").result.before
    host.steps, host.kill_at = 0, 3
    push(host, NEW, expected=expected)
    host.kill_at = None
    assert push(host, NEW, expected=expected).state is HostState.APPLIED


def test_a_later_call_of_a_run_finds_another_document(host: MemoryHost) -> None:
    def come_in() -> None:
        if len(host.calls) == 2:
            host.between = lambda: None
            before = list(host.calls)
            push(host, entry(port=2504), run_id="run-2")
            host.calls[:] = before

    host.between = come_in
    result = push(host, NEW, limits={"Reports": limit(connections=1)})
    assert (result.state, result.reason) == (HostState.LOCKED, "moved")
    assert ports(host) == [2504]


@pytest.mark.parametrize(
    ("at", "began", "state"),
    [
        (0, True, HostState.UNREACHABLE),
        (1, False, HostState.UNREACHABLE),
        (1, True, HostState.UNKNOWN),
        (2, True, HostState.UNVERIFIED),
    ],
)
def test_a_connection_that_breaks(host: MemoryHost, at: int, began: bool, state: HostState) -> None:
    def break_off() -> None:
        if len(host.calls) == at:
            host.gone = Unreachable("Connection reset", began=began)

    host.between = break_off
    assert push(host, NEW, limits={"Reports": limit(connections=1)}).state is state
    host.gone, host.between = None, lambda: None
    assert push(host, NEW).state in (HostState.APPLIED, HostState.UNCHANGED)


def test_a_saved_plan_of_a_host_that_another_run_has_changed_is_told_as_drift(
    host: MemoryHost,
) -> None:
    """Between the plan and its push anybody may have pushed; nobody is in the way now."""
    expected = carry_out(host, [NEW], APPLY, mode="plan").result.before
    other_run(host, entry(port=2504))
    result = push(host, NEW, expected=expected)
    assert (result.state, result.reason) == (HostState.DRIFTED, "moved")


def test_a_host_that_keeps_moving_is_left_alone(host: MemoryHost) -> None:
    def come_in() -> None:
        if host.calls and host.calls[-1] == ["read"]:
            host.files[DOCUMENT] += b" "

    host.between = come_in
    assert push(host, NEW).state is HostState.DRIFTED
    assert [call[0] for call in host.calls].count("read") == 3


def test_a_state_that_is_newer_than_the_archives_is_read_once_more(host: MemoryHost) -> None:
    push(host, NEW)
    archive = host.files.pop("email-servers.before-2.json")
    host.calls.clear()

    def come_in() -> None:
        if host.calls:
            host.files["email-servers.before-2.json"] = archive

    host.between = come_in
    plan = carry_out(host, [], APPLY, mode="rollback_plan").result
    assert (plan.state, plan.rolled_back_to) == (HostState.WOULD_CHANGE, 1)
    assert host.calls == [["read"], ["read"]]


@pytest.mark.parametrize(("at", "state"), [(1, "unknown"), (2, "delivered, not verified")])
def test_an_answer_that_is_none(host: MemoryHost, at: int, state: str) -> None:
    """Nobody knows what the host did with its list."""
    call = host.call

    def other(operations: Any) -> Any:
        if len(host.calls) == at:
            raise InvalidResponse("its answers have another shape")
        return call(operations)

    host.call = other  # type: ignore[method-assign]
    result = push(host, NEW, limits={"Reports": limit(connections=1)})
    assert result.state == state


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (Unreachable("Connection reset", began=True), HostState.UNKNOWN),
        (Unreachable("Connection refused", began=False), HostState.UNKNOWN),
        (CallTimeout("too long"), HostState.UNKNOWN),
    ],
)
def test_a_way_back_that_nobody_hears_of(
    host: MemoryHost, error: Exception, state: HostState
) -> None:
    host.mail = mail_by_port(p2502=REFUSED)
    call = host.call

    def other(operations: Any) -> Any:
        if len(host.calls) == 2:
            raise error
        return call(operations)

    host.call = other  # type: ignore[method-assign]
    assert push(host, NEW).state is state


def test_a_way_back_that_another_run_was_before(host: MemoryHost) -> None:
    host.mail = mail_by_port(p2502=REFUSED)

    def come_in() -> None:
        if len(host.calls) == 2:
            host.between = lambda: None
            push(host, entry(port=2504), run_id="run-2")

    host.between = come_in
    result = push(host, NEW)
    assert (result.state, result.reason) == (HostState.LOCKED, "moved")
    assert result.mails, "it was delivered, so its token may be in use"
    assert ports(host) == [2504]


# -- what others have put there


def test_entries_of_others_stay_and_are_named(host: MemoryHost) -> None:
    foreign = {**content(host), "generation": 7}
    theirs = {**entry("Theirs", password="theirs"), "Novelty": {"Key": ["x"]}}
    foreign["servers"].append(theirs)
    host.files[DOCUMENT] = json.dumps(foreign).encode()
    new = entry(port=2502, password="another")
    result = push(host, new, prune=True)
    assert {s.name: s.state for s in result.servers} == {
        "Reports": "changed",
        "Theirs": "orphaned",
    }
    assert content(host)["servers"][1] == theirs
    assert content(host)["generation"] == 8
    assert "theirs" not in str(result).replace("Theirs", "")


def test_prune_removes_what_is_ours(host: MemoryHost) -> None:
    push(host, OLD, entry("Two"))
    result = push(host, OLD)
    assert {s.name: s.state for s in result.servers} == {"Reports": "unchanged", "Two": "orphaned"}
    assert push(host, OLD, prune=True).state is HostState.APPLIED
    assert [server["server_name"] for server in content(host)["servers"]] == ["Reports"]


def test_a_server_that_a_run_leaves_out_is_no_orphan(host: MemoryHost) -> None:
    push(host, OLD, entry("Two"))
    result = push(host, OLD, declared=["Reports", "Two"], prune=True)
    assert result.state is HostState.UNCHANGED


def test_what_lay_there_as_it_is_declared_is_ours_from_then_on(host: MemoryHost) -> None:
    del host.files[STATE]
    theirs = {**content(host), "generation": 7}
    theirs["servers"] += [entry("Theirs")]
    host.files[DOCUMENT] = json.dumps(theirs).encode()
    push(host, OLD, entry("Two"))
    result = push(host, entry("Two"), prune=True)
    assert {s.name: s.state for s in result.servers} == {
        "Reports": "removed",
        "Theirs": "orphaned",
        "Two": "unchanged",
    }


def test_a_saved_plan_removes_what_it_named_and_is_ours(host: MemoryHost) -> None:
    push(host, OLD, entry("Two"), entry("Three"))
    result = push(host, OLD, remove=["TWO", "Reports", "Nobody"], declared=["Reports"])
    assert {s.name: s.state for s in result.servers} == {
        "Reports": "unchanged",
        "Three": "orphaned",
        "Two": "removed",
    }


def test_names_are_the_same_whatever_their_case(host: MemoryHost) -> None:
    result = push(host, entry("REPORTS", port=2501, user_name="reports@example.edu",
                              password="password of Reports"))  # fmt: skip
    assert [(s.name, s.state, s.fields) for s in result.servers] == [
        ("REPORTS", "changed", ["/server_name"])
    ]
    assert [server["server_name"] for server in content(host)["servers"]] == ["REPORTS"]


def test_edited_by_hand_is_put_right_and_archived(host: MemoryHost) -> None:
    edited = host.files[DOCUMENT].replace(b"2501", b"2599")
    host.files[DOCUMENT] = edited
    result = push(host, OLD)
    assert result.edited
    assert result.state is HostState.APPLIED
    assert host.files["email-servers.before-2.json"] == edited


@pytest.mark.parametrize("how", ["pruned", "removed by hand"])
def test_a_way_back_brings_nothing_that_was_removed(host: MemoryHost, how: str) -> None:
    if how == "pruned":
        assert push(host, prune=True).state is HostState.APPLIED
        assert ports(host) == []
    else:
        push(host, NEW)
        del host.files[DOCUMENT]
    host.mail = mail_by_port(p2503=REFUSED)
    for _ in range(2):
        assert push(host, entry(port=2503)).state is HostState.RESTORED
        assert ports(host) == []
        assert host.maps == host.files[DOCUMENT]
    if how == "pruned":
        assert push(host, mode="rollback").state is HostState.ROLLED_BACK
        assert ports(host) == [2501]


def test_another_spelling_is_no_edit(host: MemoryHost) -> None:
    host.files[DOCUMENT] = json.dumps(content(host)).encode()
    assert push(host, OLD).state is HostState.UNCHANGED


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        "[]",
        '{"schema_version": 2, "generation": 1, "servers": []}',
        '{"schema_version": 1, "generation": -1, "servers": []}',
        '{"schema_version": 1, "generation": 1, "servers": [], "servers": []}',
        '{"schema_version": 1, "generation": 1e999, "servers": []}',
        '{"schema_version": 1, "generation": 1, "servers": [{"server_name": "A"}]}',
        "[" * 5000,
    ],
)
@pytest.mark.parametrize("name", [DOCUMENT, STATE])
def test_damaged(host: MemoryHost, name: str, text: str) -> None:
    host.files[name] = text.encode()
    before = dict(host.files)
    result = push(host, NEW)
    assert (result.state, result.reason) == (HostState.FAILED, "damaged")
    assert result.about.startswith(f"/etc/maps-provisioner/{name}: ")
    assert host.files == before
    assert host.calls == [["read"]]


def test_a_state_that_contradicts_itself(host: MemoryHost) -> None:
    state = json.loads(host.files[STATE])
    host.files[STATE] = json.dumps({**state, "document": "0f" * 16}).encode()
    assert push(host, NEW).reason == "damaged"


def test_what_lies_there_is_told_by_its_fingerprint(host: MemoryHost) -> None:
    before = carry_out(host, [NEW], APPLY, mode="plan").result.before
    result = push(host, NEW)
    assert result.before == before
    assert result.fingerprint not in (None, before)
    assert carry_out(host, [NEW], APPLY, mode="plan").result.before == result.fingerprint
    nothing = carry_out(MemoryHost(), [], APPLY, mode="plan").result
    assert (nothing.before, nothing.fingerprint) == (None, None)


def test_files_that_others_can_read_are_closed(host: MemoryHost) -> None:
    host.open = {DOCUMENT}
    assert carry_out(host, [OLD], APPLY, mode="plan").result.state is HostState.WOULD_CHANGE
    assert push(host, OLD).state is HostState.APPLIED
    assert host.calls[2] == ["write json"]


def test_another_vault_key(host: MemoryHost) -> None:
    before = host.files[DOCUMENT]
    host.key = "77" * 32
    plan = carry_out(host, [OLD], APPLY, mode="plan").result
    assert plan.rekeyed
    assert [server.state for server in plan.servers] == ["unchanged"]
    result = push(host, OLD)
    assert result.state is HostState.APPLIED
    assert host.files[DOCUMENT] == before
    assert "run" not in host.calls[-1]
    assert len(host.sent) == 1
    assert push(host, OLD).state is HostState.UNCHANGED


@pytest.mark.parametrize(
    ("opened", "changes", "closing"),
    [
        ({DOCUMENT, STATE}, False, "write json,state"),
        ({"email-servers.before-2.json"}, False, "write before-2"),
        ({DOCUMENT, STATE}, True, "write before-3,state,json"),
        ({"email-servers.before-2.json"}, True, "write before-3,state,json,before-2"),
        ({"other.json"}, False, None),
    ],
)
def test_which_files_are_closed(
    host: MemoryHost, opened: set[str], changes: bool, closing: str | None
) -> None:
    push(host, NEW)
    host.calls.clear()
    host.open = set(opened)
    push(host, entry(port=2503) if changes else NEW)
    assert [call[0] for call in host.calls[1:]] == ([closing] if closing else [])


def test_a_folder_that_others_can_read_is_closed_by_a_write_of_nothing(host: MemoryHost) -> None:
    host.read["open"] = True
    result = push(host, OLD)
    assert (result.state, result.open) == (HostState.APPLIED, [""])
    assert host.calls[1] == ["write "]


def test_another_vault_key_and_what_else_is_due(host: MemoryHost) -> None:
    """What was delivered, whose it is and what is before it stay known; proofs and prints go."""
    push(host, NEW, entry("Two"))
    host.key = "77" * 32
    host.open = {STATE}
    plan = carry_out(host, [], APPLY, mode="rollback_plan").result
    assert (plan.rekeyed, plan.rolled_back_to) == (True, 1)
    host.calls.clear()
    result = push(host, NEW, prune=True)
    assert {s.name: s.state for s in result.servers} == {"Reports": "unchanged", "Two": "removed"}
    assert push(host, NEW).state is HostState.UNCHANGED
    host.key = "78" * 32
    host.open = {STATE}
    host.calls.clear()
    assert push(host, NEW).state is HostState.APPLIED
    assert host.calls[1:] == [["write state", "smtp", "write state"]]
    host.key = "79" * 32
    host.files[DOCUMENT] = host.files[DOCUMENT].replace(b"2502", b"2599")
    assert push(host, NEW).state is HostState.APPLIED
    assert ports(host) == [2502]


def test_another_vault_key_and_no_archive_any_more(host: MemoryHost) -> None:
    push(host, NEW)
    del host.files["email-servers.before-2.json"]
    host.key = "77" * 32
    assert push(host, NEW).state is HostState.APPLIED
    assert push(host, NEW).state is HostState.UNCHANGED
    assert push(host, mode="rollback").reason == "no_archive"


def test_another_vault_key_of_what_maps_does_not_have(host: MemoryHost) -> None:
    deliver(host, NEW)
    host.key = "77" * 32
    assert push(host, NEW).state is HostState.APPLIED
    assert "run" in host.calls[-1]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"done": False, "reason": "not_private", "about": "/etc/x"}, "not_private"),
        ({"logged": True}, "logged"),
        ({"files": {"/etc/passwd": {}}}, "invalid_response"),
        ({"strangers": ["x"] * 21}, "invalid_response"),
    ],
)
def test_a_folder_that_cannot_be_worked_with(
    host: MemoryHost, answer: dict[str, Any], reason: str
) -> None:
    host.read.update(answer)
    result = push(host, NEW)
    assert (result.state, result.reason) == (HostState.FAILED, reason)
    assert host.calls == [["read"]]


# -- rollback


def test_a_rollback_and_back_again(host: MemoryHost) -> None:
    push(host, NEW)
    plan = carry_out(host, [], APPLY, mode="rollback_plan").result
    assert (plan.state, plan.rolled_back_to) == (HostState.WOULD_CHANGE, 1)
    assert push(host, mode="rollback").state is HostState.ROLLED_BACK
    assert (ports(host), content(host)["generation"]) == ([2501], 3)
    assert push(host, mode="rollback").state is HostState.ROLLED_BACK
    assert (ports(host), content(host)["generation"]) == ([2502], 4)


def test_a_rollback_brings_living_tokens() -> None:
    host = MemoryHost()
    deliver(host, oauth2_entry(port=2501))
    deliver(host, oauth2_entry(port=2502))
    now = oauth2_entry(port=2502, token="2")
    assert deliver(host, now, mode="rollback").state is HostState.ROLLED_BACK
    assert ports(host) == [2501]
    assert "refresh token 2" in host.files[DOCUMENT].decode()


def test_a_rollback_after_a_restored_push_goes_further(host: MemoryHost) -> None:
    push(host, NEW)
    host.mail = mail_by_port(p2503=REFUSED)
    assert push(host, entry(port=2503)).state is HostState.RESTORED
    assert push(host, mode="rollback").state is HostState.ROLLED_BACK
    assert ports(host) == [2501]


def test_a_rollback_has_nothing_that_was_not_there_before(host: MemoryHost) -> None:
    push(host, NEW, entry("Two"))
    plan = carry_out(host, [NEW, entry("Two")], APPLY, mode="rollback_plan").result
    assert {s.name: s.state for s in plan.servers} == {"Reports": "changed", "Two": "removed"}
    assert push(host, NEW, entry("Two"), mode="rollback", secrets={}).state is HostState.ROLLED_BACK
    assert ports(host) == [2501]
    assert b"password of Reports" in host.files[DOCUMENT]


@pytest.mark.parametrize("known", [True, False], ids=["declared", "not declared"])
def test_a_rollback_brings_the_newest_token_of_its_grant(known: bool) -> None:
    """The controller's, else what lies there: the archive's may be dead."""
    host = MemoryHost()
    deliver(host, oauth2_entry(port=2501))
    deliver(host, oauth2_entry(port=2502, token="3", grant="g2"))
    deliver(host, oauth2_entry(port=2503, token="4", grant="g2"))
    now = [oauth2_entry(port=2503, token="5", grant="g2")] if known else []
    assert deliver(host, *now, mode="rollback").state is HostState.ROLLED_BACK
    assert ports(host) == [2502]
    assert f"refresh token {5 if known else 4}" in host.files[DOCUMENT].decode()


def test_a_rollback_brings_no_token_of_another_grant() -> None:
    host = MemoryHost()
    deliver(host, oauth2_entry(port=2501))
    deliver(host, oauth2_entry(port=2502, token="2", grant="g2"))
    now = oauth2_entry(port=2502, token="2", grant="g2")
    assert deliver(host, now, mode="rollback").state is HostState.ROLLED_BACK
    assert "refresh token 1" in host.files[DOCUMENT].decode()


@pytest.mark.parametrize("mode", ["rollback_plan", "rollback"])
@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        ({}, True),
        ({"user_name": "other@example.edu"}, False),
        ({"oauth2": None, "smtp_security_level": "login", "password": "p"}, False),
    ],
)
def test_a_rollback_where_tokens_rotate_strictly_brings_no_used_one(
    mode: str, changes: dict[str, Any], ends: bool
) -> None:
    """Using it may end the grant, so MAPS must not have it for a moment."""
    host = MemoryHost()
    deliver(host, oauth2_entry(port=2501))
    now = oauth2_entry(port=2502, token="2", grant="g2") | changes
    deliver(host, now)
    before = dict(host.files)
    result = deliver(host, now, mode=mode, rotation=["REPORTS"])
    if not ends:
        assert (result.state, result.reason, result.about) == (
            *(HostState.FAILED, "dead_token", "Reports"),
        )
        assert host.files == before
    elif mode == "rollback":
        assert result.state is HostState.ROLLED_BACK
        assert ports(host) == [2501]
        assert "refresh token 2" in host.files[DOCUMENT].decode()


def test_an_archive_that_was_exchanged_is_nothing_to_go_back_to(host: MemoryHost) -> None:
    push(host, NEW)
    for text in (host.files["email-servers.before-2.json"].replace(b"2501", b"25"), b"no JSON"):
        host.files["email-servers.before-2.json"] = text
        assert push(host, mode="rollback").reason == "no_archive"


def test_a_refused_rollback_gives_back_what_was_there(host: MemoryHost) -> None:
    push(host, NEW)
    host.mail = mail_by_port(p2501=REFUSED)
    assert push(host, mode="rollback").state is HostState.RESTORED
    assert ports(host) == [2502]


def test_nothing_to_roll_back_to(host: MemoryHost) -> None:
    result = push(host, mode="rollback")
    assert (result.state, result.reason) == (HostState.FAILED, "no_archive")


# -- clusters


def test_no_host_of_a_cluster_follows_one_that_failed(host: MemoryHost) -> None:
    settings = {**APPLY, "cluster": "argos"}
    host.apply = fails_with(2502)
    assert push(host, NEW, settings=settings, run_id="r9").state is HostState.RESTORED
    assert push(host, NEW, settings=settings, run_id="r9").state is HostState.RESTORED
    other = MemoryHost()
    work = run_input(other, [OLD], run_id="r9")
    work = replace(work, hosts={"maps2": work.hosts["maps1"]})
    result = with_host(worker(other, work, **settings), host="maps2").answer().result
    assert (result.state, result.reason, result.about) == ("not started", "cluster", "maps1")
    assert other.calls == [["read"]]
    work = replace(work, run_id="r10")
    result = with_host(worker(other, work, **settings), host="maps2").answer().result
    assert result.state is HostState.APPLIED, "another run may"


@pytest.mark.parametrize("refused", [False, True], ids=["good", "taken back"])
def test_a_host_of_a_cluster_follows_one_that_is_well(refused: bool) -> None:
    settings = {**APPLY, "cluster": f"one after the other {refused}"}
    first = MemoryHost()
    push(first, OLD, settings=settings)
    first.mail = mail_by_port(p2502=REFUSED) if refused else mail_by_port()
    state = HostState.RESTORED if refused else HostState.APPLIED
    assert push(first, NEW, settings=settings).state is state
    other = MemoryHost()
    work = run_input(other, [OLD])
    work = replace(work, hosts={"maps2": work.hosts["maps1"]})
    result = with_host(worker(other, work, **settings), host="maps2").answer().result
    assert result.state is HostState.APPLIED


def test_a_run_about_other_servers_settles_nothing(host: MemoryHost) -> None:
    """What is put off may still be taken back, once it turns out to be wrong."""
    two = entry("Two", port=2602)
    host.mail = mail_by_port(p2602=PUT_OFF)
    assert deliver(host, OLD, two).state is HostState.UNVERIFIED
    about = {"declared": ["Reports", "Two"]}
    assert deliver(host, entry(port=2503), **about).state is HostState.DELIVERED
    assert deliver(host, entry(port=2503), **about).state is HostState.UNCHANGED
    host.mail = mail_by_port(p2602=REFUSED)
    assert deliver(host, entry(port=2503), two).state is HostState.RESTORED
    assert ports(host) == [2501]

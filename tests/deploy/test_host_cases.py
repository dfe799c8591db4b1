"""What a push does on one host, case by case: which operations in which calls, and what follows."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace as with_host
from typing import Any

import pytest
from msgspec.structs import replace

from provisioner.deploy import mail_turns
from provisioner.deploy.protocol import DOCUMENT, STATE, Operation, Unreachable
from provisioner.deploy.result import HostResult, HostState
from tests.deploy.memory_host import MemoryHost
from tests.deploy.runs import APPLY, carry_out, entry, limit, oauth2_entry, run_input, worker

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
    result = deliver(host, NEW, mail_budget=3)
    assert (result.state, result.unverified) == (HostState.UNVERIFIED, ["Reports"])
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
    assert result.state is HostState.RESTORED
    assert host.files[DOCUMENT] == json.dumps(broken).encode()


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
    assert result.state is HostState.RESTORED
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
    assert (result.state, result.about) == (HostState.UNVERIFIED, "moved")
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


# -- what others have put there


def test_entries_of_others_stay_and_are_named(host: MemoryHost) -> None:
    foreign = {**content(host), "generation": 7}
    theirs = {**entry("Theirs", password="theirs"), "Novelty": {"Key": ["x"]}}
    foreign["servers"].append(theirs)
    host.files[DOCUMENT] = json.dumps(foreign).encode()
    result = push(host, NEW, prune=True)
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


def test_edited_by_hand_is_put_right_and_archived(host: MemoryHost) -> None:
    edited = host.files[DOCUMENT].replace(b"2501", b"2599")
    host.files[DOCUMENT] = edited
    result = push(host, OLD)
    assert result.edited
    assert result.state is HostState.APPLIED
    assert host.files["email-servers.before-2.json"] == edited


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

"""A push over many hosts: whom it asks in which order, where it stops, what it says in the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec import structs, to_builtins

from provisioner.credentials.proofs import LastProof, Refused, note_mail, note_refresh, read_proofs
from provisioner.deploy import handover
from provisioner.deploy import push as push_module
from provisioner.deploy.entry import ServerEntry
from provisioner.deploy.push import PushOptions, plan, push, undone_of_last_push
from provisioner.deploy.record import (
    BatchStarted,
    RunPlanned,
    RunRecord,
    RunStopped,
    ServerSkipped,
    journal,
)
from provisioner.deploy.rollback import rollback
from provisioner.deploy.run import RunOptions
from provisioner.deploy.scope import Scope
from provisioner.errors import ExitCode, FileUnusable, FleetError, Interrupted, PersonNeeded
from provisioner.host.mail_mode import MailMode
from provisioner.host.result import MailResult
from provisioner.smtp.client import SmtpResult
from tests.support.oauth_samples import CLIENT_SECRET, keep, kept, oauth_server, token_set
from tests.unit.deploy.pushes import FINGERPRINT, a_run, change, login_entry, result_of, run_started

STRICT = {"sso.example.edu": {"refresh_token_rotation": "strict"}}


def agree_to_all(_work):
    """Somebody who says yes."""


def push_with(run, saved=None, **options):
    push(run.run, PushOptions(**{"agree": agree_to_all, **options}), saved)
    return run


# -- order, batches, where it stops


@dataclass
class Case:
    """`planned`, `pushed`: a letter a host (pushes.py); `batches`: whom Ansible is
    run for; `states`: the last word on each host."""

    name: str
    planned: str
    pushed: str
    batches: list[str]
    states: str
    code: int
    options: dict[str, Any] = field(default_factory=dict)
    forks: int = 1
    mail: MailMode = MailMode.FULL


ONE_BY_ONE = {"sizes": (1,)}
PAIRS, HALVES = {"sizes": (2,)}, {"sizes": (1, "50%")}
ONE_FAILURE = {"max_failures": "1"}
ALL = {"max_failures": "100%"}

CASES = [
    Case("nothing to do", "UUU", "", [], "UUU", 0),
    Case("only those that differ", "UCUC", " A D", ["bd"], "UAUD", 0),
    Case("a canary of more than a few", "CCCCCC", "AAAAAA", ["a", "b", "cdef"], "AAAAAA", 0),
    Case("sizes are of those that differ", "UCCU", " AA", ["b", "c"], "UAAU", 0, HALVES),
    Case("a failed canary ends it", "C" * 6, "R", ["a"], "RNNNNN", 3),
    Case("a failure within a batch begins no other host", "CCCC", "ARAA", ["abcd"], "ARNN", 3),
    Case("those at work finish", "CCCCC", "RAAAA", ["abcde"], "RAANN", 3, forks=3),
    Case("a failure in the last batch", "CC", "AF", ["a", "b"], "AF", 3, ONE_BY_ONE),
    Case("a failure, all told to go on", "CCC", "RFV", ["abc"], "RFV", 3, ALL),
    Case("so many failures may be", "CCCC", "FRFA", ["abcd"], "FRFN", 3, {"max_failures": "2"}),
    Case("of each batch anew", "CCCC", "FAFA", ["ab", "cd"], "FAFA", 3, {**ONE_FAILURE, **PAIRS}),
    Case("a percentage of the batch", "CCCC", "FRAA", ["abcd"], "FRNN", 3, {"max_failures": "25%"}),
    Case("a percentage of few is none", "CCC", "FAA", ["abc"], "FNN", 3, {"max_failures": "33%"}),
    Case("unverified stops", "CC", "VA", ["a"], "VN", 3, ONE_BY_ONE),
    Case("unverified as it was asked for", "CC", "VV", ["ab"], "VV", 1, mail=MailMode.NONE),
    Case("restored all the same", "CC", "RV", ["ab"], "RN", 3, mail=MailMode.NONE),
    Case("unknown stops", "CC", "?A", ["a"], "?N", 4, ONE_BY_ONE),
    Case("locked stops", "CC", "LA", ["a"], "LN", 3, ONE_BY_ONE),
    Case("unreachable and drifted do not", "CCCC", "XMAA", ["abcd"], "XMAA", 3),
    Case("what the plan could not ask is told", "XFCU", "  A ", ["c"], "XFAU", 3),
    Case("a dead worker is unknown", "CCC", "dAA", ["abc"], "?NN", 4),
    Case("a dead worker of a plan is not", "dCC", " AA", ["bc"], "FAA", 3),
    Case("an answer that is none", "CC", "gA", ["ab"], "?N", 4),
    Case("an answer to a plan that is none", "gC", " A", ["b"], "FA", 3),
    Case("a host that Ansible cannot begin", "CC", "bA", ["ab"], "FN", 3),
    Case("a signal: no other host, no other batch", "CCC", "iAA", ["ab"], "ANN", 3, PAIRS),
    Case("a signal: those at work finish", "CCC", "iAA", ["abc"], "AAN", 3, forks=2),
    Case("Ansible cannot start any more", "CCCC", "AA!A", ["a", "b", "c"], "AANN", 3, ONE_BY_ONE),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_push(tmp_path, case):
    run = a_run(
        tmp_path,
        case.planned,
        case.pushed,
        forks=case.forks,
        options=RunOptions(mail=case.mail),
    )
    push_with(run, **case.options)
    hosts = "abcdef"[: len(case.planned)]
    assert run.calls == [f"plan {hosts}", *(f"push {batch}" for batch in case.batches)]
    assert run.letters == case.states
    assert run.run.record.exit_code == case.code
    events = run.run.record.events
    started = [e for e in events if isinstance(e, BatchStarted)]
    assert ["".join(batch.hosts) for batch in started] == case.batches
    assert [batch.number for batch in started] == list(range(1, len(started) + 1))
    stopped = [host for e in events if isinstance(e, RunStopped) for host in e.hosts]
    due = [host for host, planned in zip(hosts, case.planned, strict=True) if planned == "C"]
    assert stopped == [host for host in due if host not in "".join(case.batches)]


START = "ansible-playbook cannot start: install it"


@pytest.mark.parametrize(
    ("pushed", "options", "why"),
    [
        ("AFAA", {"sizes": (3,)}, {"c": ("stopped", "b: failed"), "d": ("stopped", "b: failed")}),
        ("iAA", PAIRS, {"b": ("interrupted", ""), "c": ("stopped", "the run was interrupted")}),
        ("AF!A", {**ONE_BY_ONE, **ALL}, {"c": ("stopped", START), "d": ("stopped", START)}),
        ("b", {}, {"a": ("not_begun", "no such variable")}),
    ],
)
def test_each_host_has_one_last_word_and_why(tmp_path, pushed, options, why):
    run = push_with(a_run(tmp_path, "C" * len(pushed), pushed), **options)
    assert {host: (run.result(host).reason, run.result(host).about) for host in why} == why
    interrupted = run.run.record.finish(run.run.signals.first) is ExitCode.INTERRUPTED
    assert interrupted is ("i" in pushed)


def test_hosts_with_unreadable_variables_are_no_reason_to_leave_out_others(tmp_path):
    run = a_run(tmp_path, "CCC", "AAA")
    run.run.unreadable = {"b": FleetError("host_vars/b.yml cannot be read", remedy="mend it")}
    push_with(run)
    assert run.calls == ["plan ac", "push ac"]
    assert run.letters == "AFA"
    assert run.result("b").about == "host_vars/b.yml cannot be read"


def test_a_canary_that_proved_nothing_is_none(tmp_path):
    """Nobody has yet seen that what is declared works anywhere."""
    run = push_with(a_run(tmp_path, "C" * 8, "XMAAAAAA"), sizes=(1, "25%", "100%"))
    assert run.calls[1:] == ["push a", "push b", "push c", "push de", "push fgh"]
    counts = [e.count for e in run.run.record.events if isinstance(e, BatchStarted)]
    assert counts == [3, 4, 5, 5, 5]
    assert run.letters == "XMAAAAAA"


# -- what it agrees to, and what a host is given


def test_nothing_is_done_without_a_yes(tmp_path):
    run = a_run(tmp_path, "CC", "AA")

    def refuse(work):
        assert [one.fingerprint for one in work.planned.values()] == [FINGERPRINT] * 2
        raise FleetError("no")

    with pytest.raises(FleetError, match="no"):
        push_with(run, agree=refuse)
    assert run.calls == ["plan ab"]


def test_a_signal_while_hosts_are_asked_ends_it_before_the_question(tmp_path):
    run = a_run(tmp_path, "iC", "AA")
    with pytest.raises(Interrupted):
        push_with(run, agree=lambda _work: pytest.fail("asked"))


def test_a_host_is_pushed_to_as_it_was_planned(tmp_path):
    gone = result_of(
        "a", "C", servers=[change("removed", "Old"), change("orphaned", "Theirs")], unverified=[]
    )
    run = a_run(tmp_path, {"a": gone, "b": "C"}, "AA", scope=Scope(prune=True))
    push_with(run)
    planning, pushing = run.executor.asked
    assert (planning.prune, pushing.prune) == (True, False), "a push removes what was shown"
    assert (planning.secrets, planning.mails, planning.turns) == ({}, {}, "")
    assert pushing.secrets == {"Reports": {"/password": '"a password"'}}
    assert (pushing.hosts["a"].remove, pushing.hosts["b"].remove) == (["Old"], [])
    assert {host.expected for host in pushing.hosts.values()} == {FINGERPRINT}
    assert all(host.found is not None for host in pushing.hosts.values()), "asked once"
    assert planning.hosts["a"].expected is None
    assert planning.hosts["a"].key != planning.hosts["b"].key


def test_a_host_without_a_document_is_expected_to_have_none(tmp_path):
    run = push_with(a_run(tmp_path, {"a": result_of("a", "C", before=None)}, "A"))
    assert run.pushed("a").expected == ""


def undone(hosts, plan=None):
    """A push that began none of these."""
    batches = [list(hosts)]
    content = to_builtins(plan) if plan else None
    return RunRecord.of([run_started(), RunPlanned(hosts=[], plan=content, batches=batches)])


def test_resume_asks_and_pushes_those_that_are_left(tmp_path):
    run = push_with(a_run(tmp_path, "CCUC", "A  A"), resumed=undone("acd"))
    assert run.calls == ["plan acd", "push ad"]
    with pytest.raises(FleetError, match="no declared server goes to x, y,"):
        push_with(a_run(tmp_path, "C"), resumed=undone("axy"))


def test_resume_names_what_changed_since(tmp_path):
    earlier = plan(a_run(tmp_path, "C").run).plan
    other_key = structs.replace(earlier, key_id="0" * 16, servers={})
    notes = []
    for entries, before in (
        ([login_entry()], earlier),
        ([login_entry(port=465)], earlier),
        ([login_entry(port=465)], other_key),
        ([login_entry(port=465)], None),
    ):
        run = a_run(tmp_path, "C", "A", entries=entries)
        push_with(run, resumed=undone("a", before), agree=lambda work: notes.append(work.note))
    assert notes == [
        "",
        "changed since that push (server file, sign-in or hosts): Reports",
        "",
        "",
    ]


# -- canaries of emails


@pytest.mark.parametrize(
    ("planned", "checks"),
    [
        ("CCC", {"a": "mail", "b": "auth", "c": "auth"}),
        ("UCC", {"b": "mail", "c": "auth"}),
        # on the first host it was verified by a sign-in alone: it is due there, then
        ("SUU", {"b": "mail"}),
    ],
)
def test_one_email_a_server(tmp_path, planned, checks):
    answers = dict(zip("abc", planned, strict=True))
    answers |= {
        host: result_of(host, "U", servers=[change("unchanged", proof="authenticated")])
        for host in "abc"
        if answers[host] == "U" and planned != "UCC"
    }
    answers = {h: result_of(h, "U") if one == "S" else one for h, one in answers.items()}
    run = a_run(tmp_path, answers, "AAA", options=RunOptions(mail=MailMode.CANARY_ONLY))
    push_with(run)
    given = run.executor.asked[-1].hosts
    assert {host: one.checks["Reports"] for host, one in given.items()} == checks


@pytest.mark.parametrize(
    ("mail", "checks"),
    [(MailMode.CANARY_ONLY, ["mail", "auth"]), (MailMode.AUTH_ONLY, ["auth", "auth"])],
)
def test_emails_of_a_saved_plan(tmp_path, mail, checks):
    saved = plan(a_run(tmp_path, "CC").run).plan
    run = push_with(a_run(tmp_path, "CC", "AA", options=RunOptions(mail=mail)), saved)
    assert [run.pushed(host).checks["Reports"] for host in "ab"] == checks


def test_a_server_that_some_host_has_sent_from_needs_no_other_canary(tmp_path):
    sent = result_of("a", "U", servers=[change("unchanged", verified=True, proof="sent")])
    other = result_of("b", "U", servers=[change("unchanged", proof="authenticated")])
    options = RunOptions(mail=MailMode.CANARY_ONLY)
    run = push_with(a_run(tmp_path, {"a": sent, "b": other}, options=options))
    assert run.calls == ["plan ab"]


@pytest.mark.parametrize(
    ("mail", "check"),
    [(MailMode.FULL, "mail"), (MailMode.AUTH_ONLY, "auth"), (MailMode.NONE, "none")],
)
def test_the_mode_of_emails_is_that_of_each_host(tmp_path, mail, check):
    run = push_with(a_run(tmp_path, "CC", "AA", options=RunOptions(mail=mail)))
    assert {host.checks["Reports"] for host in run.executor.asked[-1].hosts.values()} == {check}


# -- servers that cannot go


def oauth_entry(name="Mail", **tokens):
    server = oauth_server(name)
    return ServerEntry(server=server, client_secret=CLIENT_SECRET, token_set=token_set(**tokens))


@pytest.fixture
def no_refresh(monkeypatch):
    def fails(*_arguments):
        raise PersonNeeded("sign in anew")

    monkeypatch.setattr(push_module, "fresh_tokens", fails)


@pytest.fixture
def refreshed(monkeypatch):
    """What a refresh brings: tokens of another scope."""
    tokens = token_set(scope="newer")
    monkeypatch.setattr(push_module, "fresh_tokens", lambda *_arguments: tokens)


def push_of_mail(tmp_path):
    """A push to a host on which the server Mail differs, and whose test email is sent."""
    mails = [MailResult(server="Mail", smtp=SmtpResult(outcome="sent", stage="data"), proof="sent")]
    planned = {"a": result_of("a", "C", servers=[change(name="Mail")])}
    pushed = {"a": result_of("a", "A", mails=mails)}
    return push_with(a_run(tmp_path, planned, pushed, entries=[oauth_entry()]))


@pytest.mark.usefixtures("no_refresh")
def test_a_server_whose_token_cannot_be_refreshed_holds_nobody_else_up(tmp_path):
    planned = {
        "a": result_of("a", "C", servers=[change(name="Mail")], unverified=["Mail"]),
        "b": result_of("b", "C", servers=[change(name="Mail"), change()], unverified=["Reports"]),
        "c": result_of("c", "C", servers=[], unverified=[]),  # differs in something else
    }
    run = a_run(tmp_path, planned, " AA", entries=[oauth_entry(), login_entry()])
    push_with(run)
    assert run.letters == "SAA"
    assert set(run.executor.asked[-1].servers) == {"Reports"}
    [skipped] = [e for e in run.run.record.events if isinstance(e, ServerSkipped)]
    assert (skipped.server, skipped.reason) == ("Mail", "sign in anew")
    assert run.run.record.exit_code == ExitCode.PERSON_NEEDED


@pytest.mark.usefixtures("no_refresh")
@pytest.mark.parametrize("seconds", [float("inf"), float("nan"), 1e300, 541.0])
def test_a_host_waits_for_its_lock_nine_minutes_at_most(tmp_path, seconds):
    run = push_with(a_run(tmp_path, "C", "A", options=RunOptions(lock_wait=seconds)))
    assert {work.lock_wait for work in run.executor.asked} == {540}


def test_what_is_not_due_is_not_refreshed(tmp_path):
    run = push_with(a_run(tmp_path, "C", "A", entries=[oauth_entry(), login_entry()]))
    assert run.run.record.skipped == []
    assert run.letters == "A"


@pytest.mark.usefixtures("refreshed")
def test_what_was_refreshed_goes_out_and_what_mail_servers_said_to_it_is_noted(tmp_path):
    run = push_of_mail(tmp_path)
    assert run.executor.asked[-1].servers["Mail"]["oauth2"]["token"]["scope"] == "newer"
    assert read_proofs(tmp_path)["Mail"].by == "a"
    assert run.run.record.exit_code == ExitCode.DONE


NO = Refused(
    said="the mail server rejects the token", remedy="sign in again", at=token_set().refreshed_at
)


@pytest.mark.usefixtures("refreshed")
def test_a_refused_sign_in_is_told_until_a_mail_of_this_run_is_taken(tmp_path):
    def unchanged():
        return push_with(a_run(tmp_path, "U", entries=[oauth_entry()])).run.record

    grant = token_set().grant_id
    note_mail(tmp_path, {"Mail": LastProof(grant_id=grant, mail=NO)})
    assert unchanged().exit_code == ExitCode.PERSON_NEEDED
    [warning] = unchanged().warnings
    assert warning.startswith("Mail: the mail server rejects the token (on ")
    assert warning.endswith("\nsign in again")
    mailed = push_of_mail(tmp_path).run.record
    assert (mailed.exit_code, mailed.warnings) == (ExitCode.DONE, [])
    note_refresh(tmp_path, "Mail", grant, NO)
    assert unchanged().exit_code == ExitCode.PERSON_NEEDED
    note_refresh(tmp_path, "Mail", "an earlier sign-in", NO)
    assert unchanged().exit_code == ExitCode.DONE


# -- a token that belongs to one host


def strict_run(tmp_path, planned, pushed, owner=None):
    entry = oauth_entry("Reports", handed_over_to=owner)
    run = a_run(
        tmp_path, planned, pushed, entries=[entry], hosts={"Reports": ["a"]}, providers=STRICT
    )
    keep(run.run.opened.secrets, oauth_server(), entry.token_set)
    return run


def owner_of(run):
    tokens = kept(run.run.opened.secrets)
    return tokens.handed_over_to


@pytest.mark.parametrize(("pushed", "owner"), [("A", "a"), ("F", None), ("d", "a"), ("!", None)])
def test_a_strictly_rotating_token_is_marked_before_the_host_can_have_it(tmp_path, pushed, owner):
    run = strict_run(tmp_path, "C", pushed)
    seen = []
    run.executor.on_ask = lambda _work: seen.append(owner_of(run))
    push_with(run)
    assert seen == [None, "a"]
    assert owner_of(run) == owner


@pytest.mark.parametrize("after", [0, 1])
def test_a_store_that_cannot_be_written_takes_no_report_with_it(tmp_path, monkeypatch, after):
    """As on a full disk: `after` so many marks."""
    run = strict_run(tmp_path, "C", "F")
    mark, marks = handover._mark, []

    def marking(*given):
        if len(marks) == after:
            raise FileUnusable("no space left", remedy="free some")
        marks.append(given[-1])
        return mark(*given)

    monkeypatch.setattr(handover, "_mark", marking)
    push_with(run)
    assert run.letters == ("F" if after else "N")
    assert run.calls == ["plan a", "push a"][: 1 + after]
    said = run.run.record.warnings if after else [run.result("a").about]
    assert any("no space left" in text for text in said)
    assert owner_of(run) == ("a" if after else None)


USED_UP = {"a": result_of("a", "C", servers=[change(fields=["/port"])])}


def test_a_token_that_a_host_has_had_does_not_go_there_again(tmp_path):
    run = strict_run(tmp_path, USED_UP, "A", owner="a")
    push_with(run)
    assert run.calls == ["plan a"]
    assert run.letters == "S"
    assert run.run.record.exit_code == ExitCode.PERSON_NEEDED


def test_nor_by_a_saved_plan(tmp_path):
    saved = plan(strict_run(tmp_path, USED_UP, "", owner="a").run)
    run = push_with(strict_run(tmp_path, USED_UP, "A", owner="a"), saved.plan)
    assert run.calls == []
    assert run.letters == "S"
    assert run.run.record.exit_code == ExitCode.PERSON_NEEDED


# -- plan, and a plan that was saved


def test_a_plan_asks_and_changes_nothing(tmp_path):
    run = a_run(tmp_path, "CUX", command="plan")
    work = plan(run.run)
    assert run.calls == ["plan abc"]
    assert list(work.plan.hosts) == ["a"]
    assert run.letters == "CUX"
    assert run.run.record.exit_code == ExitCode.HOSTS_BEHIND
    assert [e.batches for e in run.run.record.events if isinstance(e, RunPlanned)] == [[]]


def test_a_saved_plan_is_pushed_without_asking_first(tmp_path):
    removed = result_of("b", "C", servers=[change("removed", "Old")], unverified=[])
    saved = plan(a_run(tmp_path, {"a": "C", "b": removed, "c": "U"}).run)
    shown = []
    run = push_with(a_run(tmp_path, "CCC", "AMA"), saved.plan, agree=shown.append)
    assert run.calls == ["push ab"]
    assert run.letters == "AM"
    assert shown[0].removed == ["Old"]
    assert run.pushed("b").remove == ["Old"]
    assert [run.pushed(host).expected for host in "ab"] == [FINGERPRINT] * 2
    assert run.pushed("a").found is None


# -- rollback


@pytest.mark.parametrize(
    ("planned", "pushed", "calls", "states", "code"),
    [
        ("CCU", "BB", ["rollback ab"], "BBU", 0),
        ("F", "", [], "F", 3),
        ("CC", "RB", ["rollback ab"], "RB", 3),
        ("CC", "iB", ["rollback ab"], "AN", 3),
    ],
)
def test_a_rollback(tmp_path, planned, pushed, calls, states, code):
    run = a_run(tmp_path, planned, pushed, command="rollback")
    agreed = []
    rollback(run.run, lambda hosts: agreed.append(len(hosts)))
    assert run.calls == ["rollback_plan " + "abc"[: len(planned)], *calls]
    assert agreed == [len(planned)] * bool(calls), "those that fail are shown, too"
    assert run.letters == states
    assert run.run.record.exit_code == code


def test_a_signal_while_hosts_are_asked_ends_a_rollback(tmp_path):
    run = a_run(tmp_path, "iC", "BB", command="rollback")
    with pytest.raises(Interrupted):
        rollback(run.run, lambda _hosts: pytest.fail("asked"))


def test_a_rollback_expects_what_was_shown(tmp_path):
    shown = result_of("a", "C", rolled_back_to=4)
    run = a_run(tmp_path, {"a": shown}, "B", command="rollback")
    rollback(run.run, lambda _hosts: None)
    assert run.pushed("a").expected == FINGERPRINT
    assert run.pushed("a").found is not None
    assert run.result("a").rolled_back_to == 4


def test_a_rollback_needs_no_mailbox(tmp_path):
    """Nobody says by now from whom a test email would come: then it only signs in."""
    nobody = login_entry("Relay", user_name=None)
    run = a_run(tmp_path, "C", "B", entries=[nobody, login_entry()], command="rollback")
    rollback(run.run, lambda _hosts: None)
    assert run.letters == "B"
    assert set(run.executor.asked[-1].mails) == {"Reports"}


# -- what is left of the last push


def keep_journal(root, run_id, events):
    with journal(root, run_id) as written:
        for event in events:
            written.append(event)


def test_what_the_last_push_has_left_undone(tmp_path):
    with pytest.raises(FleetError, match="no earlier push found"):
        undone_of_last_push(tmp_path)
    run = push_with(a_run(tmp_path, "XCCCU", " ARA"))
    keep_journal(tmp_path, "run-1", run.run.record.events)
    started = run.run.record.started
    no_plan = structs.replace(started, run_id="run-2")
    keep_journal(tmp_path, "run-2", [no_plan])
    another = structs.replace(started, run_id="run-3", command="rollback")
    keep_journal(tmp_path, "run-3", [another, RunPlanned(hosts=[], plan=None, batches=[["a"]])])
    assert undone_of_last_push(tmp_path).undone == ["a", "c", "d"]


def test_nothing_is_left_of_a_push_that_is_done(tmp_path):
    run = push_with(a_run(tmp_path, "CU", "A"))
    keep_journal(tmp_path, "run-1", run.run.record.events)
    with pytest.raises(FleetError, match="is done"):
        undone_of_last_push(tmp_path)

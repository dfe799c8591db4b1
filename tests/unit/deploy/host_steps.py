"""A case of test_host_cases.py: runs on one host in memory, one step after another."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from provisioner.host.protocol import DOCUMENT
from tests.unit.deploy.memory_host import MemoryHost
from tests.unit.deploy.runs import APPLY, carry_out, entry

SENT = {"done": True, "code": 250}
REFUSED = {"done": False, "code": 535, "stage": "auth", "reply": "5.7.8 no"}
PUT_OFF = {"done": False, "code": 451, "stage": "mail", "reply": "4.7.0 later"}
UNREACHABLE = {"done": False, "stage": "connect", "error": "timeout"}

Edit = Callable[[MemoryHost], object]
Declared = int | Mapping[str, Any]  # the port of the server Reports, or an entry
_SECRETS = re.compile(r"password of \w+|(?:access|refresh) token \d|client secret")


@dataclass(frozen=True)
class Step:
    """A run, and what must come of it; what is None is not looked at.

    `then`: state and reason; `on`: attributes of the host, of this step alone; `edits`: what a
    person does before; `at`: what happens once the step has made so many calls; `plan`: goes on
    from the last plan, "fresh" with what that has found, or "saved".
    `calls`, `sent`, `servers`, `emails`, `baseline`: as `_told` has them; `asked`: (a field, its
    value in each conversation); `travels`: the secrets in each call; `archives`: name -> what is
    in it; `same`: the document is byte for byte what it was.
    """

    entries: Sequence[Declared]
    then: str
    run: Mapping[str, Any]
    calls: str | None = None
    ports: Sequence[int] | None = None
    sent: str | None = None
    servers: str | None = None
    emails: str | None = None
    baseline: str | None = None
    asked: tuple[str, Sequence[object]] | None = None
    travels: str | None = None
    archives: Mapping[str, str] | None = None
    facts: Mapping[str, object] | None = None
    holds: str = ""
    lacks: str | None = None
    same: bool | None = None
    settings: Mapping[str, Any] | None = None
    mail: Mapping[int, Mapping[str, Any]] | None = None
    apply: Mapping[int, int | None] | None = None
    on: Mapping[str, Any] | None = None
    edits: Sequence[Edit] = ()
    at: Mapping[int, Edit] | None = None
    plan: str = ""


def run(*declared, then="applied", **given):
    """A step on a host with an apply command; what is no field of a step is one of its run."""
    fields = Step.__dataclass_fields__
    given.setdefault("settings", APPLY)
    of_run = {name: given.pop(name) for name in list(given) if name not in fields}
    return Step(declared, then, of_run, **given)


def deliver(*declared, then="delivered, not applied", **given):
    """The same on a host without an apply command."""
    return run(*declared, then=then, settings={}, **given)


def carry_out_steps(host, steps, turns):
    """Do one step after another, each with what must come of it."""
    planned = None
    for number, step in enumerate(steps, 1):
        _prepare(host, step, turns)
        before = dict(host.files)
        answer = _run(host, step, turns, planned)
        if step.run.get("mode") == "plan":
            planned = answer
        told = _told(host, answer.result)
        differing = [
            f"{name}: {is_so}, not {getattr(step, name)}"
            for name, is_so in told.items()
            if getattr(step, name) not in (None, is_so)
        ]
        assert not differing, "\n".join([f"run {number}:", *differing])
        _require_facts(host, step, answer.result, before)
        _require_sound(host, step, answer, before)


def _prepare(host, step, turns):
    """What is of one step is as in a new host in the next."""
    usual = MemoryHost()
    for name in ("mail", "apply", "token_endpoint", "test", "restart", "holder", "open", "read"):
        setattr(host, name, getattr(usual, name))
    host.kill_at, host.disk_full_from, host.steps = None, usual.disk_full_from, 0
    mail, apply = step.mail or {}, step.apply or {}
    host.mail = lambda operation: dict(mail.get(operation["port"], SENT))
    host.apply = lambda document: next((apply[p] for p in apply if str(p).encode() in document), 0)
    for name, value in (step.on or {}).items():
        setattr(host, name, value)
    for edit in step.edits:
        edit(host)
    for heard in (host.calls, host.sent, host.conversations, host.travelled):
        heard.clear()
    at = step.at or {}
    host.between = lambda: at.get(len(host.calls), lambda _host: None)(host)


def _run(host, step, turns, planned):
    entries = [entry(port=one) if isinstance(one, int) else one for one in step.entries]
    given = {"turns": str(turns), **step.run}
    if given.get("mode", "push") not in ("push", "rollback"):
        given["secrets"] = {}
    if step.plan and planned:
        given["expected"] = planned.result.before
        given["found"] = planned.found if step.plan == "fresh" else None
    return carry_out(host, entries, step.settings, **given)


# -- what is told of a step


def _told(host, result):
    return {
        "then": f"{result.state}: {result.reason}" if result.reason else str(result.state),
        "calls": " | ".join("; ".join(call) for call in host.calls),
        "sent": " ".join(user.partition("@")[0] for user in host.sent),
        "servers": "; ".join(map(_server, result.servers)),
        "emails": "; ".join(map(_mail, result.mails)),
        "baseline": "; ".join(map(_mail, result.baseline)),
        "travels": " | ".join(
            ", ".join(sorted(set(_SECRETS.findall(call)))) or "-" for call in host.travelled
        ),
        "ports": [server.get("port") for server in _servers_there(host)],
    }


def _server(server):
    """Name, state, what differs with values that are shown, and its proof."""
    assert server.verified is (server.proof == "sent")
    assert server.proven_at == (server.proof and "2027-01-15T08:00:00Z")
    shown = {pointer: f"={old}>{new}" for pointer, (old, new) in server.values.items()}
    fields = [pointer + shown.get(pointer, "") for pointer in server.fields]
    return " ".join([server.name, server.state, *fields, *filter(None, [server.proof])])


def _mail(mail):
    refresh = f"refresh {mail.refresh.outcome}" if mail.refresh else None
    tried = f"x{mail.attempts}" if mail.attempts > 1 else None
    assert mail.proof is None or mail.proof == mail.smtp.outcome
    told = " ".join(filter(None, [mail.server, mail.smtp.outcome, refresh, tried]))
    return f"{told}, but not at {mail.worked_before}" if mail.worked_before else told


def _servers_there(host):
    try:
        found = json.loads(host.files[DOCUMENT])["servers"]
    except (KeyError, ValueError, TypeError, RecursionError):
        return []
    return found


def _require_facts(host, step, result, before):
    for name, value in (step.facts or {}).items():
        assert attrgetter(name)(result) == value, name
    document = host.files.get(DOCUMENT, b"")
    assert step.holds.encode() in document
    assert step.lacks is None or step.lacks.encode() not in document
    if step.same is not None:
        assert (before.get(DOCUMENT) == host.files.get(DOCUMENT)) is step.same
    if step.asked is not None:
        field, values = step.asked
        found = [_secret(conversation[field]) for conversation in host.conversations]
        assert found == list(values)
    if step.archives is not None:
        there = {name for name in host.files if "before" in name}
        assert there == {f"email-servers.{name}.json" for name in step.archives}
        for name, text in step.archives.items():
            assert text.encode() in host.files[f"email-servers.{name}.json"]


def _secret(value):
    return "hmac" if isinstance(value, str) and value.startswith("hmac:") else value


def _require_sound(host, step, answer, before):
    """What is so whatever happens."""
    state, mode = str(answer.result.state), step.run.get("mode", "push")
    assert not _SECRETS.search(str(answer))
    assert "hmac:" not in str(answer.result)
    if mode not in ("push", "rollback"):
        assert set(map(tuple, host.calls)) <= {("read",)}
        assert set(_SECRETS.findall("".join(host.travelled))) == set()
    if mode not in ("push", "rollback") or (state == "unchanged" and not step.at):
        assert host.files == before
    settings = step.settings or {}
    has_it = state in ("applied", "rolled back") or (state == "restored" and not step.on)
    untouched = None in (step.apply or {}).values()
    if has_it and settings and "test_command" not in settings and not untouched:
        assert host.maps == host.files.get(DOCUMENT), "MAPS has something else"


# -- what a person or another run does


def lose(name):
    """A file is removed."""
    return lambda host: host.files.pop(name)


def move(old, new):
    """A file has another name."""
    return lambda host: host.files.update({new: host.files.pop(old)})


def write(name, text):
    """A file is exchanged."""
    return lambda host: host.files.update({name: text.encode()})


def change(old, new, name=DOCUMENT):
    """A person edits a file."""

    def edit(host):
        assert old.encode() in host.files[name]
        host.files[name] = host.files[name].replace(old.encode(), new.encode())

    return edit


def add(*entries, **changes):
    """Somebody else writes the document: with more servers, spelled in another way."""

    def edit(host):
        found = json.loads(host.files[DOCUMENT])
        found["servers"] += entries
        host.files[DOCUMENT] = json.dumps({**found, **changes}).encode()

    return edit


def rekey(pair):
    """The vault has another key from now on."""
    return lambda host: setattr(host, "key", pair * 32)


def raises(error):
    """A call has no answer."""

    def act(_host):
        raise error

    return act


def push_between(port):
    """Another run pushes, and for this one all is as before."""

    def act(host):
        heard = [list(one) for one in (host.calls, host.conversations, host.travelled)]
        between, host.between = host.between, lambda: None
        carry_out(host, [entry(port=port)], APPLY, run_id="run-2", owner="bert@desk")
        host.calls[:], host.conversations[:], host.travelled[:] = heard
        host.between = between

    return act

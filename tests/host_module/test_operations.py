"""The table of operations on this host, in this process, and what tables can't say."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from provisioner.deploy.protocol import decoded
from tests.host_module.operation_cases import (
    ARCHIVE,
    CASES,
    DOCUMENT,
    HIDDEN,
    KEY,
    KEYS,
    KNOWN,
    LIES,
    READ,
    SHOWN,
    STATE,
    Case,
    D,
    post,
    run,
    smtp,
    text,
    write,
)
from tests.host_module.posix_host import Host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def check(host: Host, case: Case) -> None:
    """What the host does of a case is what it says."""
    host.put(case.before, case.opened)
    with host.held(case.holder):
        answers = host.ask(*case.operations)
    assert fitting(answers, host.written(case.answers)) == host.written(case.answers)
    assert host.files() == case.after
    only_read = {answer["op"] for answer in answers} == {"read"}
    assert host.is_closed() or (only_read and case.opened)
    assert HIDDEN not in json.dumps(answers)
    if "dance" not in json.dumps(answers):
        decoded(answers, case.operations)  # fits provisioner/deploy/protocol.py


def fitting(found: Any, wanted: Any) -> Any:
    """`found` without the names that `wanted` says nothing of."""
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        return [fitting(one, other) for one, other in zip(found, wanted, strict=True)]
    if isinstance(found, dict) and isinstance(wanted, dict) and "op" in wanted:
        return {name: fitting(found[name], wanted[name]) for name in wanted if name in found}
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name[:60])
def test_a_case(host, case):
    check(host, case)


# -- placeholders


def some_token(pick: random.Random) -> str:
    """A hidden text, or what is none, in some spelling."""
    kind = pick.randrange(8)
    if kind > 4:
        return pick.choice(["null", "true", '""', "-12.5E+3", str(pick.randrange(10**6)), "[]"])
    characters = pick.choices('aä€😀"\\/\n:{}[], 7', k=pick.randrange(30))
    spelled = json.dumps(HIDDEN + "".join(characters), ensure_ascii=pick.random() < 0.5)
    if kind == 0:
        spelled = spelled.replace("d", "\\u0064").replace("/", "\\/")
    return spelled


def some_document(pick: random.Random, depth: int = 0) -> str:
    """JSON with hidden texts as values and as names, and any white space."""
    space = pick.choice(["", " ", "\n\t", "\r\n"])
    kind = pick.random() if depth < 4 else 1
    count = range(pick.randrange(5))
    if kind < 0.5:
        names = [
            json.dumps(pick.choice(KEYS)) if pick.random() < 0.7 else some_token(pick)
            for _ in count
        ]
        members = [
            f"{name}{space}:{space}"
            + ("25" if name[1:-1] in SHOWN else some_document(pick, depth + 1))
            for name in names
        ]
        return "{" + f",{space}".join(members) + space + "}"
    if kind < 0.7:
        return f"[{space}" + ",".join(some_document(pick, depth + 1) for _ in count) + "]"
    return some_token(pick)


def damaged(data: bytes, pick: random.Random) -> bytes:
    """Cut off, doubled, or with other bytes somewhere."""
    at, to = sorted(pick.choices(range(len(data) + 1), k=2))
    return pick.choice([data[:at], data[:at] + data[to:], data[:to] + data[at:], flipped(data, at)])


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :] if at < len(data) else data


def test_masking_hides_and_filling_restores(host):
    pick = random.Random(20)
    secrets, restored = host.module.Secrets(bytes.fromhex(KEY), KEYS, SHOWN), 0
    for _ in range(3000):
        data = some_document(pick).encode()
        masked = secrets.masked(data)
        assert masked is not None
        assert HIDDEN.encode() not in masked
        assert b"hid\\u0064en" not in masked
        assert secrets.filled(masked) == data
        for _ in range(3):
            data = damaged(data, pick)
            masked = secrets.masked(data)
            if masked is not None:
                restored += 1
                assert secrets.filled(masked) == data
    assert restored > 1000


def test_a_stolen_placeholder_is_of_no_use_elsewhere(host):
    host.put(LIES)
    [answer] = host.ask(write(text(DOCUMENT, f'["{KNOWN}"]')), key="00" * 32)
    assert (answer["reason"], host.files()) == ("moved", LIES)


# -- what is handed on


@pytest.fixture
def handed(host, monkeypatch) -> list[dict[str, Any]]:
    """What smtp() and post() are given; they say that."""
    given = []

    def take(operation, mask):
        given.append(operation)
        return {"done": True, "reply": mask.text(json.dumps(operation))}

    monkeypatch.setattr(host.module, "smtp", take)
    monkeypatch.setattr(host.module, "post", take)
    return given


def test_placeholders_are_filled_in_where_a_secret_belongs_and_nowhere_else(host, handed):
    host.put(LIES)
    everywhere = dict.fromkeys(("client_name", "user", "sender", "recipient", "message"), KNOWN)
    fields = {"client_secret": KNOWN, "refresh_token": KNOWN, "client_id": KNOWN, "scope": KNOWN}
    asked = [smtp(KNOWN, **everywhere), post(fields, [KNOWN, KNOWN]), post({}), smtp()]
    answers = host.ask(*asked)
    secret = "hidden-old-one"
    filled = {**fields, "client_secret": secret, "refresh_token": secret}
    assert handed == [
        {**asked[0], "secret": secret},
        {**asked[1], "fields": filled, "basic": [KNOWN, secret]},
        *asked[2:],
    ]
    assert secret not in json.dumps(answers)
    assert [answer["op"] for answer in answers] == ["smtp", "post", "post", "smtp"]


@pytest.mark.parametrize(
    ("spelled", "value"),
    [
        (r'"hidden-\u00e4\/\n"', "hidden-ä/\n"),
        ('"hidden-ä"', "hidden-ä"),
        ("12345", "12345"),
        (r'"hidden-\ud83d\ude00"', "hidden-😀"),
        (r'"hidden-\q"', r"hidden-\q"),
        (r'"hidden-\ud83d"', r"hidden-\ud83d"),
    ],
)
def test_a_placeholder_means_what_its_token_means(host, handed, spelled, value):
    host.put({STATE: b"{}", DOCUMENT: f'{{"password": {spelled}}}'.encode()})
    shown = json.loads(host.ask(READ)[0]["files"][DOCUMENT]["text"])["password"]
    assert host.ask(smtp(shown), run(value.encode()))[1]["output"] == "***"
    assert handed[0]["secret"] == value


def test_a_secret_in_clear_is_masked_from_then_on(host, handed):
    host.put(LIES)
    secrets = [f"hidden-{number}" for number in range(3)]
    asked = post({"client_secret": secrets[1]}, ["id", secrets[2]])
    answers = host.ask(smtp(secrets[0]), asked, run(" ".join(secrets).encode()))
    assert answers[2]["output"] == "*** *** ***"
    assert HIDDEN not in json.dumps(answers)


def test_the_state_is_read_last_so_it_knows_whatever_was_read(host, monkeypatch):
    host.put({**LIES, ARCHIVE: D})
    names, read = [], host.module.Folder.read
    noted = lambda folder, name: names.append(name) or read(folder, name)  # noqa: E731
    monkeypatch.setattr(host.module.Folder, "read", noted)
    host.ask(READ)
    assert names == [ARCHIVE, DOCUMENT, STATE]


# -- bugs


@pytest.mark.parametrize("call", [None, "", '{"hidden-1', "[]", "{}", "[" * 100_000])
def test_a_call_that_is_none_is_told_by_type_and_line(host, call):
    result = host.module.result_of(call)
    assert list(result) == ["crash"]
    name, _, line = result["crash"].partition(":")
    assert name in ("TypeError", "JSONDecodeError", "KeyError", "RecursionError")
    assert int(line) > 0


def test_a_bug_in_an_operation_hides_nothing_that_was_done(host):
    host.put(None)
    wrong = write({"name": STATE, "text": {"hidden-1": 1}}, **{"else": [READ]})
    answers = host.ask(write(text(STATE, "{}")), wrong, READ)
    assert [answer["done"] for answer in answers] == [True, False]
    assert answers[1]["reason"] == "crash"
    assert answers[1]["about"].startswith("AttributeError:")
    assert answers[1]["else"][0]["done"]
    assert HIDDEN not in json.dumps(answers)


def test_a_large_document_takes_seconds_at_most(host):
    entry = D.decode()[13:-2]
    data = ('{"servers": [' + ",".join([entry] * 20_000) + "]}").encode()
    assert len(data) > 1_000_000
    host.put({STATE: b"{}", DOCUMENT: data})
    answers = host.ask(READ, write(), run(b"hidden-old-one"))
    assert answers[2]["output"] == "***"

"""The table of operations on this host, in this process, and what tables can't say."""

import base64
import json
from urllib.parse import quote_plus

import pytest

from provisioner.host.protocol import decoded
from tests.hosts.operation_cases import (
    ARCHIVE,
    CASES,
    DOCUMENT,
    HIDDEN,
    KNOWN,
    LIES,
    READ,
    STATE,
    D,
    placeholder,
    post,
    run,
    smtp,
    text,
    write,
)
from tests.hosts.smtp.conversation_cases import TAKEN
from tests.support.scripted_smtp import scripted_server


def check(host, case):
    """What the host does of a case is what it says."""
    host.need(*case.needs)
    host.put(case.before, case.opened)
    with host.held(case.holder):
        answers = host.ask(*case.operations)
    wanted = host.written(case.answers)
    assert fitting(answers, wanted) == wanted
    assert host.files() == case.after
    only_read = {answer["op"] for answer in answers} == {"read"}
    assert host.is_closed() or (only_read and case.opened)
    assert HIDDEN not in json.dumps(answers)
    if "dance" not in json.dumps(answers):
        decoded(answers, case.operations)  # fits provisioner/host/protocol.py


def fitting(found, wanted):
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


def test_a_stolen_placeholder_is_of_no_use_elsewhere(host):
    host.put(LIES)
    [answer] = host.ask(write(text(DOCUMENT, f'["{KNOWN}"]')), key="00" * 32)
    assert (answer["reason"], host.files()) == ("moved", LIES)


SPELLED = [
    (None, "hidden-in-clear"),
    (r'"hidden-\u00e4\/\""', 'hidden-ä/"'),
    ('"hidden-ä"', "hidden-ä"),
    ("12345", "12345"),
    (r'"hidden-\ud83d\ude00"', "hidden-😀"),
    (r'"hidden-\q"', r"hidden-\q"),
    (r'"hidden-\\q"', r"hidden-\q"),
    (r'"hidden-\ud83d"', r"hidden-\ud83d"),
]


@pytest.mark.parametrize(("spelled", "value"), SPELLED)
def test_a_placeholder_means_what_its_token_means_in_a_secret_and_nowhere_else(
    host, spelled, value
):
    host.put({STATE: b"{}", DOCUMENT: f'{{"password": {spelled}}}'.encode()})
    known = placeholder(spelled.encode()) if spelled else value
    script = ["S 220 a", "C", "S 250-me", "S 250 AUTH PLAIN", "C", "S 235 welcome", *TAKEN]
    with scripted_server([*script, "S 250 ok"]) as server:
        named = {"client_name": known, "user": known, "message": known}
        addresses = {"sender": "a@example.edu", "recipient": "b@example.edu"}
        answers = host.ask(smtp(known, port=server.port, **named, **addresses), run(value.encode()))
    assert [answer["done"] for answer in answers] == [True, True], answers
    assert answers[1]["output"] == "***"
    signed_in = base64.b64encode(f"\0{known}\0{value}".encode()).decode()
    assert server.heard[:2] == [f"EHLO {known}", f"AUTH PLAIN {signed_in}"]
    assert server.message == f"{known}\r\n.\r\n".encode()


@pytest.mark.parametrize("client", ["ma ps", None])
def test_placeholders_in_a_form_in_the_clear_to_this_machine(host, client):
    # RFC 6749 section 2.3.1: both parts of "basic" are encoded as a form's are, and then joined.
    host.put({STATE: b"{}", DOCUMENT: b'{"password": "hidden:secret"}'})
    known = placeholder(b'"hidden:secret"')
    fields = {"client_secret": "hidden-1", "refresh_token": known, "client_id": known}
    with scripted_server(["H", "R HTTP/1.0 200 OK\r\n\r\n{}"]) as server:
        basic = [client or known, known]
        asked = {**post(fields, basic), "url": f"http://127.0.0.1:{server.port}"}
        answers = host.ask(asked, run(b"hidden-1, hidden:secret"))
    assert (answers[0]["status"], answers[0]["body"]) == (200, "{}")
    assert answers[1]["output"] == "***, ***"
    assert server.heard[0] == "POST / HTTP/1.1"
    pair = f"{quote_plus(client or known)}:hidden%3Asecret"
    assert f"Authorization: Basic {base64.b64encode(pair.encode()).decode()}" in server.heard
    assert dict(part.split("=") for part in server.heard[-1].split("&")) == {
        **{"client_secret": "hidden-1", "refresh_token": "hidden%3Asecret"},
        "client_id": quote_plus(known),
    }


# -- this host alone


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


def test_a_secret_at_the_end_of_a_large_document_is_hidden(host):
    entry = D.decode()[13:-2]
    entries = [entry.replace("hidden-old-one", "hidden-other")] * 20_000 + [entry]
    data = ('{"servers": [' + ",".join(entries) + "]}").encode()
    assert len(data) > 1_000_000
    host.put({STATE: b"{}", DOCUMENT: data})
    answers = host.ask(READ, write(), run(b"hidden-old-one"))
    assert answers[2]["output"] == "***"

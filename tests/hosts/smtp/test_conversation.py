"""Conversations and forms with servers that say what a table has them say, in each language.

`talk` is this machine's; tests/windows runs most of these with that of Windows hosts.
"""

from __future__ import annotations

import hmac
import os
import socket
import threading
import time
from contextlib import ExitStack
from datetime import timedelta

import msgspec
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from provisioner.smtp.client import SmtpAccount, SmtpAnswer, judge
from provisioner.smtp.message import TestMessage
from tests.hosts.smtp.conversation_cases import (
    CASES,
    FORM,
    MESSAGE,
    OPERATION,
    POSTS,
    SHORT,
    TAKEN,
    UNSENDABLE,
    Case,
    PostCase,
    hello,
)
from tests.hosts.smtp.talk import Talk
from tests.support.certificates import issued, shown
from tests.support.scripted_smtp import scripted_server

FACTS = {
    *("op", "done", "stage", "code", "reply", "error", "about"),
    *("mechanism", "tls", "challenge", "transcript"),
}
# The names of system errors are each system's own, and words of certificates each library's.
SAME_ABOUT = ("timeout", "unsendable", "too_long", "no_smtp", "no_mechanism", "closed", None)
ACCOUNT = SmtpAccount(host="localhost", port=587, use_tls=True, smtp_security_level="oauth2")
MAIL = TestMessage(sender="", recipient="", message_id="<1@example.edu>", text=MESSAGE)


def conversed(talk: Talk, **given) -> dict:
    """The facts of a conversation."""
    facts = talk({**OPERATION, **given})
    assert set(facts) == FACTS
    return facts


def compare(talk: Talk, case: Case, facts: dict) -> None:
    wanted = dict(case.facts)
    if wanted.get("about") and not talk.is_python and wanted["error"] not in SAME_ABOUT:
        del wanted["about"]
    assert {name: facts[name] for name in wanted} == wanted
    answer = msgspec.convert(facts, SmtpAnswer)
    result = judge(answer, ACCOUNT, MAIL if case.given.get("message") else None)
    assert (result.outcome, result.passing) == (case.outcome, case.passing)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name[:60])
def test_a_conversation(case, talk, certificate):
    context = certificate.context() if "TLS" in case.script else None
    # Half a second has to do for a silence, and is too little for some replies of a busy machine.
    for _ in range(5):
        with scripted_server(case.script, context) as server:
            given = {"port": server.port, "ca_file": str(certificate.ca_file), **case.given}
            facts = conversed(talk, **given)
        if facts["error"] != "timeout" or server.silent_for > SHORT / 2:
            break
    if "transcript" in case.facts:
        assert facts["transcript"].pop(0).endswith(f", port {server.port})")
    compare(talk, case, facts)
    if case.heard is not None:
        assert server.heard == case.heard
    if facts["code"] == 250 and case.given.get("message"):
        stuffed = MESSAGE.replace("\r\n.", "\r\n..").encode() + b".\r\n"
        assert server.message in (b"", stuffed)


@pytest.mark.parametrize("case", UNSENDABLE, ids=lambda case: case.name[:60])
def test_what_would_break_out_of_its_line(case, talk):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        facts = conversed(talk, **{"port": listener.getsockname()[1], **case.given})
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()
    compare(talk, case, facts)
    assert facts["transcript"] == []


def test_a_message_without_a_line_end_gets_one(talk):
    with scripted_server([*hello(), *TAKEN, "S 250 a"]) as server:
        assert conversed(talk, port=server.port, message=".a")["done"]
    assert server.message == b"..a\r\n.\r\n"


def test_it_names_itself_after_its_host(talk):
    with scripted_server(hello()) as server:
        conversed(talk, port=server.port, client_name=None)
    named = server.heard[0].casefold().removeprefix("ehlo ")
    assert named in (socket.gethostname().casefold(), "[127.0.0.1]", "[ipv6:::1]")


def test_all_of_it_ends_after_six_times_its_time(talk):
    """Replies are counted, not seconds: none takes a whole second, so six seconds have six."""
    script = ["S 220 a", "C", "R 250-a\r\n250 AUTH XOAUTH2\r\n", *["C", "S 334 e30="] * 12]
    for _ in range(5):
        with scripted_server(SlowScript(script)) as server:
            facts = conversed(talk, port=server.port, mechanisms=["XOAUTH2"], timeout=1)
        if len(server.heard) >= 6:  # else one reply took a second: the machine is busy
            break
    assert (facts["stage"], facts["error"]) == ("auth", "timeout")
    assert len(server.heard) >= 6


class SlowScript(list):
    """Takes its time for each reply, but not too long for one."""

    def __iter__(self):
        for line in list.__iter__(self):
            time.sleep(0.55 if line.startswith("S") else 0)
            yield line


def test_where_md5_is_forbidden(talk, monkeypatch):
    def fail(*_arguments):
        raise ValueError("disabled for FIPS")

    monkeypatch.setattr(hmac, "new", fail)
    facts = {"stage": "auth", "error": "no_md5", "mechanism": "CRAM-MD5"}
    case = Case("", [*hello("AUTH CRAM-MD5"), "C", "S 334 e30=", "C"], {}, facts, "inconclusive")
    with scripted_server(case.script) as server:
        compare(talk, case, conversed(talk, port=server.port, mechanisms=["CRAM-MD5"]))
    assert server.heard[-1] == "QUIT"


# -- names and addresses


@pytest.mark.parametrize(
    ("number", "error", "outcome"),
    [
        (socket.EAI_NONAME, "unknown_host", "wrong"),
        (socket.EAI_AGAIN, "unresolved", "unreachable"),
    ],
)
def test_names_that_do_not_resolve(talk, monkeypatch, number, error, outcome):
    # A real resolver's answer depends on the network that the test runs in.
    def fail(*_arguments, **_names):
        raise socket.gaierror(number, "nope")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    facts = {"stage": "resolve", "error": error, "about": "nope"}
    case = Case("", [], {"port": 25, "host": "mail.example.edu"}, facts, outcome)
    compare(talk, case, conversed(talk, **case.given))


@pytest.mark.parametrize("name", ["mail..example.edu", "x" * 64 + ".example.edu", ".edu"])
def test_what_can_be_no_host_name(name, talk):
    facts = {"stage": "resolve", "error": "no_host_name", "about": None}
    compare(talk, Case("", [], {}, facts, "wrong"), conversed(talk, port=25, host=name))


def test_a_resolver_that_does_not_answer(talk, monkeypatch):
    ended, resolved = threading.Event(), []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_n: resolved.append(ended.wait(60)))
    facts = {"stage": "resolve", "error": "timeout", "about": "0.2 s"}
    given = {"port": 25, "host": "mail.example.edu", "timeout": 0.2}
    compare(talk, Case("", [], {}, facts, "unreachable"), conversed(talk, **given))
    assert resolved == []
    ended.set()


def test_nobody_listens(talk):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    facts = {"stage": "connect", "error": "unreachable", "about": "Connection refused"}
    compare(talk, Case("", [], {}, facts, "unreachable"), conversed(talk, port=port))


def test_a_server_that_does_not_even_accept(talk):
    # Linux leaves the third packet of a connection alone while the queue is full.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as stack:
        place = listener.getsockname()
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(place)
        facts = conversed(talk, port=place[1], host="127.0.0.1", timeout=SHORT)
    expected = {"stage": "connect", "error": "timeout", "about": "0.5 s"}
    compare(talk, Case("", [], {}, expected, "unreachable"), facts)


# -- certificates

ROOT = issued("root", authority=True)
BETWEEN = issued("between", ROOT, authority=True)
PRETENDER = issued("root", authority=True, key="pretender")
SERVER = issued("server", ROOT, names=("mail.example.edu",))
NO_ISSUER = "unable to get local issuer certificate"


def leaf(*names: str, issuer=ROOT, **more):
    return issued("leaf", issuer, names=names or ("localhost",), **more)


ALONE = leaf(issuer=None)
# (certificates that are shown, the one that is trusted, host, what OpenSSL says; None: accepted)
CERTIFICATES = {
    "an authority in between": ([leaf(issuer=BETWEEN), BETWEEN], ROOT, "localhost", None),
    "one in between, not shown": ([leaf(issuer=BETWEEN)], ROOT, "localhost", NO_ISSUER),
    "trusts the one in between": ([leaf(issuer=BETWEEN), BETWEEN], BETWEEN, "localhost", None),
    "and its root": ([leaf(issuer=BETWEEN), BETWEEN, ROOT], BETWEEN, "localhost", None),
    "trusted itself": ([ALONE], ALONE, "localhost", None),
    "signed itself": ([ALONE], ROOT, "localhost", "self"),
    "same name, other key": ([leaf(issuer=PRETENDER)], ROOT, "localhost", ""),
    "same name, shown": ([leaf(issuer=PRETENDER), PRETENDER], ROOT, "localhost", ""),
    "no authority": ([leaf(issuer=SERVER), SERVER], ROOT, "localhost", ""),
    "for clients": (
        *([leaf(purpose=ExtendedKeyUsageOID.CLIENT_AUTH)], ROOT, "localhost"),
        "unsuitable certificate purpose",
    ),
    "for nothing said": ([leaf(purpose=None)], ROOT, "localhost", None),
    "not valid yet": ([leaf(begins=timedelta(hours=3))], ROOT, "localhost", "is not yet valid"),
    "expired": ([leaf(ends=timedelta(minutes=-1))], ROOT, "localhost", "certificate has expired"),
    "other names": ([leaf("mail.example.edu", "localhost.example.edu")], ROOT, "localhost", "Host"),
    "a star": ([leaf("*")], ROOT, "localhost", "Hostname mismatch"),
    "an address": ([leaf("127.0.0.1")], ROOT, "localhost", "Hostname mismatch"),
    "other address": ([leaf("localhost", "127.0.0.2")], ROOT, "127.0.0.1", "IP address mismatch"),
    "an address as a name": ([leaf("dns:127.0.0.1")], ROOT, "127.0.0.1", "IP address mismatch"),
    "a common name": ([issued("localhost", ROOT)], ROOT, "localhost", "Hostname mismatch"),
    "one of two names": ([leaf("mail.example.edu", "LOCALHOST")], ROOT, "localhost", None),
    "a host with a dot": ([leaf()], ROOT, "localhost.", None),
    "one of two addresses": ([leaf("10.0.0.1", "127.0.0.1")], ROOT, "127.0.0.1", None),
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_certificate(name, talk, tmp_path):
    (first, *others), trusted, host, words = CERTIFICATES[name]
    files = shown(tmp_path, first, *others, trusted=trusted)
    with scripted_server(["TLS", "S 220 a", "C", "S 250 a"], files.context()) as server:
        given = {"host": host, "port": server.port, "ca_file": str(files.ca_file)}
        facts = conversed(talk, **given, tls="implicit")
    if words is None:
        assert facts["done"], facts
        assert facts["tls"] in ("TLSv1.2", "TLSv1.3")
    else:
        assert (facts["stage"], facts["error"]) == ("tls", "certificate")
        assert words in facts["about"] or not talk.is_python
        assert server.heard == []


def test_a_ca_file_that_is_a_pipe_is_refused_at_once(talk, tmp_path):
    os.mkfifo(tmp_path / "ca.pem")
    with scripted_server(["WAIT"]) as server:
        facts = conversed(talk, port=server.port, tls="implicit", ca_file=str(tmp_path / "ca.pem"))
    found = (facts["stage"], facts["error"], facts["about"])
    assert found == ("tls", "ca_file", "not a regular file")


@pytest.mark.parametrize("content", [None, "", "none", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_ca_file_that_is_none(talk, tmp_path, content):
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with scripted_server(["WAIT"]) as server:
        facts = conversed(talk, port=server.port, tls="implicit", ca_file=str(file))
    compare(talk, Case("", [], {}, {"stage": "tls", "error": "ca_file"}, "wrong"), facts)
    if talk.is_python and content is None:
        assert facts["about"] == "No such file or directory"


# -- forms


@pytest.mark.parametrize("case", POSTS, ids=lambda case: case.name)
def test_a_form(case: PostCase, talk, certificate):
    with scripted_server([*case.script, f"R {case.answer}"], certificate.context()) as server:
        url = f"https://localhost:{server.port}/a%20b/token?tenant=1"
        facts = talk({**FORM, "url": url, "ca_file": str(certificate.ca_file), **case.given})
    wanted = dict(case.facts)
    if wanted.get("about") and not talk.is_python and wanted["error"] not in SAME_ABOUT:
        del wanted["about"]
    assert {name: facts[name] for name in wanted} == wanted
    assert set(facts) == {"op", "done", "status", "body", "error", "about"}
    if facts["status"]:
        assert server.heard[:2] == [
            *("POST /a%20b/token?tenant=1 HTTP/1.1", f"Host: localhost:{server.port}"),
        ]
        assert server.heard[-1] == (
            "grant_type=refresh_token&client_id=maps&refresh_token=CANARYold%2F%2B1"
        )

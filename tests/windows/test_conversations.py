"""The tables of conversations, certificates and forms in PowerShell."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from provisioner.demo.certificates import ServerCertificate
from tests.host_module.operation_cases import placeholder
from tests.smtp.certificates import shown
from tests.smtp.conversation_cases import CASES, FORM, MESSAGE, OPERATION, POSTS, UNSENDABLE
from tests.smtp.scripted_server import scripted_server
from tests.smtp.test_conversation import CERTIFICATES
from tests.windows.host import WindowsHost
from tests.windows.powershells import Calls

# The names of system errors are each system's own; words of certificates are ours here.
_SAME_ABOUT = ("timeout", "unsendable", "too_long", "no_smtp", "no_mechanism", "closed")


@pytest.fixture(scope="session")
def ready(calls: Calls, certificate: ServerCertificate, tmp_path_factory: Any) -> None:
    """The first TLS of a process takes a second, which no case with a short time should meet."""
    host = WindowsHost(calls, tmp_path_factory.mktemp("ready"))
    with scripted_server(["TLS"], certificate.context()) as server:
        said(
            host, {**OPERATION, "port": server.port, "tls": "implicit", "timeout": 60}, certificate
        )


def said(
    host: WindowsHost, operation: dict[str, Any], certificate: ServerCertificate
) -> dict[str, Any]:
    """The answer; it never holds a secret."""
    given = {"ca_file": str(certificate.ca_file), **operation}
    if given["ca_file"] is not None:
        given["ca_file"] = host.path(Path(given["ca_file"]))
    [answer] = host.ask(given)
    text = json.dumps(answer).replace("CANARYacc ", "")  # too short a piece to be one
    assert "CANARY" not in text
    assert "Q0FOQVJZ" not in text  # the same in base64
    return answer


def compare(answer: dict[str, Any], facts: dict[str, Any]) -> None:
    wanted = dict(facts)
    if wanted.get("about") and wanted["error"] not in _SAME_ABOUT:
        del wanted["about"]
    assert {name: answer[name] for name in wanted} == wanted


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name[:60])
def test_a_conversation(case, host, certificate):
    context = certificate.context() if "TLS" in case.script else None
    # One who hangs up without having heard us may undo what he said, before a slow Wine reads it.
    hears = ["B"] if case.given.get("tls") == "implicit" and context is None else []
    with scripted_server([*case.script, *hears], context) as server:
        answer = said(
            host, _without_ca({**OPERATION, "port": server.port, **case.given}), certificate
        )
        if "transcript" in case.facts:
            assert answer["transcript"].pop(0).endswith(f", port {server.port})")
        compare(answer, case.facts)
    if case.heard is not None:
        assert server.heard == case.heard
    if answer["code"] == 250 and case.given.get("message"):
        stuffed = MESSAGE.replace("\r\n.", "\r\n..").encode() + b".\r\n"
        assert server.message in (b"", stuffed)


def _without_ca(given: dict[str, Any]) -> dict[str, Any]:
    """Its CA is the test's own, unless it says which."""
    return {name: value for name, value in given.items() if name != "ca_file" or value}


@pytest.mark.parametrize("case", UNSENDABLE, ids=lambda case: case.name[:60])
def test_what_would_break_out_of_its_line(case, host, certificate):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        given = {**OPERATION, "port": listener.getsockname()[1], **case.given}
        answer = said(host, given, certificate)
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()
    compare(answer, case.facts)
    assert answer["transcript"] == []


@pytest.mark.parametrize("name", ["mail..example.edu", "x" * 64 + ".example.edu", ".edu"])
def test_what_can_be_no_host_name(name, host, certificate):
    answer = said(host, {**OPERATION, "port": 25, "host": name}, certificate)
    compare(answer, {"stage": "resolve", "error": "no_host_name", "about": None})


def test_a_server_that_does_not_even_accept(host, certificate):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        place = listener.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(place)
        given = {**OPERATION, "host": "127.0.0.1", "port": place[1], "timeout": 0.5}
        answer = said(host, given, certificate)
        for one in waiting:
            one.close()
    compare(answer, {"stage": "connect", "error": "timeout", "about": "0.5 s"})


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_certificate(name, host, tmp_path):
    (first, *others), trusted, server_name, words = CERTIFICATES[name]
    files = shown(tmp_path, first, *others, trusted=trusted)
    with scripted_server(["TLS", "S 220 a", "C", "S 250 a"], files.context()) as server:
        given = {"host": server_name, "port": server.port, "tls": "implicit"}
        answer = said(host, _without_ca({**OPERATION, **given}), files)
    if words is None:
        assert answer["done"], answer
        assert answer["tls"] in ("TLSv1.2", "TLSv1.3")
    else:
        assert (answer["stage"], answer["error"]) == ("tls", "certificate")
        assert server.heard == []


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("case", POSTS, ids=lambda case: case.name)
def test_a_form(case, host, certificate):
    with scripted_server([*case.script, f"R {case.answer}"], certificate.context()) as server:
        url = f"https://localhost:{server.port}/a%20b/token?tenant=1"
        given = {"url": url, "ca_file": str(certificate.ca_file), **case.given}
        answer = said(host, {**FORM, **given}, certificate)
    compare(answer, case.facts)
    if answer["status"]:
        assert server.heard[:2] == [
            *("POST /a%20b/token?tenant=1 HTTP/1.1", f"Host: localhost:{server.port}"),
        ]
        assert server.heard[-1] == (
            "grant_type=refresh_token&client_id=maps&refresh_token=CANARYold%2F%2B1"
        )


def test_a_form_in_the_clear_to_this_machine_with_what_lies_there(host, certificate):
    """A placeholder is filled in where a secret belongs, and nowhere else."""
    host.put({"state.json": b"{}", "email-servers.json": b'{"password": "CANARY:secret"}'})
    known = placeholder(b'"CANARY:secret"')
    fields = {"client_secret": known, "refresh_token": known, "scope": known}
    with scripted_server(["H", "E HTTP/1.0 400 No\r\n\r\n"]) as server:
        url = f"http://127.0.0.1:{server.port}"
        asked = {**FORM, "url": url, "basic": ["ma ps", known], "fields": fields}
        answer = said(host, asked, certificate)
    assert (answer["status"], answer["body"]) == (400, None)
    assert server.heard[0] == "POST / HTTP/1.1"
    assert "Authorization: Basic bWErcHM6Q0FOQVJZJTNBc2VjcmV0" in server.heard
    secret = "CANARY%3Asecret"
    assert dict(part.split("=") for part in server.heard[-1].split("&")) == {
        **{"client_secret": secret, "refresh_token": secret, "scope": known.replace(":", "%3A")}
    }

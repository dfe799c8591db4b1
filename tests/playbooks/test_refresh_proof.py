"""The refresh that a host tries, against the embedded provider."""

from __future__ import annotations

import json
import socket
from contextlib import suppress

import pytest

from provisioner.demo.mail_sign_in import Introspection
from provisioner.demo.provider import Behaviour, DemoProvider, ScriptedAnswer
from provisioner.demo.provider_grants import Grant
from tests.mail_samples import MAILBOX
from tests.playbooks.samples import oauth2_entry
from tests.playbooks.scripted_server import scripted_server


@pytest.fixture
def seen():
    return []


@pytest.fixture
def provider(seen):
    def observe(path, parameters, headers):
        seen.append((path, dict(parameters), dict(headers)))

    with DemoProvider(observe=observe) as running:
        yield running


def entry_for(provider, refresh_token=None, **changes):
    grant = Grant(provider.client_id, MAILBOX, "smtp")
    return oauth2_entry(
        **{
            "oauth2__access_token_url": provider.token_url,
            "oauth2__client_id": provider.client_id,
            "oauth2__client_secret": provider.client_secret.reveal(),
            "token__refresh_token": refresh_token or provider.grants.refresh_token(grant),
            **changes,
        }
    )


@pytest.fixture
def prove(mail_code):
    """The trial of an entry's refresh token; nothing of it may show a secret."""

    def proven(entry, timeout=5.0, ca_file=None):
        facts = mail_code.prove_refresh(entry, ca_file, timeout)
        assert set(facts) == {"outcome", "stage", "error", "code", "http_status"}
        assert facts["stage"] == "refresh"
        for secret in (entry["oauth2"]["client_secret"], entry["oauth2"]["token"]["refresh_token"]):
            assert secret not in json.dumps(facts)
        return facts["outcome"], facts["error"], facts["code"], facts["http_status"]

    return proven


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_basic"])
def test_proven_either_way(prove, provider, seen, method):
    entry = entry_for(provider, token__token_endpoint_auth_method=method)
    assert prove(entry) == ("proven", None, None, 200)
    [(path, form, headers)] = seen
    assert path == "/token"
    assert form["grant_type"] == "refresh_token"
    assert ("client_secret" in form) == (method == "client_secret_post")
    assert ("Authorization" in headers) == (method == "client_secret_basic")
    assert "scope" not in form


def test_the_scope_is_sent_only_if_it_is_declared(prove, provider, seen):
    prove(entry_for(provider, oauth2__scope_for_token="smtp"))
    assert seen[0][1]["scope"] == "smtp"


def test_the_refresh_token_url_wins(prove, provider):
    entry = entry_for(
        provider,
        oauth2__access_token_url="https://127.0.0.1:1/token",
        oauth2__refresh_token_url=provider.token_url,
    )
    assert prove(entry) == ("proven", None, None, 200)


def test_a_wrong_client_secret(prove, provider):
    entry = entry_for(provider, oauth2__client_secret="CANARYthe-secret-id")
    assert prove(entry) == ("wrong", "invalid_client", None, 401)


def test_a_dead_refresh_token(prove, provider):
    entry = entry_for(provider, refresh_token="CANARYdead")
    assert prove(entry) == ("wrong", "invalid_grant", None, 400)


def test_microsoft_s_own_code_is_kept(prove, provider):
    description = "AADSTS7000222: The provided client secret keys for app are expired. CANARY"
    body = json.dumps({"error": "invalid_client", "error_description": description})
    provider.behaviour = Behaviour(scripted_answers=(ScriptedAnswer(401, body),))
    assert prove(entry_for(provider)) == ("wrong", "invalid_client", "AADSTS7000222", 401)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (503, "<html>", None),
        (400, '{"error": "temporarily_unavailable"}', "temporarily_unavailable"),
        (429, "", None),
        (200, "{}", None),
        (200, "[]", None),
        (400, '{"error": "CANARY with spaces"}', None),
        (500, '{"error": "invalid_grant"}', "invalid_grant"),
    ],
)
def test_answers_that_prove_nothing(prove, provider, status, body, error):
    provider.behaviour = Behaviour(scripted_answers=(ScriptedAnswer(status, body),))
    assert prove(entry_for(provider)) == ("inconclusive", error, None, status)


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_not_followed(prove, provider, seen, status):
    elsewhere = {"Location": provider.issuer + "/elsewhere"}
    provider.behaviour = Behaviour(scripted_answers=(ScriptedAnswer(status, headers=elsewhere),))
    assert prove(entry_for(provider)) == ("inconclusive", None, None, status)
    assert [path for path, _, _ in seen] == ["/token"]


def test_nothing_is_sent_in_the_clear_to_elsewhere(prove):
    entry = oauth2_entry(oauth2__access_token_url="http://login.example.edu/token")
    assert prove(entry) == ("wrong", "insecure_token_url", None, None)


def test_nobody_answers(prove):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        slow = oauth2_entry(oauth2__access_token_url=f"http://127.0.0.1:{port}/token")
        assert prove(slow, timeout=1.0) == ("unreachable", None, None, None)
    gone = oauth2_entry(oauth2__access_token_url=f"http://127.0.0.1:{port}/token")
    assert prove(gone) == ("unreachable", None, None, None)


def test_a_certificate_that_nobody_vouches_for(prove, certificate):
    from provisioner.demo.mail_server import MailServer
    from tests.mail_samples import behaviour

    with MailServer(certificate, behaviour(implicit_tls=True)) as server:
        entry = oauth2_entry(oauth2__access_token_url=f"https://localhost:{server.port}/token")
        assert prove(entry) == ("wrong", "certificate", None, None)
        assert prove(entry, ca_file="/nowhere.pem") == ("wrong", "ca_file", None, None)
        # It speaks TLS, and then SMTP: no answer of a token endpoint.
        assert prove(entry, ca_file=str(certificate.ca_file))[0] == "unreachable"


@pytest.mark.parametrize(
    ("answer", "proof"),
    [
        ("HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n{BODY}", ("proven", None, None, 200)),
        ("HTTP/1.0 200 OK\r\n\r\n{BODY}", ("proven", None, None, 200)),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n19\r\n{BODY}\r\n0\r\n\r\n",
            ("proven", None, None, 200),
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{BODY}", ("proven", None, None, 200)),
        ("HTTP/1.1 200 OK\r\n\r\n" + " " * 300_000 + "{BODY}", ("inconclusive", None, None, 200)),
    ],
)
def test_over_tls_however_the_answer_is_sent(prove, certificate, answer, proof):
    seen = []

    def talk(connection):
        with certificate.context().wrap_socket(connection, server_side=True) as secured:
            with secured.makefile("rb") as reader:
                seen.extend(iter(reader.readline, b"\r\n"))
            secured.sendall(answer.replace("{BODY}", '{"access_token":"CANARY"}').encode())
            with suppress(OSError):
                secured.unwrap()

    with scripted_server(talk) as port:
        url = f"https://localhost:{port}/a%20b/token?tenant=1"
        entry = oauth2_entry(oauth2__access_token_url=url)
        assert prove(entry, ca_file=str(certificate.ca_file)) == proof
    assert seen[0] == b"POST /a%20b/token?tenant=1 HTTP/1.1\r\n"
    assert f"Host: localhost:{port}\r\n".encode() in seen


def test_the_mail_server_asks_the_provider(provider):
    grant = Grant(provider.client_id, MAILBOX, "smtp")
    token = provider.grants.access_token(grant, seconds=60)
    ask = Introspection(provider.introspection_url, provider.client_id, provider.client_secret)
    facts = ask(token)
    assert (facts.active, facts.user, facts.scopes) == (True, MAILBOX, frozenset({"smtp"}))
    assert not ask("CANARYunknown").active

"""The servers of the demo and of the tests reject what real ones reject."""

import base64
import smtplib
import socket
import ssl
import struct
import threading
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from provisioner.demo.mail_server import MailServer
from provisioner.demo.provider import Provider
from provisioner.secret import Secret
from tests.support.certificates import make_certificate
from tests.support.mail_samples import MAILBOX, TOKEN, behavior
from tests.support.scripted_mail_server import ScriptedMailServer
from tests.support.scripted_provider import ScriptedProvider, s256

VERIFIER, ADDRESS = "v" * 43, "http://localhost:4711"


@contextmanager
def serving(server):
    threading.Thread(target=server.serve_forever, args=(0.02,)).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class Client:
    """A client of a provider, with its secret."""

    def __init__(self, provider):
        self.issuer, self.id, secret = provider.issuer, provider.client_id, provider.client_secret
        self.secret = secret.reveal() if isinstance(secret, Secret) else secret

    def callback(self, **changes):
        """The parameters that come to the redirect URI; none if there is no redirect."""
        request = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": ADDRESS,
            "scope": "smtp offline_access",
            "state": "<st&te>",
            "code_challenge": s256(VERIFIER),
            "code_challenge_method": "S256",
        }
        url = f"{self.issuer}/authorize"
        answer = requests.get(url, request | changes, allow_redirects=False, timeout=10)
        return parse_qs(urlsplit(answer.headers.get("Location", "")).query)

    def post(self, path, **form):
        login = (self.id, self.secret)
        answer = requests.post(self.issuer + path, form, auth=login, timeout=10)
        return answer.json() if answer.content else {}

    def redeem(self, code, **changes):
        form = {"code": code, "redirect_uri": ADDRESS, "code_verifier": VERIFIER, **changes}
        return self.post("/token", grant_type="authorization_code", **form)

    def refresh(self, token):
        return self.post("/token", grant_type="refresh_token", refresh_token=token)


@pytest.fixture(params=["demo", "scripted"])
def client(request):
    demo = request.param == "demo"
    server = serving(Provider(MAILBOX, asks=False)) if demo else ScriptedProvider()
    with server as provider:
        yield Client(provider)


def test_property_04_pkce_s256_is_enforced(client):
    for changes in ({"code_challenge": ""}, {"code_challenge_method": "plain"}):
        assert client.callback(**changes)["error"] == ["invalid_request"]
    [code] = client.callback()["code"]
    assert client.redeem(code, code_verifier="w" * 43)["error"] == "invalid_grant"


def test_a_code_is_accepted_once_and_only_for_its_address(client):
    [code] = client.callback()["code"]
    assert client.redeem(code, redirect_uri="http://localhost:4712")["error"] == "invalid_grant"
    callback = client.callback()
    assert callback["state"] == ["<st&te>"]
    assert client.redeem(callback["code"][0])["token_type"] == "Bearer"
    assert client.redeem(callback["code"][0])["error"] == "invalid_grant"


@pytest.mark.parametrize("client", ["scripted"], indirect=True)
def test_a_revoked_grant_is_not_refreshed(client):
    token = client.redeem(client.callback()["code"][0])["refresh_token"]
    assert "access_token" in client.refresh(token)
    client.post("/revoke", token=token)
    assert client.refresh(token)["error"] == "invalid_grant"


def test_a_wrong_client_secret_is_rejected(client):
    [code] = client.callback()["code"]
    client.secret = "wrong"
    assert client.redeem(code)["error"] == "invalid_client"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "other"},
        {"redirect_uri": "http://localhost:4711/path"},
        {"redirect_uri": "http://localhost:4711.example.org"},
        {"redirect_uri": "http://localhost@example.org"},
    ],
)
def test_an_unknown_client_or_address_is_not_redirected_to(client, changes):
    assert client.callback(**changes) == {}


@pytest.fixture(params=["demo", "scripted"])
def smtp(request, tmp_path):
    made = make_certificate(tmp_path)
    pem = tmp_path / "both.pem"
    pem.write_bytes(made.key_file.read_bytes() + made.certificate_file.read_bytes())
    demo = request.param == "demo"
    server = (
        serving(MailServer(pem, MAILBOX, {TOKEN})) if demo else ScriptedMailServer(made, behavior())
    )
    with server as mail, smtplib.SMTP("localhost", mail.port, timeout=5) as smtp:
        smtp.ehlo()
        yield smtp


def sign_in(smtp, token, user=MAILBOX):
    response = base64.b64encode(f"user={user}\1auth=Bearer {token}\1\1".encode()).decode()
    code, _ = smtp.docmd("AUTH", f"XOAUTH2 {response}")
    return smtp.docmd("")[0] if code == 334 else code  # the error, which a client acknowledges


def hang_up(server):
    """Send a bit, and close with a reset."""
    server.daemon_threads = False  # so that its end waits for them
    with socket.create_connection(("localhost", server.server_address[1]), timeout=5) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.send(b"GET /")


def test_clients_that_hang_up_leave_the_terminal_alone(tmp_path, capsys):
    made = make_certificate(tmp_path)
    pem = tmp_path / "both.pem"
    pem.write_bytes(made.key_file.read_bytes() + made.certificate_file.read_bytes())
    with serving(MailServer(pem, MAILBOX, {TOKEN})) as mail:
        hang_up(mail)
        smtp = smtplib.SMTP("localhost", mail.port, timeout=5)
        smtp.ehlo()
        with pytest.raises(ssl.SSLCertVerificationError):
            smtp.starttls(context=ssl.create_default_context())
        smtp.close()
    with serving(Provider(MAILBOX, asks=False)) as provider:
        hang_up(provider)
        requests.get(provider.issuer, timeout=5)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("smtp", ["scripted"], indirect=True)
def test_a_sign_in_without_tls_is_rejected(smtp):
    assert sign_in(smtp, TOKEN) == 530


def test_tls_comes_before_a_sign_in_and_a_sign_in_before_a_message(smtp, tmp_path):
    assert not smtp.has_extn("auth")
    smtp.starttls(context=ssl.create_default_context(cafile=tmp_path / "ca.pem"))
    smtp.ehlo()
    assert [smtp.docmd(line)[0] for line in (f"MAIL FROM:<{MAILBOX}>", "VRFY")] == [530, 502]
    assert sign_in(smtp, "unknown") == 535
    assert sign_in(smtp, TOKEN, user="other@example.edu") == 535
    assert sign_in(smtp, TOKEN) == 235
    assert smtp.sendmail(MAILBOX, [MAILBOX], "Subject: hello\r\n\r\n.dots\r\n") == {}

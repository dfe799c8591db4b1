"""A real browser signs in, cancels, leaves scopes out, and comes to the callback."""

from __future__ import annotations

import base64
import hashlib
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.support.lab.chromium import Chromium
from tests.support.lab.clients import SCOPES
from tests.support.lab.lab import Lab
from tests.support.lab.pki import Certificate
from tests.support.lab.provider import Provider

pytestmark = pytest.mark.long

VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=")


class Callback(ThreadingHTTPServer):
    """Answers each callback with a page, remembers its parameters."""

    seen: list[dict[str, list[str]]]
    scheme: str

    @property
    def uri(self) -> str:
        return f"{self.scheme}://localhost:{self.server_port}"


class _Page(BaseHTTPRequestHandler):
    server: Callback

    def do_GET(self) -> None:
        if urlsplit(self.path).path == "/":
            self.server.seen.append(parse_qs(urlsplit(self.path).query))
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>Back</title><p>Back at the callback.</p>")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def callback(certificate: Certificate | None = None) -> Iterator[Callback]:
    server = Callback(("127.0.0.1", 0), _Page)
    server.seen, server.scheme = [], "http"
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.chain, certificate.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.scheme = "https"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def authorization_url(provider: Provider, client: str, redirect_uri: str) -> str:
    query = {
        "response_type": "code",
        "client_id": provider.clients[client].client_id,
        "redirect_uri": redirect_uri,
        "scope": SCOPES,
        "prompt": "consent",
        "login_hint": "somebody-else",
        "state": "a&b%s",  # what a shell or a format string would trip over
        "code_challenge": CHALLENGE.decode(),
        "code_challenge_method": "S256",
    }
    return f"{provider.authorization_url}?{urlencode(query)}"


def exchange(provider: Provider, client: str, redirect_uri: str, code: str) -> dict[str, str]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": VERIFIER,
    }
    return dict(provider.post(provider.token_url, provider.clients[client], form).json())


def test_chromium_signs_in_and_brings_a_code(provider: Provider, chromium: Chromium) -> None:
    with callback() as server:
        report = chromium.person("alice").open(authorization_url(provider, "native", server.uri))
        (seen,) = server.seen

    assert report["outcome"] == "callback"
    assert report["steps"] == ["signed in", "allowed"]
    assert report["text"].strip() == "Back at the callback."
    assert report["title"] == "Back"
    assert report["parameters"] == ["code", "iss", "state"]
    assert Path(report["screenshot"]).read_bytes().startswith(b"\x89PNG")
    assert seen["state"] == ["a&b%s"]
    assert seen["iss"] == [provider.issuer]
    assert seen["code"][0] not in str(report)
    answer = exchange(provider, "native", server.uri, seen["code"][0])
    assert answer["scope"] == SCOPES
    assert provider.introspect(answer["access_token"])["email"] == "alice@lab.test"


def test_a_callback_over_https_with_a_strangers_certificate(
    lab: Lab, provider: Provider, chromium: Chromium
) -> None:
    with callback(lab.pki.callback) as server:
        report = chromium.person("alice").open(authorization_url(provider, "web", server.uri))
        (seen,) = server.seen

    assert report["outcome"] == "callback"
    assert report["url"].startswith("https://localhost:")
    assert "refresh_token" in exchange(provider, "web", server.uri, seen["code"][0])


def test_webbrowser_opens_it_and_goes_on(
    provider: Provider, chromium: Chromium, tmp_path: Path
) -> None:
    person = chromium.person("alice", cancel=True)
    with callback() as server:
        url = authorization_url(provider, "native", server.uri)
        program = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
        subprocess.run(
            [sys.executable, "-c", program, url],
            env={**os.environ, **person.environment},
            check=True,
            timeout=10,
        )
        report = person.page()
        (seen,) = server.seen

    assert report["steps"] == ["signed in", "cancelled"]
    assert seen["error"] == ["access_denied"]
    assert "code" not in seen


def test_an_unticked_scope_is_not_granted(provider: Provider, chromium: Chromium) -> None:
    person = chromium.person("alice", untick=["smtp"])
    with callback() as server:
        report = person.open(authorization_url(provider, "native", server.uri))
        code = server.seen[0]["code"][0]

    assert report["outcome"] == "callback"
    granted = exchange(provider, "native", server.uri, code)["scope"]
    assert granted == "openid email profile offline_access"


def test_the_providers_own_error_page_is_reported(provider: Provider, chromium: Chromium) -> None:
    url = authorization_url(provider, "native", "http://localhost:1/not-registered")

    report = chromium.person("alice").open(url)

    assert report["outcome"] == "provider"
    assert "redirect_uri did not match" in report["text"]


def test_a_callback_where_nobody_listens_is_reported(
    provider: Provider, chromium: Chromium
) -> None:
    with callback() as server:
        gone = server.uri
    report = chromium.person("alice").open(authorization_url(provider, "native", gone))

    assert report["outcome"].startswith("failed: ")
    assert "ERR_CONNECTION_REFUSED" in report["outcome"]


def test_a_device_is_confirmed(provider: Provider, chromium: Chromium) -> None:
    native = provider.clients["native"]
    form = {"client_id": native.client_id, "scope": "openid smtp"}
    device = provider.post(provider.device_authorization_url, native, form).json()

    report = chromium.person("alice").open(device["verification_uri_complete"])

    assert report["outcome"] == "device"
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    form = {"grant_type": grant, "device_code": device["device_code"]}
    answer = provider.post(provider.token_url, native, form).json()
    assert provider.introspect(answer["access_token"])["email"] == "alice@lab.test"

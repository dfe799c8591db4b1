"""An OAuth2 provider on loopback for one client: RFC 6749 with PKCE S256."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from provisioner.demo.mail_server import LoopbackServer

# As providers have it for programs on a desktop: any port, no path.
_REDIRECT_URI = re.compile(r"https?://localhost(:\d{1,5})?")
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Demo Mail</title>
<body style="font: 1.1rem/1.8 sans-serif; max-width: 26rem; margin: 4rem auto">
<h1>Demo Mail</h1>{}</body></html>"""
_CONSENT = """<p>The application {client_id} requests {scope} for {mailbox}.</p>
<p><a href="{url}&decision=accept">Accept</a> &nbsp; <a href="{url}&decision=cancel">Cancel</a></p>
<p><small>This provider of the demo runs on your computer. It needs no password.</small></p>"""


class Provider(LoopbackServer, ThreadingHTTPServer):
    """Holds the codes and tokens that are valid now.

    `asks`: a person decides on a page; else each request is accepted.
    """

    daemon_threads = True

    def __init__(self, mailbox: str, *, asks: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Endpoints)
        self.issuer = f"http://localhost:{self.server_port}"
        self.client_id, self.client_secret = "maps-demo", secrets.token_urlsafe(24)
        self.mailbox, self.asks = mailbox, asks
        self.codes: dict[str, dict[str, str]] = {}  # the request of each
        self.refresh_tokens: dict[str, str] = {}  # the scope of each
        self.access_tokens: set[str] = set()


class _Endpoints(BaseHTTPRequestHandler):
    server: Provider
    timeout = 10

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        request = dict(parse_qsl(url.query))
        known = url.path == "/authorize" and request.get("client_id") == self.server.client_id
        if not known or not _REDIRECT_URI.fullmatch(request.get("redirect_uri", "")):
            self._send(400, _PAGE.format("unknown client or redirect URI"))  # never redirect there
        elif request.get("code_challenge_method") != "S256" or "code_challenge" not in request:
            self._redirect(request, error="invalid_request")
        elif request.get("decision") == "cancel":
            self._redirect(request, error="access_denied")
        elif self.server.asks and "decision" not in request:
            values = {"scope": "", **request, "mailbox": self.server.mailbox, "url": self.path}
            escaped = {name: escape(text) for name, text in values.items()}
            self._send(200, _PAGE.format(_CONSENT.format(**escaped)))
        else:
            code = secrets.token_urlsafe(24)
            self.server.codes[code] = request
            self._redirect(request, code=code)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        form = dict(parse_qsl(body.decode()))
        header = self.headers.get("Authorization", "").removeprefix("Basic ")
        client = [unquote_plus(part) for part in base64.b64decode(header).decode().split(":")]
        if self.path != "/token" or client != [self.server.client_id, self.server.client_secret]:
            self._send(401, '{"error": "invalid_client"}', "application/json")
            return
        answer = self._issue_tokens(form)
        self._send(400 if "error" in answer else 200, json.dumps(answer), "application/json")

    def _issue_tokens(self, form: Mapping[str, str]) -> dict[str, object]:
        refresh_token = form.get("refresh_token", secrets.token_urlsafe(32))
        if form.get("grant_type") == "authorization_code" and (scope := self._redeem_code(form)):
            self.server.refresh_tokens[refresh_token] = scope
        if refresh_token not in self.server.refresh_tokens:
            return {"error": "invalid_grant"}
        scope, token = self.server.refresh_tokens[refresh_token], secrets.token_urlsafe(24)
        self.server.access_tokens.add(token)
        answer = {"access_token": token, "refresh_token": refresh_token, "scope": scope}
        return {**answer, "token_type": "Bearer", "expires_in": 3600}

    def _redeem_code(self, form: Mapping[str, str]) -> str:
        """The scope of a code, which is then used up; empty if the code is not valid."""
        request = self.server.codes.pop(form.get("code", ""), {})
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        given = (challenge, form.get("redirect_uri"))
        valid = given == (request.get("code_challenge"), request.get("redirect_uri"))
        return request.get("scope", "") if valid else ""

    def _redirect(self, request: Mapping[str, str], **answer: str) -> None:
        query = urlencode(answer | {"state": request.get("state", ""), "iss": self.server.issuer})
        self._send(302, "", "text/plain", Location=f"{request['redirect_uri']}?{query}")

    def _send(self, status: int, body: str, kind: str = "text/html", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_request: object) -> None:
        """Print nothing: a request line contains the code."""

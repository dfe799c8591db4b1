"""An OAuth2 and OpenID Connect provider on loopback: correct, except for the faults of a test.

It checks client, redirect URI, PKCE S256, one use of a code, and reuse of rotated refresh tokens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from provisioner.secret import Secret

# As providers have it for programs on a desktop: any port, no path, not even a slash.
_REDIRECT_URI = re.compile(r"https?://localhost(:\d{1,5})?")
_S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_FORM_POST = '<form method="post" action="{}">{}</form><script>document.forms[0].submit()</script>'


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """A response of the token endpoint that replaces its own."""

    status: int
    body: str = ""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """The settings of a provider; those after `auth_methods` are faults."""

    mailbox: str = "reports@example.edu"
    rotate_refresh_tokens: bool = False
    auth_methods: tuple[str, ...] = ("client_secret_basic", "client_secret_post")
    token_answer: Mapping[str, object] = field(default_factory=dict)  # None removes a member
    granted_scope: str | None = None
    callback: Mapping[str, str | None] = field(default_factory=dict)  # None removes a parameter
    callback_error: str | None = None
    scripted_answers: tuple[ScriptedAnswer, ...] = ()


class TokenError(Exception):
    """An error response: RFC 6749 section 5.2."""


@dataclass(slots=True, eq=False)
class Grant:
    """The consent of one person to one client."""

    client_id: str
    mailbox: str
    scope: str
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """The properties of an access token."""

    active: bool
    user: str | None = None
    scopes: frozenset[str] = frozenset()


class Grants:
    """Codes, access tokens and refresh tokens. Its methods may be called from any thread."""

    def __init__(self):
        self._lock = threading.Lock()
        self._codes = {}
        self._access = {}
        self._refresh = {}
        self._rotated = {}

    def code(self, grant, redirect_uri, code_challenge):
        code = secrets.token_urlsafe(24)
        self._codes[code] = (grant, redirect_uri, code_challenge)
        return code

    def redeem(self, code, redirect_uri, verifier):
        grant, address, challenge = self._codes.pop(code, (None, "", ""))
        if grant is None or address != redirect_uri or s256(verifier) != challenge:
            raise TokenError("invalid_grant")
        return grant

    def access_token(self, grant, *, seconds):
        token = secrets.token_urlsafe(24)
        self._access[token] = (grant, time.time() + seconds)
        return token

    def refresh_token(self, grant):
        token = secrets.token_urlsafe(32)
        self._refresh[token] = grant
        return token

    def refreshed(self, token, *, rotate):
        """A rotated token that is used again revokes the grant (RFC 9700 section 4.14.2)."""
        with self._lock:
            if token in self._rotated:
                self._rotated[token].revoked = True
            grant = self._refresh.get(token)
            if grant is None or grant.revoked:
                raise TokenError("invalid_grant")
            if rotate:
                self._rotated[token] = self._refresh.pop(token)
            return grant

    def active(self, token):
        grant, end = self._access.get(token, (None, 0.0))
        return None if grant is None or grant.revoked or end <= time.time() else grant

    def revoke(self, token):
        grant = self._refresh.get(token) or self._access.get(token, (None,))[0]
        if grant is not None:
            grant.revoked = True

    def revoke_all(self):
        for grant in [*self._refresh.values(), *(entry[0] for entry in self._access.values())]:
            grant.revoked = True


class ScriptedProvider:
    """Listens inside its `with` block. `behavior` may be replaced at any time.

    `observe` is called for each request: path, parameters, headers.
    """

    def __init__(
        self, behavior=None, *, client_id="maps-demo", client_secret=None, observe=lambda *_: None
    ):
        self.behavior = behavior or Behavior()
        self.client_id = client_id
        self.client_secret = client_secret or Secret(secrets.token_urlsafe(24))
        self.grants = Grants()
        self.observe = observe
        self._answered = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), lambda *a: _Endpoints(self, *a))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.issuer = f"http://localhost:{self._server.server_port}"
        self.authorization_url = self.issuer + "/authorize"
        self.token_url = self.issuer + "/token"
        self.revocation_url = self.issuer + "/revoke"

    def token_facts(self, token):
        """Introspection for a mail server of the same process."""
        self.observe("/introspect", {}, {})
        grant = self.grants.active(token)
        if grant is None:
            return TokenFacts(active=False)
        return TokenFacts(True, grant.mailbox, frozenset(grant.scope.split()))

    def next_scripted_answer(self):
        """The next of `behavior.scripted_answers`; each is given once."""
        with self._lock:
            if self._answered >= len(self.behavior.scripted_answers):
                return None
            self._answered += 1
            return self.behavior.scripted_answers[self._answered - 1]

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class _Endpoints(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10

    def __init__(self, provider, *args):
        self.provider = provider
        super().__init__(*args)

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/authorize":
            self._authorize(dict(parse_qsl(url.query, keep_blank_values=True)))
        else:
            self._send(404, "not found", "text/plain")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        form = dict(parse_qsl(body, keep_blank_values=True))
        path = urlsplit(self.path).path
        route = {"/token": self._token, "/revoke": self._revoke}.get(path)
        if route is None:
            self._send(404, '{"error": "not_found"}')
            return
        self.provider.observe(path, form, dict(self.headers.items()))
        try:
            route(form)
        except TokenError as error:
            status = 401 if str(error) == "invalid_client" else 400
            self._send(status, json.dumps({"error": str(error)}))

    def _authorize(self, request):
        """RFC 6749 section 4.1.1. An unknown client or address is never redirected to."""
        provider, behavior = self.provider, self.provider.behavior
        provider.observe("/authorize", request, dict(self.headers.items()))
        if request.get("client_id") != provider.client_id:
            self._send(400, "unauthorized_client", "text/html")
        elif not _REDIRECT_URI.fullmatch(request.get("redirect_uri", "")):
            self._send(400, "redirect_uri_mismatch", "text/html")
        elif not _uses_pkce(request):
            self._redirect(request, error="invalid_request")
        elif behavior.callback_error:
            self._redirect(request, error=behavior.callback_error)
        else:
            grant = Grant(provider.client_id, behavior.mailbox, request.get("scope", ""))
            code = provider.grants.code(grant, request["redirect_uri"], request["code_challenge"])
            self._redirect(request, code=code)

    def _redirect(self, request, **answer):
        parameters = {
            **answer,
            "state": request.get("state"),
            "iss": self.provider.issuer,
            **self.provider.behavior.callback,
        }
        given = {name: value for name, value in parameters.items() if value is not None}
        address = request["redirect_uri"]
        if request.get("response_mode") == "form_post":
            fields = (
                f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
                for name, value in given.items()
            )
            self._send(200, _FORM_POST.format(escape(address), "".join(fields)), "text/html")
        else:
            location = {"Location": f"{address}?{urlencode(given)}"}
            self._send(302, "", "text/plain", location)

    def _token(self, form):
        scripted = self.provider.next_scripted_answer()
        if scripted:
            self._send(scripted.status, scripted.body, scripted.content_type, scripted.headers)
            return
        self._authenticate_client(form)
        grants, rotate = self.provider.grants, self.provider.behavior.rotate_refresh_tokens
        refresh = None
        match form.get("grant_type"):
            case "authorization_code":
                given = (form.get(name, "") for name in ("code", "redirect_uri", "code_verifier"))
                grant = grants.redeem(*given)
                refresh = grants.refresh_token(grant) if "offline_access" in grant.scope else None
            case "refresh_token":
                grant = grants.refreshed(form.get("refresh_token", ""), rotate=rotate)
                refresh = grants.refresh_token(grant) if rotate else None
            case _:
                raise TokenError("unsupported_grant_type")
        self._send(200, json.dumps(self._tokens(grant, refresh)))

    def _tokens(self, grant, refresh):
        behavior, words = self.provider.behavior, grant.scope.split()
        scope = " ".join(word for word in words if word != "offline_access")
        answer = {
            "access_token": self.provider.grants.access_token(grant, seconds=3600),
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": scope if behavior.granted_scope is None else behavior.granted_scope,
            "refresh_token": refresh,
            "id_token": _id_token(grant, self.provider) if "openid" in words else None,
            **behavior.token_answer,
        }
        return {name: value for name, value in answer.items() if value is not None}

    def _revoke(self, form):
        self._authenticate_client(form)
        self.provider.grants.revoke(form.get("token", ""))
        self._send(200, "", "text/plain")

    def _authenticate_client(self, form):
        """RFC 6749 section 2.3.1."""
        header = self.headers.get("Authorization", "")
        if header.startswith("Basic "):
            method = "client_secret_basic"
            pair = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
            given = unquote_plus(pair[0]), unquote_plus(pair[2])
        else:
            method = "client_secret_post"
            given = form.get("client_id", ""), form.get("client_secret", "")
        right = (self.provider.client_id, self.provider.client_secret.reveal())
        if method not in self.provider.behavior.auth_methods or given != right:
            raise TokenError("invalid_client")

    def _send(self, status, body, content_type="application/json", headers=None):
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_request):
        """Print nothing."""


def s256(verifier):
    """RFC 7636 section 4.2."""
    digest = hashlib.sha256(verifier.encode("ascii", errors="replace")).digest()
    return _base64url(digest)


def _uses_pkce(request):
    return (
        request.get("response_type") == "code"
        and request.get("code_challenge_method") == "S256"
        and bool(_S256_CHALLENGE.fullmatch(request.get("code_challenge", "")))
    )


def _id_token(grant, provider):
    """Signed with HS256: OpenID Connect Core sections 2 and 10.1."""
    now = int(time.time())
    claims = {
        "iss": provider.issuer,
        "sub": hashlib.sha256(grant.mailbox.encode()).hexdigest()[:16],
        "aud": grant.client_id,
        "iat": now,
        "exp": now + 300,
        "email": grant.mailbox,
        "email_verified": True,
        "preferred_username": grant.mailbox,
    }
    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    signed = ".".join(_base64url(json.dumps(part).encode()) for part in parts)
    key = provider.client_secret.reveal().encode()
    return f"{signed}.{_base64url(hmac.digest(key, signed.encode(), 'sha256'))}"


def _base64url(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()

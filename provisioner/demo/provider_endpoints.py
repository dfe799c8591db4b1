"""The embedded provider's endpoints: /authorize, /token, /introspect, /revoke."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from provisioner.demo.provider_client import authenticated_client, id_token
from provisioner.demo.provider_grants import Grant, Refusal
from provisioner.demo.provider_page import error_page, form_post_page, login_page

if TYPE_CHECKING:
    from provisioner.demo.provider import DemoProvider

# As the providers do it for programs on a desktop: any port, no path, not even a slash.
_REDIRECT_URI = re.compile(r"https?://localhost(:\d{1,5})?")
_S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST_BODY = 64 * 1024


class Endpoints(BaseHTTPRequestHandler):
    """One request. `provider` holds everything that outlives it."""

    protocol_version = "HTTP/1.1"
    timeout = 10

    def __init__(self, provider: DemoProvider, *args: Any) -> None:
        self.provider = provider
        super().__init__(*args)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/authorize":
            self._authorize(dict(parse_qsl(parts.query, keep_blank_values=True)))
        else:
            self._html(404, error_page("not found", "this provider has no such page"))

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, _LONGEST_BODY)).decode(errors="replace")
        parameters = dict(parse_qsl(body, keep_blank_values=True))
        routes: dict[str, Callable[[dict[str, str]], None]] = {
            "/authorize": self._decide,
            "/token": self._token,
            "/introspect": self._introspect,
            "/revoke": self._revoke,
        }
        route = routes.get(urlsplit(self.path).path)
        if route is None:
            self._json(404, {"error": "not_found"})
            return
        try:
            route(parameters)
        except Refusal as refusal:
            status = 401 if refusal.error == "invalid_client" else 400
            answer = {"error": refusal.error, "error_description": refusal.description}
            self._json(status, answer)

    # The authorization endpoint: RFC 6749 section 4.1.1, RFC 7636, RFC 9207.

    def _authorize(self, request: dict[str, str]) -> None:
        self._observe("/authorize", request)
        if not self._may_be_redirected(request):
            return
        problem = _problem(request)
        if problem:
            self._redirect(request, {"error": problem[0], "error_description": problem[1]})
        elif self.provider.behaviour.callback_error:
            self._redirect(request, {"error": self.provider.behaviour.callback_error})
        elif self.provider.behaviour.sign_in_automatically:
            self._grant(request, self.provider.behaviour.mailbox)
        else:
            self._html(200, login_page(request, self.provider.behaviour.mailbox))

    def _decide(self, form: dict[str, str]) -> None:
        decision, mailbox = form.pop("decision", "cancel"), form.pop("mailbox", "").strip()
        if not self._may_be_redirected(form):
            return
        if decision == "accept" and mailbox and not _problem(form):
            self._grant(form, mailbox)
        else:
            self._redirect(form, {"error": "access_denied"})

    def _may_be_redirected(self, request: Mapping[str, str]) -> bool:
        """An unknown client or address is told to the person, never to the address."""
        if request.get("client_id") != self.provider.client_id:
            self._html(400, error_page("unauthorized_client", "this client is not registered"))
        elif not _REDIRECT_URI.fullmatch(request.get("redirect_uri", "")):
            self._html(400, error_page("redirect_uri_mismatch", "register http://localhost"))
        else:
            return True
        return False

    def _grant(self, request: Mapping[str, str], mailbox: str) -> None:
        grant = Grant(self.provider.client_id, mailbox, request.get("scope", ""))
        code = self.provider.grants.code(
            grant, redirect_uri=request["redirect_uri"], code_challenge=request["code_challenge"]
        )
        self._redirect(request, {"code": code})

    def _redirect(self, request: Mapping[str, str], answer: Mapping[str, str]) -> None:
        parameters = {
            **answer,
            **({"state": request["state"]} if "state" in request else {}),
            "iss": self.provider.issuer,
            **self.provider.behaviour.callback,
        }
        kept = {name: value for name, value in parameters.items() if value is not None}
        if request.get("response_mode") == "form_post":
            self._html(200, form_post_page(request["redirect_uri"], kept))
            return
        query = urlencode(kept)
        self.send_response(302)
        self.send_header("Location", f"{request['redirect_uri']}?{query}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    # The token endpoint: RFC 6749 sections 4.1.3, 6 and 5.

    def _token(self, parameters: dict[str, str]) -> None:
        self._observe("/token", parameters)
        scripted = self.provider.next_scripted_answer()
        if scripted:
            self._send(scripted.status, scripted.body, scripted.content_type, scripted.headers)
            return
        client_id = self._authenticated(parameters)
        grants, behaviour = self.provider.grants, self.provider.behaviour
        match parameters.get("grant_type"):
            case "authorization_code":
                grant = grants.redeem(
                    parameters.get("code", ""),
                    client_id=client_id,
                    redirect_uri=parameters.get("redirect_uri", ""),
                    verifier=parameters.get("code_verifier", ""),
                )
                refresh = grants.refresh_token(grant) if "offline_access" in grant.scope else None
            case "refresh_token":
                rotate = behaviour.rotate_refresh_tokens
                grant = grants.refreshed(
                    parameters.get("refresh_token", ""), client_id=client_id, rotate=rotate
                )
                refresh = grants.refresh_token(grant) if rotate else None
            case _:
                raise Refusal("unsupported_grant_type", "authorization_code or refresh_token")
        self._json(200, self._tokens(grant, refresh))

    def _tokens(self, grant: Grant, refresh: str | None) -> dict[str, object]:
        behaviour = self.provider.behaviour
        scope = " ".join(word for word in grant.scope.split() if word != "offline_access")
        answer: dict[str, object | None] = {
            "access_token": self.provider.grants.access_token(
                grant, seconds=behaviour.access_token_seconds
            ),
            "token_type": "Bearer",
            "expires_in": behaviour.access_token_seconds,
            "scope": scope if behaviour.granted_scope is None else behaviour.granted_scope,
            "refresh_token": refresh,
            "id_token": self._id_token(grant),
            **behaviour.token_answer,
        }
        return {name: value for name, value in answer.items() if value is not None}

    def _id_token(self, grant: Grant) -> str | None:
        if "openid" not in grant.scope.split():
            return None
        return id_token(grant, issuer=self.provider.issuer, key=self.provider.client_secret)

    def _authenticated(self, parameters: Mapping[str, str]) -> str:
        provider = self.provider
        return authenticated_client(
            self.headers.get("Authorization", ""),
            parameters,
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            methods=provider.behaviour.auth_methods,
        )

    # RFC 7662 and RFC 7009.

    def _introspect(self, parameters: dict[str, str]) -> None:
        self._observe("/introspect", parameters)
        self._authenticated(parameters)
        found = self.provider.grants.active(parameters.get("token", ""))
        if found is None:
            self._json(200, {"active": False})
            return
        grant, expires_at = found
        answer = {"active": True, "scope": grant.scope, "exp": int(expires_at)}
        self._json(200, answer | {"client_id": grant.client_id, "username": grant.mailbox})

    def _revoke(self, parameters: dict[str, str]) -> None:
        self._observe("/revoke", parameters)
        self._authenticated(parameters)
        self.provider.grants.revoke(parameters.get("token", ""))
        self._send(200, "", "text/plain")

    # Sending.

    def _observe(self, path: str, parameters: Mapping[str, str]) -> None:
        self.provider.observe(path, parameters, dict(self.headers.items()))

    def _json(self, status: int, answer: Mapping[str, object]) -> None:
        self._send(status, json.dumps(answer), "application/json")

    def _html(self, status: int, page: str) -> None:
        self._send(status, page, "text/html; charset=utf-8")

    def _send(
        self, status: int, body: str, content_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        content = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a request line holds the code."""


def _problem(request: Mapping[str, str]) -> tuple[str, str] | None:
    if request.get("response_type") != "code":
        return "unsupported_response_type", "only response_type=code"
    if request.get("code_challenge_method") != "S256":
        return "invalid_request", "PKCE with S256 is required (RFC 7636)"
    if not _S256_CHALLENGE.fullmatch(request.get("code_challenge", "")):
        return "invalid_request", "code_challenge is not one of S256"
    return None

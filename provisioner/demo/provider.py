"""An OAuth2 and OpenID Connect provider on loopback, for the demo and for tests.

Real in what it checks: client, redirect URI, PKCE S256, state, one use of a code, rotation.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Self

from provisioner.demo.provider_endpoints import Endpoints
from provisioner.demo.provider_grants import Grants
from provisioner.secret import Secret


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """What the token endpoint says instead of its own answer."""

    status: int
    body: str = ""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How the provider behaves. The last ones depart from what is right, on purpose."""

    sign_in_automatically: bool = True
    mailbox: str = "reports@example.edu"
    rotate_refresh_tokens: bool = False
    access_token_seconds: int = 3600
    auth_methods: tuple[str, ...] = ("client_secret_basic", "client_secret_post")
    token_answer: Mapping[str, object] = field(default_factory=dict)  # None removes a member
    granted_scope: str | None = None
    callback: Mapping[str, str | None] = field(default_factory=dict)  # None removes a parameter
    callback_error: str | None = None
    scripted_answers: tuple[ScriptedAnswer, ...] = ()


class DemoProvider:
    """Listens from `with` to its end. `behaviour` may be replaced at any time.

    `observe` is told of every request: path, parameters and headers, which hold secrets.
    """

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        client_id: str = "maps-demo",
        client_secret: Secret | None = None,
        observe: Callable[[str, Mapping[str, str], Mapping[str, str]], None] | None = None,
    ) -> None:
        self.behaviour = behaviour or Behaviour()
        self.client_id = client_id
        self.client_secret = client_secret or Secret(secrets.token_urlsafe(24))
        self.grants = Grants()
        self.observe = observe or _look_away
        self._answered = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), lambda *a: Endpoints(self, *a))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self._server.server_port}"

    @property
    def authorization_url(self) -> str:
        return self.issuer + "/authorize"

    @property
    def token_url(self) -> str:
        return self.issuer + "/token"

    @property
    def introspection_url(self) -> str:
        return self.issuer + "/introspect"

    @property
    def revocation_url(self) -> str:
        return self.issuer + "/revoke"

    def next_scripted_answer(self) -> ScriptedAnswer | None:
        """The next of `behaviour.scripted_answers`; each is given once."""
        with self._lock:
            if self._answered >= len(self.behaviour.scripted_answers):
                return None
            self._answered += 1
            return self.behaviour.scripted_answers[self._answered - 1]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _look_away(*_request: object) -> None:
    """Nobody asked to see the requests."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

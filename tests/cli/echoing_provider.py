"""A provider of canaries that notes what reaches it, and quotes all of it when it refuses."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

CLIENT_SECRET = "CANARY-client/s3cret+of%Reports"
CODE = "CANARY-code~4711/x"
DEVICE_CODE = "CANARY-device-code-4711"
ACCESS_TOKEN = "CANARY-access.token-4711"
REFRESH_TOKEN = "CANARY-refresh.token/4711"

_TOKENS = {"access_token": ACCESS_TOKEN, "refresh_token": REFRESH_TOKEN, "token_type": "Bearer"}
_ANSWERS = {
    "/token": {**_TOKENS, "expires_in": 3600},
    "/device": {
        "device_code": DEVICE_CODE,
        "user_code": "WDJB-MJHT",
        "verification_uri": "https://sso.example.edu/device",
        "interval": 1,
    },
    "/revoke": {},
}

# Path and the whole request -> status, content type, body; None hangs up without a word.
Answer = Callable[[str, str], tuple[int, str, str] | None]


def good(path, _request):
    return 200, "application/json", json.dumps(_ANSWERS[path])


def silent(_path, _request):
    threading.Event().wait(3)


_REFUSALS = {
    "json": lambda _, request: (
        400,
        "application/json",
        json.dumps({"error": "unauthorized_client", "error_description": request}),
    ),
    "html": lambda _, request: (400, "text/html", f"<pre>{request}</pre>"),
    "content type": lambda _, request: (400, " ".join(request.split()), "?"),
}


class EchoingProvider(ThreadingHTTPServer):
    """Listens from `with` to its end. `sent`: the values that came, `verifiers`: those of PKCE."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Request)
        self.answer = good
        self.sent = set()
        self.verifiers = []
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))

    @property
    def issuer(self):
        return f"http://localhost:{self.server_port}"

    def refuse(self, way):
        self.answer = _REFUSALS[way]

    def note(self, authorization, form):
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode().split(":")
        self.sent.update([*map(unquote_plus, pair), *form.values()])
        if "code_verifier" in form:
            self.verifiers.append(form["code_verifier"])

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, error, trace):
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Request(BaseHTTPRequestHandler):
    server: EchoingProvider

    def do_GET(self):
        asked = dict(parse_qsl(urlsplit(self.path).query))
        back = urlencode({"code": CODE, "state": asked["state"]})
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri']}/?{back}")
        self.end_headers()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.note(self.headers.get("Authorization", ""), dict(parse_qsl(body)))
        found = self.server.answer(self.path, f"{body} {unquote_plus(body)} {self.headers}")
        if found is None:
            return
        status, kind, text = found
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        """Nothing."""

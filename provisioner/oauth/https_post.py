"""One HTTP request to a provider: verified, bounded in size, over at its deadline.

A POST carries a form with secrets; a GET carries nothing and reads a public document.

Imported when something is sent, and not before: requests takes its time.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from provisioner.advice.explain import Advice, explain
from provisioner.ca_file import ca_certificates
from provisioner.oauth.token_endpoint import MOST_RESPONSE_BYTES, TokenRequestError
from provisioner.providers.catalogue import is_loopback

_CONNECT_SECONDS, _READ_SECONDS = 10.0, 20.0  # one address, one silence
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # what is packed small may unpack large
    "User-Agent": "maps-provisioner",
}

# Class of what was raised -> what is said, and whether it passes. The first that fits counts.
_NO_BUNDLE = "cannot be contacted: REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE is not the path of a file"
_NO_PROXY = "cannot be contacted; HTTPS_PROXY or ALL_PROXY must be the address of an HTTP proxy"
_BEFORE_SENDING = (
    (TimeoutError, "did not answer in time", True),
    (ssl.SSLCertVerificationError, "", False),  # the table of causes has the words
    (requests.exceptions.ProxyError, "cannot be reached through the proxy", True),
    (ssl.SSLError, "", True),
    (socket.gaierror, "cannot be found by name", True),  # a typo more often than an outage
    (requests.ConnectionError, "cannot be reached", True),
    (requests.RequestException, _NO_PROXY, False),  # the URL itself was read before
    (OSError, _NO_BUNDLE, False),
    (Exception, "cannot be contacted", False),
)
_AFTER_SENDING = (
    (TimeoutError, "did not answer in time", True),
    (urllib3.exceptions.DecodeError, "sent a response that cannot be decompressed", False),
    (Exception, "closed the connection", True),
)

Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """`body` None: it is too large. `retry_after` in seconds; None where nothing is said."""

    status: int
    content_type: str
    body: bytes | None
    retry_after: float | None


def send(
    url: str, fields: Texts | None, headers: Texts, *, seconds: float, ca_file: Path | None
) -> HttpAnswer:
    """The complete answer to a form, or to a GET where there is none (`fields` None).

    TokenRequestError: there is no answer, at the latest after so many seconds.

    The time-outs of sockets begin anew with each byte and each address, and leave the name lookup
    out: so the request has a thread of its own, and is abandoned there.
    """
    guard, future = _Guard(ca_file), Future[HttpAnswer]()

    def converse() -> None:
        try:
            future.set_result(_converse(guard, url, fields, headers))
        except BaseException as error:  # noqa: BLE001  it is raised again where it is waited for
            future.set_exception(error)

    threading.Thread(target=converse, daemon=True).start()
    try:
        came = wait([future], timeout=seconds).done
    finally:
        guard.cut()
    if not came:
        raise TokenRequestError("did not answer in time", retryable=True, sent=guard.connected)
    return future.result()


def _converse(guard: _Guard, url: str, fields: Texts | None, headers: Texts) -> HttpAnswer:
    try:
        with requests.Session() as session:
            # A proxy of the environment must not see what goes to this machine itself.
            session.trust_env = not is_loopback(urlsplit(url).hostname or "")
            session.mount("https://", guard)
            session.mount("http://", guard)
            with session.request(
                "GET" if fields is None else "POST",
                url,
                data=fields,
                headers={**_HEADERS, **headers},
                auth=lambda request: request,  # else ~/.netrc would add its own
                timeout=(_CONNECT_SECONDS, _READ_SECONDS),
                allow_redirects=False,  # they would take secrets along
                stream=True,  # so that the answer's size can be bounded
            ) as response:
                try:
                    body = response.raw.read(MOST_RESPONSE_BYTES + 1, decode_content=True)
                except ValueError:  # a chunk of -5
                    raise urllib3.exceptions.ProtocolError from None
    except (OSError, urllib3.exceptions.HTTPError) as error:
        # Only its class is told: the libraries' words may quote what was sent.
        causes, sent = tuple(_causes(error)), guard.connected
        for raised, reason, passes in _AFTER_SENDING if sent else _BEFORE_SENDING:
            fault = next((cause for cause in causes if isinstance(cause, raised)), None)
            if fault is None:
                continue
            advice = tls_advice(fault) if isinstance(fault, ssl.SSLError) and not sent else None
            said = f"cannot be used: {advice.cause}" if advice else reason
            raise TokenRequestError(said, retryable=passes, sent=sent, advice=advice) from None
        raise
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip() or "no content type"
    fits = len(body) <= MOST_RESPONSE_BYTES
    pause = _retry_after(response.headers)
    return HttpAnswer(response.status_code, kind, body if fits else None, pause)


def tls_advice(fault: ssl.SSLError) -> Advice:
    """A clock, an old version and an unknown authority are different things."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        return explain("https", {"certificate"}, fault.verify_message)
    return explain("https", {"tls"}, str(fault))


class _Guard(HTTPAdapter):
    """The connections of one request; once they are cut, nothing more leaves over them.

    They trust the system's store, requests' own bundle and, where given, `ca_file`. `connected`:
    one was made, so that the request may have arrived.
    """

    def __init__(self, ca_file: Path | None) -> None:
        super().__init__()
        self.connected = False
        self._is_cut = False
        self._sockets: list[socket.socket] = []
        self._context = ssl.create_default_context()
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        if ca_file is not None:
            self._context.load_verify_locations(cadata=ca_certificates(ca_file))

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        """The pool for a request, direct or through a proxy, whose connections are ours."""
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        make = pool.ConnectionCls
        tls = {"ssl_context": self._context} if pool.scheme == "https" else {}
        pool.ConnectionCls = lambda **how: self._guarded(make(**how | tls))
        return pool

    def _guarded(self, connection: Any) -> Any:
        connect = connection.connect

        def connect_in_time() -> None:
            connect()  # with the handshake: only now a request could follow
            # A descriptor of our own: an SSLSocket that is shut down sends what follows in clear.
            self._sockets.append(socket.socket(fileno=os.dup(connection.sock.fileno())))
            # In this order: whoever cuts and then sees no connection can be sure of it.
            self.connected = True
            if self._is_cut:
                self.cut()
                connection.close()
                raise TimeoutError("the deadline has passed")

        connection.connect = connect_in_time
        return connection

    def cut(self) -> None:
        """End the connections that are there, and those to come."""
        self._is_cut = True
        for connected in self._sockets:
            with connected, suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Retry-After, as seconds or as a date (RFC 9110 section 10.2.3); None if it says nothing.

    A date is held against the answer's own, so that our clock does not count.
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    until, since = _instant(value), _instant(headers.get("Date", ""))
    if until is None:
        return None
    return max(until - (time.time() if since is None else since), 0.0)


def _instant(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None

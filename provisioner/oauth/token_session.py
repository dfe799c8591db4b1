"""An Authlib session that authenticates one client and hands each answer to our judge."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from provisioner.oauth.tls_fault import tls_advice
from provisioner.oauth.token_answer import lifetime
from provisioner.oauth.token_faults import Transient, Unusable
from provisioner.oauth.wire import Wire
from provisioner.secret import Secret

if TYPE_CHECKING:
    import requests
    from authlib.integrations.requests_client import OAuth2Session

_CONNECT_SECONDS, _READ_SECONDS = 10.0, 20.0  # one address, one silence; `Wire` bounds the whole

Judge = Callable[["requests.Response"], Mapping[str, Any]]

# What every request is sent with. Redirects are not followed: they would take secrets along.
REQUEST_OPTIONS: Mapping[str, Any] = {
    "timeout": (_CONNECT_SECONDS, _READ_SECONDS),
    "allow_redirects": False,
    "stream": True,  # so that the answer's size can be bounded
}


@contextmanager
def token_session(
    client_id: str,
    client_secret: Secret,
    *,
    auth_method: str,
    ca_file: Path | None,
    on_this_machine: bool,
    judge: Judge,
    wire: Wire,
) -> Iterator[OAuth2Session]:
    """A session for one request. Its faults become ours: the libraries' may quote what was sent."""
    import requests
    import urllib3

    try:
        with _session(client_id, client_secret, auth_method, judge) as session:
            _mount(session, ca_file, wire)
            # A proxy of the environment must not see what goes to this machine itself.
            session.trust_env = not on_this_machine
            yield session
    except requests.exceptions.SSLError as error:
        advice = tls_advice(error)
        raise Unusable(f"cannot be used: {advice.cause}", advice) from None
    except requests.exceptions.Timeout:
        raise Transient("did not answer in time", arrived=wire.established) from None
    except requests.exceptions.ConnectionError as error:
        raise Transient(_unreachable(error), arrived=wire.established) from None
    except urllib3.exceptions.ReadTimeoutError:
        raise Transient("did not answer in time") from None
    except urllib3.exceptions.HTTPError:
        raise Transient("broke its answer off") from None
    except requests.exceptions.RequestException as error:
        raise Unusable(f"cannot be asked: {type(error).__name__}") from None


def _session(
    client_id: str, client_secret: Secret, auth_method: str, judge: Judge
) -> OAuth2Session:
    from authlib.integrations.requests_client import OAuth2Session

    session = OAuth2Session(
        client_id,
        client_secret.reveal(),
        token_endpoint_auth_method=auth_method,
        revocation_endpoint_auth_method=auth_method,
    )
    session.register_client_auth_method(("client_secret_basic", _basic))
    for answer in ("access_token_response", "refresh_token_response"):
        session.register_compliance_hook(answer, lambda response: _Judged(judge(response)))
    session.headers["User-Agent"] = "maps-provisioner"
    session.headers["Accept-Encoding"] = "identity"  # what is packed small may unpack large
    return session


def _mount(session: OAuth2Session, ca_file: Path | None, wire: Wire) -> None:
    from provisioner.oauth.trust import VerifyingAdapter

    adapter = VerifyingAdapter(ca_file, wire)
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)


class _Judged:
    """A good answer in the form in which Authlib reads one."""

    status_code = 200

    def __init__(self, members: Mapping[str, Any]) -> None:
        self._members = members

    def json(self) -> dict[str, Any]:
        """The members, with times that Authlib can count with, and no error: there was none."""
        odd = ("expires_in", "expires_at", "error")
        timeless = {k: v for k, v in self._members.items() if k not in odd}
        seconds = lifetime(self._members.get("expires_in"))
        return timeless if seconds is None else {**timeless, "expires_in": seconds}


def _basic(client: Any, method: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, Any]:  # noqa: ARG001
    """RFC 6749 section 2.3.1: both parts are form-encoded first, which Authlib leaves out."""
    pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    return uri, headers, body


def _unreachable(error: Exception) -> str:
    """A name that nobody knows is a typo more often than an outage."""
    from urllib3.exceptions import NameResolutionError

    cause = getattr(error.args[0], "reason", None) if error.args else None
    found = not isinstance(cause, NameResolutionError)
    return "cannot be reached" if found else "cannot be found by name"

"""Reads one request at the callback address, no further than it may be an answer."""

from __future__ import annotations

from provisioner.oauth.callback_head import Head, Stray, head_from
from provisioner.oauth.callback_http import LONGEST_BODY, RequestBytes
from provisioner.oauth.callback_request import Callback, judged, misaddressed
from provisioner.secret import Secret


def received(
    request: RequestBytes, *, authorities: frozenset[str], state: Secret
) -> Callback | Stray:
    """The provider's answer, or what else it is. OSError if the request breaks off or is slow."""
    raw = request.head()
    if raw is None:
        return Stray(431, "too long a request")
    head = head_from(raw)
    if isinstance(head, Stray):
        return head
    stray = misaddressed(head, authorities=authorities)
    if stray is not None:
        return stray
    body = _body(request, head)
    return body if isinstance(body, Stray) else judged(head, body, state=state)


def _body(request: RequestBytes, head: Head) -> bytes | Stray:
    if head.method != "POST":
        return b""
    length = head.body_length
    if isinstance(length, Stray):
        return length
    return request.body(length) if length <= LONGEST_BODY else Stray(413, "too long a request")

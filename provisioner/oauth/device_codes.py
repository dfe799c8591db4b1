"""The codes of a device sign-in, read strictly: RFC 8628 section 3.2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.errors import InvalidProject
from provisioner.oauth.authorization import checked_endpoint
from provisioner.oauth.token_answer import lifetime
from provisioner.oauth.token_faults import Unusable
from provisioner.secret import Secret
from provisioner.text import redact

_DEFAULT_INTERVAL_SECONDS = 5
_LONGEST = {"user_code": 64, "verification_uri": 2000, "verification_uri_complete": 2000}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCodes:
    """`device_code` is for the client alone, `user_code` for the person. Times in seconds.

    `expires_in` None: the provider does not say. `verification_uri_complete` has the code in it.
    """

    device_code: Secret
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None
    expires_in: int | None
    interval: int


def device_codes(members: Mapping[str, Any]) -> DeviceCodes:
    """The codes among the members of the answer; Unusable where a person could do nothing."""
    device_code = members.get("device_code")
    if not isinstance(device_code, str) or not device_code.isascii() or not device_code:
        raise Unusable("gives no device_code")
    user_code = _line(members, "user_code")
    # Google's own name for it is older than the standard.
    page = _address(members, "verification_uri") or _address(members, "verification_url")
    if user_code is None or page is None:
        raise Unusable("gives no user_code, or no page on https to enter it")
    interval = lifetime(members.get("interval"))
    return DeviceCodes(
        device_code=Secret(device_code),
        user_code=user_code,
        verification_uri=page,
        verification_uri_complete=_address(members, "verification_uri_complete"),
        expires_in=lifetime(members.get("expires_in")),
        interval=_DEFAULT_INTERVAL_SECONDS if interval is None else max(interval, 1),
    )


def _line(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    longest = _LONGEST.get(name, 2000)
    fits = isinstance(value, str) and value.isprintable() and 0 < len(value) <= longest
    return redact(str(value), pieces=False) if fits else None


def _address(members: Mapping[str, Any], name: str) -> str | None:
    """A page that a person is sent to, where they sign in: on https, as endpoints are."""
    url = _line(members, name)
    try:
        return url if url and checked_endpoint(url, name) else None
    except InvalidProject:
        return None

"""The endpoints of a provider, from its OpenID Connect discovery document.

https://openid.net/specs/openid-connect-discovery-1_0.html, RFC 8414 for the further members.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from provisioner.errors import InvalidProject, ProvisionerError
from provisioner.oauth.authorization import checked_endpoint
from provisioner.oauth.token_endpoint import MOST_RESPONSE_BYTES, TokenRequestError
from provisioner.providers.catalogue import is_loopback, provider_for
from provisioner.text import foreign, json_object

_PATH = "/.well-known/openid-configuration"
_LONGEST_URL = 2000
_LONGEST_SECONDS = 30.0
_REMEDY = "check --issuer, or pass --authorization-url and --access-token-url instead"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderMetadata:
    """Members of the document, under its own names; empty if it does not have them."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str = ""
    device_authorization_endpoint: str = ""
    scopes_supported: tuple[str, ...] = ()
    authorization_response_iss_parameter_supported: bool = False


def discover(issuer: str, *, ca_file: Path | None) -> ProviderMetadata:
    """Read and check the document of an issuer. ProvisionerError if it cannot be used."""
    host = _checked_issuer(issuer)
    members = _document(f"{issuer.removesuffix('/')}{_PATH}", host, ca_file)
    named = members.get("issuer")
    if named != issuer:  # section 4.3: exactly, else one issuer could speak for another
        raise _unusable(host, f"it is of the issuer {foreign(named)!r}")
    endpoints = {
        name: _endpoint(members, name, issuer, host)
        for name in (
            "authorization_endpoint",
            "token_endpoint",
            "revocation_endpoint",
            "device_authorization_endpoint",
        )
    }
    for name in ("authorization_endpoint", "token_endpoint"):
        if not endpoints[name]:
            raise _unusable(host, f"{name} is missing")
    scopes = members.get("scopes_supported", [])
    if not isinstance(scopes, list) or not all(map(_is_word, scopes)):
        raise _unusable(host, "scopes_supported is not a list of scopes")
    names_itself = members.get("authorization_response_iss_parameter_supported", False)
    if not isinstance(names_itself, bool):
        raise _unusable(
            host, "authorization_response_iss_parameter_supported is neither true nor false"
        )
    return ProviderMetadata(
        issuer=issuer,
        scopes_supported=tuple(scopes),
        authorization_response_iss_parameter_supported=names_itself,
        **endpoints,
    )


def _checked_issuer(issuer: str) -> str:
    host = checked_endpoint(issuer, "the issuer")
    parts = urlsplit(issuer)
    if not _is_word(issuer) or parts.query or parts.fragment:
        raise InvalidProject(
            "the issuer is not a URL without query and fragment", remedy="write https://HOST/PATH"
        )
    return host


def _document(url: str, host: str, ca_file: Path | None) -> dict[str, Any]:
    from provisioner.oauth.https_post import send

    try:
        answer = send(url, None, {}, seconds=_LONGEST_SECONDS, ca_file=ca_file)
    except TokenRequestError as fault:
        raise ProvisionerError(f"discovery: {host} {fault.message}", remedy=_REMEDY) from None
    if answer.status != 200:
        raise _unusable(host, f"the answer is HTTP {answer.status}")
    if answer.body is None:
        raise _unusable(host, f"it has more than {MOST_RESPONSE_BYTES // 1024} KiB")
    if not (members := json_object(answer.body)):
        raise _unusable(host, "it is not a JSON object")
    return members


def _endpoint(members: dict[str, Any], name: str, issuer: str, host: str) -> str:
    """A URL at the issuer's provider: what others name there would get codes and secrets."""
    url = members.get(name)
    if url is None or url == "":
        return ""
    if not _is_word(url) or len(url) > _LONGEST_URL:
        raise _unusable(host, f"{name} is not a URL")
    try:
        at = checked_endpoint(url, name)
    except InvalidProject as error:
        raise _unusable(host, error.message) from None
    if provider_for(url).name != provider_for(issuer).name:
        raise _unusable(host, f"{name} is at another host, {foreign(at)}")
    if is_loopback(at) and not is_loopback(host):
        raise _unusable(host, f"{name} is at this machine")
    return str(url)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isprintable() and " " not in value


def _unusable(host: str, reason: str) -> ProvisionerError:
    return ProvisionerError(
        f"the discovery document of {host} cannot be used: {reason}", remedy=_REMEDY
    )

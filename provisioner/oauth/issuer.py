"""Whether an answer comes from the issuer that was asked: RFC 9207, and the id_token's `iss`."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from provisioner.errors import SignInFailed
from provisioner.model.email_server import EmailServer, OAuth2Settings
from provisioner.oauth.identity import Identity
from provisioner.providers.provider import Provider
from provisioner.text import foreign

_GUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FIELD = "oauth2.authorization_url"


def check_issuer(
    issuer: str | None, provider: Provider, server: EmailServer, settings: OAuth2Settings
) -> None:
    """RFC 9207: an answer that names another issuer is not for us; no code goes anywhere.

    Without metadata the expected issuer is the provider's known one, else whoever lives at the
    host of one of its endpoints, with the tenant that was asked.
    """
    if issuer is None:
        _check_silence(provider, server)
    elif not _is_expected(issuer, provider, settings):
        raise _other_issuer(issuer, provider, server)


def check_token_issuer(
    identity: Identity,
    issuer: str | None,
    provider: Provider,
    server: EmailServer,
    settings: OAuth2Settings,
) -> None:
    """The id_token comes from the issuer that answered, or is known (RFC 9207 section 2.4)."""
    found, expected = identity.issuer, issuer or provider.issuer
    if found is None:
        return
    # Google has written its issuer without the scheme.
    same = expected is None or found.removeprefix("https://") == expected.removeprefix("https://")
    if not (same and _is_of_the_tenant(found, provider, settings)):
        raise _other_issuer(found, provider, server)


def _check_silence(provider: Provider, server: EmailServer) -> None:
    if not provider.authorization_response_iss_parameter_supported:
        return
    fact = "authorization_response_iss_parameter_supported"
    raise SignInFailed(
        f"{server.where(_FIELD)}: the answer does not name its issuer, and {provider.label} is "
        "known to name itself in each (RFC 9207): it may come from somebody else",
        remedy="start the sign-in again; if this provider names none, say so in provisioner.yml: "
        f"providers: {{{provider.name}: {{{fact}: false}}}}",
    )


def _is_expected(issuer: str, provider: Provider, settings: OAuth2Settings) -> bool:
    if provider.issuer is not None:
        return issuer == provider.issuer
    urls = [settings.authorization_url, settings.access_token_url]
    urls += [f"https://{place}" for place in provider.endpoints]
    at_home = _origin(issuer) in {_origin(url) for url in urls}
    return at_home and _is_of_the_tenant(issuer, provider, settings)


def _is_of_the_tenant(issuer: str, provider: Provider, settings: OAuth2Settings) -> bool:
    """Microsoft's issuer has the tenant's GUID in it, whatever name the URLs give the tenant.

    https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer
    """
    asked, answered = _tenant(settings.authorization_url), _tenant(issuer)
    return not (provider.shared_tenants and asked and answered) or asked == answered


def _tenant(url: str) -> str:
    found = _GUID.search(url.partition("?")[0])
    return found.group().casefold() if found else ""


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme, (parts.netloc or "").casefold()


def _other_issuer(issuer: str, provider: Provider, server: EmailServer) -> SignInFailed:
    shown = foreign(issuer, longest=200)
    return SignInFailed(
        f"{server.where(_FIELD)}: the answer comes from another issuer than the provider that was "
        f"asked: {shown}",
        remedy="do the URLs belong to one provider, and to one tenant? If that issuer is right, "
        f"say so in provisioner.yml: providers: {{{provider.name}: {{issuer: {shown}}}}}",
    )

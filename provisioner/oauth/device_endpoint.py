"""Where a device sign-in begins, if the provider has such a place and lets it serve mail."""

from __future__ import annotations

from urllib.parse import urlsplit

from provisioner.errors import SignInFailed
from provisioner.model.email_server import EmailServer, OAuth2Settings
from provisioner.oauth.authorization import checked_endpoint
from provisioner.providers.catalogue import provider_for
from provisioner.providers.endpoints import absolute_url
from provisioner.providers.provider import Provider

_FIELD = "oauth2.access_token_url"
_OTHER_WAYS = "sign in with a browser, which may run on another machine: leave --device out"


def device_endpoint(provider: Provider, server: EmailServer, settings: OAuth2Settings) -> str:
    """The device authorization endpoint (RFC 8628 section 3.1).

    SignInFailed where there is none; InvalidProject where secrets would travel in the clear.
    """
    if not provider.device_flow_serves_mail:
        raise SignInFailed(
            f"{server.where(_FIELD)}: {provider.label} does not give the scope of mail to a "
            "sign-in with --device",
            remedy=_OTHER_WAYS,
        )
    if provider.device_authorization_url is None:
        raise SignInFailed(
            f"{server.where(_FIELD)}: {provider.label} is not known to offer a sign-in with "
            "--device",
            remedy=f"{_OTHER_WAYS}; if it has a device authorization endpoint, say so in "
            f"provisioner.yml: providers: {{{provider.name}: {{device_authorization_url: URL}}}}",
        )
    url = absolute_url(settings.access_token_url, provider.device_authorization_url)
    checked_endpoint(url, "device_authorization_url")
    if not _lives_with(settings.access_token_url, url):
        host = urlsplit(url).netloc
        raise SignInFailed(
            f"{server.where(_FIELD)}: device_authorization_url is at {host}, which is not known "
            "to belong to the provider of the token endpoint: the client secret would go there",
            remedy="declare one on the host of access_token_url; else leave --device out",
        )
    return url


def _lives_with(token_url: str, url: str) -> bool:
    """The same host, or another that is known to be the provider's.

    Known here, not in the project: whoever may change its files must not get the client secret.
    """
    here, there = urlsplit(url), urlsplit(token_url)
    hosts = {place.partition("/")[0] for place in provider_for(token_url).endpoints}
    return here.netloc == there.netloc or {here.hostname, there.hostname} <= hosts

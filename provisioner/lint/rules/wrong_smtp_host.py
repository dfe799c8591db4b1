"""A host that takes no mail with this sign-in: another provider's, an MX, or a sign-in page."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.host_names import host_name
from provisioner.lint.mail_login import PASSWORD_METHODS
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.all_providers import PROVIDERS
from provisioner.providers.provider import Provider

ID = "wrong-smtp-host"
SEVERITY = Severity.ERROR

_WITH_MX = tuple(provider for provider in PROVIDERS if provider.mx_hosts)


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """Hosts that nobody knows are doubtful-smtp-host's."""
    host, level = host_name(server.text("/host")), server.text("/smtp_security_level")
    if not host or not (level == "oauth2" or level in PASSWORD_METHODS):
        return
    here = surroundings.provider(host)
    if not here.smtp_hosts:
        yield from _mx(host, surroundings)
    elif host not in here.smtp_hosts:
        yield Remark(
            "/host",
            f"people sign in to {here.label} here; its mail server is another host",
            f"write {here.smtp_hosts[0]}",
        )
    elif level == "oauth2":
        yield from _of_another(here, server, surroundings)


def _mx(host: str, surroundings: Surroundings) -> Iterator[Remark]:
    for known in _WITH_MX:
        provider = surroundings.provider(known.smtp_hosts[0])
        if any(host == mx or (mx[0] == "." and host.endswith(mx)) for mx in provider.mx_hosts):
            yield Remark(
                "/host",
                f"this host takes mail for mailboxes at {provider.label}, and no sign-in",
                f"write {provider.smtp_hosts[0]}; or, to send without a sign-in, port: 25 and "
                "smtp_security_level: none",
            )
            return


def _of_another(
    here: Provider, server: Declaration, surroundings: Surroundings
) -> Iterator[Remark]:
    """URLs of two providers are providers-differ's."""
    urls = (server.text(f"/oauth2/{name}_url") for name in ("authorization", "access_token"))
    providers = [surroundings.provider(url) for url in urls if url]
    if len({provider.name for provider in providers}) != 1:
        return
    endpoints = providers[0]
    if not endpoints.smtp_hosts or here.name == endpoints.name:
        return
    if here.platform is None or here.platform != endpoints.platform:
        yield Remark(
            "/host",
            f"this mail server is {here.label}'s, the OAuth2 URLs are {endpoints.label}'s: it does "
            "not take their tokens",
            f"write {endpoints.smtp_hosts[0]}, or the OAuth2 settings of {here.label}",
        )

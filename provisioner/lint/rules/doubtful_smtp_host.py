"""A host that is hardly the mail server meant: misspelt, for reading mail, or one's own."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.host_names import host_name
from provisioner.lint.mail_login import mailbox, signs_in
from provisioner.lint.nearest import nearest
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.all_providers import PROVIDERS
from provisioner.providers.catalogue import is_loopback
from provisioner.providers.lookalikes import resembled
from provisioner.providers.provider import Provider

ID = "doubtful-smtp-host"
SEVERITY = Severity.WARNING

_BY_READING_HOST = {host: p.smtp_hosts[0] for p in PROVIDERS for host in p.reading_hosts}
# Only long names: smtp.mail.com, for one, is somebody else's, not smtp.gmail.com misspelt.
_LONG = tuple(host for p in PROVIDERS for host in p.smtp_hosts if len(host) >= 16)
_NEAR = 0.92


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """What the OAuth2 endpoints say of the provider makes a guess a good one."""
    host = host_name(server.text("/host"))
    if not host or is_loopback(host) or surroundings.provider(host).smtp_hosts:
        return
    if resembled(host):  # lookalike-endpoint's
        return
    if host in _BY_READING_HOST:
        yield from _reading(host, surroundings.provider(_BY_READING_HOST[host]))
        return
    provider = surroundings.provider(server.text("/oauth2/access_token_url"))
    meant = nearest(host, provider.smtp_hosts) if provider.smtp_hosts else _like(host)
    if meant:
        label = surroundings.provider(meant).label
        message = f"this looks like a mail server of {label}, misspelt"
        yield Remark("/host", message, f"did you mean {meant}?")
    elif provider.smtp_hosts and signs_in(server) and server.fact(_is_of_the_mailbox):
        yield Remark(
            "/host",
            f"a mail server of the mailbox's own domain hardly takes tokens of {provider.label}",
            f"write {provider.smtp_hosts[0]}; if this is a gateway that takes them, say so in a "
            "comment (`provisioner rules doubtful-smtp-host` shows how)",
        )


def _reading(host: str, provider: Provider) -> Iterator[Remark]:
    if host in provider.reading_hosts:
        yield Remark(
            "/host",
            f"at {provider.label} this host is for reading mail; another one takes it",
            f"write {provider.smtp_hosts[0]}",
        )


@lru_cache(maxsize=4096)
def _like(host: str) -> str | None:
    """The known host that differs by a letter or two; a fleet has few hosts, hence the cache."""
    ratios = [(SequenceMatcher(None, host, known).ratio(), known) for known in _LONG]
    ratio, known = max(ratios)
    return known if ratio >= _NEAR else None


def _is_of_the_mailbox(server: Declaration) -> bool:
    host, domain = host_name(server.text("/host")), mailbox(server).rpartition("@")[2].casefold()
    return "." in domain and f".{host}".endswith(f".{domain}")

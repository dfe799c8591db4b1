"""Endpoints that may serve one sign-in: codes and secrets for one provider reach no other."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from itertools import combinations
from typing import Any, Literal
from urllib.parse import SplitResult, urljoin, urlsplit

from provisioner.providers.catalogue import is_at, is_loopback, known_provider
from provisioner.providers.provider import Provider

ProviderEntries = Mapping[str, Mapping[str, Any]]

# providers: two known ones. hosts: a known one and a stranger, or strangers of two domains.
Difference = Literal["providers", "hosts"]

# Sign-in services that give each customer a name of its own below these, and that the public
# suffix list leaves out.
_CUSTOMERS_BELOW = (
    *(".okta.com", ".okta-emea.com", ".oktapreview.com", ".auth0.com", ".onelogin.com"),
    *(".pingone.com", ".pingone.eu", ".b2clogin.com", ".ciamlogin.com", ".duosecurity.com"),
)


@lru_cache(maxsize=1024)
def host_of(url: str) -> str:
    """A URL's host in lower case; empty if there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:  # a bracket without its twin
        return ""


@lru_cache(maxsize=1024)
def url_parts(url: str) -> SplitResult:
    """The parts of a URL; all empty if it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError:  # a bracket without its twin, a port that is no number
        return urlsplit("")
    return parts


def tenant_of(url: str) -> str:
    """`https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/token` -> `contoso.edu`."""
    return url_parts(url).path.lstrip("/").partition("/")[0].casefold()


def absolute_url(url: str, reference: str) -> str:
    """A reference that starts at a URL; as it stands if it can be none, so that no check passes."""
    try:
        return urljoin(url, reference)
    except ValueError:  # a bracket without its twin
        return reference


def endpoint_hosts(urls: Iterable[str]) -> frozenset[str]:
    return frozenset(filter(None, map(host_of, urls)))


def are_all_loopback(urls: Iterable[str]) -> bool:
    """Whether what is sent to these URLs stays on this machine."""
    return all(is_loopback(host_of(url)) for url in urls)


def are_one_builtin_providers(urls: Sequence[str]) -> bool:
    """Whether one provider has them all, without anything that a project says of providers."""
    pairs = combinations(urls, 2)
    return all(map(known_provider, urls)) and all(
        endpoint_difference(*pair) is None for pair in pairs
    )


def share_endpoints(one: Provider, other: Provider) -> bool:
    """Whether two are one at their endpoints: Microsoft 365 and Outlook.com differ by tenant."""
    hosts = [{place.partition("/")[0] for place in each.endpoints} for each in (one, other)]
    return one.name == other.name or not hosts[0].isdisjoint(hosts[1])


def endpoint_difference(
    one: str, other: str, entries: ProviderEntries | None = None
) -> Difference | None:
    """Why two URLs do not belong together; None if they do.

    A project joins them by naming both below `endpoints` of one entry, and in no other way.
    """
    here, there = host_of(one), host_of(other)
    if (here and here == there) or (is_loopback(here) and is_loopback(there)):
        return None
    if any(_joins(facts, one, other) for facts in (entries or {}).values()):
        return None
    first, second = known_provider(one), known_provider(other)
    if first and second:
        return None if share_endpoints(first, second) else "providers"
    if first or second:
        return "hosts"
    domain = _registrable_domain(here)
    return None if domain and domain == _registrable_domain(there) else "hosts"


def _joins(facts: Mapping[str, Any], one: str, other: str) -> bool:
    endpoints = facts.get("endpoints", ())
    return is_at(one, endpoints) and is_at(other, endpoints)


def _registrable_domain(host: str) -> str:
    """What one owner has registered; empty for what has no such domain, as an IP address."""
    if host.endswith(_CUSTOMERS_BELOW):
        return host
    try:
        ipaddress.ip_address(host)
    except ValueError:
        domain: str | None = _public_suffixes().privatesuffix(host)
        return domain or ""
    return ""


@cache
def _public_suffixes() -> Any:
    """Those of customers, such as github.io, included. Read from a file: 30 ms."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()

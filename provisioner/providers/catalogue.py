"""Which provider a URL or host belongs to, with a project's own corrections."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlsplit

from provisioner.providers.all_providers import PROVIDERS
from provisioner.providers.provider import Provider


def provider_for(
    url_or_host: str, overrides: Mapping[str, Mapping[str, Any]] | None = None
) -> Provider:
    """The provider at a URL or host; one named after the host, of unknown facts, if none is known.

    `overrides` is `providers:` of provisioner.yml: a provider's name or a host -> facts.
    """
    place = _place(url_or_host)
    return (
        _best_match(place, _by_place(_corrected(overrides)), _known())
        if overrides
        else _best_match(place, _known())
    ) or Provider(name=_host(place), endpoints=(_host(place),))


def known_provider(url_or_host: str) -> Provider | None:
    """The provider at a URL or host; None if none is known without a project's help."""
    return _best_match(_place(url_or_host), _known())


def is_at(url_or_host: str, endpoints: Iterable[str]) -> bool:
    """Whether it is one of some hosts, or below one of some HOST/PATH."""
    place = _place(url_or_host)
    return any(f"{place}/".startswith(f"{_place(endpoint)}/") for endpoint in endpoints)


def is_loopback(host: str) -> bool:
    """Whether what goes there crosses no network: localhost, 127/8 or ::1.

    Not names below .localhost (RFC 6761 section 6.3): some resolvers ask the network for them.
    """
    name = host.casefold().strip("[]").rstrip(".")
    if not name[-1:].isdecimal():
        return name == "localhost"
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _corrected(overrides: Mapping[str, Mapping[str, Any]]) -> list[Provider]:
    return [_base(key)._replace(**_facts(declared)) for key, declared in overrides.items()]


def _facts(declared: Mapping[str, Any]) -> dict[str, Any]:
    """The schema has said yes to them: what is a list there is a tuple here."""
    return {k: tuple(value) if isinstance(value, list) else value for k, value in declared.items()}


def _base(key: str) -> Provider:
    named = next((known for known in PROVIDERS if known.name == key.casefold()), None)
    place = _place(key)
    return (
        named
        or _best_match(place, _known())
        or Provider(name=_host(place), endpoints=(_host(place),))
    )


def _by_place(catalogue: Iterable[Provider]) -> dict[str, Provider]:
    """Endpoint or host -> provider; the first of equals."""
    places: dict[str, Provider] = {}
    for provider in catalogue:
        for place in (*provider.endpoints, *provider.smtp_hosts):
            places.setdefault(place, provider)
    return places


@cache
def _known() -> dict[str, Provider]:
    return _by_place(PROVIDERS)


def _best_match(place: str, *catalogues: Mapping[str, Provider]) -> Provider | None:
    """The provider with the longest endpoint that the place begins with; the first of equals."""
    while place:
        for catalogue in catalogues:
            if place in catalogue:
                return catalogue[place]
        place = place.rpartition("/")[0]
    return None


@lru_cache(maxsize=1024)
def _place(url_or_host: str) -> str:
    """`https://Login.Example.com:443/TENANT/x` -> `login.example.com/tenant/x`."""
    text = url_or_host if "//" in url_or_host else "//" + url_or_host
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:  # e.g. a bracket without its twin: nobody's host
        return url_or_host.casefold()
    return host.rstrip(".") + parts.path.casefold().rstrip("/")


def _host(place: str) -> str:
    return place.split("/", 1)[0]

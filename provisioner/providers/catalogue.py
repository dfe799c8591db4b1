"""Which provider a URL or host belongs to, with a project's own corrections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from provisioner.providers.all_providers import PROVIDERS
from provisioner.providers.corrections import corrected_facts
from provisioner.providers.provider import Provider


def provider_for(
    url_or_host: str, overrides: Mapping[str, Mapping[str, Any]] | None = None
) -> Provider:
    """The provider at a URL or host; one named after the host, of unknown facts, if none is known.

    `overrides` is `providers:` of provisioner.yml: a provider's name or a host -> facts.
    """
    place = _place(url_or_host)
    catalogue = (*_corrected(overrides or {}), *PROVIDERS)
    return _best_match(place, catalogue) or Provider(name=_host(place), endpoints=(_host(place),))


def _corrected(overrides: Mapping[str, Mapping[str, Any]]) -> list[Provider]:
    return [replace(_base(key), **corrected_facts(key, facts)) for key, facts in overrides.items()]


def _base(key: str) -> Provider:
    named = next((known for known in PROVIDERS if known.name == key.casefold()), None)
    place = _place(key)
    return (
        named
        or _best_match(place, PROVIDERS)
        or Provider(name=_host(place), endpoints=(_host(place),))
    )


def _best_match(place: str, catalogue: Iterable[Provider]) -> Provider | None:
    """The provider with the longest matching endpoint; the first of equals."""
    matches = [
        (len(known), provider)
        for provider in catalogue
        for known in (*provider.endpoints, *provider.smtp_hosts)
        if place == known or place.startswith(known + "/")
    ]
    return max(matches, key=lambda match: match[0])[1] if matches else None


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

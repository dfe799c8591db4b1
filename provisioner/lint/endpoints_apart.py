"""Endpoints of one sign-in that do not belong together, and how a project joins them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.oauth_urls import AUTHORIZATION_URL, REFRESH_URL, TOKEN_URL, URLS
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.catalogue import known_provider
from provisioner.providers.endpoints import Difference, difference, host_of

# A host of any other form is the schema's to refuse.
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")


def remarks_on_pairs(
    server: Declaration,
    surroundings: Surroundings,
    why: Difference,
    remedies: dict[str, str],
) -> Iterator[Remark]:
    """What is wrong with URLs that differ in this way from another. `remedies`: by pointer."""
    for first, second in _pairs_apart(server, surroundings, why):
        if second in remedies:
            yield Remark(
                second,
                _message(server, first, second),
                f"{remedies[second]}; if the hosts do belong together, add to provisioner.yml:\n"
                + _joining_lines(server, first, second),
            )


def _pairs_apart(
    server: Declaration, surroundings: Surroundings, why: Difference
) -> list[tuple[str, str]]:
    """Pointers to two URLs each. Sign-in and refresh: only if both belong to the URL between."""
    pairs = [(AUTHORIZATION_URL, TOKEN_URL), (TOKEN_URL, REFRESH_URL)]
    found = {pair: _difference(server, surroundings, *pair) for pair in pairs}
    if not any(found.values()):
        outer = (AUTHORIZATION_URL, REFRESH_URL)
        found = {outer: _difference(server, surroundings, *outer)}
    return [pair for pair, difference in found.items() if difference == why]


def _difference(
    server: Declaration, surroundings: Surroundings, first: str, second: str
) -> Difference | None:
    one, other = server.text(first), server.text(second)
    if not (_HOST.fullmatch(host_of(one)) and _HOST.fullmatch(host_of(other))):
        return None
    return difference(one, other, surroundings.corrections)


def _message(server: Declaration, first: str, second: str) -> str:
    here, there = (known_provider(server.text(pointer)) for pointer in (second, first))
    name = first.rpartition("/")[2]
    if here and there:
        return f"this endpoint belongs to {here.label}, {name} to {there.label}"
    if there:
        return f"this endpoint is not known to belong to {there.label}, as {name} does"
    if here:
        return f"this endpoint belongs to {here.label}, {name} is not known to"
    return f"this endpoint is on another domain than {name}"


def _joining_lines(server: Declaration, first: str, second: str) -> str:
    """Below the name of a known provider, whose other facts are then kept."""
    urls = [server.text(pointer) for pointer in URLS if server.text(pointer)]
    hosts = [f'"[{host}]"' if ":" in host else host for host in dict.fromkeys(map(host_of, urls))]
    known = (known_provider(server.text(pointer)) for pointer in (second, first))
    key = next((provider.name for provider in known if provider), hosts[0])
    return f"      providers:\n        {key}:\n          endpoints: [{', '.join(hosts)}]"

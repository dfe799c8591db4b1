"""A host that looks like a known endpoint or mail server, and is another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from provisioner.config.pointer import pointer_to
from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.invisible_characters import INVISIBLE
from provisioner.lint.oauth_urls import URLS
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.catalogue import provider_for
from provisioner.providers.endpoints import host_of
from provisioner.providers.lookalikes import resembled

ID = "lookalike-endpoint"
SEVERITY = Severity.ERROR


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """The mail server and the URLs of the sign-in."""
    for pointer in ("/host", *URLS):
        yield from _remarks(pointer, server.text(pointer))


def check_settings(settings: Mapping[str, Any]) -> Iterator[Remark]:
    """Hosts and URLs below `providers:`, and the hosts that its entries are for."""
    providers = settings.get("providers")
    for key, facts in providers.items() if isinstance(providers, dict) else ():
        above = pointer_to(["providers", key])
        yield from (remark._replace(at="key") for remark in _remarks(above, key))
        for name, value in facts.items() if isinstance(facts, dict) else ():
            pointer = f"{above}{pointer_to([name])}"
            yield from _remarks(pointer, value)
            for place, one in enumerate(value) if isinstance(value, list) else ():
                yield from _remarks(f"{pointer}/{place}", one)


def _remarks(pointer: str, value: object) -> Iterator[Remark]:
    """An invisible character in it is invisible-character's."""
    if not isinstance(value, str) or not value.isprintable() or not INVISIBLE.isdisjoint(value):
        return
    known = resembled(host_of(value if "//" in value else f"//{value}"))
    if known:
        yield Remark(
            pointer,
            f"this host is not {known} of {provider_for(known).label}, but looks like it",
            f"write {known}; if this host is right, say why in a comment "
            f"(`provisioner rules {ID}` shows how)",
        )

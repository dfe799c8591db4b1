"""What rules know beyond the server they look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from provisioner.lint.declaration import Declaration

if TYPE_CHECKING:
    from provisioner.providers.provider import Provider


class Surroundings:
    """All servers of the run, and the facts of the providers."""

    def __init__(
        self,
        declarations: Iterable[Declaration],
        corrections: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        today: date | None = None,
    ) -> None:
        self.today = today or date.today()
        self._declarations = tuple(declarations)
        self._corrections = corrections or {}

    @cached_property
    def _first_of_name(self) -> dict[str, Declaration]:
        firsts: dict[str, Declaration] = {}
        for declaration in self._declarations:
            firsts.setdefault(declaration.text("/server_name").casefold(), declaration)
        return firsts

    def first_named(self, name: str) -> Declaration | None:
        """The first server of that name, whatever the case."""
        return self._first_of_name.get(name.casefold())

    def provider(self, url: str) -> Provider:
        """The provider to which a URL belongs."""
        from provisioner.providers.catalogue import provider_for

        return provider_for(url, self._corrections)

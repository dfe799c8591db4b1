"""What rules know beyond the server they look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner.config.document import Document
from provisioner.lint.schema import schema_named

if TYPE_CHECKING:
    from provisioner.providers.provider import Provider


class Surroundings:
    """The day, and the facts of the providers as one project corrects them.

    `corrections`: `providers:` of provisioner.yml.
    """

    def __init__(
        self,
        corrections: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        today: date | None = None,
    ) -> None:
        self.today = today or date.today()
        self.corrections = corrections or {}
        self._providers: dict[str, Provider] = {}

    def provider(self, url_or_host: str) -> Provider:
        """The provider to which a URL or a mail server's host belongs."""
        provider = self._providers.get(url_or_host)
        if provider is None:
            from provisioner.providers.catalogue import provider_for

            provider = self._providers[url_or_host] = provider_for(url_or_host, self.corrections)
        return provider


class ProjectSurroundings:
    """The surroundings of each project; of files without one, those with the settings given."""

    def __init__(self, settings: Iterable[Document]) -> None:
        self._known = {"": Surroundings(_provider_facts(settings))}

    def of(self, project: str) -> Surroundings:
        """What the rules know that look at a project's documents."""
        if project not in self._known:
            from provisioner.config.files import settings_documents

            self._known[project] = Surroundings(_provider_facts(settings_documents(Path(project))))
        return self._known[project]


def _provider_facts(settings: Iterable[Document]) -> Mapping[str, Mapping[str, Any]]:
    """`providers:` of the first settings, if they are clean."""
    value = next((document.value for document in settings), None)
    if not isinstance(value, dict) or not schema_named("project").accepts(value):
        return {}
    facts: Mapping[str, Mapping[str, Any]] = value.get("providers", {})
    return facts

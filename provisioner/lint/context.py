"""What rules know beyond the server they look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from provisioner.config.document import Document
from provisioner.lint.schema import schema_named
from provisioner.lint.server import EarlierServer, ServerView

if TYPE_CHECKING:
    from provisioner.providers.provider import Provider


class LintContext:
    """The day, the facts of the providers as one project corrects them, its earlier servers.

    `settings`: provisioner.yml; None if it is not clean, so that nothing in it is certain.
    """

    def __init__(
        self,
        settings: Mapping[str, Any] | None = MappingProxyType({}),
        *,
        today: date | None = None,
    ) -> None:
        self.today = today or date.today()
        self.knows_settings = settings is not None
        settings = settings or {}
        self.test_email: Mapping[str, str] = settings.get("test_email", {})
        self.corrections: Mapping[str, Mapping[str, Any]] = settings.get("providers", {})
        self._providers: dict[str, Provider] = {}
        self._earlier: dict[tuple[str, str], EarlierServer] = {}

    def provider(self, url_or_host: str) -> Provider:
        """The provider to which a URL or a mail server's host belongs."""
        provider = self._providers.get(url_or_host)
        if provider is None:
            from provisioner.providers.catalogue import provider_for

            provider = self._providers[url_or_host] = provider_for(url_or_host, self.corrections)
        return provider

    def earlier(self, kind: str, identity: str, server: ServerView) -> EarlierServer | None:
        """The project's first server of an identity; None if it is this one, or has none."""
        if not identity:
            return None
        this = server.as_earlier
        first = self._earlier.setdefault((kind, identity), this)
        return first if first is not this else None


class ProjectContexts:
    """The context of each project. `settings`: of one that was read already; they count for
    files without a project, too.
    """

    def __init__(self, settings: Iterable[Document]) -> None:
        known = list(settings)
        clean, projects = _clean(known), {"", *(d.source.project for d in known)}
        self._known = {project: LintContext(clean) for project in projects}

    def of(self, project: str) -> LintContext:
        """What the rules know that look at a project's documents."""
        if project not in self._known:
            from provisioner.config.files import settings_documents

            self._known[project] = LintContext(_clean(settings_documents(Path(project))))
        return self._known[project]


def _clean(settings: Iterable[Document]) -> Mapping[str, Any] | None:
    """The first settings, if they are clean; none at all, or an empty file, are."""
    first = next(iter(settings), None)
    if first is None or (first.value is None and not first.issues):
        return {}
    is_clean = isinstance(first.value, dict) and schema_named("project").accepts(first.value)
    return first.value if is_clean else None

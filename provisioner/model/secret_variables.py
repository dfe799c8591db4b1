"""The environment variables that a project reads secrets from."""

from __future__ import annotations

from provisioner.model.project import Project
from provisioner.secret_sources.reference import EnvironmentVariable


def secret_variables(project: Project) -> set[str]:
    """Their names, as declared."""
    references = [project.vault_password]
    for server in project.servers:
        references.append(server.password)
        references.append(server.oauth2.client_secret if server.oauth2 else None)
    return {r.name for r in references if isinstance(r, EnvironmentVariable)}

"""What plan, push and test-email open first: project, secrets, tokens, inventory, Ansible."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from provisioner.cli.vaults import Vaults
from provisioner.fleet.preparation import Preparation, Resolve, prepare
from provisioner.fleet.push import Fleet, Progress
from provisioner.model.email_server import EmailServer
from provisioner.model.project import Project
from provisioner.secret import MASK, Secret
from provisioner.secret_sources.reference import EnvironmentVariable
from provisioner.tokens.store import TokenStore

if TYPE_CHECKING:
    from provisioner.hosts.inventory import Inventory


class Prepare(Protocol):
    """What a run is about, of the servers and the inventory."""

    def __call__(
        self,
        project: Project,
        servers: Sequence[EmailServer],
        inventory: Inventory,
        store: TokenStore,
        resolve: Resolve,
        /,
    ) -> Preparation:
        """Opens no connection to a host."""


def chosen_servers(project: Project, names: Iterable[str]) -> tuple[EmailServer, ...]:
    """The named servers, or all; UsageError for an unknown name."""
    wanted = list(names)
    return tuple(project.server(name) for name in wanted) if wanted else project.servers


@contextmanager
def fleet_session(
    vaults: Vaults,
    names: Iterable[str],
    *,
    progress: Progress,
    verbosity: int,
    prepare: Prepare = prepare,
) -> Iterator[tuple[Fleet, Preparation]]:
    """Everything that a run over hosts needs, with an environment fit for Ansible around it."""
    from provisioner.fleet.environment import ansible_environment
    from provisioner.hosts.inventory import read_inventory

    project = vaults.project
    servers = chosen_servers(project, names)
    with ansible_environment(project.root, secret_names=secret_variables(project)):
        inventory = read_inventory(project.inventory_path)
    preparation = prepare(project, servers, inventory, vaults.store, vaults.resolver.resolve)
    with ansible_environment(
        project.root,
        secret_names=secret_variables(project),
        secrets=preparation.secrets(),
    ) as settings:
        yield (
            Fleet(
                project=project,
                store=vaults.store,
                settings=settings,
                fingerprint_key=vaults.fingerprint_key(preparation.entries.values()),
                progress=progress,
                output=_ansible_output(verbosity, preparation.secrets()),
                verbosity=verbosity,
            ),
            preparation,
        )


def _ansible_output(verbosity: int, secrets: Iterable[Secret]) -> Progress:
    """Where Ansible's own output goes: standard error if asked for, secrets masked even so."""
    if not verbosity:
        return lambda _text: None
    texts = sorted((s.reveal() for s in secrets if s), key=len, reverse=True)

    def show(text: str) -> None:
        for secret in texts:
            text = text.replace(secret, MASK)
        print(text, file=sys.stderr)

    return show


def with_inventory(project: Project, inventory: Path | None) -> Project:
    """The project with --inventory in place of its own."""
    return replace(project, inventory_path=inventory.resolve()) if inventory else project


def secret_variables(project: Project) -> set[str]:
    """The environment variables that this project reads secrets from."""
    references = [project.vault_password]
    for server in project.servers:
        references.append(server.password)
        references.append(server.oauth2.client_secret if server.oauth2 else None)
    return {r.name for r in references if isinstance(r, EnvironmentVariable)}

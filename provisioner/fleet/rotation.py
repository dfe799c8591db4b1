"""Whether hosts may have a refresh token (RFC 9700 section 4.14.2: rotation)."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.errors import PersonNeeded, ProvisionerError
from provisioner.hosts.entry import ServerEntry
from provisioner.model.project import Project
from provisioner.providers.catalogue import provider_for
from provisioner.providers.provider import Provider
from provisioner.text import proposed_command

_NO_PROVIDER = Provider(name="none", refresh_token_rotation="none")  # noqa: S106


class RotationForbids(ProvisionerError):
    """The provider ends a refresh token with its first use."""


def token_provider(entry: ServerEntry, project: Project) -> Provider:
    """Whose tokens these are. A server without OAuth2 has none, so nothing of its rotates."""
    if entry.server.oauth2 is None:
        return _NO_PROVIDER
    return provider_for(entry.server.oauth2.refresh_endpoint, project.providers)


def is_strict(entry: ServerEntry, project: Project) -> bool:
    """Whether a refresh token of this server is dead once it was used."""
    return token_provider(entry, project).refresh_token_rotation == "strict"  # noqa: S105


def may_be_dead(entry: ServerEntry, project: Project) -> bool:
    """Whether an older refresh token of this server may be dead, and the one kept here is not.

    A provider that does not rotate takes the old one; one that was handed over lies on its host.
    """
    tokens = entry.token_set
    rotates = token_provider(entry, project).refresh_token_rotation != "none"  # noqa: S105
    return tokens is not None and tokens.handed_over_to is None and rotates


def refuse_shared_rotation(entry: ServerEntry, hosts: Sequence[str], provider: Provider) -> None:
    """An error where a host's first refresh would end the token of another machine.

    One host may have it: the store then refreshes no more (fleet/hand_over.py).
    """
    if provider.refresh_token_rotation != "strict":  # noqa: S105
        return
    if len(hosts) > 1:
        raise _shared(entry, hosts, provider)
    owner = entry.token_set.handed_over_to if entry.token_set else None
    if owner is not None and owner not in hosts:
        raise PersonNeeded(
            f"the refresh token of {entry.name} was handed over to {owner}, and {provider.label} "
            "takes each one once: no other host can have it",
            remedy=f"sign in anew for {hosts[0]}: {proposed_command('authenticate', entry.name)}",
        )


def _shared(entry: ServerEntry, hosts: Sequence[str], provider: Provider) -> RotationForbids:
    setting = f"providers: {{{provider.name}: {{refresh_token_rotation: old_stays_valid}}}}"
    return RotationForbids(
        f"{entry.name} goes to {len(hosts)} hosts, and {provider.label} ends a refresh token with "
        "its first use: once MAPS has refreshed on one, the others are locked out",
        remedy="declare a server for each host, with a server_name and hosts: of its own, and sign "
        "in to each; or press Authenticate in the MAPS dialog of each host; or, if the provider "
        f"can keep old refresh tokens valid, switch that on and say so: {setting}",
    )


def rotation_warning(entry: ServerEntry, hosts: Sequence[str], provider: Provider) -> str | None:
    """What to find out before several hosts share a token of a provider that we do not know."""
    if provider.refresh_token_rotation != "unknown" or len(hosts) < 2:  # noqa: S105
        return None
    return (
        f"{entry.name}: {len(hosts)} hosts share one refresh token, and it is not known whether "
        f"{provider.label} ends it with its first use. Ask there, then say so in provisioner.yml: "
        f"providers: {{{provider.name}: {{refresh_token_rotation: none}}}} "
        "(or old_stays_valid, or strict)"
    )

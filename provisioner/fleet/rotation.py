"""Whether several hosts may share one refresh token (RFC 9700 section 4.14.2: rotation)."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.errors import ProvisionerError
from provisioner.hosts.entry import ServerEntry
from provisioner.providers.provider import Provider


class RotationForbids(ProvisionerError):
    """The provider ends a refresh token with its first use."""


def refuse_strict_rotation(entry: ServerEntry, provider: Provider) -> None:
    """RotationForbids where a host's first refresh would end the store's and others' token."""
    if provider.refresh_token_rotation == "strict":  # noqa: S105
        raise RotationForbids(
            f"{provider.label} ends a refresh token with its first use: once MAPS has refreshed, "
            f"the tokens of {entry.name!r} here, and on every other host, are dead",
            remedy="press Authenticate in the MAPS dialog of that host instead; if "
            "the provider can keep old refresh tokens valid, switch that on and say so: "
            f"providers: {{{provider.name}: {{refresh_token_rotation: old_stays_valid}}}}",
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

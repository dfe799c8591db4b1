"""The tenant in the path of a Microsoft URL."""

from __future__ import annotations

from functools import lru_cache

from provisioner.lint.oauth_urls import taken_apart
from provisioner.providers.credential_forms import is_guid
from provisioner.providers.provider import Provider


@lru_cache(maxsize=1024)
def tenant_of(url: str) -> str:
    """`https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/token` -> `contoso.edu`."""
    first = taken_apart(url).path.lstrip("/").partition("/")[0]
    return first.casefold()


def differ_surely(one: str, other: str, provider: Provider) -> bool:
    """Whether two tenants are not one: a domain may be a name of any directory."""
    shared = provider.shared_tenants
    one, other = (_same_name(tenant, provider) for tenant in (one, other))
    if one == other or not (one and other):
        return False
    return one in shared or other in shared or (is_guid(one) and is_guid(other))


def _same_name(tenant: str, provider: Provider) -> str:
    """`consumers` has an ID, too: of names for the same accounts, the first."""
    whose = provider.shared_tenants.get(tenant)
    names = (name for name, accounts in provider.shared_tenants.items() if accounts == whose)
    return tenant if whose is None else next(names)

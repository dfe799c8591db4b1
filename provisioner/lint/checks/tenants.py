"""The tenant in the path of Microsoft's URLs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioner.config.issue import Issue
from provisioner.lint.checks.oauth_urls import (
    AUTHORIZATION_URL,
    REFRESH_URL,
    TOKEN_URL,
    URLS,
    provider_of,
)
from provisioner.lint.checks.text import placeholder_in
from provisioner.lint.context import LintContext
from provisioner.lint.rule import ERROR, WARNING, rule
from provisioner.lint.server import ServerView
from provisioner.providers.catalogue import known_provider
from provisioner.providers.credential_forms import is_guid, may_be_shown
from provisioner.providers.endpoints import tenant_of
from provisioner.providers.provider import Provider

_DOMAIN = re.compile(r"(?:[a-z0-9_-]+\.)+[a-z0-9-]+")
# How the paths of the endpoints go on behind the tenant.
_BELOW_A_TENANT = frozenset({"oauth2", "v2.0", "authorize", "token"})


@rule("tenant-form", ERROR, can_be_ignored=False)
def tenant_form(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """Placeholders are another rule's; hosts that a project joins to a provider have own paths."""
    for pointer, url in server.texts(URLS):
        tenant = tenant_of(url)
        if not tenant or is_guid(tenant) or _is_domain(tenant):
            continue
        shared = context.provider(url).shared_tenants if known_provider(url) else {}
        if shared and tenant not in shared and placeholder_in(pointer, url) is None:
            yield Issue(pointer, *_what_is_wrong_with(tenant))


def _is_domain(tenant: str) -> bool:
    return tenant not in _BELOW_A_TENANT and _DOMAIN.fullmatch(tenant) is not None


def _what_is_wrong_with(tenant: str) -> tuple[str, str]:
    if tenant in _BELOW_A_TENANT:
        return (
            "the tenant is missing: it belongs right after the host",
            "write the ID of your directory, or a domain such as contoso.onmicrosoft.com, there",
        )
    if is_guid(tenant.strip("{}()[]")):
        return "the ID of the directory is in brackets", "write it without"
    what = f"{tenant} is not a tenant" if may_be_shown(tenant) else "this is not a tenant"
    return (
        f"{what}: a tenant is a directory's ID, which is a GUID, or one of its domains",
        "write the ID of your directory, or a domain such as contoso.onmicrosoft.com",
    )


_PAIRS = ((AUTHORIZATION_URL, TOKEN_URL), (TOKEN_URL, REFRESH_URL))


@rule("tenants-differ", ERROR)
def tenants_differ(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """A code of one tenant is refused by the other.

    A domain and an ID, or two domains, may be names of one directory.
    """
    tenants = {pointer: tenant_of(server.text(pointer)) for pointer in URLS}
    if len(set(filter(None, tenants.values()))) < 2:
        return
    provider = provider_of(server, context)
    if provider is None or not provider.shared_tenants:
        return
    for first, second in _PAIRS:
        if _differ_surely(tenants[first], tenants[second], provider):
            is_first = tenants[first] in provider.shared_tenants
            wrong, other = (first, second) if is_first else (second, first)
            yield Issue(
                wrong,
                f"this endpoint belongs to another tenant than {other.rpartition('/')[2]}",
                "use one tenant in all URLs: the ID of your directory",
            )


def _differ_surely(one: str, other: str, provider: Provider) -> bool:
    """Whether two tenants are not one: a domain may be a name of any directory."""
    if one == other or not (one and other):
        return False
    shared = provider.shared_tenants
    one, other = (_same_name(tenant, provider) for tenant in (one, other))
    if one == other:
        return False
    return one in shared or other in shared or (is_guid(one) and is_guid(other))


def _same_name(tenant: str, provider: Provider) -> str:
    """`consumers` has an ID, too: of names for the same accounts, the first."""
    whose = provider.shared_tenants.get(tenant)
    names = (name for name, accounts in provider.shared_tenants.items() if accounts == whose)
    return tenant if whose is None else next(names)


_OWN = "write the ID of your directory in all URLs"


@rule("wrong-tenant", WARNING)
def wrong_tenant(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """A tenant at which the account most likely cannot sign in.

    Told by the account's domain; without one, by the mail server.
    """
    provider = provider_of(server, context)
    if provider is None or not provider.shared_tenants:
        return
    tenant = tenant_of(server.text(AUTHORIZATION_URL))
    if _differ_surely(tenant, tenant_of(server.text(TOKEN_URL)), provider):
        return  # which is the right one is asked by another rule
    accounts = provider.shared_tenants.get(tenant, "one organization")
    found = _problem(tenant, accounts, _owner(server, context, provider))
    if found is not None:
        yield Issue(AUTHORIZATION_URL, *found)


def _problem(tenant: str, accounts: str, owner: str) -> tuple[str, str] | None:
    if owner == "personal" and accounts in ("work", "one organization"):
        return "personal Microsoft accounts cannot sign in here", "write consumers as the tenant"
    if owner == "work" and accounts == "personal":
        return f"{tenant} is for personal Microsoft accounts, and this is most likely not one", _OWN
    if owner == "work" and accounts in ("any", "work"):
        return (
            f"{tenant} serves only apps that are registered for accounts of several organizations",
            f"{_OWN}; if your app is one, ignore this rule in a comment "
            "(`provisioner rules wrong-tenant` shows it)",
        )
    return None


def _owner(server: ServerView, context: LintContext, provider: Provider) -> str:
    """`work`, `personal`, or `unknown`: outlook.fr and its like may be either."""
    account = server.text("/oauth2/login_hint") or server.text("/user_name")
    domain = account.rpartition("@")[2].casefold() if "@" in account else ""
    if domain in provider.personal_mailboxes:
        return "personal"
    at_host = context.provider(server.text("/host")).accounts
    if not domain:
        return at_host
    brands = {known.partition(".")[0] for known in provider.personal_mailboxes}
    is_unclear = at_host == "personal" or domain.partition(".")[0] in brands
    return "unknown" if is_unclear else "work"

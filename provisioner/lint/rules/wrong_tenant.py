"""A tenant at which the mailbox's account most likely cannot sign in."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.oauth_urls import AUTHORIZATION_URL, TOKEN_URL, provider_of
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.lint.tenants import differ_surely, tenant_of
from provisioner.providers.provider import Provider

ID = "wrong-tenant"
SEVERITY = Severity.WARNING

_OWN = "write the ID of your directory in all URLs"


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """Told by the account's domain; without one, by the mail server."""
    provider = provider_of(server, surroundings)
    if provider is None or not provider.shared_tenants:
        return
    tenant = tenant_of(server.text(AUTHORIZATION_URL))
    if differ_surely(tenant, tenant_of(server.text(TOKEN_URL)), provider):
        return  # which is the right one is asked by another rule
    accounts = provider.shared_tenants.get(tenant, "one organization")
    found = _problem(tenant, accounts, _owner(server, surroundings, provider))
    if found is not None:
        yield Remark(AUTHORIZATION_URL, *found)


def _problem(tenant: str, accounts: str, owner: str) -> tuple[str, str] | None:
    if owner == "personal" and accounts in ("work", "one organization"):
        return "personal Microsoft accounts cannot sign in here", "write consumers as the tenant"
    if owner == "work" and accounts == "personal":
        return f"{tenant} is for personal Microsoft accounts, and this is most likely none", _OWN
    if owner == "work" and accounts in ("any", "work"):
        return (
            f"{tenant} serves only apps that are registered for accounts of several organizations",
            f"{_OWN}; if your app is one, say so in a comment (`provisioner rules {ID}` shows it)",
        )
    return None


def _owner(server: Declaration, surroundings: Surroundings, provider: Provider) -> str:
    """`work`, `personal`, or `unknown`: outlook.fr and its like may be either."""
    domain = server.fact(_domain)
    if domain in provider.personal_mailboxes:
        return "personal"
    at_host = surroundings.provider(server.text("/host")).accounts
    if not domain:
        return at_host
    brands = {known.partition(".")[0] for known in provider.personal_mailboxes}
    is_unclear = at_host == "personal" or domain.partition(".")[0] in brands
    return "unknown" if is_unclear else "work"


def _domain(server: Declaration) -> str:
    account = server.text("/oauth2/login_hint") or server.text("/user_name")
    return account.rpartition("@")[2].casefold() if "@" in account else ""

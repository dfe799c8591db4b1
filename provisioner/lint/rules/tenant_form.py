"""What stands where a tenant does, and can be none."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.oauth_urls import URLS
from provisioner.lint.placeholders import placeholder_in
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.lint.tenants import tenant_of
from provisioner.providers.catalogue import known_provider
from provisioner.providers.credential_forms import is_guid, may_be_shown

ID = "tenant-form"
SEVERITY = Severity.ERROR


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """Placeholders are another rule's; hosts that a project joins to a provider have own paths."""
    for pointer in URLS:
        url = server.text(pointer)
        shared = surroundings.provider(url).shared_tenants if known_provider(url) else {}
        tenant = tenant_of(url)
        if not shared or not tenant or placeholder_in(pointer, url):
            continue
        if tenant not in shared and not is_guid(tenant) and "." not in tenant:
            what = f"{tenant} is no tenant" if may_be_shown(tenant) else "this is no tenant"
            yield Remark(
                pointer,
                f"{what}: a tenant is a directory's ID, which is a GUID, or one of its domains",
                "write the ID of your directory, or a domain such as contoso.onmicrosoft.com",
            )

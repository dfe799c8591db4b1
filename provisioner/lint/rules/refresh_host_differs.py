"""A refresh token URL on another host than the access token URL."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.loopback import is_loopback
from provisioner.lint.oauth_urls import REFRESH_URL, TOKEN_URL, are_apart, host_of
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "refresh-host-differs"
SEVERITY = Severity.ERROR


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """Hosts of one provider are fine; what lies at two known providers is said elsewhere."""
    refresh, token = host_of(server.text(REFRESH_URL)), host_of(server.text(TOKEN_URL))
    if not refresh or not token or refresh == token:
        return
    if is_loopback(refresh) and is_loopback(token):
        return
    one, other = surroundings.provider(refresh), surroundings.provider(token)
    if one.name != other.name and not are_apart(one, other):
        yield Remark(
            REFRESH_URL,
            "this is another host than that of access_token_url, which gave the refresh token",
            "remove refresh_token_url: access_token_url serves; or write its host here",
        )

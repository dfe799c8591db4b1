"""One server's sign-in, on its way out."""

from __future__ import annotations

from provisioner.cli.chosen_servers import oauth2_servers
from provisioner.cli.vaults import Vaults
from provisioner.errors import PersonNeeded
from provisioner.model.email_server import EmailServer
from provisioner.oauth.revoking import revocation_endpoint, revoke_grant
from provisioner.providers.catalogue import provider_for
from provisioner.providers.provider import Provider
from provisioner.text import proposed_command
from provisioner.tokens.destinations import check_destinations
from provisioner.tokens.token_set import TokenSet


class Revocation:
    """What `revoke` does about one server. UsageError if there is none of this name."""

    def __init__(self, name: str, vaults: Vaults, *, local: bool) -> None:
        self.vaults = vaults
        self.local = local
        self.server = self._declared(name)
        self.name = self.server.server_name if self.server else name

    @property
    def has_tokens(self) -> bool:
        """Whether there is anything to ask about."""
        return self.vaults.store.exists(self.name)

    def carry_out(self) -> None:
        """Revoke and delete, under the lock."""
        store = self.vaults.store
        if not self.has_tokens:
            print(f"{self.name}: {_NOTHING}")
            return
        with store.locked(self.name) as entry:
            tokens = None if self.local else entry.load()
            if tokens is None and not self.local:  # another run was faster
                print(f"{self.name}: {_NOTHING}")
                return
            lines = self._ended(tokens) if tokens else [_STILL_GOOD]
            entry.delete()
        print(f"{self.name}: the tokens are deleted here", *lines, sep="\n  ", flush=True)

    def _declared(self, name: str) -> EmailServer | None:
        """What is no longer declared can be forgotten all the same, by its exact name."""
        if self.local and self.vaults.store.exists(name):
            return None
        [server] = oauth2_servers(self.vaults.project, [name])
        return server

    def _ended(self, tokens: TokenSet) -> list[str]:
        """What was done at the provider, in words. Whatever fails leaves the tokens alone."""
        assert self.server is not None  # noqa: S101  only --local does without
        provider = self._provider(tokens)
        endpoint = revocation_endpoint(tokens, provider)
        if endpoint is None:
            return [_by_hand(provider), _STILL_GOOD]
        secret = self.vaults.client_secret(self.server)
        remark = revoke_grant(endpoint, tokens, secret, ca_file=self.vaults.project.ca_file)
        return [f"the sign-in has ended at {endpoint.host}", *([remark] if remark else ()), _DEAD]

    def _provider(self, tokens: TokenSet) -> Provider:
        """Who issued the tokens. PersonNeeded if the declaration has gone elsewhere since."""
        assert self.server is not None  # noqa: S101  only --local does without
        try:
            check_destinations(tokens, self.server)
        except PersonNeeded as changed:
            raise PersonNeeded(
                changed.message,
                remedy="put the declaration back to revoke, or only forget the tokens: "
                f"{proposed_command('revoke', self.name, '--local')}",
            ) from None
        return provider_for(tokens.token_endpoint, self.vaults.project.providers)


_NOTHING = "nobody is signed in here; there is nothing to revoke"
_STILL_GOOD = (
    "MAPS hosts that received them, and whoever else has a copy, can go on using them until the "
    "sign-in is ended at the provider"
)
_DEAD = (
    "MAPS hosts still hold their copy, which is worth nothing now: their mail stops, at the "
    "latest when the access token expires; sign in again and push"
)


def _by_hand(provider: Provider) -> str:
    page = provider.consent_page_url
    where = f"at {page}" if page else "on the account page of the mailbox"
    return (
        f"{provider.label} has no revocation endpoint that is known: take the app's consent back "
        f"{where}, or have an administrator revoke the account's sign-in sessions"
    )

"""One server's sign-in, on its way out."""

from __future__ import annotations

from provisioner.cli.chosen_servers import oauth2_servers
from provisioner.cli.output import print_text
from provisioner.credentials.project_secrets import OpenProject
from provisioner.credentials.store import TokenSet
from provisioner.errors import PersonNeeded, UsageError
from provisioner.model.email_server import EmailServer
from provisioner.oauth.revoking import RevocationEndpoint, revocation_endpoint, revoke_grant
from provisioner.providers.provider import Provider
from provisioner.secret import Secret
from provisioner.text import proposed_command


class Revocation:
    """What `revoke` does about one server. UsageError if there is none of this name."""

    def __init__(self, name: str, opened: OpenProject, *, local: bool) -> None:
        self.opened = opened
        self.local = local
        self.server = self._declared(name)
        self.name = self.server.server_name if self.server else name

    @property
    def has_tokens(self) -> bool:
        """Whether there is anything to ask about."""
        return self.opened.store.exists(self.name)

    def carry_out(self) -> None:
        """Revoke, then delete, under the lock. Whatever fails leaves the tokens alone."""
        if not self.has_tokens:
            print_text(f"{self.name}: {_NOTHING}")
            return
        endpoint = None if self.local else self._endpoint()
        # Before the lock is held: what is accepted on the way is written under it.
        secret = None if self.local else self._secret(endpoint)
        with self.opened.store.locked(self.name) as entry:
            found = None if self.local else entry.read()
            tokens = found.tokens if found else None
            if tokens is None and not self.local:  # another run was faster
                print_text(f"{self.name}: {_NOTHING}")
                return
            lines = [_STILL_GOOD]
            if tokens and endpoint and secret:
                lines = self._revoked(endpoint, tokens, secret)
            elif not self.local:
                lines = [_by_hand(self._provider()), _STILL_GOOD]
            entry.delete()
        print_text("\n  ".join([f"{self.name}: the tokens are deleted here", *lines]))

    def _declared(self, name: str) -> EmailServer | None:
        """What is no longer declared can be forgotten, by its exact name."""
        known = {server.server_name.casefold() for server in self.opened.project.servers}
        if self.opened.store.exists(name) and name.casefold() not in known and not self.local:
            raise UsageError(
                f"{name} has tokens here, but no file declares it any more",
                remedy="restore its server file to revoke them, or only delete them: "
                f"{proposed_command('revoke', name, '--local')}",
            )
        if self.local and self.opened.store.exists(name):
            return None
        [server] = oauth2_servers(self.opened.project, [name])
        return server

    def _revoked(self, endpoint: RevocationEndpoint, tokens: TokenSet, secret: Secret) -> list[str]:
        """What was done at the provider, in words."""
        assert self.server is not None  # noqa: S101  only --local does without
        ca_file = self.opened.project.ca_file
        remark = revoke_grant(endpoint, self.server, tokens, secret, ca_file=ca_file)
        return [f"the sign-in has ended at {endpoint.host}", *([remark] if remark else ()), _DEAD]

    def _endpoint(self) -> RevocationEndpoint | None:
        assert self.server is not None and self.server.oauth2  # noqa: S101, PT018
        return revocation_endpoint(self.server.oauth2.access_token_url, self._provider())

    def _secret(self, endpoint: RevocationEndpoint | None) -> Secret | None:
        """PersonNeeded if the declaration has gone elsewhere since the sign-in.

        Also where it names no endpoint: else a changed line would have the tokens deleted here, and
        the grant live on.
        """
        assert self.server is not None  # noqa: S101  only --local does without
        secrets = self.opened.secrets
        try:
            if endpoint is not None:
                return secrets.client_secret(self.server)
            if self.name not in secrets.accepted:
                secrets.tokens(self.server)
            return None
        except PersonNeeded as changed:
            raise PersonNeeded(
                changed.message,
                remedy=f"{changed.remedy}\nor only delete the tokens: "
                f"{proposed_command('revoke', self.name, '--local')}",
            ) from None

    def _provider(self) -> Provider:
        assert self.server is not None  # noqa: S101  only --local does without
        return self.opened.secrets.provider(self.server)


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

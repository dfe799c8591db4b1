"""Access tokens that live long enough: refreshed under the server's lock, saved before use."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import replace as with_fields
from pathlib import Path

from msgspec.structs import replace

from provisioner.credentials.expiry import proof_of, refresh_is_due
from provisioner.credentials.project_secrets import ProjectSecrets
from provisioner.credentials.proofs import Refused, note_refresh, read_proofs
from provisioner.credentials.store import Credentials, LockedCredentials, TokenSet
from provisioner.errors import FileUnusable, PersonNeeded, ProvisionerError, RefreshFailed
from provisioner.model.email_server import EmailServer
from provisioner.oauth.token_endpoint import (
    SECONDS_UNDER_LOCK,
    TokenEndpoint,
    TokenErrorResponse,
    TokenRequestError,
)
from provisioner.secret import Secret
from provisioner.text import proposed_command

# An access token is not delivered with less than this to live: MAPS is to import it calmly.
FRESH_SECONDS = 600


class RefreshRefused(PersonNeeded):
    """The provider refused: somebody must sign in, renew the client secret or mend the file."""


def fresh_tokens(
    secrets: ProjectSecrets,
    server: EmailServer,
    margin_seconds: float,
    now: float,
    *,
    save: bool = False,
    announce: Callable[[str], None] = lambda _line: None,
) -> TokenSet:
    """The server's tokens, good for at least `margin_seconds` if the provider grants that long.

    They are saved if `save`, or if the stored ones would be worth less now: else a command that
    only looks would change a file that git knows. The client secret is read only if one is due.
    `announce` gets a line where the provider has to be waited for.

    RefreshRefused: noted, so that `status` knows, until a refresh succeeds: the next one is tried
    whether or not it is due. PersonNeeded: nobody has signed in, or a destination changed.
    RefreshFailed: it did not work this time; the stored tokens are untouched. LockHeld.
    """
    stored, root = secrets.stored_tokens(server), secrets.project.root
    was_refused = proof_of(stored, read_proofs(root).get(server.server_name)).refresh is not None
    if was_refused:
        margin_seconds = math.inf
    if not stored.expires_within(margin_seconds, now=now):
        return secrets.tokens(server)
    secret = secrets.client_secret(server)
    try:
        with secrets.store.locked(server.server_name) as entry:
            endpoint = _endpoint(server, secret, secrets.project.ca_file, announce)
            renewed = _Refresh(
                secrets, server, endpoint, entry, margin_seconds, now, save
            ).renewed()
    except RefreshRefused as refused:
        said = Refused(said=refused.message, remedy=refused.remedy, at=int(now))
        with suppress(ProvisionerError):  # that it was refused is graver than that nobody knows
            note_refresh(root, server.server_name, stored.grant_id, said)
        raise
    if was_refused:
        with suppress(ProvisionerError):
            note_refresh(root, server.server_name, stored.grant_id, None)
    return renewed


def _endpoint(
    server: EmailServer, secret: Secret, ca_file: Path | None, announce: Callable[[str], None]
) -> TokenEndpoint:
    settings = server.oauth2
    assert settings is not None  # noqa: S101  there are tokens
    return TokenEndpoint(
        url=settings.refresh_endpoint,
        field="refresh_token_url" if settings.refresh_token_url else "access_token_url",
        client_id=settings.client_id,
        client_secret=secret,
        ca_file=ca_file,
        announce=announce,
        deadline=time.monotonic() + SECONDS_UNDER_LOCK,
    )


@dataclass(frozen=True, slots=True)
class _Refresh:
    """One refresh, with the lock held and the room for its result reserved."""

    secrets: ProjectSecrets
    server: EmailServer
    endpoint: TokenEndpoint
    entry: LockedCredentials
    margin_seconds: float
    now: float
    save: bool

    def renewed(self) -> TokenSet:
        """Refresh. A refusal is believed only if the store still holds what was refused."""
        stored = self.secrets.stored_tokens(self.server)  # another run may have been faster
        is_second = False
        while stored.expires_within(self.margin_seconds, now=self.now):
            try:
                return self._refreshed(stored)
            except TokenErrorResponse as refused:
                there = self.entry.read()
                now_stored = there.tokens if there else None
                believed = not refused.refusal.needs_person or now_stored in (None, stored)
                if is_second or believed:
                    raise _in_words(refused, self.server) from None
            # Something without our lock, such as a git pull, brought other tokens in.
            stored, is_second = self.secrets.tokens(self.server), True
        return stored

    def _refreshed(self, stored: TokenSet) -> TokenSet:
        server = self.server
        if stored.handed_over_to is not None:
            raise RefreshFailed(
                f"the refresh token of {server.server_name} was handed over to "
                f"{stored.handed_over_to}, and this provider accepts each one once: a refresh here "
                "would lock that host out",
                remedy="sign in again for a token of this machine: "
                f"{proposed_command('authenticate', server.server_name)}",
            )
        before = self.entry.read()
        scope = server.oauth2.scope_for_token if server.oauth2 else None
        endpoint = with_fields(self.endpoint, auth_method=stored.token_endpoint_auth_method)
        try:
            answer = endpoint.refresh(stored.refresh_token, scope=scope)
        except TokenRequestError as error:
            where = server.where(f"oauth2.{endpoint.field}")
            raise RefreshFailed(f"{where}: {error.message}", remedy=error.remedy) from None
        renewed = replace(
            stored,
            access_token=answer.access_token,
            refresh_token=answer.refresh_token or stored.refresh_token,
            expires_at=answer.expires_at(self.now),
            scope=answer.scope or stored.scope,
            token_endpoint_auth_method=answer.auth_method,
            refreshed_at=int(self.now),
            refresh_token_expires_at=(
                answer.refresh_token_expires_at(self.now) or stored.refresh_token_expires_at
            ),
        )
        self._keep(before, stored, renewed)
        return renewed

    def _keep(self, before: Credentials | None, stored: TokenSet, renewed: TokenSet) -> None:
        """On disk before anybody uses it, if the token was rotated: it exists nowhere else.

        So it is even if git, say, took the file away or broke it while the provider was asked.
        """
        provider = self.secrets.provider(self.server)
        rotated = renewed.refresh_token != stored.refresh_token
        outdated = rotated and provider.refresh_token_rotation != "old_stays_valid"  # noqa: S105
        found = before
        with suppress(FileUnusable):
            found = self.entry.read() or before
        if found and (self.save or outdated or refresh_is_due(stored, provider, now=self.now)):
            self.entry.save(replace(found, tokens=renewed))
        elif found and found.tokens:
            self.secrets.keep_in_memory(renewed, stored=found.tokens)


def _in_words(refused: TokenErrorResponse, server: EmailServer) -> RefreshRefused:
    refusal = refused.refusal
    where = server.where(refusal.advice.field)
    remedy = refusal.remedy(server)
    return RefreshRefused(f"{where}: {refusal.message()}", remedy=remedy)

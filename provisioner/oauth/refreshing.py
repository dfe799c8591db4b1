"""Access tokens that live long enough: refreshed under the server's lock, saved before use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from provisioner.errors import PersonNeeded, RefreshFailed
from provisioner.model.email_server import EmailServer
from provisioner.oauth.token_answer import TokenAnswer
from provisioner.oauth.token_endpoint import TokenEndpoint
from provisioner.oauth.token_faults import NoTokenAnswer, TokenRefused
from provisioner.secret import Secret
from provisioner.text import proposed_command
from provisioner.tokens.store import LockedTokens, TokenStore
from provisioner.tokens.token_set import TokenSet
from provisioner.tokens.usable_tokens import require_tokens, usable


def fresh_tokens(
    store: TokenStore,
    server: EmailServer,
    client_secret: Secret,
    margin_seconds: float,
    now: float,
    *,
    ca_file: Path | None = None,
) -> TokenSet:
    """The server's tokens, good for at least `margin_seconds` if the provider grants that long.

    PersonNeeded: nobody has signed in, the grant has ended, a destination changed.
    RefreshFailed: it did not work this time; the stored tokens are untouched. LockHeld.
    """
    due = _Due(margin_seconds, now)
    stored = require_tokens(server, store)
    if not due.is_met_by(stored):
        return stored
    with store.locked(server.server_name) as entry:
        stored = usable(entry.load(), server)  # another run may have been faster
        if not due.is_met_by(stored):
            return stored
        return _renewed(entry, stored, _Client(server, client_secret, ca_file), due)


@dataclass(frozen=True, slots=True)
class _Due:
    margin_seconds: float
    now: float

    def is_met_by(self, token_set: TokenSet) -> bool:
        return token_set.expires_within(self.margin_seconds, now=self.now)


@dataclass(frozen=True, slots=True)
class _Client:
    server: EmailServer
    secret: Secret
    ca_file: Path | None

    @property
    def field(self) -> str:
        """The field that names the refresh endpoint."""
        declared = self.server.oauth2 and self.server.oauth2.refresh_token_url
        return "refresh_token_url" if declared else "access_token_url"

    def refresh(self, stored: TokenSet) -> TokenAnswer:
        settings = self.server.oauth2
        assert settings is not None  # noqa: S101  check_destinations has seen to it
        endpoint = TokenEndpoint(
            url=settings.refresh_endpoint,
            field=self.field,
            client_id=settings.client_id,
            client_secret=self.secret,
            auth_method=stored.token_endpoint_auth_method,
            ca_file=self.ca_file,
        )
        return endpoint.refresh(stored.refresh_token, scope=settings.scope_for_token)


def _renewed(entry: LockedTokens, stored: TokenSet, client: _Client, due: _Due) -> TokenSet:
    """Refresh and save. A refusal is believed only if the store still holds what was refused."""
    try:
        return _refreshed(entry, stored, client, due)
    except TokenRefused as refused:
        now_stored = entry.load()
        if not refused.refusal.needs_person or now_stored in (None, stored):
            raise _in_words(refused, client.server) from None
        # Something without our lock, such as a git pull, brought other tokens in.
        stored = usable(now_stored, client.server)
    if not due.is_met_by(stored):
        return stored
    try:
        return _refreshed(entry, stored, client, due)
    except TokenRefused as refused:
        raise _in_words(refused, client.server) from None


def _refreshed(entry: LockedTokens, stored: TokenSet, client: _Client, due: _Due) -> TokenSet:
    name = stored.server_name
    if stored.handed_over_to is not None:
        raise RefreshFailed(
            f"the refresh token of {name} was handed over to {stored.handed_over_to}, and this "
            "provider takes each one once: a refresh here would lock that host out",
            remedy="sign in anew for a token of this machine: "
            f"{proposed_command('authenticate', name)}",
        )
    try:
        answer = client.refresh(stored)
    except NoTokenAnswer as error:
        where = client.server.where(f"oauth2.{client.field}")
        raise RefreshFailed(f"{where}: {error.message}", remedy=error.remedy) from None
    renewed = replace(
        stored,
        access_token=answer.access_token,
        refresh_token=answer.refresh_token or stored.refresh_token,
        expires_at=answer.expires_at(due.now),
        scope=answer.scope or stored.scope,
        token_endpoint_auth_method=answer.auth_method,
        refreshed_at=int(due.now),
        refresh_token_expires_at=(
            answer.refresh_token_expires_at(due.now) or stored.refresh_token_expires_at
        ),
    )
    entry.save(renewed)  # on disk before anybody uses it: a rotated token exists nowhere else
    return renewed


def _in_words(refused: TokenRefused, server: EmailServer) -> PersonNeeded | RefreshFailed:
    refusal = refused.refusal
    kind = PersonNeeded if refusal.needs_person else RefreshFailed
    where = server.where(refusal.advice.field)
    return kind(f"{where}: {refusal.message()}", remedy=refusal.remedy())

"""What every kind of sign-in ends with: tokens for the answer, gates, proof, save."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from provisioner.credentials.project_secrets import ProjectSecrets
from provisioner.credentials.store import TokenSet
from provisioner.errors import SignInFailed
from provisioner.model.email_server import EmailServer, OAuth2Settings
from provisioner.oauth.failures import Refusal
from provisioner.oauth.gates import (
    Proof,
    ProofResult,
    Prove,
    check_identity,
    mailbox_field,
    other_account,
)
from provisioner.oauth.granted import granted_refresh_token, granted_scope
from provisioner.oauth.identity import Identity, identity_from
from provisioner.oauth.issuer import check_token_issuer
from provisioner.oauth.token_answer import TokenAnswer
from provisioner.oauth.token_endpoint import TokenEndpoint
from provisioner.oauth.token_faults import NoTokenAnswer, TokenRefused
from provisioner.providers.provider import Provider
from provisioner.secret import Secret

Ask = Callable[[TokenEndpoint], TokenAnswer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What a sign-in needs, however it runs. `prove` None leaves the SMTP check out.

    `announce` gets lines for the person who waits; none of them holds a secret.
    """

    server: EmailServer
    settings: OAuth2Settings
    provider: Provider
    client_secret: Secret
    secrets: ProjectSecrets
    prove: Prove | None
    announce: Callable[[str], None]
    ca_file: Path | None = None
    now: Callable[[], float] = field(default=time.time)

    def accepted(self, ask: Ask, *, issuer: str | None = None) -> TokenSet:
        """Get the tokens by `ask`, pass every gate, save. `issuer`: who answered, if it says so.

        All of it, or SignInFailed and the old tokens as they were.
        """
        return self.accept(self.response(ask), issuer=issuer)

    def accept(self, response: TokenAnswer, *, issuer: str | None = None) -> TokenSet:
        """Check what was granted, prove it, save it."""
        return self._saved(self._proven(self._token_set(response, issuer)))

    def response(self, ask: Ask) -> TokenAnswer:
        """What the token endpoint grants; SignInFailed in words."""
        endpoint = TokenEndpoint(
            url=self.settings.access_token_url,
            field="access_token_url",
            client_id=self.settings.client_id,
            client_secret=self.client_secret,
            auth_method=self.provider.first_auth_method,
            ca_file=self.ca_file,
        )
        try:
            return ask(endpoint)
        except TokenRefused as error:
            raise self.refused(error.refusal) from None
        except NoTokenAnswer as error:
            field = "oauth2.access_token_url"
            raise SignInFailed(self._named(error.message, field), remedy=error.remedy) from None

    def refused(self, refusal: Refusal) -> SignInFailed:
        """The provider's refusal in words."""
        message = self._named(refusal.message(), refusal.advice.field)
        return SignInFailed(message, remedy=refusal.remedy())

    def _token_set(self, answer: TokenAnswer, issuer: str | None) -> TokenSet:
        declared = (self.provider, self.server, self.settings)
        refresh_token = granted_refresh_token(answer, *declared)
        scope = granted_scope(answer, *declared)
        identity = self._identity(answer, issuer)
        now = int(self.now())
        return TokenSet(
            grant_id=str(uuid.uuid4()),
            access_token=answer.access_token,
            refresh_token=refresh_token,
            expires_at=answer.expires_at(now),
            scope=scope,
            identity=identity.name,
            issuer=identity.issuer or issuer,
            token_endpoint_auth_method=answer.auth_method,
            obtained_at=now,
            refreshed_at=now,
            refresh_token_expires_at=answer.refresh_token_expires_at(now),
        )

    def _identity(self, answer: TokenAnswer, issuer: str | None) -> Identity:
        declared = (self.provider, self.server, self.settings)
        identity = identity_from(answer.id_token, *declared, now=self.now())
        check_token_issuer(identity, issuer, *declared)
        check_identity(identity, *declared)
        return identity

    def _proven(self, token_set: TokenSet) -> TokenSet:
        """The last gate: the mail server. Only its plain refusal fails."""
        if self.prove is None:
            return replace(token_set, unproven="the SMTP check was left out")
        result = self.prove(token_set)
        if result.proof is Proof.REFUSED:
            message = self._named(result.detail, result.field or mailbox_field(self.server))
            raise SignInFailed(message, remedy=self._remedy(token_set, result))
        if result.proof is Proof.UNPROVEN:
            self.announce(f"Warning: {self.server.server_name}: not yet proven: {result.detail}")
            self.announce(f"  {result.remedy}")
            return replace(token_set, unproven=result.detail)
        return token_set

    def _remedy(self, token_set: TokenSet, refused: ProofResult) -> str:
        account = self.server.mailbox
        if token_set.identity is not None or account is None:
            return refused.remedy
        return (
            f"did somebody else than {account} sign in? The provider does not say who it was. Then "
            f"{other_account(self.provider, self.server)}. Else: {refused.remedy}"
        )

    def _saved(self, token_set: TokenSet) -> TokenSet:
        self.secrets.save(self.server, self.client_secret, token_set)
        return token_set

    def _named(self, message: str, field: str = "") -> str:
        return f"{self.server.where(field)}: {message}"

"""What every kind of sign-in ends with: tokens for the answer, gates, proof, save."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.advice.refusal import Refusal
from provisioner.credentials.project_secrets import ProjectSecrets
from provisioner.credentials.store import TokenSet
from provisioner.errors import SignInFailed
from provisioner.model.email_server import EmailServer, OAuth2Settings
from provisioner.oauth.checks import CheckLogin, check_grant, prove
from provisioner.oauth.token_endpoint import (
    TokenEndpoint,
    TokenErrorResponse,
    TokenRequestError,
    TokenResponse,
)
from provisioner.providers.provider import Provider
from provisioner.secret import Secret

Ask = Callable[[TokenEndpoint], TokenResponse]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What a sign-in needs, however it runs. `check_login` None leaves the SMTP check out.

    `announce` gets lines for the person who waits; none of them holds a secret.
    """

    server: EmailServer
    settings: OAuth2Settings
    provider: Provider
    client_secret: Secret
    secrets: ProjectSecrets
    check_login: CheckLogin | None
    announce: Callable[[str], None]
    ca_file: Path | None = None
    now: Callable[[], float] = field(default=time.time)

    def accepted(self, ask: Ask, *, issuer: str | None = None) -> TokenSet:
        """Get the tokens by `ask`, pass every gate, save. `issuer`: who answered, if it says so.

        All of it, or SignInFailed and the old tokens as they were.
        """
        answer = self._answer(ask)
        declared = (self.server, self.provider)
        tokens = check_grant(answer, *declared, issuer=issuer, now=self.now())
        tokens = prove(tokens, *declared, self.check_login, self.announce)
        self.secrets.save(self.server, self.client_secret, tokens)
        return tokens

    def _answer(self, ask: Ask) -> TokenResponse:
        endpoint = TokenEndpoint(
            url=self.settings.access_token_url,
            field="access_token_url",
            client_id=self.settings.client_id,
            client_secret=self.client_secret,
            auth_method=self.provider.first_auth_method,
            ca_file=self.ca_file,
            announce=self.announce,
        )
        try:
            return ask(endpoint)
        except TokenErrorResponse as error:
            raise self._refused(error.refusal) from None
        except TokenRequestError as error:
            field = "oauth2.access_token_url"
            raise SignInFailed(self._named(error.message, field), remedy=error.remedy) from None

    def _refused(self, refusal: Refusal) -> SignInFailed:
        message = self._named(refusal.message(), refusal.advice.field)
        return SignInFailed(message, remedy=refusal.remedy(self.settings))

    def _named(self, message: str, field: str = "") -> str:
        return f"{self.server.where(field)}: {message}"

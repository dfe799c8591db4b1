"""One sign-in of one server: an answer, then checked, proven and saved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from provisioner.advice.refusal import TRANSIENT_ERRORS, Refusal
from provisioner.credentials.project_secrets import ProjectSecrets
from provisioner.credentials.store import TokenSet
from provisioner.errors import SignInFailed, SignInRefused
from provisioner.model.email_server import EmailServer, OAuth2Settings
from provisioner.oauth.checks import CheckLogin, check_grant, check_mail_login
from provisioner.oauth.token_endpoint import (
    TokenEndpoint,
    TokenErrorResponse,
    TokenRequestError,
    TokenResponse,
)
from provisioner.providers.provider import Provider
from provisioner.secret import Secret

# The end of a code's time is none where we count it ourselves, either.
_NO_REFUSAL = TRANSIENT_ERRORS | {"expired_token"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInContext:
    """What a sign-in needs, whichever way it goes. `check_login` None: no mail server is asked.

    `announce` gets lines for the person who waits; none of them holds a secret.
    """

    server: EmailServer
    provider: Provider
    client_secret: Secret
    secrets: ProjectSecrets
    check_login: CheckLogin | None
    announce: Callable[[str], None]
    now: Callable[[], float] = field(default=time.time)

    @property
    def settings(self) -> OAuth2Settings:
        assert self.server.oauth2 is not None  # noqa: S101  somebody signs in to it
        return self.server.oauth2

    def token_endpoint(self) -> TokenEndpoint:
        return TokenEndpoint(
            url=self.settings.access_token_url,
            field="access_token_url",
            client_id=self.settings.client_id,
            client_secret=self.client_secret,
            auth_method=self.provider.first_auth_method,
            ca_file=self.secrets.project.ca_file,
            announce=self.announce,
        )

    @contextmanager
    def failures_in_words(self) -> Iterator[None]:
        """Raise SignInFailed, with the field to change, for what the token endpoint refuses."""
        try:
            yield
        except TokenErrorResponse as error:
            raise self.refused(error.refusal) from None
        except TokenRequestError as error:
            where = self.server.where("oauth2.access_token_url")
            raise SignInFailed(f"{where}: {error.message}", remedy=error.remedy) from None

    def refused(self, refusal: Refusal) -> SignInFailed:
        """The provider's refusal in words; its own faults are none."""
        where = self.server.where(refusal.advice.field)
        remedy = refusal.remedy(self.server)
        passes = refusal.busy_status is not None or refusal.error in _NO_REFUSAL
        kind = SignInFailed if passes else SignInRefused
        return kind(f"{where}: {refusal.message()}", remedy=remedy)


@dataclass(slots=True)
class Grant:
    """What the provider granted. `issuer`: who answered, if it says so.

    `saved` is set once it is: whoever brought the answer is shown how it ended.
    """

    response: TokenResponse
    issuer: str | None = None
    saved: TokenSet | None = None


def sign_in(way: AbstractContextManager[Grant], context: SignInContext) -> TokenSet:
    """All of it, or SignInFailed and the old tokens as they were.

    `way`: `browser_flow(...)` or `device_flow(...)` of the same context.
    """
    server, provider = context.server, context.provider
    with way as answer:
        tokens = check_grant(
            answer.response, server, provider, issuer=answer.issuer, now=context.now()
        )
        tokens = check_mail_login(tokens, server, provider, context.check_login, context.announce)
        context.secrets.save(server, context.client_secret, tokens)
        answer.saved = tokens
    return tokens

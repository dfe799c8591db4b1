"""What must be true before tokens are saved. Each gate says which line to change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from provisioner.errors import SignInFailed
from provisioner.model.email_server import EmailServer, OAuth2Settings
from provisioner.oauth.identity import Identity
from provisioner.oauth.token_answer import TokenAnswer
from provisioner.providers.provider import OFFLINE_SCOPE, SCOPES_WITHOUT_ACCESS, Provider
from provisioner.secret import Secret
from provisioner.tokens.token_set import TokenSet


class Proof(StrEnum):
    """What the mail server said to the new token."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNPROVEN = "unproven"


@dataclass(frozen=True, slots=True)
class ProofResult:
    """`detail` is one line without secrets; with REFUSED, `remedy` says what to do."""

    proof: Proof
    detail: str = ""
    remedy: str = ""


Prove = Callable[[TokenSet], ProofResult]


def check_issuer(issuer: str | None, provider: Provider, settings: OAuth2Settings) -> None:
    """RFC 9207: an answer that names another issuer is not for us; no code goes anywhere.

    Without metadata the expected issuer is the provider's known one, else whoever lives at the
    host of the authorization or of the token endpoint.
    """
    if issuer is None:
        return
    if provider.issuer is not None:
        right = issuer == provider.issuer
    else:
        urls = (settings.authorization_url, settings.access_token_url)
        right = _origin(issuer) in {_origin(url) for url in urls}
    if not right:
        raise _other_issuer(issuer, provider)


def check_token_issuer(identity: Identity, issuer: str | None, provider: Provider) -> None:
    """The id_token comes from the issuer that answered, or is known (RFC 9207 section 2.4)."""
    expected = issuer or provider.issuer
    if expected is None or identity.issuer is None:
        return
    # Google has written its issuer without the scheme.
    if identity.issuer.removeprefix("https://") != expected.removeprefix("https://"):
        raise _other_issuer(identity.issuer, provider)


def granted_refresh_token(answer: TokenAnswer, server: EmailServer, provider: Provider) -> Secret:
    """The refresh token, without which the grant would end within the hour."""
    if answer.refresh_token is not None:
        return answer.refresh_token
    if provider.offline == "param":
        extra = "&".join(f"{name}={value}" for name, value in provider.authorize_extra.items())
        remedy = (
            f"add {extra} to authorization_url; if the app was allowed before, remove it first at "
            f"{provider.consent_page_url or 'the account page of the provider'}"
        )
    elif server.oauth2 and OFFLINE_SCOPE in server.oauth2.scope_for_authorize.split():
        remedy = (
            "add prompt: consent (some give one only when the consent page is shown), and see "
            "that the client may use refresh tokens"
        )
    else:
        remedy = f"add {OFFLINE_SCOPE} to scope_for_authorize; the client may have to be allowed it"
    raise SignInFailed(
        f"{_where(server)}: {provider.label} gave no refresh token",
        remedy=f"{remedy}, sign in again",
    )


def granted_scope(answer: TokenAnswer, server: EmailServer, settings: OAuth2Settings) -> str:
    """The granted scope, which covers what was asked. Absent means as asked (RFC 6749 5.1)."""
    asked = settings.scope_for_token or settings.scope_for_authorize
    if not answer.scope:
        return asked
    missing = [scope for scope in asked.split() if not _is_granted(scope, answer.scope)]
    if missing:
        raise SignInFailed(
            f"{_where(server)}: asked for and not granted: {' '.join(missing)}",
            remedy="sign in again and leave every box ticked; else allow the scope for the client, "
            f"or correct it. Granted were: {answer.scope}",
        )
    return answer.scope


def check_identity(identity: Identity, server: EmailServer, settings: OAuth2Settings) -> None:
    """Whoever signed in is the login_hint, else the mailbox."""
    expected = settings.login_hint or server.user_name
    if expected is None and identity.name is None:
        raise SignInFailed(
            f"{_where(server)}: nobody says which mailbox this is: no user_name, no login_hint, "
            "and the provider names no account",
            remedy="add user_name: MAILBOX",
        )
    if expected is None or identity.name is None or identity.is_called(expected):
        return
    raise SignInFailed(
        f"{_where(server)}: {identity.name} signed in, expected was {expected}",
        remedy=f"sign in as {expected} (a private window, or prompt: select_account, offers the "
        f"choice); if {identity.name} is the right account for this mailbox, add login_hint: "
        f"{identity.name}",
    )


def _is_granted(scope: str, granted: str) -> bool:
    """Microsoft writes resources in its own case and answers `.default` with what it stands for."""
    known = {one.casefold() for one in granted.split()}
    name = scope.casefold()
    if name in SCOPES_WITHOUT_ACCESS or name in known:  # often not listed among the granted
        return True
    resource, _, last = name.rpartition("/")
    return last == ".default" and any(one.startswith(resource + "/") for one in known)


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme, (parts.netloc or "").casefold()


def _other_issuer(issuer: str, provider: Provider) -> SignInFailed:
    shown = _shown(issuer)
    return SignInFailed(
        f"the answer comes from another issuer than the provider that was asked: {shown}",
        remedy="do the URLs belong to one provider? If that issuer is right, say so in "
        f"provisioner.yml: providers: {{{provider.name}: {{issuer: {shown}}}}}",
    )


def _shown(text: str) -> str:
    return "".join(c for c in text if c.isprintable())[:200]


def _where(server: EmailServer) -> str:
    return f"{server.origin.file}:{server.origin.line}: {server.server_name}"

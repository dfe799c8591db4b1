"""What the provider granted, held against what was asked: a refresh token and the scope."""

from __future__ import annotations

from provisioner.errors import SignInFailed
from provisioner.model.email_server import EmailServer, OAuth2Settings
from provisioner.oauth.token_endpoint import TokenResponse
from provisioner.providers.provider import OFFLINE_SCOPE, SCOPES_WITHOUT_ACCESS, Provider
from provisioner.secret import Secret
from provisioner.text import foreign


def granted_refresh_token(
    answer: TokenResponse, provider: Provider, server: EmailServer, settings: OAuth2Settings
) -> Secret:
    """The refresh token, without which the grant would end within the hour."""
    if answer.refresh_token is not None:
        return answer.refresh_token
    field, remedy = _how_to_get_one(provider, settings)
    raise SignInFailed(
        f"{server.where(field)}: {provider.label} gave no refresh token",
        remedy=f"{remedy}, sign in again",
    )


def _how_to_get_one(provider: Provider, settings: OAuth2Settings) -> tuple[str, str]:
    """The field to change, and how."""
    if provider.offline == "param":
        extra = "&".join(f"{name}={value}" for name, value in provider.authorize_extra.items())
        return "oauth2.authorization_url", (
            f"add {extra} to authorization_url; if the app was allowed before, remove it first at "
            f"{provider.consent_page_url or 'the account page of the provider'}"
        )
    if OFFLINE_SCOPE in settings.scope_for_authorize.split():
        return "oauth2.prompt", (
            "add prompt: consent (some give one only when the consent page is shown), and see "
            "that the client may use refresh tokens"
        )
    return "oauth2.scope_for_authorize", (
        f"add {OFFLINE_SCOPE} to scope_for_authorize; the client may have to be allowed it"
    )


def granted_scope(
    answer: TokenResponse, provider: Provider, server: EmailServer, settings: OAuth2Settings
) -> str:
    """The granted scope, which covers what was asked. Absent means as asked (RFC 6749 5.1)."""
    asked = settings.scope_for_token or settings.scope_for_authorize
    granted = answer.scope
    if not granted or not granted.strip():
        return asked
    missing = [one for one in asked.split() if not _is_granted(one, granted.split(), provider)]
    if missing:
        field = "scope_for_token" if settings.scope_for_token else "scope_for_authorize"
        raise SignInFailed(
            f"{server.where(f'oauth2.{field}')}: asked for and not granted: {' '.join(missing)}",
            remedy="sign in again and leave every box ticked; else allow the scope for the client, "
            f"or correct it. Granted were: {foreign(granted)}",
        )
    return granted


def _is_granted(asked: str, granted: list[str], provider: Provider) -> bool:
    """Upper and lower case are alike: Microsoft answers in its own."""
    if asked.casefold() in SCOPES_WITHOUT_ACCESS:  # often not listed among the granted
        return True
    names = {_full_name(one, provider) for one in granted}
    name = _full_name(asked, provider)
    resource, _, last = name.rpartition("/")
    # `.default` is answered with what it stands for.
    same_resource = any(one.startswith(resource + "/") for one in names)
    return name in names or (last == ".default" and same_resource)


def _full_name(scope: str, provider: Provider) -> str:
    """The scope with its resource, under one of the resource's names.

    A bare scope of Microsoft is one of Graph, and its mail service goes by several names:
    https://learn.microsoft.com/entra/identity-platform/scopes-oidc
    """
    name = scope.casefold()
    resource, slash, last = name.rpartition("/")
    if provider.default_resource and not slash:
        return f"{provider.default_resource.casefold()}/{last}"
    names_of_mail = [known.casefold().rpartition("/")[0] for known in provider.smtp_scopes]
    return f"{names_of_mail[0]}/{last}" if resource in names_of_mail else name

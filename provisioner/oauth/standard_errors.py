"""Advice for the error codes of the standards: RFC 6749, OpenID Connect Core, RFC 8707."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.oauth.advice import Actor, Advice

_NEEDS_INTERACTION = Advice(
    "the provider wants to see a person again (MFA, consent or an ended session)",
    "sign in: provisioner authenticate",
    Actor.SIGNER,
)

STANDARD_ERRORS: Mapping[str, Advice] = {
    "access_denied": Advice(
        "the sign-in was cancelled or refused",
        "sign in again and accept; at Google, while the app is in Testing, add the account under "
        "Audience, Test users, or publish the app",
        Actor.SIGNER,
    ),
    "invalid_request": Advice(
        "the provider misses or does not understand a parameter",
        "read its description; check authorization_url, access_token_url and the type of the "
        "registered client",
        Actor.YOU,
    ),
    "unauthorized_client": Advice(
        "the client may not use the authorization-code flow here",
        "allow the authorization-code grant (and refresh tokens) for this client, and check "
        "client_id and tenant",
        Actor.ADMINISTRATOR,
    ),
    "unsupported_response_type": Advice(
        "the authorization endpoint does not give codes",
        "check authorization_url, and that the client may use the authorization-code flow",
        Actor.YOU,
        "oauth2.authorization_url",
    ),
    "unsupported_grant_type": Advice(
        "this is probably not the token endpoint",
        "check that authorization_url and access_token_url are not swapped",
        Actor.YOU,
        "oauth2.access_token_url",
    ),
    "invalid_scope": Advice(
        "a scope is misspelt, is not separated by spaces, or is not enabled for the client",
        "correct scope_for_authorize or scope_for_token; enable the scope for the client",
        Actor.YOU,
        "oauth2.scope_for_authorize",
    ),
    "invalid_client": Advice(
        "the client is unknown, or its secret is wrong or has expired",
        "check client_id; renew client_secret at the provider if it has expired",
        Actor.ADMINISTRATOR,
        "oauth2.client_secret",
    ),
    "invalid_target": Advice(
        "the provider wants to be told for which resource (RFC 8707)",
        "add ?resource=... to authorization_url",
        Actor.YOU,
        "oauth2.authorization_url",
    ),
    "server_error": Advice("the provider has a fault", "try again later", Actor.PROVIDER),
    "temporarily_unavailable": Advice(
        "the provider is overloaded or under maintenance", "try again later", Actor.PROVIDER
    ),
    "interaction_required": _NEEDS_INTERACTION,
    "login_required": _NEEDS_INTERACTION,
    "consent_required": _NEEDS_INTERACTION,
}

INVALID_GRANT_AT_EXCHANGE = Advice(
    "the code was used twice, has expired, or belongs to another redirect address",
    "start the sign-in again; check this machine's clock",
    Actor.SIGNER,
)

INVALID_GRANT_AT_REFRESH = Advice(
    "the refresh token is no longer good: revoked, expired, unused for too long, or used elsewhere",
    "sign in: provisioner authenticate",
    Actor.SIGNER,
)

# RFC 8628 section 3.5.
DEVICE_ERRORS: Mapping[str, Advice] = {
    "expired_token": Advice(
        "nobody entered the code in time",
        "start the sign-in again: a new code comes",
        Actor.SIGNER,
    ),
    "access_denied": Advice(
        "the sign-in was refused on the page where the code is entered",
        "sign in again and accept",
        Actor.SIGNER,
    ),
    "invalid_grant": Advice(
        "the code was used before, has expired, or is not known",
        "start the sign-in again: a new code comes",
        Actor.SIGNER,
    ),
    "unauthorized_client": Advice(
        "the client may not use the device flow here",
        "allow the device flow for this client, or sign in without --device",
        Actor.ADMINISTRATOR,
    ),
    "unsupported_grant_type": Advice(
        "the provider does not offer the device flow, or not to this client",
        "sign in without --device",
        Actor.ADMINISTRATOR,
    ),
}

UNKNOWN_ERROR = Advice(
    "the provider refused", "look the code up in the provider's documentation", Actor.ADMINISTRATOR
)

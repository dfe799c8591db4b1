"""Advice for what Google says beyond the standard's codes.

https://developers.google.com/identity/protocols/oauth2/native-app#authorization-errors
"""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.oauth.advice import Actor, Advice

GOOGLE_ERRORS: Mapping[str, Advice] = {
    "admin_policy_enforced": Advice(
        "the Workspace administrator blocks this scope or app",
        "Admin console, Security, API controls: trust the client id",
        Actor.ADMINISTRATOR,
    ),
    "org_internal": Advice(
        "the app is Internal and the account belongs to another organization",
        "sign in with an account of the organization",
        Actor.SIGNER,
    ),
    "redirect_uri_mismatch": Advice(
        "the client does not list this redirect address",
        "use a client of type Desktop app, or pin --port and register the address",
        Actor.ADMINISTRATOR,
    ),
    "deleted_client": Advice(
        "the client was deleted",
        "create a new client and declare its id",
        Actor.ADMINISTRATOR,
        "oauth2.client_id",
    ),
    "disallowed_useragent": Advice(
        "the browser is one that is built into another program",
        "open the address in the browser of the system",
        Actor.SIGNER,
    ),
    "invalid_rapt": Advice(
        "the Workspace session control wants a new sign-in",
        "sign in again, and exempt the trusted app from session control",
        Actor.ADMINISTRATOR,
    ),
}

# What the description says; Google has no codes for them. The words choose words, nothing else.
# https://developers.google.com/identity/protocols/oauth2#expiration
GOOGLE_WORDS: Mapping[str, Advice] = {
    "Token has been expired or revoked": Advice(
        "the refresh token has ended: revoked, unused for 6 months, pushed out by newer ones, "
        "ended by a change of password, or 7 days old while the app is in Testing",
        "publish the app (In production) if it is in Testing; then sign in: "
        "provisioner authenticate",
        Actor.SIGNER,
    ),
    "loopback flow has been blocked": Advice(
        "a client of this type may not use a redirect address on this machine",
        "create a client of type Desktop app and declare its id and secret",
        Actor.ADMINISTRATOR,
        "oauth2.client_id",
    ),
    "Invalid device flow scope": Advice(
        "the device flow does not give the scope of mail",
        "sign in without --device",
        Actor.SIGNER,
    ),
}

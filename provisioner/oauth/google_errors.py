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
        "the client was deleted", "create a new client and declare its id", Actor.ADMINISTRATOR
    ),
    "invalid_rapt": Advice(
        "the Workspace session control wants a new sign-in",
        "sign in again, and exempt the trusted app from session control",
        Actor.ADMINISTRATOR,
    ),
}

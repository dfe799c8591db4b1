"""Advice for Microsoft Entra's AADSTS codes, which choose words here and nothing else.

https://learn.microsoft.com/entra/identity-platform/reference-error-codes: codes "should never
be used by the client itself", so every decision is taken on the standard's `error`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from provisioner.oauth.advice import Actor, Advice

_ROWS: Iterable[tuple[str, Advice]] = (
    ("50011 70004", Advice(
        "the redirect address is not registered for this client",
        "register exactly http://localhost (any port) under the platform Web",
        Actor.ADMINISTRATOR)),
    ("65001", Advice(
        "nobody has consented to SMTP.Send for this app",
        "accept at sign-in, or have an administrator grant consent", Actor.ADMINISTRATOR)),
    ("65004", Advice("the consent was declined", "sign in again and accept", Actor.SIGNER)),
    ("90094 90095", Advice(
        "the app needs an administrator's consent",
        "an administrator opens https://login.microsoftonline.com/TENANT/adminconsent?client_id="
        "CLIENT_ID", Actor.ADMINISTRATOR)),
    ("650056 650057 65005 650053", Advice(
        "the app does not list the permission, or the scope does not exist on that resource",
        "add Office 365 Exchange Online, SMTP.Send (delegated) to the app; use the scope "
        "https://outlook.office.com/SMTP.Send, not one of Graph", Actor.ADMINISTRATOR)),
    ("65002", Advice(
        "a client id of Microsoft's own apps was used", "register an app of your own",
        Actor.ADMINISTRATOR)),
    ("650052 500011", Advice(
        "the resource is not in this tenant: no Exchange licence, or the wrong cloud",
        "check the tenant and the host in the scope", Actor.ADMINISTRATOR)),
    ("28000 700022", Advice(
        "one token cannot serve the scopes of two resources",
        "keep the scopes of one resource in scope_for_token", Actor.YOU, "oauth2.scope_for_token")),
    ("28002 28003 70011 700023", Advice(
        "a scope is empty or not valid",
        "correct the scope; for AADSTS28003 set scope_for_token",
        Actor.YOU, "oauth2.scope_for_authorize")),
    ("700016 700011", Advice(
        "no such app in this tenant", "check client_id, tenant and cloud",
        Actor.YOU, "oauth2.client_id")),
    ("7000112 70001", Advice("the app is disabled", "enable it", Actor.ADMINISTRATOR)),
    ("7000215 70002", Advice(
        "the client secret is wrong; often its ID was copied instead of its Value",
        "put the secret's Value into client_secret", Actor.YOU, "oauth2.client_secret")),
    ("7000222", Advice(
        "the client secret has expired",
        "make a new one (24 months at most), declare it, then push",
        Actor.ADMINISTRATOR, "oauth2.client_secret")),
    ("7000218", Advice(
        "the client must authenticate and sent no secret",
        "declare client_secret; register the redirect address under the platform Web",
        Actor.ADMINISTRATOR)),
    ("700025", Advice(
        "the client is registered as public, and a secret was sent",
        "move the redirect address to the platform Web", Actor.ADMINISTRATOR)),
    ("700084", Advice(
        "the redirect address is registered as a single-page app: its tokens live 24 hours",
        "move it to the platform Web", Actor.ADMINISTRATOR)),
    ("9002325 501481 50147 501491", Advice(
        "the proof of PKCE did not match", "start the sign-in again", Actor.US)),
    ("54005", Advice(
        "the code was used before", "start the sign-in again", Actor.SIGNER)),
    ("70000", Advice(
        "the refresh token is not valid", "sign in: provisioner authenticate", Actor.SIGNER)),
    ("70008 700082", Advice(
        "the refresh token was unused for 90 days",
        "sign in: provisioner authenticate; let `provisioner refresh` run on a schedule",
        Actor.SIGNER)),
    ("70043", Advice(
        "Conditional Access ended the session (sign-in frequency)",
        "sign in: provisioner authenticate; ask for an exemption of this mailbox",
        Actor.ADMINISTRATOR)),
    ("50173 50133 50132", Advice(
        "the tokens were revoked, or the password changed", "sign in: provisioner authenticate",
        Actor.SIGNER)),
    ("50076 50079 50074 50072 50078", Advice(
        "multi-factor authentication is due",
        "sign in: provisioner authenticate; for a service mailbox ask for an exclusion",
        Actor.SIGNER)),
    ("53003 530032 53000 53001 530035", Advice(
        "Conditional Access or a security policy blocks this sign-in",
        "sign in from an allowed device or network, or ask for an exemption",
        Actor.ADMINISTRATOR)),
    ("50105", Advice(
        "the user is not assigned to the app", "assign the user", Actor.ADMINISTRATOR)),
    ("50020 500208 16000", Advice(
        "the account belongs to another tenant or is a personal one",
        "sign in with the right account, or correct the tenant in both URLs", Actor.SIGNER)),
    ("50194", Advice(
        "the app serves one tenant and the URLs say /common",
        "put the tenant's id into authorization_url and access_token_url",
        Actor.YOU, "oauth2.authorization_url")),
    ("90002 50059", Advice(
        "the tenant in the URLs does not exist", "correct the tenant",
        Actor.YOU, "oauth2.authorization_url")),
    ("90038 900382 900432", Advice(
        "the tenant lives in a national cloud",
        "use login.microsoftonline.us or login.partner.microsoftonline.cn",
        Actor.YOU, "oauth2.authorization_url")),
    ("700005", Advice(
        "the code comes from another tenant than the token endpoint's",
        "use one tenant in authorization_url and access_token_url",
        Actor.YOU, "oauth2.access_token_url")),
    ("9002332 9001023 90124 90130", Advice(
        "these endpoints do not serve this app (/consumers or /common)",
        "use the endpoints of the app's own tenant", Actor.YOU, "oauth2.authorization_url")),
    ("900561 90056 9002313", Advice(
        "the request was malformed or went to the wrong endpoint",
        "check that authorization_url and access_token_url are not swapped",
        Actor.YOU, "oauth2.access_token_url")),
    ("50034 50057 50053 50055 50126", Advice(
        "the account is unknown, disabled or locked, or its password is wrong or has expired",
        "check the account", Actor.ADMINISTRATOR)),
    ("900971 90102 90014 900144", Advice(
        "the request lacks something that it must have", "start the sign-in again", Actor.US)),
    ("50196", Advice(
        "the provider takes the repeated requests for a loop", "wait some minutes", Actor.US)),
    ("70005 70007", Advice(
        "the provider does not answer in the way that was asked for",
        "take response_type and response_mode out of authorization_url; the client must be "
        "allowed the authorization-code flow", Actor.YOU, "oauth2.authorization_url")),
    ("1002012", Advice(
        "/.default alone belongs to a sign-in without a person",
        "write https://outlook.office.com/SMTP.Send", Actor.YOU, "oauth2.scope_for_token")),
    ("70016", Advice(
        "nobody has entered the code yet", "enter it on the page that was shown", Actor.SIGNER)),
    ("70018 70019 90120", Advice(
        "the code is mistyped, has expired or was used before",
        "start the sign-in again: a new code comes", Actor.SIGNER)),
    ("90055 90033 90006 90024 50033", Advice(
        "the provider is busy", "try again in some minutes", Actor.PROVIDER)),
)  # fmt: skip

MICROSOFT_ERRORS: Mapping[str, Advice] = {
    f"AADSTS{code}": advice for codes, advice in _ROWS for code in codes.split()
}

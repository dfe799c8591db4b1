"""How apps are registered at the known providers, before the first sign-in: words, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from provisioner.providers.provider import Provider


class Registration(NamedTuple):
    """How an app is registered, and what a definition begins with; empty where unknown.

    Templates may hold {tenant}, {client_id} and {mailbox}.
    `application_type` is the provider's own name for a client that sends a secret.
    `registers_redirect` is False where the provider asks for no redirect URI; `any_port` where
    it takes each port of localhost.
    `scope` is for scope_for_authorize. `doubt` says what nobody was found to have confirmed.
    `mailbox_commands` are for an administrator of the mail system.
    """

    authorization_url: str = ""
    access_token_url: str = ""
    scope: str = ""
    application_type: str = "a web (confidential) client: a client secret is sent"
    registers_redirect: bool = True
    any_port: bool = False
    redirect_note: str = (
        "if the provider compares the port, register it too and keep it with --port"
    )
    permissions: tuple[str, ...] = ()
    consent_url: str = ""
    steps: tuple[str, ...] = ()
    mailbox_commands: tuple[str, ...] = ()
    doubt: str = ""


# Scope, permission and endpoints:
# https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
MICROSOFT_REGISTRATION = Registration(
    authorization_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
    access_token_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
    scope="https://outlook.office.com/SMTP.Send offline_access",
    # A secret with the other platforms is answered with AADSTS700025.
    application_type="platform Web (not Mobile and desktop, not SPA), with a client secret",
    # https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions
    any_port=True,
    redirect_note="once, without a port: Microsoft accepts any port of localhost",
    permissions=(
        "Office 365 Exchange Online > Delegated permissions > SMTP.Send",
        "Microsoft Graph > Delegated permissions > offline_access",
    ),
    # https://learn.microsoft.com/entra/identity/enterprise-apps/grant-admin-consent
    consent_url="https://login.microsoftonline.com/{tenant}/adminconsent?client_id={client_id}",
    steps=(
        "copy the secret's Value (shown once), not its Secret ID; it lives for 24 months at most",
        "accounts in this organizational directory only (single tenant) is enough",
    ),
    # https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission
    mailbox_commands=(
        "Connect-ExchangeOnline",
        "Set-CASMailbox {mailbox} -SmtpClientAuthenticationDisabled $false",
        "Get-CASMailbox {mailbox} | Format-List SmtpClientAuthenticationDisabled",
    ),
)


def _national_cloud(login: str, resource: str, environment: str) -> Registration:
    """https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud"""
    known = MICROSOFT_REGISTRATION
    return known._replace(
        authorization_url=f"https://{login}/{{tenant}}/oauth2/v2.0/authorize",
        access_token_url=f"https://{login}/{{tenant}}/oauth2/v2.0/token",
        scope=f"https://{resource}/SMTP.Send offline_access",
        consent_url=f"https://{login}/{{tenant}}/adminconsent?client_id={{client_id}}",
        mailbox_commands=(
            f"Connect-ExchangeOnline -ExchangeEnvironmentName {environment}",
            *known.mailbox_commands[1:],
        ),
        doubt="no source confirms this scope in this cloud",
    )


OUTLOOK_COM_REGISTRATION = MICROSOFT_REGISTRATION._replace(
    authorization_url="https://login.microsoftonline.com/consumers/oauth2/v2.0/authorize",
    access_token_url="https://login.microsoftonline.com/consumers/oauth2/v2.0/token",
    consent_url="",
    steps=(
        MICROSOFT_REGISTRATION.steps[0],
        "supported account types: personal Microsoft accounts",
    ),
    mailbox_commands=(),
)

GOOGLE_REGISTRATION = Registration(
    authorization_url="https://accounts.google.com/o/oauth2/v2/auth",
    access_token_url="https://oauth2.googleapis.com/token",
    scope="https://mail.google.com/",
    # https://developers.google.com/identity/protocols/oauth2/resources/loopback-migration
    application_type="client of type Desktop app (its client secret is sent)",
    registers_redirect=False,
    any_port=True,
    redirect_note="a Desktop app accepts any port of localhost",
    permissions=("Data access: the restricted scope https://mail.google.com/",),
    steps=(
        "audience Internal (Workspace); External apps end each sign-in after 7 days until their "
        "status is In production",
        "where an administrator restricts apps: Admin console > Security > API controls > trust "
        "the client id",
    ),
)

_BY_AGREEMENT = "new clients are registered by agreement with the provider only"

REGISTRATIONS: Mapping[str, Registration] = {
    "google": GOOGLE_REGISTRATION,
    "microsoft": MICROSOFT_REGISTRATION,
    "microsoft-gcc-high": _national_cloud(
        "login.microsoftonline.us", "outlook.office365.us", "O365USGovGCCHigh"
    ),
    "microsoft-china": _national_cloud(
        "login.partner.microsoftonline.cn", "partner.outlook.cn", "O365China"
    ),
    # Mail servers of their own, tokens of Microsoft 365.
    "microsoft-high-volume-email": MICROSOFT_REGISTRATION,
    "outlook.com": OUTLOOK_COM_REGISTRATION,
    # https://developer.yahoo.com/oauth2/guide/flows_authcode
    "yahoo": Registration(
        authorization_url="https://api.login.yahoo.com/oauth2/request_auth",
        access_token_url="https://api.login.yahoo.com/oauth2/get_token",
        scope="mail-w",
        steps=(_BY_AGREEMENT,),
    ),
    "aol": Registration(
        authorization_url="https://api.login.aol.com/oauth2/request_auth",
        access_token_url="https://api.login.aol.com/oauth2/get_token",
        scope="mail-w",
        steps=(_BY_AGREEMENT,),
    ),
    # https://www.zoho.com/developer/oauth/; no scope for SMTP is documented.
    "zoho": Registration(
        authorization_url="https://accounts.zoho.com/oauth/v2/auth",
        access_token_url="https://accounts.zoho.com/oauth/v2/token",
        steps=("accounts outside the USA have another host, such as accounts.zoho.eu",),
        doubt="no scope for SMTP is documented: an app password is the safe way",
    ),
    # Thunderbird's OAuth2Providers.sys.mjs
    "fastmail": Registration(
        authorization_url="https://api.fastmail.com/oauth/authorize",
        access_token_url="https://api.fastmail.com/oauth/refresh",
        scope="https://www.fastmail.com/dev/protocol-smtp",
        steps=(_BY_AGREEMENT,),
    ),
    # https://yandex.com/dev/id/doc/en/
    "yandex": Registration(
        authorization_url="https://oauth.yandex.com/authorize",
        access_token_url="https://oauth.yandex.com/token",
        scope="mail:smtp",
        permissions=("Yandex Mail: sending of mail by SMTP (mail:smtp)",),
    ),
    # https://biz.mail.ru/developer/oauth/
    "mail.ru": Registration(
        authorization_url="https://o2.mail.ru/login",
        access_token_url="https://o2.mail.ru/token",
        scope="mail.imap",
    ),
    # Thunderbird's OAuth2Providers.sys.mjs
    "comcast": Registration(
        authorization_url="https://oauth.xfinity.com/oauth/authorize",
        access_token_url="https://oauth.xfinity.com/oauth/token",
        scope="https://email.comcast.net/ profile openid",
        steps=(_BY_AGREEMENT,),
    ),
}


def registration_of(provider: Provider) -> Registration:
    """The provider's; of an unknown one, what is true of all."""
    return REGISTRATIONS.get(provider.name, Registration())

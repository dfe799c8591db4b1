"""App registrations of Microsoft Entra, for Microsoft 365 and Outlook.com."""

from __future__ import annotations

from provisioner.providers.registration import Registration

# Scope, permission and endpoints:
# https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
MICROSOFT_REGISTRATION = Registration(
    authorization_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
    access_token_url="https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
    scope="https://outlook.office.com/SMTP.Send offline_access",
    # A secret with the other platforms is answered with AADSTS700025.
    application_type="platform Web (not Mobile and desktop, not SPA), with a client secret",
    # https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions
    redirect_note="once, without a port: Microsoft takes any port of localhost",
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

# https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
GCC_HIGH_REGISTRATION = MICROSOFT_REGISTRATION._replace(
    authorization_url="https://login.microsoftonline.us/{tenant}/oauth2/v2.0/authorize",
    access_token_url="https://login.microsoftonline.us/{tenant}/oauth2/v2.0/token",
    scope="https://outlook.office365.us/SMTP.Send offline_access",
    consent_url="https://login.microsoftonline.us/{tenant}/adminconsent?client_id={client_id}",
    mailbox_commands=(
        "Connect-ExchangeOnline -ExchangeEnvironmentName O365USGovGCCHigh",
        *MICROSOFT_REGISTRATION.mailbox_commands[1:],
    ),
    doubt="nobody was found who has confirmed this scope in this cloud",
)

CHINA_REGISTRATION = MICROSOFT_REGISTRATION._replace(
    authorization_url="https://login.partner.microsoftonline.cn/{tenant}/oauth2/v2.0/authorize",
    access_token_url="https://login.partner.microsoftonline.cn/{tenant}/oauth2/v2.0/token",
    scope="https://partner.outlook.cn/SMTP.Send offline_access",
    consent_url=(
        "https://login.partner.microsoftonline.cn/{tenant}/adminconsent?client_id={client_id}"
    ),
    mailbox_commands=(
        "Connect-ExchangeOnline -ExchangeEnvironmentName O365China",
        *MICROSOFT_REGISTRATION.mailbox_commands[1:],
    ),
    doubt="nobody was found who has confirmed this scope in this cloud",
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

"""Microsoft 365: the commercial cloud (and GCC), GCC High and DoD, China (21Vianet)."""

from __future__ import annotations

from provisioner.providers.provider import Provider

MICROSOFT = Provider(
    name="microsoft",
    title="Microsoft 365",
    # The other names of one cloud are those of its instance discovery, as MSAL keeps them:
    # https://github.com/AzureAD/microsoft-authentication-library-for-dotnet (KnownMetadataProvider)
    endpoints=(
        "login.microsoftonline.com",
        "login.windows.net",
        "login.microsoft.com",
        "sts.windows.net",
    ),
    # The second one speaks old TLS, for tenants that opted in:
    # https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/opt-in-exchange-online-endpoint-for-legacy-tls-using-smtp-auth
    smtp_hosts=("smtp.office365.com", "smtp-legacy.office365.com"),
    # https://learn.microsoft.com/exchange/mail-flow-best-practices/how-to-set-up-a-multifunction-device-or-application-to-send-email-using-microsoft-365-or-office-365
    # "Port 587 (recommended) or port 25"; 465 is not supported; the MX host is for mail
    # without a sign-in (direct send, relay by connector).
    smtp_ports=(587, 25),
    mx_hosts=(".mail.protection.outlook.com", ".mx.microsoft"),
    reading_hosts=("outlook.office365.com", "outlook.office.com"),
    platform="Microsoft",
    # EHLO after STARTTLS: AUTH LOGIN XOAUTH2. https://github.com/lettre/lettre/issues/121
    # Without a sign-in: 530 5.7.57.
    smtp_auth_methods=("login", "oauth2"),
    # The page on OAuth below: XOAUTH2's user is the mailbox's address.
    login_name="address",
    # 550 5.7.60, unless the mailbox that signed in was granted Send As (same page as the ports).
    foreign_sender="refused",
    # https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
    offline="scope",
    smtp_scopes=(
        "https://outlook.office.com/SMTP.Send",
        "https://outlook.office365.com/SMTP.Send",
        "https://outlook.office.com/.default",
        "https://outlook.office365.com/.default",
        # Office 365 Exchange Online by its application ID.
        "00000002-0000-0ff1-ce00-000000000000/SMTP.Send",
        "00000002-0000-0ff1-ce00-000000000000/.default",
    ),
    # A token for Graph is answered with 535 5.7.3 by SMTP; a bare name means Graph.
    wrong_scopes=(
        "https://graph.microsoft.com/SMTP.Send",
        "https://graph.microsoft.com/Mail.Send",
        "https://graph.microsoft.com/.default",
        "SMTP.Send",
        "Mail.Send",
    ),
    # https://learn.microsoft.com/entra/identity-platform/scopes-oidc: a scope without a resource
    # is one of Microsoft Graph; an access token is for one resource.
    default_resource="https://graph.microsoft.com",
    accounts="work",
    # https://learn.microsoft.com/entra/identity-platform/v2-protocols#endpoints
    shared_tenants={
        "common": "any",
        "organizations": "work",
        "consumers": "personal",
        "9188040d-6c67-4c5b-b112-36a304b66dad": "personal",
    },
    # https://www.zdnet.com/article/using-the-outlook-com-preview-faq/
    personal_mailboxes=("outlook.com", "hotmail.com", "live.com", "msn.com"),
    # https://learn.microsoft.com/previous-versions/azure/active-directory/azuread-dev/azure-ad-endpoint-comparison
    # v1 asks for a `resource` and reads no scope.
    scopeless_endpoints={
        "/oauth2/authorize": "/oauth2/v2.0/authorize",
        "/oauth2/token": "/oauth2/v2.0/token",
    },
    # https://learn.microsoft.com/entra/identity-platform/reference-error-codes
    page_errors=(
        "AADSTS50011",
        "AADSTS700016",
        "AADSTS90094",
        "AADSTS50105",
        "AADSTS53003",
        "AADSTS50020",
        "AADSTS650057",
        "AADSTS90002",
        "AADSTS50194",
    ),
    # https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow; several at
    # once are answered with AADSTS90023: https://github.com/opencloud-eu/desktop/issues/871.
    # create: https://learn.microsoft.com/entra/msal/javascript/browser/prompt-behavior
    prompts=("login", "none", "consent", "select_account", "create"),
    single_prompt=True,
    # "Application (client) ID" and "Secret ID" of an app registration:
    # https://learn.microsoft.com/entra/identity-platform/how-to-add-credentials
    client_id_form="guid",
    client_secret_id_form="guid",
    # https://learn.microsoft.com/entra/identity-platform/refresh-tokens: a new one comes with
    # every refresh, the old one is not revoked; 90 days.
    refresh_token_rotation="old_stays_valid",
    idle_expiry_days=90,
    early_ends=(
        "the sign-in frequency that an administrator set (Conditional Access)",
        "sessions revoked by an administrator, or a password that was reset",
    ),
    # token_endpoint_auth_methods_supported: client_secret_post, client_secret_basic, ...
    token_endpoint_auth_method="client_secret_post",
    # Off by default at the end of December 2026; an administrator can switch it on again:
    # https://techcommunity.microsoft.com/blog/exchange/updated-exchange-online-smtp-auth-basic-authentication-deprecation-timeline/4489835
    password_login="ending",
    password_login_ends="2026-12-31",
    # https://learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements
    max_connections_per_mailbox=3,
    messages_per_minute=30,
    # https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code
    device_authorization_url="devicecode",
    identity_claims=("preferred_username", "email", "upn"),
    console_url="https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps",
    consent_page_url="https://myapplications.microsoft.com/",
)

# Mail servers of their own, limits of their own; the tokens come from Microsoft 365:
# https://learn.microsoft.com/exchange/mail-flow-best-practices/high-volume-mails-m365
MICROSOFT_HIGH_VOLUME = Provider(
    name="microsoft-high-volume-email",
    title="High Volume Email of Microsoft 365",
    smtp_hosts=("smtp-hve.office365.com",),
    smtp_ports=(587,),
    platform="Microsoft",
)

# https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud has the
# hosts. Nobody was found who has tried SMTP AUTH there: no scope is called wrong or right.
MICROSOFT_GCC_HIGH = MICROSOFT._replace(
    name="microsoft-gcc-high",
    title="Microsoft 365 GCC High",
    endpoints=("login.microsoftonline.us", "login.usgovcloudapi.net"),
    smtp_hosts=("smtp.office365.us",),
    smtp_ports=(),
    mx_hosts=(),
    reading_hosts=(),
    # Each cloud has its own directory and endpoints (same page): no token of one is another's.
    platform="Microsoft US Government",
    smtp_auth_methods=(),
    login_name="unknown",
    foreign_sender="unknown",
    offline="unknown",
    smtp_scopes=(),
    wrong_scopes=(),
    default_resource=None,
    personal_mailboxes=(),
    password_login="unknown",
    password_login_ends=None,
    max_connections_per_mailbox=None,
    messages_per_minute=None,
    console_url=None,
    consent_page_url=None,
)

MICROSOFT_CHINA = MICROSOFT_GCC_HIGH._replace(
    name="microsoft-china",
    title="Microsoft 365 operated by 21Vianet",
    endpoints=("login.partner.microsoftonline.cn", "login.chinacloudapi.cn"),
    smtp_hosts=("smtp.partner.outlook.cn", "smtp-legacy.partner.outlook.cn"),
    platform="21Vianet",
    device_authorization_url=None,
)

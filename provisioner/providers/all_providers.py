"""The known providers, each fact with its source. To add one: its facts, its name at the end."""

from __future__ import annotations

from provisioner.providers.provider import Provider

# -- Google Workspace and Gmail.

GOOGLE = Provider(
    name="google",
    title="Google",
    # accounts.google.com/.well-known/openid-configuration; the older pair is still in use.
    endpoints=("accounts.google.com", "oauth2.googleapis.com", "www.googleapis.com"),
    issuer="https://accounts.google.com",
    # https://support.google.com/a/answer/176600: 465 and 587; 25 too at the relay of Workspace,
    # which can also do without a sign-in: https://support.google.com/a/answer/2956491
    smtp_hosts=("smtp.gmail.com", "smtp.googlemail.com", "smtp-relay.gmail.com"),
    smtp_ports=(587, 465, 25),
    # https://support.google.com/a/answer/174125
    mx_hosts=("smtp.google.com", "aspmx.l.google.com", ".aspmx.l.google.com"),
    # https://developers.google.com/workspace/gmail/imap/imap-smtp
    reading_hosts=("imap.gmail.com", "pop.gmail.com", "mail.google.com"),
    # EHLO: AUTH LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER XOAUTH.
    smtp_auth_methods=("none", "login", "plain", "oauth2"),
    # https://developers.google.com/workspace/gmail/imap/xoauth2-protocol: user is the address.
    login_name="address",
    # https://support.google.com/mail/answer/22370: other senders have to be added and confirmed.
    foreign_sender="rewritten",
    # https://developers.google.com/identity/protocols/oauth2/web-server#offline
    # A refresh token is given only when the consent screen is shown, hence prompt=consent.
    offline="param",
    authorize_extra={"access_type": "offline", "prompt": "consent"},
    # A refresh answers without refresh_token; the one in hand stays valid (same page).
    refresh_token_rotation="none",
    # token_endpoint_auth_methods_supported: client_secret_post, client_secret_basic.
    token_endpoint_auth_method="client_secret_post",
    # https://developers.google.com/gmail/imap/xoauth2-protocol: this scope and no other;
    # gmail.send serves Google's own API and is answered with 535 5.7.8 by SMTP.
    smtp_scopes=("https://mail.google.com/",),
    wrong_scopes=(
        "https://www.googleapis.com/auth/gmail.send",
        "https://www.googleapis.com/auth/gmail.compose",
        "https://www.googleapis.com/auth/gmail.modify",
        "https://www.googleapis.com/auth/gmail.readonly",
    ),
    # https://developers.google.com/identity/protocols/oauth2/native-app#authorization-errors
    page_errors=(
        "redirect_uri_mismatch",
        "has not completed the Google verification process",
        "org_internal",
        "admin_policy_enforced",
        "loopback flow has been blocked",
        "invalid_client",
        "deleted_client",
        "disallowed_useragent",
    ),
    # https://developers.google.com/identity/openid-connect/openid-connect#authenticationuriparameters:
    # several are separated by a space; login is not among them.
    prompts=("none", "consent", "select_account"),
    client_id_form="google_client_id",
    # token_endpoint of accounts.google.com/.well-known/openid-configuration. The sign-in page
    # /o/oauth2/auth is older, too, but stands in the JSON that Google's console hands out.
    superseded_endpoints={
        "/o/oauth2/token": "https://oauth2.googleapis.com/token",
        "/oauth2/v3/token": "https://oauth2.googleapis.com/token",
        "/oauth2/v4/token": "https://oauth2.googleapis.com/token",
    },
    # https://support.google.com/a/answer/6260879: the account's own password ended in May 2025.
    password_login="app_password",
    # https://developers.google.com/identity/protocols/oauth2#expiration: six months unused
    # (7 days while the consent screen is "External" and "Testing").
    idle_expiry_days=180,
    # https://developers.google.com/identity/protocols/oauth2/limited-input-device#allowedscopes
    device_authorization_url="https://oauth2.googleapis.com/device/code",
    device_flow_serves_mail=False,
    early_ends=(
        "7 days after the sign-in while the app's audience is External and its status Testing",
        "a new password of the account, or the 101st sign-in of one account at one client",
    ),
    identity_claims=("email",),
    revocation_url="https://oauth2.googleapis.com/revoke",
    console_url="https://console.cloud.google.com/auth/clients",
    consent_page_url="https://myaccount.google.com/connections",
)

# -- Microsoft 365: the commercial cloud (and GCC), GCC High and DoD, China (21Vianet).

# What all clouds of Microsoft have in common: the software of the directory, Entra ID.
_ENTRA = Provider(
    name="",
    accounts="work",
    # https://learn.microsoft.com/entra/identity-platform/v2-protocols#endpoints
    shared_tenants={
        "common": "any",
        "organizations": "work",
        "consumers": "personal",
        "9188040d-6c67-4c5b-b112-36a304b66dad": "personal",
    },
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
    # https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code
    device_authorization_url="devicecode",
    identity_claims=("preferred_username", "email", "upn"),
)

MICROSOFT = _ENTRA._replace(
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
    # https://www.zdnet.com/article/using-the-outlook-com-preview-faq/
    personal_mailboxes=("outlook.com", "hotmail.com", "live.com", "msn.com"),
    # Off by default at the end of December 2026; an administrator can switch it on again:
    # https://techcommunity.microsoft.com/blog/exchange/updated-exchange-online-smtp-auth-basic-authentication-deprecation-timeline/4489835
    password_login="ending",
    password_login_ends="2026-12-31",
    # https://learn.microsoft.com/exchange/troubleshoot/send-emails/smtp-submission-improvements
    max_connections_per_mailbox=3,
    messages_per_minute=30,
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
MICROSOFT_GCC_HIGH = _ENTRA._replace(
    name="microsoft-gcc-high",
    title="Microsoft 365 GCC High",
    endpoints=("login.microsoftonline.us", "login.usgovcloudapi.net"),
    smtp_hosts=("smtp.office365.us",),
    # Each cloud has its own directory and endpoints (same page): no token of one is another's.
    platform="Microsoft US Government",
)

MICROSOFT_CHINA = _ENTRA._replace(
    name="microsoft-china",
    title="Microsoft 365 operated by 21Vianet",
    endpoints=("login.partner.microsoftonline.cn", "login.chinacloudapi.cn"),
    smtp_hosts=("smtp.partner.outlook.cn", "smtp-legacy.partner.outlook.cn"),
    platform="21Vianet",
    device_authorization_url=None,
)

# -- Outlook.com, Hotmail and Live: Microsoft's personal accounts.

OUTLOOK_COM = MICROSOFT._replace(
    name="outlook.com",
    title="Outlook.com",
    # The tenant `consumers`, by name or by its well-known id, on the host of Microsoft 365.
    endpoints=(
        "login.microsoftonline.com/consumers",
        "login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad",
        "login.live.com",
    ),
    # https://support.microsoft.com/office/d088b986-291d-42b8-9564-9c414e2aa040: 587, STARTTLS.
    smtp_hosts=("smtp-mail.outlook.com",),
    smtp_ports=(587,),
    mx_hosts=(".olc.protection.outlook.com",),
    reading_hosts=("imap-mail.outlook.com", "pop-mail.outlook.com"),
    # .default is refused for personal accounts.
    smtp_scopes=(
        "https://outlook.office.com/SMTP.Send",
        "https://outlook.office365.com/SMTP.Send",
    ),
    accounts="personal",
    page_errors=(
        "input parameter 'redirect_uri' is not valid",
        "not enabled for consumers",
        "AADSTS700016",
        "AADSTS50020",
    ),
    # Apps that were registered for Live only have shorter ids.
    client_id_form="unknown",
    # "Modern authentication methods now needed to continue syncing Outlook Email", Microsoft
    # support: ended on 16 September 2024.
    password_login="ended",
    password_login_ends="2024-09-16",
    max_connections_per_mailbox=None,
    messages_per_minute=None,
    consent_page_url="https://account.live.com/consent/Manage",
)

# -- Yahoo Mail. New clients are registered by commercial agreement only.

YAHOO = Provider(
    name="yahoo",
    title="Yahoo",
    # https://developer.yahoo.com/oauth2/guide/flows_authcode
    endpoints=("api.login.yahoo.com",),
    issuer="https://api.login.yahoo.com",
    # https://help.yahoo.com/kb/SLN4724.html: 465 or 587, and an app password
    smtp_hosts=("smtp.mail.yahoo.com",),
    smtp_ports=(465, 587),
    reading_hosts=("imap.mail.yahoo.com", "pop.mail.yahoo.com"),
    platform="Yahoo",
    password_login="app_password",
    # Thunderbird's OAuth2Providers.sys.mjs
    smtp_scopes=("mail-w",),
    # Same page: the client authenticates with HTTP Basic.
    token_endpoint_auth_method="client_secret_basic",
    console_url="https://senders.yahooinc.com/developer/documentation",
)

# -- AOL Mail: Yahoo's platform under its own host.

AOL = YAHOO._replace(
    name="aol",
    title="AOL",
    # https://api.login.aol.com/.well-known/openid-configuration
    endpoints=("api.login.aol.com",),
    issuer="https://api.login.aol.com",
    smtp_hosts=("smtp.aol.com",),
    reading_hosts=("imap.aol.com", "pop.aol.com"),
)

# -- Zoho Mail. Its OAuth scopes serve its own API; none is documented for SMTP.

_ZOHO_REGIONS = ("com", "eu", "in", "com.au", "jp", "com.cn")

ZOHO = Provider(
    name="zoho",
    title="Zoho",
    # https://www.zoho.com/mail/help/api/using-oauth-2.html: one accounts server a region
    endpoints=tuple(f"accounts.zoho.{region}" for region in _ZOHO_REGIONS),
    # https://www.zoho.com/mail/help/zoho-smtp.html: 465 or 587; smtppro for organisations
    smtp_hosts=tuple(
        f"{host}.zoho.{region}" for region in _ZOHO_REGIONS for host in ("smtp", "smtppro")
    ),
    smtp_ports=(465, 587),
    offline="param",
    authorize_extra={"access_type": "offline"},
    # A refresh answers without a new refresh token, and it does not expire:
    # https://www.zoho.com/developer/oauth/
    refresh_token_rotation="none",
    # On the accounts server of the account's own region.
    revocation_url="/oauth/v2/token/revoke",
    token_endpoint_auth_method="client_secret_post",
    wrong_scopes=("ZohoMail.messages.CREATE", "ZohoMail.messages.ALL"),
    console_url="https://api-console.zoho.com/",
    # Sessions, Connected Apps: https://www.zoho.com/developer/oauth/revoke-oauth-token.html
    consent_page_url="https://accounts.zoho.com/",
)

# -- Fastmail. Clients are registered by writing to its developers.

FASTMAIL = Provider(
    name="fastmail",
    title="Fastmail",
    # Thunderbird's OAuth2Providers.sys.mjs
    endpoints=("api.fastmail.com",),
    smtp_hosts=("smtp.fastmail.com",),
    smtp_scopes=("https://www.fastmail.com/dev/protocol-smtp",),
    # https://www.fastmail.com/for-developers/: passwords are app passwords
    password_login="app_password",
    # https://www.fastmail.com/for-developers/oauth/
    console_url="https://www.fastmail.com/for-developers/oauth/",
)

# -- Yandex Mail and Yandex 360.

YANDEX = Provider(
    name="yandex",
    title="Yandex",
    # https://yandex.com/dev/id/doc/en/
    endpoints=("oauth.yandex.com", "oauth.yandex.ru"),
    smtp_hosts=("smtp.yandex.com", "smtp.yandex.ru"),
    # A refresh token always comes with the access token.
    offline="none",
    smtp_scopes=("mail:smtp",),
    # https://yandex.com/dev/id/doc/en/tokens/refresh-client: a new one with each refresh
    early_ends=("a new password of the account",),
    console_url="https://oauth.yandex.com/",
)

# -- Mail.ru.

MAIL_RU = Provider(
    name="mail.ru",
    title="Mail.ru",
    # https://biz.mail.ru/developer/oauth/
    endpoints=("o2.mail.ru", "oauth.mail.ru"),
    smtp_hosts=("smtp.mail.ru",),
    # The answer always has a refresh_token (same page).
    offline="none",
    # One scope serves IMAP and SMTP.
    smtp_scopes=("mail.imap",),
    console_url="https://o2.mail.ru/app/",
)

# -- Comcast Xfinity.

COMCAST = Provider(
    name="comcast",
    title="Comcast Xfinity",
    # Thunderbird's OAuth2Providers.sys.mjs
    endpoints=("oauth.xfinity.com",),
    smtp_hosts=("smtp.comcast.net",),
    smtp_scopes=("https://email.comcast.net/",),
)

PROVIDERS: tuple[Provider, ...] = (
    GOOGLE,
    MICROSOFT,
    MICROSOFT_GCC_HIGH,
    MICROSOFT_CHINA,
    MICROSOFT_HIGH_VOLUME,
    OUTLOOK_COM,
    YAHOO,
    AOL,
    ZOHO,
    FASTMAIL,
    YANDEX,
    MAIL_RU,
    COMCAST,
)

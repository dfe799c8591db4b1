"""Google Workspace and Gmail."""

from __future__ import annotations

from provisioner.providers.provider import Provider

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

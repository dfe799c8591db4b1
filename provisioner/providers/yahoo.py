"""Yahoo Mail. New clients are registered by commercial agreement only."""

from __future__ import annotations

from provisioner.providers.provider import Provider

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

"""Yahoo Mail. New clients are registered by commercial agreement only."""

from __future__ import annotations

from provisioner.providers.provider import Provider

YAHOO = Provider(
    name="yahoo",
    title="Yahoo",
    # https://developer.yahoo.com/oauth2/guide/flows_authcode
    endpoints=("api.login.yahoo.com",),
    issuer="https://api.login.yahoo.com",
    smtp_hosts=("smtp.mail.yahoo.com",),
    # Thunderbird's OAuth2Providers.sys.mjs
    smtp_scopes=("mail-w",),
    # Same page: the client authenticates with HTTP Basic.
    token_endpoint_auth_method="client_secret_basic",
    console_url="https://senders.yahooinc.com/developer/documentation",
)

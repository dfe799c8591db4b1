"""Fastmail. Clients are registered by writing to its developers."""

from __future__ import annotations

from provisioner.providers.provider import Provider

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

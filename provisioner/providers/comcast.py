"""Comcast Xfinity."""

from __future__ import annotations

from provisioner.providers.provider import Provider

COMCAST = Provider(
    name="comcast",
    title="Comcast Xfinity",
    # Thunderbird's OAuth2Providers.sys.mjs
    endpoints=("oauth.xfinity.com",),
    smtp_hosts=("smtp.comcast.net",),
    smtp_scopes=("https://email.comcast.net/",),
)

"""Yandex Mail and Yandex 360."""

from __future__ import annotations

from provisioner.providers.provider import Provider

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

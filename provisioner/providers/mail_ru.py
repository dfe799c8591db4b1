"""Mail.ru."""

from __future__ import annotations

from provisioner.providers.provider import Provider

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

"""How apps are registered at the known providers: one line each, where more is known than a URL."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.providers.google_registration import GOOGLE_REGISTRATION
from provisioner.providers.microsoft_registration import (
    CHINA_REGISTRATION,
    GCC_HIGH_REGISTRATION,
    MICROSOFT_REGISTRATION,
    OUTLOOK_COM_REGISTRATION,
)
from provisioner.providers.registration import Registration

_BY_AGREEMENT = "new clients are registered by agreement with the provider only"

REGISTRATIONS: Mapping[str, Registration] = {
    "google": GOOGLE_REGISTRATION,
    "microsoft": MICROSOFT_REGISTRATION,
    "microsoft-gcc-high": GCC_HIGH_REGISTRATION,
    "microsoft-china": CHINA_REGISTRATION,
    # Mail servers of their own, tokens of Microsoft 365.
    "microsoft-high-volume-email": MICROSOFT_REGISTRATION,
    "outlook.com": OUTLOOK_COM_REGISTRATION,
    # https://developer.yahoo.com/oauth2/guide/flows_authcode
    "yahoo": Registration(
        authorization_url="https://api.login.yahoo.com/oauth2/request_auth",
        access_token_url="https://api.login.yahoo.com/oauth2/get_token",
        scope="mail-w",
        steps=(_BY_AGREEMENT,),
    ),
    "aol": Registration(
        authorization_url="https://api.login.aol.com/oauth2/request_auth",
        access_token_url="https://api.login.aol.com/oauth2/get_token",
        scope="mail-w",
        steps=(_BY_AGREEMENT,),
    ),
    # https://www.zoho.com/developer/oauth/; no scope for SMTP is documented.
    "zoho": Registration(
        authorization_url="https://accounts.zoho.com/oauth/v2/auth",
        access_token_url="https://accounts.zoho.com/oauth/v2/token",
        steps=("accounts outside the USA have another host, such as accounts.zoho.eu",),
        doubt="no scope for SMTP is documented: an app password is the safe way",
    ),
    # Thunderbird's OAuth2Providers.sys.mjs
    "fastmail": Registration(
        authorization_url="https://api.fastmail.com/oauth/authorize",
        access_token_url="https://api.fastmail.com/oauth/refresh",
        scope="https://www.fastmail.com/dev/protocol-smtp",
        steps=(_BY_AGREEMENT,),
    ),
    # https://yandex.com/dev/id/doc/en/
    "yandex": Registration(
        authorization_url="https://oauth.yandex.com/authorize",
        access_token_url="https://oauth.yandex.com/token",
        scope="mail:smtp",
        permissions=("Yandex Mail: sending of mail by SMTP (mail:smtp)",),
    ),
    # https://biz.mail.ru/developer/oauth/
    "mail.ru": Registration(
        authorization_url="https://o2.mail.ru/login",
        access_token_url="https://o2.mail.ru/token",
        scope="mail.imap",
    ),
    # Thunderbird's OAuth2Providers.sys.mjs
    "comcast": Registration(
        authorization_url="https://oauth.xfinity.com/oauth/authorize",
        access_token_url="https://oauth.xfinity.com/oauth/token",
        scope="https://email.comcast.net/ profile openid",
        steps=(_BY_AGREEMENT,),
    ),
}

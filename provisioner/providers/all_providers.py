"""The known providers. To add one: its file, one line here, one example."""

from __future__ import annotations

from provisioner.providers.aol import AOL
from provisioner.providers.comcast import COMCAST
from provisioner.providers.fastmail import FASTMAIL
from provisioner.providers.google import GOOGLE
from provisioner.providers.mail_ru import MAIL_RU
from provisioner.providers.microsoft import (
    MICROSOFT,
    MICROSOFT_CHINA,
    MICROSOFT_GCC_HIGH,
    MICROSOFT_HIGH_VOLUME,
)
from provisioner.providers.outlook_com import OUTLOOK_COM
from provisioner.providers.provider import Provider
from provisioner.providers.yahoo import YAHOO
from provisioner.providers.yandex import YANDEX
from provisioner.providers.zoho import ZOHO

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

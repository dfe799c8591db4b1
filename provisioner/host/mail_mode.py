"""How much of an email a push sends."""

from __future__ import annotations

from enum import StrEnum


class MailMode(StrEnum):
    """What is less than an email never counts as verified."""

    FULL = "full"
    AUTH_ONLY = "auth-only"
    CANARY_ONLY = "canary-only"
    NONE = "none"

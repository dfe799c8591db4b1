"""What an error of a provider means, what to do about it, and who has to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Actor(StrEnum):
    """Who must act."""

    YOU = "you, in the declared file"
    SIGNER = "whoever signs in"
    ADMINISTRATOR = "an administrator at the provider"
    PROVIDER = "nobody: it passes"
    US = "us: please report it"


@dataclass(frozen=True, slots=True)
class Advice:
    """Cause and remedy, each a part of a sentence. `field`: the declared one to change, if any."""

    cause: str
    remedy: str
    actor: Actor
    field: str = ""

"""Whether a stream's reader wants colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO


def is_coloured(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """NO_COLOR (https://no-color.org) wins, then FORCE_COLOR (https://force-color.org) and
    CLICOLOR_FORCE (https://bixense.com/clicolors), then what the stream is.
    """
    if environment.get("NO_COLOR"):
        return False
    if any(environment.get(name, "0") not in ("", "0") for name in _FORCING):
        return True
    return environment.get("TERM") != "dumb" and stream.isatty()


_FORCING = ("FORCE_COLOR", "CLICOLOR_FORCE")

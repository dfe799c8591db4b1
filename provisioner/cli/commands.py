"""The commands, in the order of `provisioner --help`. One file a command; one line here each."""

from __future__ import annotations

from collections.abc import Callable

COMMANDS: dict[str, Callable[..., int]] = {}

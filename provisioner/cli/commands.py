"""The commands, in the order of `provisioner --help`. One file a command; one line here each."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

COMMANDS = (
    "init",
    "validate",
    "authenticate",
    "status",
    "refresh",
    "revoke",
    "plan",
    "push",
    "rollback",
    "unlock",
    "history",
    "test-email",
    "worksheet",
    "schema",
    "rules",
    "demo",
)


def command_named(name: str) -> Callable[..., int]:
    """The function of a command. Its file is imported only now: a run needs one of them."""
    module = name.replace("-", "_")
    command: Callable[..., int] = getattr(import_module(f"provisioner.cli.{module}"), module)
    return command

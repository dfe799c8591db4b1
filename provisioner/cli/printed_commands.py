"""Printed commands repeat the options that led to this project and these hosts: without them they
would not work as printed, from the folder where they are printed.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

PROJECT_COMMANDS = (
    "init|validate|authenticate|accept|status|refresh|revoke|rekey|doctor|plan|push|rollback|"
    "history|test-email|worksheet|entered"
)
INVENTORY_COMMANDS = "status|doctor|plan|push|rollback|worksheet(?=.* --host)|entered"
_OPTIONS = {"-C": PROJECT_COMMANDS, "-i": INVENTORY_COMMANDS}
_COMMAND = r"(?<![\w/.-])provisioner (?:{})(?![\w-])(?!:)"

_given: dict[str, str] = {}


def repeat(option: str, value: Path | None) -> Path | None:
    """Remember what was given; the current folder needs no mention."""
    if value is not None and value != Path():
        _given[option] = shlex.quote(str(value))
    return value


def forget_options() -> None:
    """Before another command line is run in this process."""
    _given.clear()


def with_given_options(text: str) -> str:
    """The text with these options in each command that takes them."""
    for option, value in reversed(_given.items()):
        given = f" {option} {value}".replace("\\", r"\\")
        text = re.sub(_COMMAND.format(_OPTIONS[option]), rf"\g<0>{given}", text)
    return text

"""How this program was installed, for messages that tell how to add a library to it."""

from __future__ import annotations

import shlex
import sys
from importlib.util import find_spec
from pathlib import Path


def install_command(*packages: str) -> str:
    """The command that installs packages beside this program."""
    names = shlex.join(packages)
    prefix, python = Path(sys.prefix), shlex.quote(sys.executable)
    if (prefix / "pipx_metadata.json").is_file():
        return f"pipx inject {prefix.name} {names}"
    if find_spec("pip"):
        return f"{python} -m pip install {names}"
    return f"uv pip install --python {python} {names}"

"""A plugin of pytest: modules that Windows does not have are missing, as they are there."""

from __future__ import annotations

import sys

MISSING = ("fcntl", "grp", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty")

for _name in MISSING:
    sys.modules[_name] = None  # type: ignore[assignment]  # makes `import` fail

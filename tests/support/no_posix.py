"""A plugin of pytest: modules that Windows does not have are missing, as they are there."""

import sys

MISSING = ("fcntl", "grp", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty")

for _name in MISSING:
    sys.modules[_name] = None  # makes `import` fail

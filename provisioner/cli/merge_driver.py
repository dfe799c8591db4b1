"""git's merge driver for tokens/, set up in a checkout: two people's refreshes merge."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from provisioner.cli.output import print_text
from provisioner.git import checkout_of, configure

_NAME = "maps-credentials"
_DRIVER = f"merge.{_NAME}"
_TITLE = "sign-ins of provisioner: the newer one, and all accepted destinations"
ATTRIBUTES = f"""\
# Two people's changes are merged by provisioner. In each clone, once:
#   provisioner init --merge-driver
*.yml merge={_NAME}
"""


def driver_command() -> str:
    """The shell's line that git runs. Python by its absolute path, and without the current folder:
    that is the checkout, and its author must not choose what runs.

    Without conflict markers git would keep our side of what failed, and a new token was lost.
    """
    program = shlex.quote(sys.executable).replace("%", "%%")
    merge = f"{program} -P -m provisioner merge-credentials -- %O %A %B %P"
    return f"{merge} || {{ git merge-file -L ours -L base -L theirs %A %O %B; exit 1; }}"


def print_merge_driver(root: Path) -> bool:
    """Set it up in the checkout's own .git/config, which no commit changes, and say so."""
    if checkout_of(root) is None:
        problem = "this is not a git repository; after `git init`, run"
    elif configure(root, {f"{_DRIVER}.name": _TITLE, f"{_DRIVER}.driver": driver_command()}):
        print_text(f"Set {_DRIVER} in the git configuration of this checkout")
        return True
    else:
        problem = "git could not set it; once that is corrected, run"
    where = "" if root == Path() else f" -C {shlex.quote(str(root))}"
    command = f"provisioner init --merge-driver{where}"
    print_text(f"No merge driver for tokens/: {problem}: {command}", file=sys.stderr)
    return False

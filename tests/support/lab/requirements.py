"""What the lab needs of the machine, and the words for a machine that lacks it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.support.lab.errors import LabError
from tests.support.paths import ROOT

INSTALL = "run tests/support/lab/install.sh as root (`make test` does), or see what it names"
NODE_MODULES = ROOT / ".lab" / "node_modules"
_OLDEST_DOVECOT = (2, 4, 1)
_SEARCHED = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"


def require_root(part):
    """Namespaces, overlayfs and ports below 1024 are root's."""
    if os.geteuid() != 0:
        raise LabError(
            f"the lab's {part} needs root (namespaces, mounts, ports 587 and 465): run the tests "
            'as root, in a container say, or without the lab: pytest -m "not lab"'
        )


def require_programs(*names):
    """Each program must be on the PATH or where Debian puts daemons."""
    missing = [name for name in names if shutil.which(name, path=_SEARCHED) is None]
    if missing:
        raise LabError(f"not installed: {', '.join(missing)}; {INSTALL}")


def require_dovecot():
    """The lab's configuration is written for 2.4: 2.3 has other names for nearly everything."""
    require_programs("dovecot")
    answer = subprocess.run(
        ["dovecot", "--version"],
        env={"PATH": _SEARCHED},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", answer)
    if found is None or tuple(map(int, found.groups())) < _OLDEST_DOVECOT:
        raise LabError(
            f"Dovecot 2.4.1 or newer is needed, this is {answer.strip()}: Debian 13 (trixie) has "
            "2.4.1, Debian 12 and Ubuntu 24.04 have 2.3; run the tests on Debian 13"
        )


def oidc_provider():
    """The entry of npm's oidc-provider."""
    entry = NODE_MODULES / "oidc-provider" / "lib" / "index.js"
    if not entry.exists():
        raise LabError(f"npm's oidc-provider is not in {NODE_MODULES}; {INSTALL}")
    return entry


def chromium():
    """The browser; LAB_CHROMIUM names another one than Debian's."""
    path = Path(os.environ.get("LAB_CHROMIUM", "/usr/bin/chromium"))
    if not path.exists():
        raise LabError(f"no browser at {path}; {INSTALL}, or set LAB_CHROMIUM to a Chromium")
    return path

"""Keeps the secrets of a run in its own process."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Mapping

from provisioner.model.project import Project
from provisioner.model.secret_variables import secret_variables

_PR_SET_DUMPABLE = 4


def private_environment(project: Project) -> Mapping[str, str]:
    """The environment as it was; from now on no child sees the variables that hold secrets.

    Browser, password manager, ssh: none of them needs one. Nor does a core dump.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _be_unreadable()
    before = dict(os.environ)
    for name in secret_variables(project) & before.keys():
        del os.environ[name]
    return before


def _be_unreadable() -> None:
    """No core through a pipe either, which heeds no limit; no look into /proc/PID/environ or mem.

    https://man7.org/linux/man-pages/man2/pr_set_dumpable.2const.html: it lasts until an exec.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)

"""Keeps the secrets of a run from its children."""

from __future__ import annotations

import os
from collections.abc import Mapping

from provisioner.model.project import Project
from provisioner.model.secret_variables import secret_variables


def private_environment(project: Project) -> Mapping[str, str]:
    """The environment as it was; from now on no child sees the variables that hold secrets.

    Browser, password manager, ssh: none of them needs one.
    """
    before = dict(os.environ)
    for name in secret_variables(project) & before.keys():
        del os.environ[name]
    return before

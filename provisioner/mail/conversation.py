"""Modules of the hosts lie in playbooks/; this loads those that both sides run."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from types import ModuleType

from provisioner.resources import playbooks_folder

# On a host these modules live in ansible.module_utils; here they get a package of their own, so
# that their relative imports find each other.
_PACKAGE = "_provisioner_host_code"


@cache
def host_code(name: str) -> ModuleType:
    """A module of playbooks/module_utils, such as `maps_prints`."""
    if _PACKAGE not in sys.modules:
        package = ModuleType(_PACKAGE)
        package.__path__ = [str(playbooks_folder() / "module_utils")]
        sys.modules[_PACKAGE] = package
    return importlib.import_module(f"{_PACKAGE}.{name}")

"""What runs on POSIX hosts is Python 3.8, and needs nothing that is not there."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.resources import playbooks_folder

ON_HOSTS = [
    file
    for name in ("library", "module_utils")
    for file in (playbooks_folder() / name).glob("*.py")
]
TOO_NEW = {"tomllib", "zoneinfo", "graphlib"}  # Python 3.8 does not have these yet


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 8))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


@pytest.mark.parametrize("file", ON_HOSTS, ids=lambda file: file.name)
def test_it_is_of_the_standard_library_and_ansible_s_own(file: Path) -> None:
    known = sys.stdlib_module_names - TOO_NEW
    foreign = [name for name in imported(file) if name.partition(".")[0] not in known]
    assert [name for name in foreign if not name.startswith("ansible.module_utils.")] == []


def test_there_is_something_to_look_at() -> None:
    assert {"maps_host.py", "maps_masking.py", "maps_smtp.py"} == {file.name for file in ON_HOSTS}


LOADED = """
import sys
import ansible.module_utils.basic
before = set(sys.modules)
from tests.hosts.posix_host import load
load()
print(*(set(sys.modules) - before))
"""


def test_a_call_that_reads_loads_little() -> None:
    """Ansible sends and compiles all of it for each call: most of what a `plan` costs a host."""
    said = subprocess.run(
        [sys.executable, "-c", LOADED], check=True, capture_output=True, text=True
    ).stdout.split()
    assert {"ssl", "http.client", "email", "ansible.module_utils.maps_smtp"} & set(said) == set()
    assert "ansible.module_utils.maps_masking" in said

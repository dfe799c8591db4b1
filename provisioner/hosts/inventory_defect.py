"""Why Ansible cannot read an inventory: the file, the line, and nothing of what stands there.

Ansible's own words quote whole lines, and those may hold the secrets of hosts.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from provisioner.documents.reading import shown_path
from provisioner.documents.syntax import syntax_defect
from provisioner.errors import FleetError

_SOURCE = re.compile(r"inventory source (.+)$", re.MULTILINE)
_YAML = frozenset((".yml", ".yaml", ".json"))
_NO_VAULT_PASSWORD = "no vault secrets found"  # noqa: S105  Ansible's words


def unreadable_inventory(path: Path, said: str) -> FleetError:
    """The error of an inventory that Ansible refuses; `said`: all that Ansible said of it."""
    named = _SOURCE.search(said)
    file = Path(named.group(1)) if named else path
    if error := _broken_yaml(file, "inventory"):
        return error
    line = _quoted_line(file, said)
    return FleetError(
        f"{_place(file, line)}: Ansible cannot read the inventory"
        + (": it does not understand this line" if line else ""),
        remedy=f"see why (Ansible quotes lines, secrets too): ansible-inventory -i "
        f"{shlex.quote(str(path))} --list",
    )


def unreadable_variables(inventory: Path, said: str) -> FleetError | None:
    """The error of variables that Ansible gave up on; None: it did so on something else."""
    for file in _variable_files(inventory):
        if error := _broken_yaml(file, "variables"):
            return error
    if _NO_VAULT_PASSWORD not in said:
        return None
    return FleetError(
        f"{shown_path(inventory)}: a variable there is vault text, and Ansible has no password "
        "for it",
        remedy="name a file with that password: ANSIBLE_VAULT_PASSWORD_FILE, or "
        "vault_password_file in ansible.cfg",
    )


def _broken_yaml(file: Path, what: str) -> FleetError | None:
    if file.suffix not in {*_YAML, ""} or (what == "inventory" and file.suffix == ""):
        return None
    defect = syntax_defect(file) if file.is_file() else None
    if defect is None:
        return None
    place = _place(file, defect.span.start.line)
    return FleetError(
        f"{place}: Ansible cannot read the {what}: {defect.message}", remedy=defect.remedy
    )


def _place(file: Path, line: int | None) -> str:
    return shown_path(file) + (f":{line}" if line else "")


def _quoted_line(file: Path, said: str) -> int | None:
    """The one line of the file that Ansible has quoted, by its number."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    except (OSError, UnicodeDecodeError):
        return None
    found = [n for n, line in enumerate(lines, 1) if f"'{line.strip()}'" in said and line.strip()]
    return found[0] if len(found) == 1 else None


def _variable_files(inventory: Path) -> Iterator[Path]:
    """Where Ansible looks for them: host_vars and group_vars, beside a file or in a folder."""
    folder = inventory if inventory.is_dir() else inventory.parent
    for name in ("group_vars", "host_vars"):
        yield from sorted(path for path in (folder / name).rglob("*") if path.is_file())

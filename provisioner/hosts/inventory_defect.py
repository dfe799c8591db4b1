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
# Ansible's words; the first is of a file that is vault text as a whole.
_NO_VAULT_PASSWORDS = ("A vault password must be specified", "no vault secrets found")
# What Ansible warns of, and the same in words that quote nothing.
_WARNINGS = {
    "Invalid characters were found in group names": "a group's name has other characters than "
    "letters, digits and _, so no variable can name it",
    "Found both group and host with same name": "a group and a host have the same name",
}


def unreadable_inventory(path: Path, said: str) -> FleetError:
    """The error of an inventory that Ansible refuses; `said`: all that Ansible said of it."""
    file = _refused_source(path, said)
    if error := _broken_yaml(file, "inventory"):
        return error
    line = _named_line(file, said)
    if line is None and _NO_VAULT_PASSWORDS[0] in said:
        return _no_vault_password(file, "the inventory is")
    return FleetError(
        f"{_place(file, line)}: Ansible cannot read the inventory"
        + (": it does not understand this line" if line else ""),
        remedy=f"see why {how_to_see(path)}",
    )


def warnings_in_our_words(path: Path, said: str) -> list[str]:
    """What Ansible warned of as it read an inventory; its own words may quote lines."""
    lines = [line for line in said.splitlines() if line.startswith(("[WARNING]", "[ERROR]"))]
    lines = [line for line in lines if "deprecation_warnings=False" not in line]
    known = [ours for theirs, ours in _WARNINGS.items() if any(theirs in line for line in lines)]
    if any(not any(theirs in line for theirs in _WARNINGS) for line in lines):
        known.append(f"Ansible has a warning; see it {how_to_see(path)}")
    return [f"{shown_path(path)}: {words}" for words in known]


def how_to_see(path: Path) -> str:
    """The command that shows what we do not: Ansible's own words."""
    command = f"ansible-inventory -i {shlex.quote(str(path))} --list"
    return f"(Ansible quotes lines, secrets too): {command}"


def unreadable_variables(inventory: Path, said: str) -> FleetError | None:
    """The error of variables that Ansible gave up on; None: it did so on something else."""
    for file in _variable_files(inventory):
        if error := _broken_yaml(file, "variables"):
            return error
    if not any(words in said for words in _NO_VAULT_PASSWORDS):
        return None
    return _no_vault_password(inventory, "a variable there is")


def _no_vault_password(file: Path, what: str) -> FleetError:
    return FleetError(
        f"{shown_path(file)}: {what} vault text, and Ansible has no password for it",
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


def _refused_source(path: Path, said: str) -> Path:
    """The file that Ansible names at the end; before it, a file's own line could name any."""
    named = [Path(source) for source in _SOURCE.findall(said)][-1:]
    return next((file for file in named if file.is_relative_to(path) and file.exists()), path)


def _named_line(file: Path, said: str) -> int | None:
    """The one line of the file that Ansible has quoted or named, by its number."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    except (OSError, UnicodeDecodeError):
        return None
    quoted = [n for n, line in enumerate(lines, 1) if line.strip() and _quotes(said, line.strip())]
    origins = re.findall(rf"^Origin: {re.escape(str(file))}:(\d+):\d+$", said, re.MULTILINE)
    found = quoted or [n for n in map(int, origins[:1]) if n <= len(lines)]
    return found[0] if len(found) == 1 else None


def _quotes(said: str, line: str) -> bool:
    forms = (f"'{line}'", f"got: {line}\n", f"Section {line} ")
    return any(form in said for form in forms)


def _variable_files(inventory: Path) -> Iterator[Path]:
    """Where Ansible looks for them: host_vars and group_vars, beside a file or in a folder."""
    folder = inventory if inventory.is_dir() else inventory.parent
    for name in ("group_vars", "host_vars"):
        yield from sorted(path for path in (folder / name).rglob("*") if path.is_file())

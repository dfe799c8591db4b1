"""Which hosts an Ansible host pattern means, and which of them have variables that can be read.

Errors are in our own words, with file and line: Ansible's quote whole lines, and those may hold
the secrets of hosts.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.ansible.environment import ansible_setting, refuse_written_by_others
from provisioner.config.document import syntax_issue
from provisioner.config.file_text import shown_path
from provisioner.errors import FleetError

_SOURCE = re.compile(r"inventory source (.+)$", re.MULTILINE)
_SUBSCRIPT = re.compile(r"\[[-:\d]+\]$")
_WILDCARD = re.compile(r"^~|[*?\[]")
_NO_VAULT_PASSWORD = ("A vault password must be specified", "no vault secrets")
_VAULT_REMEDY = (
    "name a file with its password: --vault-password-file, or vault_password_file in ansible.cfg"
)
# What Ansible warns of, and the same in words that quote nothing.
_WARNINGS = {
    "Invalid characters were found in group names": "a group name has characters other than "
    "letters, digits and _, so no variable can name it",
    "Found both group and host with same name": "a group and a host have the same name",
}
_YAML = frozenset((".yml", ".yaml", ".json"))


@dataclass(frozen=True, slots=True)
class Inventory:
    path: Path
    _manager: Any
    _loader: Any

    @property
    def file_to_edit(self) -> Path:
        """The file that `init` writes, if the inventory is a folder."""
        return self.path / "hosts.ini" if self.path.is_dir() else self.path

    def matching(self, pattern: str) -> tuple[str, ...]:
        """The hosts of an Ansible host pattern, sorted; FleetError when it is none.

        One without a name in it (of an empty variable, or torn) means all hosts to Ansible. A host
        is what its whole name means, whatever signs are in it. One with a name that no group or
        host has matches nothing: Ansible would leave the name out, so with a slip in it
        `maps:!test` would mean those of test, too.
        """
        from ansible.errors import AnsibleError
        from ansible.inventory.manager import split_host_pattern

        if pattern in self._manager.hosts and pattern not in self._manager.groups:
            return (pattern,)
        try:
            if not all(part.strip("!&~") for part in split_host_pattern(pattern) or [""]):
                raise AnsibleError
            if self._unknown_names(pattern):
                return ()
            found = {str(host.name) for host in self._manager.get_hosts(pattern)}
        except AnsibleError:
            raise FleetError(
                f"{pattern!r} is not a valid Ansible host pattern",
                remedy="use a group, a host or a pattern such as maps:&prod",
            ) from None
        return tuple(sorted(found))

    def no_match(self, pattern: str) -> str:
        """What to say of a pattern that matches no host."""
        unknown = ", ".join(self._unknown_names(pattern))
        why = f": it has no group or host {unknown}" if unknown else ""
        return f"matches no host of {self.path}{why}"

    def _unknown_names(self, pattern: str) -> tuple[str, ...]:
        """The names in it that no group or host has; `web*` and `~web.+` are none."""
        from ansible import constants
        from ansible.inventory.manager import split_host_pattern

        known = {*self._manager.groups, *self._manager.hosts, *constants.LOCALHOST}
        names = (_SUBSCRIPT.sub("", part.lstrip("!&")) for part in split_host_pattern(pattern))
        return tuple(n for n in names if n not in known and not _WILDCARD.search(n))

    def groups(self) -> tuple[str, ...]:
        """The groups a person wrote, sorted."""
        return tuple(sorted(set(self._manager.groups) - {"all", "ungrouped"}))

    def read_variables(
        self, hosts: Iterable[str]
    ) -> tuple[dict[str, FleetError], dict[str, list[str]]]:
        """Those of `hosts` whose variables cannot be read, and why; each variable maps_* and its
        hosts.

        The former are to be left out of a run: Ansible gives up on all hosts at the first such one.
        What a template makes of them is found by the worker of the host alone.
        """
        from ansible.errors import AnsibleError
        from ansible.vars.manager import VariableManager

        variables = VariableManager(loader=self._loader, inventory=self._manager)
        found, ours = dict[str, FleetError](), dict[str, list[str]]()
        with _silence():
            for name in hosts:
                host = self._manager.get_host(name)
                try:
                    values = variables.get_vars(host=host, include_hostvars=False)
                except AnsibleError as error:
                    found[name] = _unreadable_file(self.path, self._loader.last, error)
                except Exception as error:  # noqa: BLE001  a plugin raises what it likes
                    found[name] = _failed_plugin(self.path, error)
                else:
                    for value in filter(_is_undecryptable, _encrypted_values(values)):
                        found[name] = _undecryptable(self.path, value)
                    for variable in filter(_is_ours, values):
                        ours.setdefault(str(variable), []).append(name)
        return found, ours


def _is_ours(variable: object) -> bool:
    return str(variable).startswith("maps_")


def read_inventory(
    path: Path, *, root: Path, vault_password_files: Sequence[Path] = ()
) -> Inventory:
    """Parse an inventory file, folder or script; FleetError when it cannot be read completely.

    Scripts and plugins run here: call this inside of `ansible_environment`.
    """
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        raise FleetError(
            f"no inventory at {path}",
            remedy="write one (a group `maps` with your hosts), or name it: "
            "`inventory:` in provisioner.yml, or --inventory PATH",
        )
    for file in path.rglob("*") if path.is_dir() else [path]:
        if file.is_file() and os.access(file, os.X_OK):
            refuse_written_by_others(file, root)
    _require_files(path)
    from ansible import constants
    from ansible.errors import AnsibleError
    from ansible.inventory.manager import InventoryManager

    # Ansible reads its settings once, when something first imports it: these two must hold anyway.
    constants.INVENTORY_ANY_UNPARSED_IS_FAILED = True
    constants.HOST_PATTERN_MISMATCH = "ignore"
    loader = _loader(vault_password_files)
    try:
        with _silence() as said:
            manager = InventoryManager(loader=loader, sources=[str(path)])
    except AnsibleError as error:
        raise _unreadable_inventory(path, f"{said.getvalue()}\n{error}") from None
    for warning in _warnings(path, said.getvalue()):
        print(f"warning: {warning}", file=sys.stderr)
    return Inventory(path, manager, loader)


def _require_files(path: Path) -> None:
    """FleetError where there is a pipe, to which nobody may ever write, or a device without end:
    Ansible would read it.
    """
    variables = [] if path.is_dir() else [path.with_name(f"{of}_vars") for of in ("group", "host")]
    for file in (path, *(file for folder in (path, *variables) for file in folder.rglob("*"))):
        if file.exists() and not (file.is_file() or file.is_dir()):
            raise FleetError(
                f"{shown_path(file)}: is a named pipe, a device or a socket, not a file",
                remedy="move it out of the inventory, or replace it by a file",
            )


def _loader(vault_password_files: Sequence[Path]) -> Any:
    """Ansible's loader of files, with the vault passwords that Ansible itself would use."""
    from ansible.errors import AnsibleError
    from ansible.parsing.dataloader import DataLoader
    from ansible.parsing.vault import VaultSecretsContext, get_file_vault_secret

    class Loader(DataLoader):  # type: ignore[misc]
        """Remembers which file it was at when something went wrong."""

        last = ""

        def load_from_file(self, file_name: str, *args: Any, **options: Any) -> Any:
            self.last = file_name
            return super().load_from_file(file_name, *args, **options)

    loader, secrets = Loader(), []
    for label, source in _vault_identities(vault_password_files):
        try:
            secret = get_file_vault_secret(filename=source, vault_id=label, loader=loader)
            secret.load()
        except AnsibleError:
            raise FleetError(
                f"{source}: cannot read a vault password from it",
                remedy="check the path and the mode of the file, and that it is not empty",
            ) from None
        secrets.append((label, secret))
        loader.set_vault_secrets(secrets)
    if VaultSecretsContext.current(optional=True) is None:
        VaultSecretsContext.initialize(VaultSecretsContext(secrets))
    VaultSecretsContext.current().secrets = secrets
    return loader


def _vault_identities(vault_password_files: Sequence[Path]) -> Iterator[tuple[str, str]]:
    """Label and file, or script, of each; FleetError where Ansible would prompt for a password."""
    for identity in ansible_setting("DEFAULT_VAULT_IDENTITY_LIST")[0]:
        label, _, source = str(identity).rpartition("@")
        if source.startswith("prompt"):
            raise FleetError(
                f"vault_identity_list has {identity}, and no password can be prompted for here",
                remedy="name a file with the password instead of prompt",
            )
        yield label or "default", source
    for file in (*vault_password_files, ansible_setting("DEFAULT_VAULT_PASSWORD_FILE")[0]):
        if file:
            yield "default", str(file)


def _encrypted_values(value: Any, *, is_ours: bool = False) -> Iterator[Any]:
    """All of the variables that a run needs; others may be encrypted for another purpose."""
    from ansible.parsing.vault import EncryptedString

    if isinstance(value, EncryptedString):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            if is_ours or str(name).startswith(("ansible_", "maps_")):
                yield from _encrypted_values(part, is_ours=True)
    elif isinstance(value, list):
        for part in value:
            yield from _encrypted_values(part, is_ours=True)


def _is_undecryptable(value: Any) -> bool:
    from ansible.errors import AnsibleError

    try:
        str(value)
    except AnsibleError:
        return True
    return False


def _undecryptable(inventory: Path, value: Any) -> FleetError:
    from ansible._internal._datatag._tags import Origin

    origin = Origin.get_tag(value)
    file = Path(origin.path) if origin and origin.path else inventory
    place = _place(file, origin.line_num if origin else None)
    return FleetError(f"{place}: no vault password opens this value", remedy=_VAULT_REMEDY)


def _unreadable_file(inventory: Path, last: str, error: BaseException) -> FleetError:
    """`last`: the file that was read when Ansible gave up."""
    file = Path(last) if last else inventory
    if any(words in str(error) for words in _NO_VAULT_PASSWORD):
        return FleetError(f"{shown_path(file)}: no vault password opens it", remedy=_VAULT_REMEDY)
    return _broken_yaml(file, "variables") or FleetError(
        f"{shown_path(file)}: Ansible cannot read the variables",
        remedy=f"see why {_how_to_see(inventory)}",
    )


def _failed_plugin(inventory: Path, error: BaseException) -> FleetError:
    """Type and place of what a vars plugin raises: its words may quote a secret."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return FleetError(
        f"{_place(Path(last.filename), last.lineno)}: {type(error).__name__}: a plugin failed as "
        "Ansible read the variables",
        remedy=f"see why {_how_to_see(inventory)}",
    )


def _unreadable_inventory(path: Path, said: str) -> FleetError:
    """The error of an inventory that Ansible rejects; `said`: all that Ansible said of it."""
    file = _rejected_source(path, said)
    if error := _broken_yaml(file, "inventory") if file.suffix in _YAML else None:
        return error
    line = _named_line(file, said)
    if line is None and any(words in said for words in _NO_VAULT_PASSWORD):
        return FleetError(f"{shown_path(file)}: no vault password opens it", remedy=_VAULT_REMEDY)
    return FleetError(
        f"{_place(file, line)}: Ansible cannot read the inventory"
        + (": it does not understand this line" if line else ""),
        remedy=f"see why {_how_to_see(path)}",
    )


def _warnings(path: Path, said: str) -> list[str]:
    """What Ansible warned of as it read an inventory; its own words may quote lines."""
    lines = [line for line in said.splitlines() if line.startswith(("[WARNING]", "[ERROR]"))]
    lines = [line for line in lines if "deprecation_warnings=False" not in line]
    known = [ours for theirs, ours in _WARNINGS.items() if any(theirs in line for line in lines)]
    if any(not any(theirs in line for theirs in _WARNINGS) for line in lines):
        known.append(f"Ansible has a warning; see it {_how_to_see(path)}")
    return [f"{shown_path(path)}: {words}" for words in known]


def _how_to_see(path: Path) -> str:
    """The command that shows what we do not: Ansible's own words."""
    command = f"ansible-inventory -i {shlex.quote(str(path))} --list"
    return f"(Ansible quotes lines, secrets too): {command}"


def _broken_yaml(file: Path, what: str) -> FleetError | None:
    issue = syntax_issue(file) if file.is_file() else None
    if issue is None:
        return None
    place = _place(file, issue.range.start.line)
    return FleetError(
        f"{place}: Ansible cannot read the {what}: {issue.message}", remedy=issue.remedy
    )


def _place(file: Path, line: int | None) -> str:
    return shown_path(file) + (f":{line}" if line else "")


def _rejected_source(path: Path, said: str) -> Path:
    """The file that Ansible names at the end; before it, a file's own line could name any."""
    named = [Path(source) for source in _SOURCE.findall(said)][-1:]
    return next((file for file in named if file.is_relative_to(path) and file.exists()), path)


def _named_line(file: Path, said: str) -> int | None:
    """The one line of the file that Ansible has quoted or named, by its number.

    Of YAML it quotes the first one, which it takes for INI in the end.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    except (OSError, UnicodeDecodeError):
        return None
    quoted = [n for n, line in enumerate(lines, 1) if line.strip() and _quotes(said, line.strip())]
    origins = re.findall(rf"^Origin: {re.escape(str(file))}:(\d+):\d+$", said, re.MULTILINE)
    found = quoted if file.suffix not in _YAML else []
    found = found or [n for n in map(int, origins[:1]) if n <= len(lines)]
    return found[0] if len(found) == 1 else None


def _quotes(said: str, line: str) -> bool:
    forms = (f"'{line}'", f"got: {line}\n", f"Section {line} ")
    return any(form in said for form in forms)


@contextmanager
def _silence() -> Iterator[io.StringIO]:
    """Keep to ourselves what Ansible prints."""
    said = io.StringIO()
    with redirect_stderr(said), redirect_stdout(said):
        yield said

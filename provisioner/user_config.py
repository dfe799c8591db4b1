"""The user's own config.yml: what chooses a key, or a place outside of a checkout, is only there.

vault_password: {file: /run/secrets/maps}
projects:
  mail-config/prod: {inventory: /srv/inventory}
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner.errors import FileUnusable
from provisioner.git import checkout_of
from provisioner.private_file import read_private

if TYPE_CHECKING:
    from yaml.nodes import Node

_PATHS = ("inventory", "tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserConfig:
    """What the user says of one project. `vault_password`: text or a secret source, as written."""

    vault_password: Any = field(default=None, repr=False)
    inventory: Path | None = None
    tokens: Path | None = None


def configuration_folder(environment: Mapping[str, str]) -> Path | None:
    """The user's folder of provisioner (XDG Base Directory: a relative value is to be ignored).

    None without HOME: it need not be there.
    """
    configured = Path(environment.get("XDG_CONFIG_HOME", ""))
    if configured.is_absolute():
        return configured / "maps-provisioner"
    home = environment.get("HOME")
    return Path(home, ".config", "maps-provisioner") if home else None


def read_user_config(
    environment: Mapping[str, str], project_identity: str, root: Path
) -> UserConfig:
    """config.yml for the project at `root`; empty where there is none. FileUnusable.

    What it says of the project of this identity wins. An empty identity is in no entry, since it
    is that of every project without a remote.
    """
    folder = configuration_folder(environment)
    if folder is None:
        return UserConfig()
    path = folder / "config.yml"
    seen: list[os.stat_result] = []
    try:
        content = read_private(path, judge=seen.append)
    except OSError as error:
        raise FileUnusable(
            f"cannot read {path}: {error.strerror}", remedy="check its owner and mode"
        ) from None
    if content is None:
        return UserConfig()
    _refuse_checkout(path, root, environment)
    _refuse_others(path, seen[0])
    values = _Reading(path, environment).values(content, project_identity)
    if isinstance(values.get("vault_password"), str) and seen[0].st_mode & 0o077:
        _refuse(path, "holds a vault password and others can read it", f"chmod 600 {_quoted(path)}")
    return UserConfig(**values)


def lies_in_checkout(path: Path, root: Path, environment: Mapping[str, str]) -> bool:
    """Whether a file of the user comes with the project: its author would choose what is in it.

    A checkout that is the home folder is the user's own (dotfiles).
    """
    top = checkout_of(root) or root.resolve()
    home = environment.get("HOME")
    return path.resolve().is_relative_to(top) and not (home and Path(home).resolve() == top)


def _refuse_checkout(path: Path, root: Path, environment: Mapping[str, str]) -> None:
    if lies_in_checkout(path, root, environment):
        remedy = "set XDG_CONFIG_HOME to a folder outside of the checkout"
        _refuse(path, "comes with the project, and must be your own", remedy)


def _refuse_others(path: Path, status: os.stat_result) -> None:
    """What others can write is not the user's word: it chooses keys."""
    if status.st_uid not in {os.geteuid(), 0}:
        own = _quoted(path.with_name("config.yml.own"))
        mend = f"(umask 077; cat {_quoted(path)} > {own}) && mv -f {own} {_quoted(path)}"
        _refuse(path, "belongs to another user", f"read it, then copy it: {mend}")
    if status.st_mode & 0o022:
        _refuse(path, "can be written by others", f"read it, then: chmod go-w {_quoted(path)}")


def _refuse(path: Path, problem: str, remedy: str) -> None:
    raise FileUnusable(f"{path}: {problem}", remedy=remedy)


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


@dataclass(frozen=True, slots=True)
class _Reading:
    """YAML's nodes, for their lines. Neither a key nor a value is shown: either may be a secret."""

    path: Path
    environment: Mapping[str, str]

    def values(self, content: bytes, project_identity: str) -> dict[str, Any]:
        import yaml

        try:
            root = yaml.compose(content, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            raise self._error("invalid YAML", mark.line if mark else 0) from None
        if root is None:
            return {}
        top = self._mapping(root, ("vault_password", "projects"))
        entries = self._mapping(top["projects"]) if "projects" in top else {}
        projects = {name: self._settings(entry) for name, entry in entries.items()}
        found = self._password(top)
        return found | (projects.get(project_identity, {}) if project_identity else {})

    def _settings(self, node: Node) -> dict[str, Any]:
        entry = self._mapping(node, ("vault_password", *_PATHS))
        return self._password(entry) | {k: self._path(entry[k]) for k in _PATHS if k in entry}

    def _mapping(self, node: Node, known: tuple[str, ...] = ()) -> dict[str, Node]:
        from yaml.nodes import MappingNode, ScalarNode

        if not isinstance(node, MappingNode):
            raise self._error("not a mapping", node.start_mark.line)
        entries: dict[str, Node] = {}
        for key, value in node.value:
            line = key.start_mark.line
            if not isinstance(key, ScalarNode) or (known and key.value not in known):
                raise self._error(f"unknown key (known: {', '.join(known) or 'text'})", line)
            if key.value in entries:
                raise self._error("duplicate key", line)
            entries[key.value] = value
        return entries

    def _password(self, entry: Mapping[str, Node]) -> dict[str, Any]:
        if "vault_password" not in entry:
            return {}
        import yaml

        node = entry["vault_password"]
        loader = yaml.SafeLoader("")
        try:
            value = loader.construct_document(node)
        except (yaml.YAMLError, ValueError, TypeError, RecursionError):
            value = None
        finally:
            loader.dispose()
        if not value or not isinstance(value, str | dict):
            message = "vault_password is neither text nor a secret source such as {file: PATH}"
            raise self._error(message, node.start_mark.line)
        return {"vault_password": value}

    def _path(self, node: Node) -> Path:
        text = node.value if node.tag == "tag:yaml.org,2002:str" else ""
        home = self.environment.get("HOME", "")
        path = Path(home, text[2:]) if text.startswith("~/") else Path(text)
        if not path.is_absolute() or "\0" in text:
            raise self._error("not an absolute path (nor one below ~/)", node.start_mark.line)
        return path

    def _error(self, message: str, line: int) -> FileUnusable:
        return FileUnusable(f"{self.path}:{line + 1}: {message}", remedy="correct that line")

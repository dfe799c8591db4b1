"""The user's own config.yml: what chooses a key, or a place outside of a checkout, is only there.

vault_password: {file: /run/secrets/maps}
projects:
  mail-config/prod: {inventory: /srv/inventory}
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner.errors import FileUnusable
from provisioner.git import checkout_of
from provisioner.private_file import Exposure, exposure_of, read_private

if TYPE_CHECKING:
    from yaml import Mark, Node

_Read = Callable[["Node"], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserConfig:
    """What the user says of one project. `vault_password`: text or a secret source, as written.

    `is_of_project`: it is in the entry of the project, and not for all projects.
    """

    vault_password: Any = field(default=None, repr=False)
    is_of_project: bool = False
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
    is that of every project without a remote. Neither a key nor a value of it is ever shown.
    """
    folder = configuration_folder(environment)
    if folder is None:
        return UserConfig()
    path, seen = folder / "config.yml", list[os.stat_result]()
    try:
        content = read_private(path, judge=seen.append)
    except OSError as error:
        remedy = "check its owner and mode"
        raise FileUnusable(f"cannot read {path}: {error.strerror}", remedy=remedy) from None
    if content is None:
        return UserConfig()
    if lies_in_checkout(path, root, environment):
        raise FileUnusable(
            f"{path} is part of the project, and must be your own",
            remedy="set XDG_CONFIG_HOME to a folder outside of the checkout",
        )
    try:
        found = _settings_for(project_identity, content, environment.get("HOME", ""))
    except _WrongError as error:
        raise FileUnusable(f"{path}:{error.line}: {error}", remedy="correct that line") from None
    exposure = exposure_of(seen[0])
    if exposure != Exposure.READABLE or isinstance(found.vault_password, str):
        _refuse_exposed(path, exposure)
    return found


def lies_in_checkout(path: Path, root: Path, environment: Mapping[str, str]) -> bool:
    """Whether a file comes with the project, by its name or by what that leads to.

    A pull request could change either. In a checkout that is the home folder (dotfiles), the
    user's configuration folder is their own.
    """
    checkout = checkout_of(root) or _real(root)
    folder, home = configuration_folder(environment), environment.get("HOME")
    is_home = home and checkout == _real(Path(home))
    if is_home and folder and _real(path).is_relative_to(_real(folder)):
        return False
    beside_links = (Path(os.path.abspath(path)), _real(path.parent) / path.name)  # noqa: PTH100
    return any(place.is_relative_to(checkout) for place in (*beside_links, _real(path)))


def _real(path: Path) -> Path:
    """Without links; `Path.resolve` raises for links in a circle."""
    return Path(os.path.realpath(path))


def _refuse_exposed(path: Path, exposure: Exposure) -> None:
    quoted, own = shlex.quote(str(path)), shlex.quote(f"{path}.own")
    fix = f"chmod 600 {quoted}"
    if exposure == Exposure.FOREIGN:
        fix = f"(umask 077; cat {quoted} > {own}) && mv -f {own} {quoted}"
    if exposure:
        raise FileUnusable(f"{path} {exposure}", remedy=f"check its content, then: {fix}")


class _WrongError(Exception):
    """Caught above, where the file's name is known."""

    def __init__(self, message: str, mark: Mark | None) -> None:
        super().__init__(message)
        self.line = mark.line + 1 if mark else 1


def _settings_for(project_identity: str, content: bytes, home: str) -> UserConfig:
    """All of the file is looked at, from YAML's nodes, which know their lines."""
    import yaml

    try:
        root = yaml.compose(content, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise _WrongError("invalid YAML", getattr(error, "problem_mark", None)) from None
    path = partial(_path, home=home)
    of_project: dict[str, _Read] = {"vault_password": _password, "inventory": path, "tokens": path}
    projects = partial(_mapping, known={}, other=partial(_mapping, known=of_project))
    top = _mapping(root, {"vault_password": _password, "projects": projects}) if root else {}
    own = top.pop("projects", {})
    ours = own.get(project_identity, {}) if project_identity else {}
    return UserConfig(**top | ours, is_of_project="vault_password" in ours)


def _mapping(node: Node, known: Mapping[str, _Read], other: _Read | None = None) -> dict[str, Any]:
    """Each value by what reads it; `other` reads the value of a key that is not known."""
    from yaml import MappingNode, ScalarNode

    if not isinstance(node, MappingNode):
        raise _WrongError("not a mapping", node.start_mark)
    values: dict[str, Any] = {}
    for key, value in node.value:
        read = known.get(key.value, other) if isinstance(key, ScalarNode) else None
        if read is None:
            message = f"unknown key (known: {', '.join(known) or 'text'})"
            raise _WrongError(message, key.start_mark)
        if key.value in values:
            raise _WrongError("duplicate key", key.start_mark)
        values[key.value] = read(value)
    return values


def _password(node: Node) -> Any:
    import yaml

    try:
        value = yaml.SafeLoader("").construct_document(node)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        value = None
    if value and isinstance(value, str | dict):
        return value
    message = "vault_password is neither text nor a secret source such as {file: PATH}"
    raise _WrongError(message, node.start_mark)


def _path(node: Node, home: str) -> Path:
    text = str(node.value) if node.tag == "tag:yaml.org,2002:str" else ""
    path = Path(home, text[2:]) if text.startswith("~/") else Path(text)
    if not path.is_absolute() or "\0" in text:
        raise _WrongError("not an absolute path (nor one below ~/)", node.start_mark)
    return path

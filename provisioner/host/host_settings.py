"""What the host variables `maps_*` say, checked; each is read where Ansible templates it."""

from __future__ import annotations

import ntpath
import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Platform = Literal["posix", "windows"]
Variables = Callable[[str], object]  # the templated value of a host variable; None without one

VARIABLES = (
    "maps_directory",
    "maps_group",
    "maps_ca_file",
    "maps_cluster",
    "maps_apply_command",
    "maps_service",
    "maps_test_command",
)
_DIRECTORIES = {"posix": "/etc/maps-provisioner", "windows": r"C:\ProgramData\maps-provisioner"}
_WILDCARDS = "*?[]"  # Get-Service would find others, too
# CreateService: https://learn.microsoft.com/windows/win32/api/winsvc/nf-winsvc-createservicew
_LONGEST_SERVICE = 256


class InvalidVariable(Exception):
    """A host variable that does not fit; the text says which, and what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSettings:
    """Commands are argv; paths are the host's. `cluster`: hosts of which one at a time applies."""

    directory: str
    separator: str = "/"
    group: str | None = None
    ca_file: str | None = None
    apply_command: Sequence[str] = ()
    service: str | None = None
    test_command: Sequence[str] = ()
    cluster: str | None = None

    @property
    def is_windows(self) -> bool:
        return self.separator == "\\"

    @property
    def can_apply(self) -> bool:
        """Whether there is a way to make MAPS take over a document."""
        return bool(self.apply_command or self.service)

    def place(self, name: str) -> str:
        return self.directory.rstrip("/\\") + self.separator + name


def host_settings(variables: Variables, platform: Platform) -> HostSettings:
    """The settings of one host; InvalidVariable for the first one that does not fit."""
    is_windows = platform == "windows"
    return HostSettings(
        directory=_path(variables, "maps_directory", is_windows) or _DIRECTORIES[platform],
        separator="\\" if is_windows else "/",
        group=_text(variables, "maps_group", "give the name of a group"),
        ca_file=_path(variables, "maps_ca_file", is_windows),
        apply_command=_command(variables, "maps_apply_command"),
        service=_service(variables, is_windows),
        test_command=_command(variables, "maps_test_command"),
        cluster=_text(variables, "maps_cluster", "give the hosts of a cluster one name"),
    )


def _text(variables: Variables, name: str, advice: str) -> str | None:
    value = variables(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not value.isprintable():
        raise InvalidVariable(f"{name} is not text: {advice}")
    return value


def _command(variables: Variables, name: str) -> Sequence[str]:
    """A list, so that no shell reads it."""
    argv = variables(name)
    if argv is None or argv == []:
        return ()
    if not isinstance(argv, list) or not all(isinstance(a, str) and a for a in argv):
        raise InvalidVariable(
            f"{name} is not a list of strings: write {name}: [program, argument] in YAML, and "
            f'{name}=["program", "argument"] in an INI inventory, with no quotes around it'
        )
    return [str(argument) for argument in argv]


def _service(variables: Variables, is_windows: bool) -> str | None:
    name = _text(variables, "maps_service", "`Get-Service` lists the names")
    if name is None:
        return None
    if not is_windows:
        raise InvalidVariable(
            "maps_service restarts a Windows service, and this host has a POSIX shell: "
            "remove it there, or restart in maps_apply_command"
        )
    if len(name) > _LONGEST_SERVICE or any(character in name for character in _WILDCARDS):
        raise InvalidVariable(
            "maps_service is not the name of one service: `Get-Service` lists the names"
        )
    return name


def _path(variables: Variables, name: str, is_windows: bool) -> str | None:
    path = _text(variables, name, "give an absolute path")
    if path is None:
        return None
    if is_windows:
        return _windows_path(name, path)
    if not path.startswith("/"):
        raise InvalidVariable(f"{name} is not an absolute path: correct that host variable")
    return posixpath.normpath(path)


def _windows_path(name: str, path: str) -> str:
    """A path of a local drive. Not of a share: secrets would then lie on another machine."""
    drive, rest = ntpath.splitdrive(path)
    is_local = len(drive) == len("C:") and drive[0].isascii() and drive[0].isalpha()
    if not is_local or rest[:1] not in ("\\", "/") or any(c in rest for c in '%<>:"|?*'):
        raise InvalidVariable(
            f"{name} is not an absolute path of a local drive: "
            r"write it like C:\ProgramData\maps-provisioner"
        )
    return ntpath.normpath(path)

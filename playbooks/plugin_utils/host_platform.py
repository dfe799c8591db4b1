"""What differs between hosts by their shell: the module, its arguments, the paths. Pure."""

from __future__ import annotations

import json
import ntpath

_SERVICE = "maps_service restarts a Windows service, and this host has a POSIX shell: "
_WILDCARDS = "*?[]"  # Get-Service would find others, too
# CreateService: https://learn.microsoft.com/windows/win32/api/winsvc/nf-winsvc-createservicew
_LONGEST_SERVICE = 256


class Unfit(ValueError):
    """A host variable that does not fit the host; the text says what to write instead."""


class Posix:
    """Hosts with sh: modules in Python."""

    default_directory = "/etc/maps-provisioner"

    def module(self, name):
        """The name of the module that does it here."""
        return name

    def directory(self, path):
        """maps_directory, as the module takes it."""
        if not isinstance(path, str) or not path.startswith("/"):
            raise Unfit("maps_directory is not an absolute path: correct that host variable")
        return path

    def ca_file(self, path):
        """maps_ca_file, as the module takes it."""
        return path

    def service(self, name):
        """maps_service, as the module takes it; None if there is none."""
        if name:
            raise Unfit(_SERVICE + "remove it there, or restart in maps_apply_command")

    def arguments(self, arguments):
        """A module's arguments as they travel."""
        return arguments


class Windows:
    """Hosts with PowerShell, or with cmd that starts it: modules in PowerShell and C#."""

    default_directory = r"C:\ProgramData\maps-provisioner"

    def module(self, name):
        """The name of the module that does it here."""
        return "win_" + name

    def directory(self, path):
        """maps_directory, as the module takes it."""
        return _windows_path("maps_directory", path)

    def ca_file(self, path):
        """maps_ca_file, as the module takes it."""
        return _windows_path("maps_ca_file", path) if path else None

    def service(self, name):
        """maps_service, as the module takes it; None if there is none."""
        if not name:
            return None
        fits = isinstance(name, str) and name.isprintable() and len(name) <= _LONGEST_SERVICE
        if not fits or any(character in name for character in _WILDCARDS):
            raise Unfit("maps_service is not the name of one service: `Get-Service` lists them")
        return name

    def arguments(self, arguments):
        """A module's arguments as they travel.

        Without `secrets`: they are there for Ansible to mask, and Ansible.Basic masks no elements
        of a list (Ansible.Basic.cs, SetNoLogValues). Objects as JSON texts: PowerShell would sort
        their keys, fold the case of their names, and take texts for dates (ConvertFrom-Json).
        """
        kept = {name: value for name, value in arguments.items() if name != "secrets"}
        return {n: json.dumps(v) if isinstance(v, dict) else v for n, v in kept.items()}


def platform_of(shell):
    """The platform of a connection's shell plugin."""
    family = getattr(shell, "SHELL_FAMILY", "sh")
    return Windows() if family in ("powershell", "cmd") else Posix()


def _windows_path(variable, path):
    """A path of a local drive. Not of a share: secrets would then lie on another machine."""
    drive, rest = ntpath.splitdrive(path) if isinstance(path, str) else ("", "")
    is_local = len(drive) == 2 and drive[0].isascii() and drive[0].isalpha() and drive[1] == ":"
    if not is_local or rest[:1] not in ("\\", "/") or any(c in rest for c in '%<>:"|?*'):
        words = f"{variable} is not an absolute path of a local drive: "
        raise Unfit(words + r"write it like C:\ProgramData\maps-provisioner")
    return ntpath.normpath(path)

"""The environment of Ansible, ssh and inventory scripts: no secret, and settings that hold."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provisioner.errors import FleetError
from provisioner.secret import Secret

# Set whatever the user's ansible.cfg or environment says: each of these, the other way, would
# put a module with secrets on a host's disk, secrets into a log, an unknown key into trust, or
# send a list of operations to a host twice.
_HOLDING = {
    "ANSIBLE_PIPELINING": "True",
    "ANSIBLE_KEEP_REMOTE_FILES": "False",
    "ANSIBLE_DEBUG": "False",
    "ANSIBLE_LOG_PATH": os.devnull,
    "ANSIBLE_NO_TARGET_SYSLOG": "True",
    "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "False",
    "ANSIBLE_ENABLE_TASK_DEBUGGER": "False",
    "ANSIBLE_STDOUT_CALLBACK": "default",
    "ANSIBLE_HOST_KEY_CHECKING": "True",
    "ANSIBLE_SSH_HOST_KEY_CHECKING": "True",
    "ANSIBLE_PARAMIKO_HOST_KEY_CHECKING": "True",
    "ANSIBLE_PARAMIKO_HOST_KEY_AUTO_ADD": "False",
    "ANSIBLE_LIBSSH_HOST_KEY_CHECKING": "True",
    "ANSIBLE_LIBSSH_HOST_KEY_AUTO_ADD": "False",
    "ANSIBLE_SSH_RETRIES": "0",
    "ANSIBLE_STRATEGY": "linear",
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "True",
    "ANSIBLE_HOST_PATTERN_MISMATCH": "ignore",
    "ANSIBLE_RETRY_FILES_ENABLED": "False",
    "ANSIBLE_NOCOLOR": "True",
    "ANSIBLE_FORCE_COLOR": "False",
    "ANSIBLE_DEPRECATION_WARNINGS": "False",  # of the settings above, too
}

# For the playbook alone: a password is prompted for before it starts, or never.
NO_PROMPTS = {
    "ANSIBLE_ASK_PASS": "False",
    "ANSIBLE_ASK_VAULT_PASS": "False",
    "ANSIBLE_BECOME_ASK_PASS": "False",
}


@contextmanager
def ansible_environment(
    root: Path, *, secret_names: Iterable[str] = (), secrets: Iterable[Secret] = ()
) -> Iterator[None]:
    """Make `os.environ` fit for Ansible while it lasts: whatever is started copies it.

    `secret_names`: variables that secrets are read from; what holds one of `secrets` is removed,
    too. Enter it with the names before an inventory script runs, and within it again with the
    secrets. FleetError if others could have written what Ansible runs.
    """
    before = dict(os.environ)
    clean = without_secrets(before, secret_names, secrets)
    _replace_environment({**clean, **_settings(root, clean)})
    try:
        _check_configuration(root)
        yield
    finally:
        _replace_environment(before)


def without_secrets(
    environment: Mapping[str, str], names: Iterable[str], secrets: Iterable[Secret]
) -> dict[str, str]:
    """`environment` less the variables that secrets were read from, or that hold one anyway."""
    texts = [text for secret in secrets if (text := secret.reveal())]
    dropped = set(names)
    return {
        name: value
        for name, value in environment.items()
        if name not in dropped and not any(text in value for text in texts)
    }


def is_become_password_configured() -> bool:
    """Whether the user's own settings have Ansible prompt for it (become_ask_pass).

    A file with the password wins, unlike in Ansible itself: without a terminal it is the only way.
    """
    prompts = ansible_setting("DEFAULT_BECOME_ASK_PASS")[0]
    return bool(prompts) and not ansible_setting("BECOME_PASSWORD_FILE")[0]


def ansible_setting(name: str) -> tuple[Any, str]:
    """A setting of Ansible and where it comes from, as of now: what Ansible has read when it was
    imported may be of another folder. AnsibleError.
    """
    from ansible import constants
    from ansible.config.manager import find_ini_config_file

    config: Any = constants.config
    value, origin = config.get_config_value_and_origin(name, cfile=find_ini_config_file())
    return value, str(origin)


def refuse_written_by_others(path: Path, root: Path) -> None:
    """FleetError unless only root, this user or the owner of the checkout could have written it."""
    status = path.stat()
    if status.st_uid not in {0, os.geteuid(), root.stat().st_uid}:
        raise FleetError(
            f"{path}: belongs to another user, and Ansible would run what it says",
            remedy="check it, then make it your own, or name another one",
        )
    others = stat.S_IWOTH if _is_own_group(status) else stat.S_IWOTH | stat.S_IWGRP
    if status.st_mode & others:
        raise FleetError(
            f"{path}: other users can write to it, and Ansible would run what it says",
            remedy=f"check it, then run: chmod go-w {shlex.quote(str(path))}",
        )


def _settings(root: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The interpreter's folder comes first in PATH: `ansible-playbook` is beside it, also when
    `provisioner` was started by its absolute path (pipx, a virtual environment not activated).
    """
    settings = dict(_HOLDING)
    settings["PATH"] = os.pathsep.join(
        (str(Path(sys.executable).parent), environment.get("PATH", os.defpath))
    )
    configuration = root / "ansible.cfg"
    if "ANSIBLE_CONFIG" not in environment and configuration.is_file():
        settings["ANSIBLE_CONFIG"] = str(configuration)
    return settings


def _replace_environment(wanted: Mapping[str, str]) -> None:
    for name in set(os.environ) - set(wanted):
        del os.environ[name]
    os.environ.update(wanted)


def _check_configuration(root: Path) -> None:
    """ansible.cfg first: it names the folders."""
    from ansible.config.manager import find_ini_config_file
    from ansible.errors import AnsibleError

    if found := find_ini_config_file():
        refuse_written_by_others(Path(found), root)
    try:
        folders = sorted(set(_plugin_folders()))
    except AnsibleError:  # its words quote the file
        raise FleetError(
            f"{found}: Ansible cannot read its configuration", remedy="run: ansible-config dump"
        ) from None
    for folder in map(Path, folders):
        if folder.is_dir():
            for path in (folder, *folder.iterdir()):
                refuse_written_by_others(path, root)


def _plugin_folders() -> Iterator[str]:
    """Where Ansible looks for plugins, modules, roles and collections."""
    from ansible import constants

    for name, definition in constants.config.get_configuration_definitions().items():
        if definition.get("type") == "pathspec":
            value, origin = ansible_setting(name)
            yield from getattr(constants, name) if origin == "default" else value


def _is_own_group(status: os.stat_result) -> bool:
    """Whether a file's group is its owner's alone, as umask 002 supposes."""
    try:
        owner, group = pwd.getpwuid(status.st_uid), grp.getgrgid(status.st_gid)
    except KeyError:
        return False
    is_private = owner.pw_gid == group.gr_gid and group.gr_name == owner.pw_name
    return is_private and set(group.gr_mem) <= {owner.pw_name}

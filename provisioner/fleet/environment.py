"""The environment of Ansible, ssh and inventory scripts: no secret, and settings that hold."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from provisioner.secret import Secret

# Set whatever the user's ansible.cfg or environment says: each of these, the other way, would
# put a module with secrets on a host's disk, secrets into a log, or an unknown key into trust.
_HOLDING = {
    "ANSIBLE_PIPELINING": "True",
    "ANSIBLE_HOST_KEY_CHECKING": "True",
    "ANSIBLE_KEEP_REMOTE_FILES": "False",
    "ANSIBLE_DEBUG": "False",
    "ANSIBLE_STRATEGY": "linear",
    "ANSIBLE_ENABLE_TASK_DEBUGGER": "False",
    "ANSIBLE_NO_TARGET_SYSLOG": "True",
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "True",
    "ANSIBLE_HOST_PATTERN_MISMATCH": "ignore",
    "ANSIBLE_RETRY_FILES_ENABLED": "False",
    "ANSIBLE_NOCOLOR": "True",
    "ANSIBLE_FORCE_COLOR": "False",
    "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "False",
    "ANSIBLE_LOG_PATH": os.devnull,
}


def ansible_settings(root: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """What to set on top of `environment`: no secret, so runner may write it down.

    The interpreter's folder comes first in PATH: `ansible-playbook` lies beside it, also when
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


@contextmanager
def ansible_environment(
    root: Path, *, secret_names: Iterable[str] = (), secrets: Iterable[Secret] = ()
) -> Iterator[dict[str, str]]:
    """Make `os.environ` fit for Ansible while it lasts: runner copies it to every child."""
    before = dict(os.environ)
    clean = without_secrets(before, secret_names, secrets)
    settings = ansible_settings(root, clean)
    _replace_environment({**clean, **settings})
    try:
        yield settings
    finally:
        _replace_environment(before)


def _replace_environment(wanted: Mapping[str, str]) -> None:
    for name in set(os.environ) - set(wanted):
        del os.environ[name]
    os.environ.update(wanted)

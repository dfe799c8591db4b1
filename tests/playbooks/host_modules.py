"""The modules of a MAPS host, in Python and in C#: parameters in, answer out, in this process."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from provisioner.mail.conversation import host_code
from provisioner.resources import playbooks_folder
from tests.playbooks.csharp_store import CSharpStore
from tests.playbooks.mono_host import MonoProgram

Answer = dict[str, Any]  # changed, failed, maps, msg


class HostModules(Protocol):
    """What one language has of them."""

    def email_servers(self, parameters: dict, check: bool = False) -> Answer:
        """What the module maps_email_servers answers."""

    def test_email(self, parameters: dict, check: bool = False) -> Answer:
        """What the module maps_test_email answers."""

    def record_proofs(self, place: dict, proofs: list, needed: list) -> None:
        """Record what mails have proven. `place`: directory, run_id, owner, lease."""

    def umask(self, mask: int) -> AbstractContextManager[None]:
        """Run under that umask."""


class PythonModules:
    """As Ansible runs them: through AnsibleModule, which checks and completes the parameters."""

    def email_servers(self, parameters: dict, check: bool = False) -> Answer:
        """What the module maps_email_servers answers."""
        return self._answered("maps_email_servers", parameters, check)

    def test_email(self, parameters: dict, check: bool = False) -> Answer:
        """What the module maps_test_email answers."""
        return self._answered("maps_test_email", parameters, check)

    def record_proofs(self, place: dict, proofs: list, needed: list) -> None:
        """Record what mails have proven."""
        host_code("maps_store").Store(**place).record_proofs(proofs, needed)

    def _answered(self, name: str, parameters: dict, check: bool) -> Answer:
        said = _run_by_ansible(_library(name), parameters, check)
        opened = host_code("maps_sealed").opened(said["maps_sealed"])
        return {"changed": said["changed"], "failed": bool(said.get("failed")), **opened}

    @contextlib.contextmanager
    def umask(self, mask: int) -> Iterator[None]:
        """Run under that umask."""
        before = os.umask(mask)
        try:
            yield
        finally:
            os.umask(before)


class CSharpModules:
    """The classes that the PowerShell modules call, on Mono."""

    def __init__(self, program: MonoProgram) -> None:
        self._program = program

    def email_servers(
        self, parameters: dict, check: bool = False, restart: list | None = None
    ) -> Answer:
        """What the module win_maps_email_servers answers; `restarts`: services it restarted.

        It alone has the parameter `service`; `restart`: code and output
        of each, the last one again and again.
        """
        spec = {**_library("maps_email_servers").ARGUMENT_SPEC, "service": {}}
        given = {"parameters": _with_defaults(spec, parameters), "check_mode": check}
        said = self._program.call("store.module", **given, restart=restart)
        restarts = {"restarts": said["restarts"]} if restart else {}
        return {**_opened(said), **restarts}

    def test_email(self, parameters: dict, check: bool = False) -> Answer:
        """What the module win_maps_test_email answers."""
        completed = _with_defaults(_library("maps_test_email").ARGUMENT_SPEC, parameters)
        given = {"parameters": completed, "check_mode": check}
        return _opened(self._program.call("mail.module", **given))

    def record_proofs(self, place: dict, proofs: list, needed: list) -> None:
        """Record what mails have proven."""
        CSharpStore(self._program, **place).record_proofs(proofs, needed)

    @contextlib.contextmanager
    def umask(self, mask: int) -> Iterator[None]:
        """Run under that umask."""
        before = self._program.call("host.umask", mask=mask)
        try:
            yield
        finally:
            self._program.call("host.umask", mask=before)


@cache
def _library(name: str) -> ModuleType:
    import ansible.module_utils

    own = str(playbooks_folder() / "module_utils")
    if own not in ansible.module_utils.__path__:
        ansible.module_utils.__path__.append(own)
    path = playbooks_folder() / "library" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"_library_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _run_by_ansible(module: ModuleType, parameters: dict, check: bool) -> dict:
    from ansible.module_utils import basic

    # To syslog it writes its parameters, where other tests look for secrets at the same time.
    sent = {**parameters, "_ansible_check_mode": check, "_ansible_no_log": True}
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": sent}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
        module.main()
    return json.loads(output.getvalue())


def _opened(said: dict) -> Answer:
    opened = host_code("maps_sealed").opened(said["sealed"])
    return {"changed": said["changed"], "failed": said["failed"], **opened}


def _with_defaults(spec: dict, parameters: dict) -> dict:
    assert set(parameters) <= set(spec)
    return {name: parameters.get(name, rule.get("default")) for name, rule in spec.items()}


def tree(folder: Path) -> dict[str, tuple]:
    """Each file in a folder, and the folder itself: kind and mode, owner, group, content."""
    if not folder.exists() and not folder.is_symlink():
        return {}
    paths = [folder, *folder.rglob("*")] if not folder.is_symlink() else [folder]
    return {str(path.relative_to(folder)): _seen(path) for path in sorted(paths)}


def _seen(path: Path) -> tuple:
    status = path.lstat()
    if path.is_symlink():
        content = str(path.readlink())
    else:
        content = path.read_text("utf-8", "surrogateescape") if path.is_file() else None
    return oct(status.st_mode), status.st_uid, status.st_gid, content

"""The mail of both kinds of hosts: the Python of POSIX, and the C# of Windows, run by Mono."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from provisioner.mail.conversation import host_code
from tests.playbooks.mono_host import MonoProgram


class MailCode(Protocol):
    """What the tests ask of either."""

    newest_tls: str

    def converse(self, account: dict, message: dict | None, timeout: float) -> dict[str, Any]:
        """The facts of a conversation."""


class PythonMail:
    """playbooks/module_utils/maps_*.py."""

    newest_tls = "TLSv1.3"

    def converse(self, account: dict, message: dict | None, timeout: float) -> dict[str, Any]:
        facts: dict[str, Any] = host_code("maps_smtp").converse(account, message, timeout)
        return facts


class MonoMail:
    """playbooks/module_utils/Ansible.Maps.*.cs. Mono knows no TLS above 1.2."""

    newest_tls = "TLSv1.2"

    def __init__(self, program: MonoProgram) -> None:
        self._program = program

    def converse(self, account: dict, message: dict | None, timeout: float) -> dict[str, Any]:
        facts: dict[str, Any] = self._program.call(
            "mail.converse", account=account, message=message, seconds=timeout
        )
        return facts


@pytest.fixture(params=["python", "csharp"])
def mail_code(request: pytest.FixtureRequest) -> MailCode:
    """Each test that asks for this runs with both."""
    if request.param == "python":
        return PythonMail()
    return MonoMail(request.getfixturevalue("mono_host"))

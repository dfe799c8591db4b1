"""Fixtures of the tests of Windows hosts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.smtp.conversation_cases import OPERATION
from tests.hosts.smtp.talk import Talk
from tests.support.certificates import ServerCertificate
from tests.support.mail_samples import certificate
from tests.support.scripted_smtp import scripted_server
from tests.windows.host import WindowsHost
from tests.windows.powershells import NONE, Calls, PowerShell, powershells

__all__ = ["certificate"]


def _parameters(some: Iterable[PowerShell]) -> list[object]:
    """The tests of each are one group, so that all its tables run in one process."""
    found = []
    for one in some:
        marks = (pytest.mark.xdist_group(f"powershell {one.name}"), pytest.mark.long)
        found.append(pytest.param(one, id=one.name, marks=marks))
    return found or [pytest.param(None, marks=pytest.mark.skip(reason=NONE))]


# For tests that start processes of their own: Windows', where there is one, in Wine or not.
NEAREST = pytest.mark.parametrize(
    "powershell",
    _parameters([one for one in powershells() if "windows" in one.has] or powershells()),
    indirect=True,
    scope="session",
)


@pytest.fixture(scope="session", params=_parameters(powershells()))
def powershell(request: pytest.FixtureRequest) -> PowerShell:
    """Each PowerShell that is here."""
    found: PowerShell = request.param
    return found


@pytest.fixture(scope="session")
def calls(powershell: PowerShell, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Calls]:
    """Its one process."""
    made = Calls(powershell, tmp_path_factory.mktemp("calls"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def ready(
    calls: Calls, certificate: ServerCertificate, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The first TLS of a process takes a second, which no case with a short time should meet."""
    host = WindowsHost(calls, tmp_path_factory.mktemp("ready"))
    with scripted_server(["TLS"], certificate.context()) as server:
        host.ask({**OPERATION, "port": server.port, "tls": "implicit", "timeout": 60})


@pytest.fixture
def talk(ready: None, host: WindowsHost) -> Talk:
    """Conversations of a PowerShell."""

    def answer(operation: dict[str, Any]) -> dict[str, Any]:
        file = operation["ca_file"]
        [facts] = host.ask({**operation, "ca_file": file and host.path(Path(file))})
        return facts

    return Talk(answer)


@pytest.fixture
def host(calls: Calls, tmp_path: Path) -> WindowsHost:
    """A folder of its own."""
    return WindowsHost(calls, tmp_path)

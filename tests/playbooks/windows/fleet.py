"""A project whose hosts are Windows machines, beside hosts that are not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provisioner.demo.mail_server import MailBehaviour, MailServer
from provisioner.secret import Secret
from tests.fleet.local_fleet import PASSWORD, USER, LocalFleet
from tests.playbooks.windows.connections import write_connections
from tests.playbooks.windows.machine import MACHINES, Machine

DIRECTORY = r"C:\ProgramData\maps-provisioner"
WAYS: dict[str, dict[str, Any]] = {
    "winrm": {
        "ansible_connection": "winrm",
        "ansible_user": r"EXAMPLE\maps-push",
        "ansible_password": "CANARYwindows0password",
        "ansible_winrm_transport": "ntlm",
    },
    "psrp": {
        "ansible_connection": "psrp",
        "ansible_user": "maps-push@EXAMPLE.EDU",
        "ansible_psrp_auth": "kerberos",
    },
    "ssh": {"ansible_connection": "ssh", "ansible_shell_type": "powershell"},
    "cmd": {"ansible_connection": "ssh", "ansible_shell_type": "cmd"},
}


class WindowsFleet(LocalFleet):
    """LocalFleet whose hosts become Windows machines by `reached`; `wire`: by real connections."""

    def __init__(
        self, folder: Path, mail: MailServer, ca_file: Path, hosts: int, *, wire: bool = False
    ) -> None:
        self.machines = folder.parent / "machines"
        self._connections = folder.parent / "connections"
        self._connections.mkdir()
        self._plugins = {} if wire else write_connections(self._connections)
        self._ca = ca_file
        super().__init__(folder, mail, ca_file, hosts)

    def reached(self, host: str, way: str, **variables: Any) -> Machine:
        """Make it a Windows machine with the mail server's CA."""
        machine = Machine(host, self.machines)
        ca = machine.place(r"C:\ca.pem")
        ca.parent.mkdir(parents=True)
        ca.write_bytes(self._ca.read_bytes())
        usual = {"maps_directory": DIRECTORY, "maps_ca_file": r"C:\ca.pem"}
        self.set(host, **{**usual, **WAYS[way], **variables})
        return machine

    @property
    def environment(self) -> dict[str, str]:
        return {
            **super().environment,
            **self._plugins,
            MACHINES: str(self.machines),
            "ANSIBLE_LOCAL_TEMP": str(self.machines.parent / "tmp"),
        }

    def document(self, host: str) -> Path:
        machine = Machine(host, self.machines)
        if not machine.folder.exists():
            return super().document(host)
        return machine.place(DIRECTORY) / "email-servers.json"


@contextmanager
def windows_fleet(
    folder: Path, hosts: int, certificate: Any, *, wire: bool = False
) -> Iterator[WindowsFleet]:
    """A fleet whose mail server runs while it lasts."""
    behaviour = MailBehaviour(mechanisms=("PLAIN", "LOGIN"), passwords={USER: Secret(PASSWORD)})
    (folder / "project").parent.mkdir(exist_ok=True)
    with MailServer(certificate, behaviour) as mail:
        yield WindowsFleet(folder / "project", mail, certificate.ca_file, hosts, wire=wire)

"""A whole push to a host with PowerShell, over sshd: push, second push, refused email."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from provisioner.resources import playbooks_folder
from tests.cli.fleet.local_fleet import PASSWORD, LocalFleet, local_fleet
from tests.windows.conftest import powershell
from tests.windows.powershells import PowerShell
from tests.windows.test_wrapper import sshd

__all__ = ["powershell", "sshd"]

# The command line with other playbooks: in these, one file of C# is exchanged where the system
# lacks what only Windows has.
_RUN = """
import sys
from pathlib import Path
from provisioner.cli import app
from provisioner.deploy import run
playbooks = Path(sys.argv.pop(1))
run.playbooks_folder = lambda: playbooks
sys.exit(app.main())
"""


def test_a_push_to_windows(powershell: PowerShell, sshd: int, tmp_path: Path) -> None:
    if powershell.system == "linux":
        pytest.skip("need windows")  # it has no path of a drive
    playbooks = tmp_path / "playbooks"
    shutil.copytree(playbooks_folder(), playbooks, ignore=shutil.ignore_patterns("*.cs"))
    powershell.utils(tmp_path / "utils")
    shutil.copytree(tmp_path / "utils", playbooks / "module_utils", dirs_exist_ok=True)
    with local_fleet(tmp_path, 1) as fleet:
        port = (tmp_path / "host.pub").read_text().split()
        (tmp_path / "known").write_text(f"[127.0.0.1]:{sshd} {port[0]} {port[1]}\n")
        fleet.set(
            ansible_connection="ssh",
            ansible_host="127.0.0.1",
            ansible_port=sshd,
            ansible_shell_type="powershell",
            ansible_ssh_private_key_file=str(tmp_path / "user"),
            ansible_ssh_common_args=f"-o UserKnownHostsFile={tmp_path}/known",
            maps_directory=powershell.path(tmp_path / "maps"),
            maps_ca_file=powershell.path(fleet.ca_file),
        )
        run = Runs(fleet, playbooks)
        host = run("push")["hosts"][0]
        assert (host["state"], host["mails"][0]["proof"]) == ("delivered, not applied", "sent")
        assert len(fleet.mail.received) == 1, "the host has sent it"
        document = json.loads((tmp_path / "maps" / "email-servers.json").read_text())
        assert document["servers"][0]["password"] == PASSWORD
        assert run("push")["hosts"][0]["state"] == "unchanged"
        fleet.declare("Reports", user_name="nobody@example.edu")
        assert run("push", code=3)["hosts"][0]["state"] == "restored"
        assert json.loads((tmp_path / "maps" / "email-servers.json").read_text()) == document


class Runs:
    """The command line with these playbooks."""

    def __init__(self, fleet: LocalFleet, playbooks: Path) -> None:
        self._fleet, self._playbooks = fleet, playbooks

    def __call__(self, command: str, code: int = 0) -> dict[str, Any]:
        arguments = self._fleet.command(command, "--report", "json=report.json")[1:]
        ended = subprocess.run(
            [sys.executable, "-c", _RUN, self._playbooks, *arguments],
            cwd=self._fleet.folder,
            env=self._fleet.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == code, ended.stdout + ended.stderr
        report: dict[str, Any] = json.loads((self._fleet.folder / "report.json").read_text())
        return report

"""The module as Ansible starts it: its wrapper, over sshd."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.resources import playbooks_folder
from tests.hosts.operation_cases import DOCUMENT, LIES, READ, STATE, call, smtp, write
from tests.windows.conftest import NEAREST
from tests.windows.powershells import FOLDER, PowerShell, signed

BIN = Path(sys.executable).parent


@pytest.fixture
def sshd(powershell: PowerShell, tmp_path: Path) -> Iterator[int]:
    """The port of a server whose sessions find this PowerShell first."""
    program = shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin")
    if "ssh" not in powershell.has or program is None:
        pytest.skip("need ssh")
    for name in ("host", "user"):
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name]
        subprocess.run(keygen, check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    system = "windows" if powershell.system == "wine" else powershell.system
    first = Path(os.environ[FOLDER]).absolute() / "path" / system
    config = tmp_path / "sshd_config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {tmp_path}/host\nStrictModes no\n"
        f"AuthorizedKeysFile {tmp_path}/user.pub\nPidFile none\nUsePAM no\n"
        f"SetEnv PATH={first}:/usr/bin:/bin\n"
    )
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    server = subprocess.Popen([program, "-D", "-e", "-f", config], stderr=subprocess.DEVNULL)
    end = time.monotonic() + 20
    while time.monotonic() < end and not _listens(port):
        time.sleep(0.1)
    yield port
    server.terminate()
    server.wait()


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def ask(powershell: PowerShell, sshd: int, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What the module answers to a call."""
    playbooks = tmp_path / "playbooks"
    shutil.copytree(playbooks_folder() / "library", playbooks / "library")
    powershell.utils(playbooks / "module_utils")
    common = f"-o StrictHostKeyChecking=no -o UserKnownHostsFile={tmp_path}/known"
    variables = f"ansible_port={sshd} ansible_shell_type=powershell ansible_connection=ssh"
    (tmp_path / "hosts").write_text(f"127.0.0.1 {variables} ansible_ssh_common_args='{common}'\n")
    settings = {
        "ANSIBLE_LIBRARY": str(playbooks / "library"),
        "ANSIBLE_MODULE_UTILS": str(playbooks / "module_utils"),
        "ANSIBLE_PRIVATE_KEY_FILE": str(tmp_path / "user"),
        "ANSIBLE_HOME": str(tmp_path / "ansible"),
        "ANSIBLE_NOCOLOR": "1",
    }

    def answered(given: Any) -> dict[str, Any]:
        arguments = json.dumps({"call": given})
        options = ["-i", tmp_path / "hosts", "-m", "win_maps_host", "-a", arguments]
        done = subprocess.run(
            [BIN / "ansible", "127.0.0.1", "-o", *options],
            env=os.environ | settings,
            capture_output=True,
            text=True,
            check=False,
        )
        head, _, answer = done.stdout.partition(" => ")
        assert head.startswith("127.0.0.1"), done.stdout + done.stderr
        found: dict[str, Any] = json.loads(answer)
        return found

    return answered


@NEAREST
def test_a_call_and_what_is_no_call(powershell, ask, tmp_path):
    """The one process of the tables does not compile as Ansible does: there warnings are errors."""
    folder = tmp_path / "maps-provisioner"
    path = powershell.path(folder)
    files = [{"name": name, "text": data.decode()} for name, data in LIES.items()]
    operations = [write(*files, expect={DOCUMENT: None}), READ, smtp("hidden-odd-one")]
    who = "2024-01-02T03:04:05Z"  # PowerShell would make a date of it
    result = ask(signed({**call(operations), "directory": path, "who": who}))
    assert not {"crash", "exception"} & set(result), result
    assert [answer["op"] for answer in result["answers"]] == ["write", "read", "smtp"]
    assert set(result["answers"][1]["files"]) == {DOCUMENT, STATE}
    assert result["answers"][1]["logged"] is False
    assert (result["changed"], result.get("invocation", {})) == (False, {})
    assert "hidden-" not in json.dumps(result)
    assert {name: (folder / name).read_bytes() for name in LIES} == LIES
    assert (folder / "push.lock").read_text() == who
    result = ask({"hidden-name": ":hidden-value"})
    assert "crash" in result
    assert "hidden-" not in json.dumps(result)

"""WinRM, PSRP and ssh to Windows hosts that only record what came: ansible-core's own plugins, with
the wire cut off. What they decide (options, encoding, pipelining) is theirs.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

_RECORDS = "PRETENDED_WINDOWS"  # environment variable: the folder of the records
_END = "\0\0\0\0"  # between the parts of what Ansible's bootstrap_wrapper.ps1 reads

_CUT = """

import sys
sys.path.insert(0, {root!r})
from tests.hosts.with_ansible.pretended_windows import cut_{name}
cut_{name}(Connection)
"""
_SSH = """#!{python}
import sys
sys.path.insert(0, {root!r})
from tests.hosts.with_ansible.pretended_windows import record
sys.stdout.buffer.write(record(sys.argv[-2], sys.argv[-1], sys.stdin.buffer.read()))
"""
HOSTS: dict[str, dict[str, Any]] = {
    "winrm": {
        "ansible_connection": "winrm",
        "ansible_user": "maps-push@EXAMPLE.EDU",
        "ansible_password": "CANARYwindows",
        "ansible_winrm_transport": "ntlm",
    },
    "psrp": {"ansible_connection": "psrp", "ansible_psrp_auth": "kerberos"},
    "powershell": {"ansible_connection": "ssh", "ansible_shell_type": "powershell"},
    "cmd": {"ansible_connection": "ssh", "ansible_shell_type": "cmd"},
}


def write_connections(folder: Path) -> dict[str, str]:
    """Make them in `folder`; -> the environment in which Ansible takes them."""
    for name in ("winrm", "psrp"):
        spec = find_spec(f"ansible.plugins.connection.{name}")
        assert spec is not None
        assert spec.origin is not None
        source = Path(spec.origin).read_text() + _CUT.format(root=str(ROOT), name=name)
        (folder / f"{name}.py").write_text(source)
    ssh = folder / "ssh"
    ssh.write_text(_SSH.format(python=sys.executable, root=str(ROOT)))
    ssh.chmod(0o755)
    return {
        "ANSIBLE_CONNECTION_PLUGINS": str(folder),
        "ANSIBLE_SSH_EXECUTABLE": str(ssh),
        _RECORDS: str(folder),
    }


def record(host: str, command: str, stdin: bytes) -> bytes:
    """Note a module and its arguments; -> its answer: all operations done."""
    script = base64.b64decode(command.rsplit(" ", 1)[-1]).decode("utf-16-le", "replace")
    manifest = json.loads(stdin.decode().split(f"\n{_END}\n")[1])
    action = manifest["actions"][-1]["params"]
    [given] = [v["Value"] for v in action["Variables"] if v["Name"] == "complex_args"]
    came = {"module": action["Script"], "call": given["call"], "no_log": given["_ansible_no_log"]}
    came["command"] = command + script
    Path(os.environ[_RECORDS], f"{host}.json").write_text(json.dumps(came))
    operations = given["call"]["operations"]
    answers = [{"op": operation["op"].lstrip("="), "done": True} for operation in operations]
    return json.dumps({"changed": False, "answers": answers}).encode()


def cut_winrm(connection: Any) -> None:
    """Let WinRM record its commands."""

    def run(self: Any, command: str, args: Any = (), from_exec: bool = False,
            stdin_iterator: Any = None) -> Any:  # fmt: skip
        stdin = b"".join(data for data, _last in stdin_iterator or ())
        host = self.get_option("remote_addr")
        return 0, record(host, " ".join([command, *args]), stdin), b""

    connection._winrm_connect = lambda self: object()
    connection._winrm_exec = run
    connection.close = lambda self: None


def cut_psrp(connection: Any) -> None:
    """Let PSRP record its scripts."""

    def connect(self: Any) -> Any:
        self._build_kwargs()
        self._connected = True
        return self

    def run(self: Any, script: str, input_data: Any = None, **_options: Any) -> Any:
        host, stdin = self.get_option("remote_addr"), "\n".join(input_data or ()).encode()
        return 0, record(host, base64.b64encode(script.encode("utf-16-le")).decode(), stdin), b""

    connection._connect = connect
    connection._exec_psrp_script = run
    connection.close = lambda self: None

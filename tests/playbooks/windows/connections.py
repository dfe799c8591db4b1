"""WinRM, PSRP and ssh to machines that are folders: ansible-core's plugins, with the wire cut off.

What the plugins decide (options, encoding, pipelining) is theirs; only what would open a
connection, and what would run at its other end, is ours.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.playbooks.windows.machine import Machine

_ROOT = Path(__file__).parents[3]

_SSH = """#!{python}
import os, sys
sys.path.insert(0, {root!r})
from tests.playbooks.windows.machine import Machine
host, command = sys.argv[-2:]
code, out, errors = Machine(host).run("ssh", command, sys.stdin.buffer.read())
sys.stdout.buffer.write(out)
sys.stderr.buffer.write(errors)
sys.exit(code)
"""

_CUT = """

import sys
sys.path.insert(0, {root!r})
from tests.playbooks.windows.connections import cut_{name}
cut_{name}(Connection)
"""


def write_connections(folder: Path) -> dict[str, str]:
    """Make them in `folder`; -> the environment in which Ansible takes them."""
    for name in ("winrm", "psrp"):
        spec = find_spec(f"ansible.plugins.connection.{name}")
        assert spec is not None
        assert spec.origin is not None
        source = Path(spec.origin).read_text()
        (folder / f"{name}.py").write_text(source + _CUT.format(root=str(_ROOT), name=name))
    ssh = folder / "ssh"
    ssh.write_text(_SSH.format(python=sys.executable, root=str(_ROOT)))
    ssh.chmod(0o755)
    return {"ANSIBLE_CONNECTION_PLUGINS": str(folder), "ANSIBLE_SSH_EXECUTABLE": str(ssh)}


def cut_winrm(connection: Any) -> None:
    """Let WinRM run its commands in the folder of its host."""

    def run(self: Any, command: str, args: Any = (), from_exec: bool = False,
            stdin_iterator: Any = None) -> Any:  # fmt: skip
        stdin = b"".join(data for data, _last in stdin_iterator or ())
        return _machine(self).run("winrm", " ".join([command, *args]), stdin)

    connection._winrm_connect = lambda self: object()
    connection._winrm_exec = run
    connection.close = lambda self: None


def cut_psrp(connection: Any) -> None:
    """Let PSRP run its scripts in the folder of its host."""

    def connect(self: Any) -> Any:
        self._build_kwargs()
        self._connected = True
        return self

    def run(self: Any, script: str, input_data: Any = None, **_options: Any) -> Any:
        return _machine(self).run_script("psrp", script, "\n".join(input_data or ()).encode())

    connection._connect = connect
    connection._exec_psrp_script = run
    connection.close = lambda self: None


def _machine(connection: Any) -> Machine:
    return Machine(connection.get_option("remote_addr"))

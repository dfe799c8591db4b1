"""sshd of this machine on a port of loopback, and ways to be kept from it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SSHD = """\
ListenAddress 127.0.0.1:{port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PidFile none
"""


@dataclass(frozen=True)
class SshServer:
    """Its folder has the keys `host`, `user` and `other`, and a known_hosts for each."""

    folder: Path
    port: int

    def variables(
        self, *, key: str = "user", known: str = "host", shared: str = "none", more: str = "",
        **variables: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """Host variables by which Ansible gets there, if the keys are right.

        `shared`: the socket by which a connection is shared; `more`: arguments of ssh.
        """
        options = (f"UserKnownHostsFile={self.folder}/known-{known}", f"ControlPath={shared}")
        return {
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_ssh_private_key_file": str(self.folder / key),
            "ansible_ssh_extra_args": f"-F none -o {' -o '.join(options)} {more}",
            **variables,
        }


@contextmanager
def ssh_server(folder: Path) -> Iterator[SshServer]:
    """Run it while this lasts."""
    sshd = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:" + os.environ["PATH"])
    assert sshd, "sshd is needed: install openssh-server"
    with suppress(PermissionError):
        Path("/run/sshd").mkdir(exist_ok=True)  # as its service does, if there is one
    port = free_port()
    for key in ("host", "user", "other"):
        subprocess.run(["ssh-keygen", "-qt", "ed25519", "-N", "", "-f", folder / key], check=True)
        public = (folder / f"{key}.pub").read_text().rsplit(" ", 1)[0]
        (folder / f"known-{key}").write_text(f"[127.0.0.1]:{port} {public}\n")
    (folder / "sshd_config").write_text(_SSHD.format(port=port, folder=folder))
    server = subprocess.Popen([sshd, "-D", "-e", "-f", folder / "sshd_config"], stderr=-1)
    try:
        while not _answers(port):
            assert server.poll() is None, server.communicate()[1].decode()
            time.sleep(0.05)
        yield SshServer(folder, port)
    finally:
        server.terminate()
        server.communicate()


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@contextmanager
def closing_port() -> Iterator[int]:
    """A port that closes each connection."""

    def close_all(server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                server.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=close_all, args=(server,), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def free_port() -> int:
    """A port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        return connection.recv(4) == b"SSH-"
    return False

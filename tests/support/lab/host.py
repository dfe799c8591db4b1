"""One host of the fleet: sshd in namespaces of its own, on an overlay of this machine's root."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from string import Template

from tests.support.lab.errors import LabError
from tests.support.lab.identity import children_of
from tests.support.lab.process import Process

SSH_PORT = 2222
CA_FILE = "/etc/lab/ca.pem"  # where each host has the lab's CA
GROUP, GROUP_ID = "maps", 4200  # the account and group of a MAPS service
_HERE = Path(__file__).parent
_NAMESPACES = (
    *("unshare", "--mount", "--uts", "--pid", "--propagation=private"),
    *("--fork", "--kill-child", "--"),
)
# Not this machine's: a host that read the controller's files would prove nothing.
_EMPTY = ("root", "home", "srv", "etc/lab", "var/log", "var/tmp")
_ABSENT = ("etc/ansible", "etc/maps-provisioner")

_SSHD = Template("""\
ListenAddress $address:$port
HostKey /etc/lab/host_key
AuthorizedKeysFile /etc/lab/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
StrictModes no
PidFile none
PrintMotd no
MaxStartups 200:30:400
MaxSessions 100
Subsystem sftp internal-sftp
""")


@dataclass(slots=True, kw_only=True)
class Host:
    """A host; its files outlive `stop()`, as a machine's do, /tmp and /run excepted."""

    name: str
    address: str
    folder: Path
    process: Process | None = None

    @property
    def upper(self):
        """The files that are this host's own: what was written on it, and nothing else."""
        return self.folder / "upper"

    @property
    def root(self):
        """Its filesystem, seen from here. Absolute symbolic links in it lead to this machine's."""
        return Path(f"/proc/{self._init()}/root")

    def make(self, keys, ca, repository):
        """Make its own files: keys, sshd's configuration, the lab's CA, the MAPS account."""
        for part in ("upper", "work", "root"):
            (self.folder / part).mkdir(parents=True)
        for folder in (*_EMPTY, str(repository).lstrip("/")):
            _empty(self.upper, folder)
        for folder in _ABSENT:
            _remove(self.upper, folder)
        lab = self.upper / "etc" / "lab"
        shutil.copy(keys / "host_key", lab)
        shutil.copy(keys / "user.pub", lab / "authorized_keys")
        shutil.copy(ca, lab / "ca.pem")
        shutil.copy(_HERE / "syslog_sink.py", lab)
        (lab / "sshd_config").write_text(_SSHD.substitute(address=self.address, port=SSH_PORT))
        _add_account(self.upper / "etc")

    def start(self, run, mail_address):
        """Start it; `wait()` says when it answers."""
        arguments = [self.name, self.address, str(self.folder), mail_address]
        argv = ["bash", str(_HERE / "host_boot.sh"), *arguments]
        self.process = run.start(self.name, argv, enclosure=_NAMESPACES)

    def wait(self):
        """Wait until its sshd answers."""
        self._running().wait_until(self._answers)

    def stop(self):
        """Switch it off, as by pulling the plug."""
        self._running().stop()
        self.process = None

    def run(self, argv, stdin=None):
        """Run a command on it, beside ssh; its exit code is the caller's to judge."""
        enter = [
            "nsenter",
            f"--target={self._init()}",
            "--mount",
            "--uts",
            "--pid",
            "--root",
            "--wd=/",
        ]
        return subprocess.run(
            [*enter, "--", *argv],
            input=stdin or "",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )

    def _init(self):
        children = children_of(self._running().popen.pid)
        if not children:
            raise LabError(f"{self.name} is down")
        return children[0].pid

    def _running(self):
        if self.process is None:
            raise LabError(f"{self.name} is stopped")
        return self.process

    def _answers(self):
        with (
            suppress(OSError),
            socket.create_connection((self.address, SSH_PORT), timeout=5) as connection,
        ):
            return connection.recv(4) == b"SSH-"
        return False


def _empty(upper, folder):
    """Make a folder empty on the host, whatever this machine has in it; kernel's overlayfs.rst."""
    emptied = upper / folder
    emptied.mkdir(parents=True, exist_ok=True)
    if (machine := Path("/") / folder).is_dir():
        shutil.copystat(machine, emptied)
    os.setxattr(emptied, "trusted.overlay.opaque", b"y")


def _remove(upper, folder):
    """Take a folder away on the host: a whiteout, if this machine has one to hide."""
    if (Path("/") / folder).exists():
        (upper / folder).parent.mkdir(parents=True, exist_ok=True)
        os.mknod(upper / folder, stat.S_IFCHR, os.makedev(0, 0))


def _add_account(etc):
    passwd = f"{GROUP}:x:{GROUP_ID}:{GROUP_ID}::/nonexistent:/usr/sbin/nologin\n"
    (etc / "passwd").write_text(Path("/etc/passwd").read_text() + passwd)
    (etc / "group").write_text(Path("/etc/group").read_text() + f"{GROUP}:x:{GROUP_ID}:\n")

"""N hosts that are reached over ssh, each with files of its own."""

from __future__ import annotations

import hashlib
import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import yaml

from tests.support.lab.host import CA_FILE, SSH_PORT, Host
from tests.support.lab.pki import Pki
from tests.support.lab.requirements import require_programs, require_root
from tests.support.lab.run import Run
from tests.support.paths import ROOT

DEFAULT_HOSTS = 5
_FIRST_ADDRESS, _LAST_ADDRESS = 101, 250


@dataclass(slots=True, kw_only=True)
class Fleet:
    """The hosts that run, by name: host1, host2, ..."""

    lab_run: Run
    pki: Pki
    mail_address: str
    folder: Path
    hosts: dict[str, Host] = field(default_factory=dict)
    inventories: count[int] = field(default_factory=lambda: count(1))

    @classmethod
    def open(cls, run, pki, mail_address, hosts=DEFAULT_HOSTS):
        """Start `hosts` hosts; mail.lab.test is `mail_address` on them."""
        require_root("fleet")
        require_programs("sshd", "ssh", "ssh-keygen", "unshare", "nsenter", "setpriv", "mount")
        folder = run.folder / "fleet"
        folder.mkdir(mode=0o755)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "lab", folder], check=True)
        _make_keys(run.folder / "keys")
        fleet = cls(lab_run=run, pki=pki, mail_address=mail_address, folder=folder)
        fleet.ensure(hosts)
        return fleet

    def ensure(self, number):
        """Have at least `number` hosts, all up."""
        for index in range(len(self.hosts), number):
            if (last := _FIRST_ADDRESS + index) > _LAST_ADDRESS:
                raise ValueError(f"the lab has addresses for {index} hosts")
            name = f"host{index + 1}"
            address = self.lab_run.address(last)
            host = Host(name=name, address=address, folder=self.folder / name)
            host.make(self._keys, self.pki.ca, ROOT)
            self.hosts[name] = host
        self._write_known_hosts()
        self.start_all(name for name, host in self.hosts.items() if host.process is None)

    def start_all(self, names):
        """Switch on hosts that are off, all at once."""
        starting = [self.hosts[name] for name in names]
        for host in starting:
            host.start(self.lab_run, self.mail_address)
        with ThreadPoolExecutor() as pool:
            list(pool.map(Host.wait, starting))

    def start(self, name):
        """Switch a stopped host on again, with the files it had."""
        self.start_all([name])

    def stop(self, name):
        """Switch a host off, as by pulling the plug."""
        self.hosts[name].stop()

    def reset(self):
        """All hosts as new and up: what earlier tests wrote on them is gone."""
        number = len(self.hosts)
        for host in self.hosts.values():
            if host.process is not None:
                host.stop()
            shutil.rmtree(host.folder)
        self.hosts.clear()
        self.ensure(number)

    def inventory(self, hosts=DEFAULT_HOSTS, variables=None, *, host_variables=None, path=None):
        """Write an inventory of the group `maps` (to `path`, else a file of the run's folder).

        `hosts` is how many, or their names; a variable that is None is left out.
        """
        if isinstance(hosts, int):
            self.ensure(max(hosts, len(self.hosts)))
            hosts = list(self.hosts)[:hosts]
        path = path or self.lab_run.folder / f"inventory-{next(self.inventories)}.yml"
        group_variables = {**self._connection(), "maps_ca_file": CA_FILE, **(variables or {})}
        group = {
            "hosts": {
                name: {
                    "ansible_host": self.hosts[name].address,
                    **(host_variables or {}).get(name, {}),
                }
                for name in hosts
            },
            "vars": {name: value for name, value in group_variables.items() if value is not None},
        }
        path.write_text(yaml.safe_dump({"maps": group}, sort_keys=False))
        return path

    def root(self, name):
        """A host's filesystem as seen from here."""
        return self.hosts[name].root

    def run(self, name, argv, stdin=None):
        """Run a command on a host, not over ssh."""
        return self.hosts[name].run(argv, stdin)

    def read(self, name, path):
        """A file of a host that is up or down."""
        return self._seen(name, path).read_bytes()

    def write(self, name, path, content, mode=0o644):
        """Put a file on a host."""
        target = self._seen(name, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        target.chmod(mode)

    def exists(self, name, path):
        """Whether a host has this file or folder."""
        return self._seen(name, path).exists()

    def listing(self, name, path):
        """All files and folders below `path`, relative to it, sorted; none if it is not there."""
        top = self._seen(name, path)
        return sorted(str(found.relative_to(top)) for found in top.rglob("*"))

    def snapshot(self, name, path):
        """Mode, owner and hash of everything below `path`: equal means that nothing was touched."""
        top = self._seen(name, path)
        return {str(found.relative_to(top)): _print(found) for found in sorted(top.rglob("*"))}

    def own_files(self, name):
        """Every file that was written on a host that is up, wherever, as paths to open here."""
        root = self.root(name)
        tops = [self.hosts[name].upper, *(root / top for top in ("tmp", "run", "dev/shm"))]
        return [found for top in tops for found in top.rglob("*") if found.is_file()]

    def syslog(self, name):
        """What a host logged, sshd and Ansible's modules included."""
        return self.read(name, "/var/log/syslog").decode(errors="replace")

    @property
    def _keys(self):
        return self.lab_run.folder / "keys"

    def _seen(self, name, path):
        host = self.hosts[name]
        return (host.root if host.process else host.upper) / path.lstrip("/")

    def _connection(self):
        options = f"-o UserKnownHostsFile={self._keys}/known_hosts -o IdentitiesOnly=yes"
        return {
            "ansible_port": SSH_PORT,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self._keys / "user"),
            "ansible_ssh_common_args": f"{options} -o IdentityAgent=none -F none",
            "ansible_python_interpreter": "/usr/bin/python3",
        }

    def _write_known_hosts(self):
        kind, key, *_ = (self._keys / "host_key.pub").read_text().split()
        lines = (f"[{host.address}]:{SSH_PORT} {kind} {key}\n" for host in self.hosts.values())
        (self._keys / "known_hosts").write_text("".join(lines))


def _make_keys(folder):
    folder.mkdir(mode=0o700)
    for name in ("user", "host_key"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f"]
        subprocess.run([*command, str(folder / name)], check=True)


def _print(path):
    status = path.lstat()
    content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "-"
    return f"{stat.filemode(status.st_mode)} {status.st_uid}:{status.st_gid} {content}"

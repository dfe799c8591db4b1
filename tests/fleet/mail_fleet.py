"""A fleet of several hosts, each a folder of this machine, that share one mailbox."""

from __future__ import annotations

import sys
import threading
import time

from provisioner.demo.mail_server import MailServer
from tests.fleet.test_push_command import Fleet


class MailFleet(Fleet):
    """`hosts` is how many there are; `settings` go into provisioner.yml."""

    hosts = 1

    def set(self, **variables):
        """Set host variables of all hosts."""
        self.variables |= variables
        named = {f"maps{n}": self._host(n) for n in range(1, self.hosts + 1)}
        self.write("inventory/hosts.yml", {"maps": {"hosts": named}})

    def _host(self, number):
        return {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "maps_directory": str(self.folder / f"host{number}"),
            **self.variables,
        }

    def of(self, hosts):
        """The same with so many hosts."""
        self.hosts = hosts
        self.set()
        return self

    def settings(self, **settings):
        """Rewrite provisioner.yml."""
        self.write("provisioner.yml", {"ca_file": self.variables["maps_ca_file"], **settings})

    def host_document(self, number=1):
        return self.folder / f"host{number}" / "email-servers.json"


class SlowMailServer(MailServer):
    """Takes its time with each mail, and knows how many mails it was busy with at once."""

    def __init__(self, *arguments, **names):
        super().__init__(*arguments, **names)
        self.busy, self.busiest = 0, 0
        self._counting = threading.Lock()

    def keep(self, *arguments):
        with self._counting:
            self.busy += 1
            self.busiest = max(self.busiest, self.busy)
        time.sleep(0.3)
        with self._counting:
            self.busy -= 1
        super().keep(*arguments)

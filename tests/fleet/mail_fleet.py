"""A fleet of several hosts, each a folder of this machine, that share one mailbox."""

from __future__ import annotations

import sys
import threading
import time

from provisioner.demo.mail_server import MailServer
from provisioner.mail.conversation import host_code
from tests.fleet.test_push_command import PASSWORD, USER, Fleet
from tests.playbooks.samples import delivery, password_entry


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

    def has(self, *limits):
        """Let the first host have had proven documents of these limits a minute, in turn.

        The transaction itself puts them there: no push has to run for it.
        """
        command = self.variables.get("maps_apply_command")
        for number, limit in enumerate(limits):
            entry = password_entry(
                "Reports",
                port=self.mail.port,
                user_name=USER,
                password=PASSWORD,
                maximum_emails_per_minute=limit,
            )
            folder = str(self.host_document().parent)
            store = host_code("maps_store").Store(
                folder, f"earlier-{number}", "tester", apply_command=command
            )
            store.deliver(delivery(entry))
            store.record_proofs([(entry, "sent")], ["Reports"])
        self.declare("Reports", maximum_emails_per_minute=limits[-1])
        return self.host_document().read_bytes()

    @property
    def document(self):
        """The first host's."""
        return self.host_document()

    def leased(self):
        """Whether a run is, or says that it is, at work on the first host."""
        return (self.host_document().parent / "lease.json").exists()

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

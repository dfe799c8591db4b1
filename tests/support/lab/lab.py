"""The whole lab of one run; each part starts when it is first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tests.support.lab.chromium import Chromium
from tests.support.lab.fleet import Fleet
from tests.support.lab.mail import KINDS, Mail, names_of
from tests.support.lab.pki import Pki
from tests.support.lab.provider import Provider
from tests.support.lab.run import Run


@dataclass
class Lab:
    """The parts, and the run that they belong to. `with Lab.open() as lab:` ends them all."""

    run: Run

    @classmethod
    def open(cls):
        """A run of its own, nothing started yet; stale runs are cleaned up."""
        return cls(Run.claim())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.run.close()

    @cached_property
    def pki(self):
        """The certificates."""
        return Pki.make(self.run.folder / "pki", names_of(self.run))

    @cached_property
    def provider(self):
        """Its refresh tokens stay as they are, so that several hosts can share one."""
        return Provider.start(self.run, self.pki, "provider", rotate=False)

    @cached_property
    def rotating_provider(self):
        """Each refresh ends the refresh token it was made with."""
        return Provider.start(self.run, self.pki, "rotating-provider", rotate=True)

    @cached_property
    def mail(self):
        """The mail servers; they ask `provider` about tokens."""
        return Mail.start(self.run, self.pki, self.provider)

    @cached_property
    def fleet(self):
        """Five hosts, more when asked. mail.lab.test is the oauth server on them."""
        return Fleet.open(self.run, self.pki, self.run.address(KINDS["oauth"]))

    @cached_property
    def chromium(self):
        """The browser."""
        return Chromium.find(self.run.folder / "chromium")

"""The lab's browser, as a test uses it: Debian's Chromium with a person at it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.support.lab import requirements
from tests.support.lab.errors import LabError

_SCRIPT = Path(__file__).with_name("chromium_sign_in.py")


@dataclass(frozen=True, slots=True)
class SignIn:
    """One person's way through a sign-in, not started yet."""

    command: tuple[str, ...]
    report: Path

    @property
    def environment(self):
        """Set these for the product: it opens this person's browser, and goes on meanwhile."""
        return {
            "BROWSER": f"{shlex.join(self.command)} %s &",
            "LAB_BROWSER_REPORT": str(self.report),
        }

    def open(self, url):
        """Open a URL and walk to the end; what `page()` says."""
        subprocess.run(
            [*self.command, url],
            env={**os.environ, **self.environment},
            check=False,
            timeout=120,
            stdin=subprocess.DEVNULL,
        )
        return self.page(timeout=0)

    def page(self, timeout=60):
        """What the last page said, waiting for it: outcome (callback, provider, device, timeout,
        failed: ...), steps, url (no query), parameters (names), title, text, screenshot."""
        end = time.monotonic() + timeout
        while not self.report.exists():
            if time.monotonic() >= end:
                raise AssertionError(f"the browser has written no report in {timeout} s")
            time.sleep(0.05)
        return dict(json.loads(self.report.read_text()))


@dataclass(frozen=True, slots=True)
class Chromium:
    """Makes persons; each has a browser of its own, with no memory of others."""

    folder: Path
    numbers: count[int]

    @classmethod
    def find(cls, folder):
        """The browser of this machine; reports go to `folder`."""
        requirements.chromium()
        if os.pathsep in f"{sys.executable}{_SCRIPT}{folder}":
            raise LabError(f"BROWSER cannot name a path with {os.pathsep!r}: move the checkout")
        folder.mkdir()
        return cls(folder, count(1))

    def person(self, user, *, cancel=False, untick=()):
        """Somebody who signs in as `user` and allows all but the unticked scopes, or cancels."""
        command = [sys.executable, str(_SCRIPT), "--user", user]
        command += ["--cancel"] if cancel else []
        command += [part for scope in untick for part in ("--untick", scope)]
        return SignIn(tuple(command), self.folder / f"sign-in-{next(self.numbers)}.json")

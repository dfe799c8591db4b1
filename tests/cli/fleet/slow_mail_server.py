"""A mail server that takes its time with each mail, and knows how many it was busy with at once."""

from __future__ import annotations

import threading
import time

from tests.support.scripted_mail_server import ScriptedMailServer


class SlowMailServer(ScriptedMailServer):
    """`busiest` is the most mails that it was busy with at once."""

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

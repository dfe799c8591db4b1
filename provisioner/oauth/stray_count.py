"""How many requests came that were not the answer, by reason."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable


class StrayCount(Counter[str]):
    """Counts from any thread. `noticed` is told each reason once."""

    def __init__(self, noticed: Callable[[str], None]) -> None:
        super().__init__()
        self._noticed = noticed
        self._counting = threading.Lock()

    def add(self, reason: str) -> None:
        """One more."""
        with self._counting:
            self[reason] += 1
            is_new = self[reason] == 1
        if is_new:
            self._noticed(reason)

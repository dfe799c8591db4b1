"""Texts that are known to be fine: servers have most of theirs in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable


class Cleared(set[str]):
    """`is_fine`: whether all of some texts are. It is asked once of those that are."""

    _MOST = 4096

    def __init__(self, is_fine: Callable[[list[str]], bool]) -> None:
        super().__init__()
        self._is_fine = is_fine

    def holds(self, texts: Iterable[str]) -> bool:
        """Whether all are fine."""
        new = set(texts) - self
        if not new:
            return True
        if not self._is_fine(list(new)):
            return False
        if len(self) > self._MOST:
            self.clear()
        self.update(new)
        return True

"""What rules said of a server that is alike wherever they looked.

The servers of a project mostly share host, URLs, scopes and client; what rules say of those is
found out once. Nothing need be known about a rule: what it reads is watched, and rules are
functions of what they read. So what was said is kept at the end of the way of all reads.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from provisioner.documents.document import Document
from provisioner.lint.declaration import Declaration
from provisioner.lint.remark import Objection

# With the place of each rule among all rules.
Said = list[tuple[int, Objection]]

# Each server has its own: a rule that reads them is asked each time.
_ITS_OWN = frozenset(
    {
        "/server_name",
        "/user_name",
        "/client_name",
        "/oauth2/login_hint",
        "/test_email/from",
        "/test_email/to",
    }
)
_MOST_WAYS = 2000


def _text(server: Declaration, pointer: str) -> Hashable:
    return server.text(pointer)


def _presence(server: Declaration, pointer: str) -> Hashable:
    return server.has(pointer)


def _value(server: Declaration, pointer: str) -> Hashable:
    value = server.get(pointer)
    return value if type(value) is str else repr(value)  # 1, 1.0 and True are equal


Look = Callable[[Declaration, str], Hashable]


class Watched(Declaration):
    """A server of which every read is noted, in order."""

    def __init__(self, server: Declaration) -> None:
        self._server = server
        self.reads: dict[tuple[Look, str], Hashable] = {}
        self.is_read_whole = False

    def _note(self, look: Look, pointer: str) -> None:
        if (look, pointer) not in self.reads:
            self.reads[look, pointer] = look(self._server, pointer)

    def text(self, pointer: str) -> str:
        """As the server's; noted."""
        self._note(_text, pointer)
        return self._server.text(pointer)

    def has(self, pointer: str) -> bool:
        """As the server's; noted."""
        self._note(_presence, pointer)
        return self._server.has(pointer)

    def get(self, pointer: str) -> Any:
        """As the server's; noted."""
        self._note(_value, pointer)
        return self._server.get(pointer)

    @property
    def document(self) -> Document:  # type: ignore[override]
        """A rule that looks at more than values is asked each time."""
        self.is_read_whole = True
        return self._server.document

    @property
    def plain_texts(self) -> tuple[tuple[str, str], ...]:
        """So is one that looks at all values."""
        self.is_read_whole = True
        return self._server.plain_texts

    @property
    def is_printable_ascii(self) -> bool:
        """And this is about all of them, too."""
        self.is_read_whole = True
        return self._server.is_printable_ascii

    @property
    def is_common(self) -> bool:
        """Whether other servers may well have the same values where this one was read."""
        read = {pointer for _, pointer in self.reads}
        return not self.is_read_whole and read.isdisjoint(_ITS_OWN)


class _Way:
    """Up to here the reads were alike; what is read next, and where each value leads."""

    __slots__ = ("look", "next", "pointer", "said")

    def __init__(self) -> None:
        self.look: Look | None = None
        self.pointer = ""
        self.next: dict[Hashable, _Way] = {}
        self.said: Said | None = None


class Memory:
    """What was said in one project, up to a limit."""

    def __init__(self) -> None:
        self._start = _Way()
        self._ways = 0

    def recall(self, server: Declaration) -> Said | None:
        """What was said of a server alike; None if there was none."""
        way: _Way | None = self._start
        while way is not None and way.look is not None:
            way = way.next.get(way.look(server, way.pointer))
        return None if way is None else way.said

    def keep(self, watched: Watched, said: Said) -> None:
        """Remember what was said of a server, by all that was read of it."""
        if watched.is_read_whole or self._ways >= _MOST_WAYS:
            return
        self._ways += 1
        way = self._start
        for (look, pointer), value in watched.reads.items():
            way.look, way.pointer = look, pointer
            way = way.next.setdefault(value, _Way())
        way.said = said

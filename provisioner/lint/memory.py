"""What rules said of a server that is alike wherever they looked.

The servers of a project mostly share host, URLs, scopes and client; what rules say of those is
found out once. Nothing need be known about a rule: what it reads is watched, and rules are
functions of what they read. So what was said is kept at the end of the way of all reads.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from typing import Any, TypeVar

from provisioner.config.document import Document
from provisioner.lint.declaration import SECRETS, Declaration
from provisioner.lint.remark import Objection

# With the place of each rule among all rules.
Said = list[tuple[int, Objection]]

# Each server has its own, or may: a rule that reads them (or a secret) is asked each time.
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
_FEWEST_WAYS = 50

_text, _presence, _fact = Declaration.text, Declaration.has, Declaration.fact


def _value(server: Declaration, pointer: str) -> Hashable:
    """Told apart from others that are equal: 1, 1.0 and True."""
    value = server.get(pointer)
    return (type(value), value) if type(value) in _SCALARS else repr(value)


_SCALARS = frozenset({str, int, bool, type(None)})
Fact = TypeVar("Fact")
Look = Callable[[Declaration, Any], Hashable]
Reads = dict[tuple[Look, Any], Hashable]


class Watched(Declaration):
    """A server of which every read is noted, in order."""

    __slots__ = ("_server", "is_read_whole", "reads")

    def __init__(self, server: Declaration) -> None:
        self._server = server
        self.reads: Reads = {}
        self.is_read_whole = False

    def _note(self, look: Look, what: Any) -> None:
        if (look, what) not in self.reads:
            self.reads[look, what] = look(self._server, what)

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

    def fact(self, ask: Callable[[Declaration], Fact]) -> Fact:
        """As the server's; noted, unlike what was read to find it."""
        self._note(_fact, ask)
        return self._server.fact(ask)

    @property
    def document(self) -> Document:  # type: ignore[override]
        """A rule that looks at more than values is asked each time."""
        self.is_read_whole = True
        return self._server.document

    @property
    def all_texts(self) -> Collection[str]:
        """So is one that looks at all values."""
        self.is_read_whole = True
        return self._server.all_texts

    @property
    def plain_texts(self) -> tuple[tuple[str, str], ...]:
        """And all of those at known places."""
        self.is_read_whole = True
        return self._server.plain_texts

    @property
    def is_common(self) -> bool:
        """Whether other servers may well have the same values where this one was read."""
        return not self.is_read_whole and not any(
            what in _ITS_OWN or (what in SECRETS and value)
            for (look, what), value in self.reads.items()
            if look is not _presence and look is not _fact
        )


class _Way:
    """Up to here the reads were alike; what is read next, and where each value leads."""

    __slots__ = ("look", "next", "said", "what")

    def __init__(self) -> None:
        self.look: Look | None = None
        self.what: Any = None
        self.next: dict[Hashable, _Way] = {}
        self.said: Said | None = None


class Memory:
    """What was said in one project, up to a limit."""

    def __init__(self) -> None:
        self._start = _Way()
        self._ways = self._hits = 0

    @property
    def is_useless(self) -> bool:
        """Whether servers have turned out to have little in common: watching them costs more."""
        return self._ways >= _FEWEST_WAYS and self._hits < self._ways

    def recall(self, server: Declaration) -> Said | None:
        """What was said of a server alike; None if there was none."""
        way: _Way | None = self._start
        while way is not None and (look := way.look) is not None:
            way = way.next.get(look(server, way.what))
        if way is None:
            return None
        self._hits += 1
        return way.said

    def keep(self, reads: Reads, said: Said) -> None:
        """Remember what was said of a server, by all that was read of it."""
        if self._ways >= _MOST_WAYS:
            return
        self._ways += 1
        way = self._start
        for (look, what), value in reads.items():
            way.look, way.what = look, what
            way = way.next.setdefault(value, _Way())
        way.said = said

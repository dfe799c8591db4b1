"""Asks all rules about one server after the other."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from provisioner.lint.bug import bug_of
from provisioner.lint.declaration import Declaration
from provisioner.lint.memory import Memory, Said, Watched
from provisioner.lint.remark import Objection
from provisioner.lint.rules import Rule
from provisioner.lint.surroundings import Surroundings

_Ordered = list[tuple[int, Rule]]


class Asking:
    """The rules in one project's surroundings; what is alike in many servers is asked once.

    `crashed` gets the id of a rule that failed, which hides nothing of the others.
    """

    def __init__(
        self, rules: Sequence[Rule], surroundings: Surroundings, crashed: list[str]
    ) -> None:
        self.surroundings = surroundings
        self._rules: _Ordered = list(enumerate(rules))
        self._crashed = crashed
        self._common: _Ordered | None = None
        self._other: _Ordered = []
        self._memory = Memory()

    def objections(self, server: Declaration) -> list[Objection]:
        """What the rules say, in their order."""
        said = self._first(server) if self._common is None else self._further(server, self._common)
        return [objection for _, objection in sorted(said, key=itemgetter(0))]

    def _first(self, server: Declaration) -> Said:
        """The first server shows which rules look at nothing of its own."""
        said: Said = []
        self._common = []
        for order, rule in self._rules:
            watched = Watched(server)
            said += self._ask(order, rule, watched)
            (self._common if watched.is_common else self._other).append((order, rule))
        return said

    def _further(self, server: Declaration, common: _Ordered) -> Said:
        said = self._memory.recall(server)
        if said is None:
            watched, crashes = Watched(server), len(self._crashed)
            said = [one for order, rule in common for one in self._ask(order, rule, watched)]
            if len(self._crashed) == crashes:
                self._memory.keep(watched, said)
        return said + [one for order, rule in self._other for one in self._ask(order, rule, server)]

    def _ask(self, order: int, rule: Rule, server: Declaration) -> Said:
        said: Said = []
        try:
            for remark in rule.check(server, self.surroundings):
                said.append((order, Objection(rule.ID, remark, rule.SEVERITY)))
        except Exception as error:  # noqa: BLE001
            self._crashed.append(rule.ID)
            said.append((order, bug_of(rule.ID, error)))
        return said

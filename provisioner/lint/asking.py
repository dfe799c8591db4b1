"""Asks all rules about one server after the other."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from provisioner.lint.bug import bug_of
from provisioner.lint.declaration import Declaration
from provisioner.lint.memory import Memory, Reads, Said, Watched
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
        self._crashed = crashed
        self._common: _Ordered = list(enumerate(rules))
        self._other: _Ordered = []
        self._memory = Memory()

    def objections(self, server: Declaration) -> list[Objection]:
        """What the rules say, in their order."""
        said = self._memory.recall(server)
        if said is None and self._memory.is_useless:
            said = [one for order, rule in self._common for one in self._ask(order, rule, server)]
        elif said is None:
            said = self._asked_anew(server)
        for order, rule in self._other:
            said = said + self._ask(order, rule, server)
        return [objection for _, objection in sorted(said, key=itemgetter(0))] if said else []

    def _asked_anew(self, server: Declaration) -> Said:
        """Of the rules in common, which a rule leaves that looks at what is a server's own."""
        said, reads, crashes = Said(), Reads(), len(self._crashed)
        for order, rule in tuple(self._common):
            watched = Watched(server)
            of_rule = self._ask(order, rule, watched)
            if watched.is_common:
                said += of_rule
                reads |= watched.reads
            else:
                self._set_apart(order, rule)
        if len(self._crashed) == crashes:
            self._memory.keep(reads, said)
        return said

    def _set_apart(self, order: int, rule: Rule) -> None:
        """From now on it is asked of each server. What is remembered holds its answers, too."""
        self._common.remove((order, rule))
        self._other.append((order, rule))
        self._memory = Memory()

    def _ask(self, order: int, rule: Rule, server: Declaration) -> Said:
        said: Said = []
        try:
            for remark in rule.check(server, self.surroundings):
                said.append((order, Objection(rule.ID, remark, rule.SEVERITY)))
        except Exception as error:  # noqa: BLE001
            self._crashed.append(rule.ID)
            said.append((order, bug_of(rule.ID, error)))
        return said

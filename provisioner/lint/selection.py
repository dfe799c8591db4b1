"""`--select` and `--ignore`: which advice is asked for.

What says that a file cannot be read, or that no server can be built from it, is always told.
"""

from __future__ import annotations

from collections.abc import Iterable

from provisioner.errors import UsageError
from provisioner.lint.rules import COMPARISONS, RULES
from provisioner.lint.suppression import SUPPRESSIBLE, UNUSED

_WARNINGS_OF_THE_LOADER = frozenset({"byte-order-mark", "line-ends"})
EVERYTHING = frozenset(
    {rule.ID for rule in RULES}
    | {rule.ID for rule in COMPARISONS}
    | _WARNINGS_OF_THE_LOADER
    | {UNUSED}
)
_OPTIONAL = SUPPRESSIBLE | _WARNINGS_OF_THE_LOADER | {UNUSED}


def asked_for(select: Iterable[str] = (), ignore: Iterable[str] = ()) -> frozenset[str]:
    """The rules to go by. UsageError: a rule that does not exist, or cannot be turned off."""
    selected, ignored = list(select), list(ignore)
    for rule in (*selected, *ignored):
        _require_rule(rule)
    for rule in ignored:
        if rule not in _OPTIONAL:
            raise UsageError(
                f"{rule} cannot be ignored: it finds what makes an email server unusable or unsafe",
                remedy="mend what it finds; can be ignored: " + ", ".join(sorted(_OPTIONAL)),
            )
    chosen = frozenset(selected) | (EVERYTHING - _OPTIONAL) if selected else EVERYTHING
    return chosen - frozenset(ignored)


def _require_rule(rule: str) -> None:
    from provisioner.lint.rule_pages import page, unknown_rule

    if page(rule) is None:
        raise unknown_rule(rule)

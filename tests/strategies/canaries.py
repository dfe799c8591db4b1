"""Canaries in documents: words and a number that no report may sing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from provisioner.config.pointer import escaped, segments
from provisioner.lint.schema import SchemaName
from tests.strategies.schema_walk import resolved, root_of

CANARY = "hunter2CANARY"
NUMBER = 70417762031
# Where in a text the canary sits: first, last, alone, or behind what makes the text wrong.
_FORMS = (
    "{canary}{old}",
    "{old}{canary}",
    "{canary}",
    "{canary}\n",
    "{old}\n{canary}",
    "{canary}\x07",
)
# Keys are told if they look like keys; these do not.
_KEYS = (
    f"client_secret:{CANARY}",
    f"client_secret={CANARY}",
    f"{CANARY} ",
    CANARY * 3,
    f"{CANARY}é",
)


@dataclass
class _Planter:
    """Puts canaries into a value, in one form, wherever a pointer is one to plant at."""

    form: str
    number: int | float | str
    wanted: Callable[[str], bool]
    count: int = 0

    def plant(self, value: Any, pointer: str = "") -> Any:
        if isinstance(value, dict):
            return {k: self.plant(v, f"{pointer}/{escaped(k)}") for k, v in value.items()}
        if isinstance(value, list):
            return [self.plant(below, f"{pointer}/{n}") for n, below in enumerate(value)]
        if value is None or isinstance(value, bool) or not self.wanted(pointer):
            return value
        self.count += 1
        if isinstance(value, str):
            return self.form.format(canary=CANARY, old=value[:3000])
        return self.number


def _planters(wanted: Callable[[str], bool]) -> st.SearchStrategy[_Planter]:
    numbers = st.sampled_from((NUMBER, -NUMBER, NUMBER + 0.5, float(NUMBER), CANARY))
    return st.builds(_Planter, st.sampled_from(_FORMS), numbers, st.just(wanted))


@st.composite
def planted(draw: st.DrawFn, document: Any) -> Any:
    """The document with a canary in every text and number, and sometimes in a key.

    The security level keeps its word now and then: what it forbids would never be met else.
    """
    kept = "/smtp_security_level" if draw(st.booleans()) else "/"
    document = draw(_planters(lambda pointer: not pointer.endswith(kept))).plant(document)
    if isinstance(document, dict) and draw(st.booleans()):
        document = {**document, draw(st.sampled_from(_KEYS)): CANARY}
    return document


@st.composite
def planted_where_closed(draw: st.DrawFn, document: Any, name: SchemaName) -> tuple[Any, int]:
    """The document with canaries wherever no value may be told, and how many they are."""
    planter = draw(_planters(lambda pointer: is_closed(pointer, name)))
    return planter.plant(document), planter.count


def is_closed(pointer: str, name: SchemaName) -> bool:
    """Whether a scalar there is a secret's, an unknown key's, or where settings should stand."""
    root = root_of(name)
    node: Mapping[str, Any] = root
    path = segments(pointer)
    for place, segment in enumerate(path):
        if node.get("writeOnly"):
            return True
        if segment.isdecimal() and place == len(path) - 1 and "properties" not in node:
            return place == 0  # a list of open values where one belongs
        if segment in node.get("properties", {}):
            node = resolved(node["properties"][segment], root)
        elif "items" in node:
            node = resolved(node["items"], root)
        elif isinstance(node.get("additionalProperties"), dict):
            node = resolved(node["additionalProperties"], root)
        else:
            return True
    return bool(node.get("writeOnly")) or "properties" in node

"""The table in Ansible.Maps.CaseFolding.cs, from what this Python knows of Unicode.

To renew it, with the newest Python at hand: python -m tests.playbooks.case_folding
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "playbooks" / "module_utils" / "Ansible.Maps.CaseFolding.cs"
_TABLE = re.compile(r"(?<=// begin of the table\n).*(?= {8}// end of the table)", re.DOTALL)
_INDENT = " " * 12
_WIDTH = 76


def runs() -> Iterator[tuple[int, int, int, int]]:
    """(first, last, step, what is added) of the characters that fold to one."""
    known: list[int] = []
    for point in [*(p for p in range(0x110000) if _added(p)), 0x110000]:
        step = point - known[-1] if known else 0
        if known and not _goes_on(known, point):
            yield known[0], known[-1], (known[1] - known[0] if known[1:] else 1), _added(known[0])
            known = []
        elif known[1:] and step != known[1] - known[0]:
            raise AssertionError(point)
        known.append(point)


def _goes_on(known: list[int], point: int) -> bool:
    if point == 0x110000 or _added(point) != _added(known[0]):
        return False
    step = point - known[-1]
    return step == known[1] - known[0] if known[1:] else step in (1, 2)


def _added(point: int) -> int:
    folded = chr(point).casefold() if point < 0x110000 else ""
    return ord(folded) - point if len(folded) == 1 else 0


def expansions() -> Iterator[tuple[int, str]]:
    """(character, what it folds to) of those that fold to several."""
    for point in range(0x110000):
        folded = chr(point).casefold()
        if len(folded) > 1:
            yield point, folded


def table() -> str:
    """The lines of C# that hold both."""
    single = " ".join(f"{a:x},{b:x},{step},{added}" for a, b, step, added in runs())
    several = " ".join(
        f"{point:x},{','.join(f'{ord(c):x}' for c in folded)}" for point, folded in expansions()
    )
    version = f"        // Unicode {unicodedata.unidata_version}\n"
    return version + _constant("Runs", single) + "\n" + _constant("Expansions", several)


def version() -> tuple[int, ...]:
    """The Unicode that the table in the source is made from."""
    found = re.search(r"// Unicode ([\d.]+)$", SOURCE.read_text(encoding="ascii"), re.MULTILINE)
    assert found is not None
    return tuple(map(int, found[1].split(".")))


def _constant(name: str, text: str) -> str:
    lines = [""]
    for word in text.split(" "):
        if len(lines[-1]) + len(word) >= _WIDTH:
            lines.append("")
        lines[-1] += word + " "
    quoted = f'"\n{_INDENT}+ "'.join(lines).rstrip(" ")
    return f'        internal const string {name} =\n{_INDENT}"{quoted}";\n'


def renew() -> None:
    """Write the table anew."""
    text = SOURCE.read_text(encoding="ascii")
    SOURCE.write_text(_TABLE.sub(lambda _: table(), text), encoding="ascii")


if __name__ == "__main__":
    renew()
    sys.exit(0)

"""Hosts with the same outcome, in one block: the same words, but for what is of the moment."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

_GENERATION = re.compile(r"\bgeneration (\d+)")
# Ids of runs, times, clocks, and what mail servers put at the end of a reply:
# "[AM6PR01CA0042.eurprd01.prod.outlook.com 2026-...]", "... 5b1f17b1804b1-40c - gsmtp".
_OF_THE_MOMENT = re.compile(
    r"\b\d{8}T\d{6}-[0-9a-f]{8}\b"
    r"|\b\d{4}-\d\d-\d\dT[\d:.]+Z?"
    r"|\bby \d+ (?:seconds?|minutes?|hours?)\b"
    r"|\[\S+\.outlook\.com [^\]]*\]"
    r"|\S+ - gsmtp\b",
    re.IGNORECASE,
)
_FEW = 6


def host_groups(texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A block for each group of hosts, from (host, what became of it) each.

    Where words differ by something of the moment, they are those of the first host.
    """
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for host, text in texts:
        groups[_alike(host, text)].append((host, text))
    for group in groups.values():
        yield f"{_head([host for host, _ in group])}: {_together([text for _, text in group])}\n"


def _alike(host: str, text: str) -> str:
    own_name = re.compile(rf"(?<![\w.-]){re.escape(host)}(?![\w.-])")
    same = own_name.sub("HOST", _OF_THE_MOMENT.sub("...", text))
    return _GENERATION.sub("generation \0", same)


def _head(names: Sequence[str]) -> str:
    shown = ", ".join(names)
    if len(names) > _FEW:
        shown = f"{', '.join(names[: _FEW - 1])} +{len(names) - _FEW + 1} more"
    return shown + (f" ({len(names)} hosts)" if len(names) > 1 else "")


def _together(texts: Sequence[str]) -> str:
    """The first text, with all hosts' generations in it."""
    numbers = zip(*(map(int, _GENERATION.findall(text)) for text in texts), strict=True)
    spans = iter([(min(column), max(column)) for column in numbers])
    return _GENERATION.sub(lambda _: _span(*next(spans)), texts[0])


def _span(first: int, last: int) -> str:
    return f"generation {first}" if first == last else f"generations {first} to {last}"

"""What was measured, as Markdown."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from comparing import Row, name_of
from corpus import ONE_INVALID_IN
from tools import OURS, Tool

# By the number of files, and of how many one is invalid: 0 for none.
Results = dict[tuple[int, int], list[Row]]
CHECK_JSONSCHEMA, SOURCEMETA = "check-jsonschema", "@sourcemeta/jsonschema"


@dataclass(frozen=True, slots=True)
class Target:
    """At most so many times what a peer needs, for so many files."""

    size: int
    one_invalid_in: int
    measure: str
    value: Callable[[Row], float]
    at_most: float
    peer: str


TARGETS = (
    Target(1, 0, "CPU", lambda row: row.cpu, 0.42, CHECK_JSONSCHEMA),
    Target(1_000, 0, "CPU", lambda row: row.cpu, 0.15, CHECK_JSONSCHEMA),
    Target(1_000, ONE_INVALID_IN, "CPU", lambda row: row.cpu, 0.18, CHECK_JSONSCHEMA),
    Target(10_000, 0, "CPU", lambda row: row.cpu, 0.12, CHECK_JSONSCHEMA),
    Target(10_000, 0, "peak memory (PSS)", lambda row: row.memory.pss, 0.7, CHECK_JSONSCHEMA),
)


def report(results: Results, rounds: dict[int, int], tools: list[Tool], missing: list[str]) -> str:
    """Machine, versions, a table for each size, and the targets."""
    lines = ["# provisioner validate, compared", "", *machine(), ""]
    lines += [f"- {tool.name} {tool.version}" for tool in tools]
    lines += [f"- not measured: {sentence}" for sentence in missing]
    for (size, one_invalid_in), rows in results.items():
        title = f"## {name_of(size, one_invalid_in)}: medians of {rounds[size]}"
        lines += ["", title, "", *_table(rows)]
    return "\n".join([*lines, "", "## Targets", "", *_targets(results)])


def machine() -> Iterator[str]:
    """The lines that say on what it was measured."""
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    yield f"- {cpu}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f} at the end"
    yield f"- {platform.system()} {platform.release()}, Python {platform.python_version()}"


def _table(rows: list[Row]) -> Iterator[str]:
    yield (
        f"| | CPU s | wall s | PSS MiB | RSS MiB "
        f"| CPU : {CHECK_JSONSCHEMA} | wall : {CHECK_JSONSCHEMA} "
        f"| CPU : {SOURCEMETA} | wall : {SOURCEMETA} |"
    )
    yield "|---" + "|--:" * 8 + "|"
    for row in rows:
        ratios = [
            _ratio(value(row), value, peer, rows)
            for peer in (CHECK_JSONSCHEMA, SOURCEMETA)
            for value in (lambda r: r.cpu, lambda r: r.wall)
        ]
        measured = f"{row.cpu:.3f} | {row.wall:.3f} | {row.memory.pss:.0f} | {row.memory.rss:.0f}"
        yield f"| {row.tool} | {measured} | {' | '.join(ratios)} |"


def _ratio(own: float, value: Callable[[Row], float], peer: str, rows: list[Row]) -> str:
    other = next((row for row in rows if row.tool == peer), None)
    return f"{own / value(other):.3f}" if other and value(other) else "-"


def _targets(results: Results) -> Iterator[str]:
    yield "| | at most | measured | |"
    yield "|---|--:|--:|---|"
    for target in TARGETS:
        rows = results.get((target.size, target.one_invalid_in), [])
        own = next((target.value(row) for row in rows if row.tool == OURS), 0.0)
        ratio = _ratio(own, target.value, target.peer, rows)
        met = "not measured" if ratio == "-" else ("missed", "met")[float(ratio) <= target.at_most]
        corpus = name_of(target.size, target.one_invalid_in)
        what = f"{corpus}: {target.measure} : {target.peer}"
        yield f"| {what} | {target.at_most:.2f} | {ratio} | {met} |"

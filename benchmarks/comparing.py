"""All tools over one corpus, in turn, so that noise of the machine hits all alike."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from corpus import write_corpus
from measuring import Cost, Memory, run_sampled, run_timed
from tools import Tool


class WrongVerdictError(Exception):
    """A tool that did not do the work: its times would be worth nothing."""


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of one tool over one corpus; seconds and MiB."""

    tool: str
    cpu: float
    wall: float
    memory: Memory


def compare(
    tools: list[Tool], size: int, rounds: int, one_invalid_in: int, progress: Callable[[str], None]
) -> list[Row]:
    """First each tool's verdict is looked at, which warms the caches; then times; then memory."""
    with tempfile.TemporaryDirectory(prefix="provisioner-benchmark-") as name:
        folder = Path(name)
        invalid = write_corpus(folder, size, one_invalid_in)
        files = [f"servers/{path.name}" for path in sorted((folder / "servers").iterdir())]
        costs: dict[str, list[Cost]] = defaultdict(list)
        for tool in tools:
            progress(f"{name_of(size, one_invalid_in)}: {tool.name}: looking at its verdict")
            _require_verdict(tool, tool.argv(files), folder, invalid)
        for number in range(1, rounds + 1):
            for tool in tools:
                progress(
                    f"{name_of(size, one_invalid_in)}: {tool.name}: round {number} of {rounds}"
                )
                costs[tool.name].append(run_timed(tool.argv(files), folder))
        rows = []
        for tool in tools:
            progress(f"{name_of(size, one_invalid_in)}: {tool.name}: memory")
            memory = run_sampled(tool.argv(files), folder)
            rows.append(_row(tool.name, costs[tool.name], memory))
        return rows


def name_of(size: int, one_invalid_in: int) -> str:
    """`1,000 files, 5 % invalid`."""
    share = f"{100 // one_invalid_in} % invalid" if one_invalid_in else "all valid"
    return f"{size:,} {'file' if size == 1 else 'files'}, {share}"


def _row(tool: str, costs: list[Cost], memory: Memory) -> Row:
    return Row(tool, median(c.cpu for c in costs), median(c.wall for c in costs), memory)


def _require_verdict(tool: Tool, argv: list[str], folder: Path, invalid: list[str]) -> None:
    """It ends with 0 exactly if all files are valid, and names each file that is not."""
    output = folder / "output.txt"
    with output.open("wb") as stream:
        code = run_timed(argv, folder, stream.fileno()).exit_code
    said = output.read_text(errors="replace")
    output.unlink()
    if not tool.judges:
        return
    if (code == 0) != (not invalid):
        raise WrongVerdictError(f"{tool.name} ended with {code}; it said: {said[-500:]}")
    if unnamed := [name for name in invalid if name not in said]:
        raise WrongVerdictError(f"{tool.name} does not name {unnamed[0]}, which is invalid")

"""What one run of a command costs."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds include all processes that it waited for; MB are of the largest of them."""

    cpu: float
    wall: float
    memory: float
    exit_code: int


def run_timed(argv: list[str], folder: Path, output: int = subprocess.DEVNULL) -> Cost:
    """Run it. Each tool in Python keeps its compiled modules, as where it is installed."""
    unwanted = "PYTHONDONTWRITEBYTECODE"
    environment = {name: value for name, value in os.environ.items() if name != unwanted}
    streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
    began = time.perf_counter()
    process = subprocess.Popen(argv, cwd=folder, env=environment, **streams)
    _, status, usage = os.wait4(process.pid, 0)  # Popen.wait does not tell this child's costs
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(cpu, wall, usage.ru_maxrss * 1024 / 1e6, process.returncode)


def memory_below(pid: int) -> float:
    """MB (PSS) of all processes below this one, now."""
    return sum(_pss(below) for below in _tree(pid)[1:]) * 1024 / 1e6


def _tree(pid: int) -> list[int]:
    pids = [pid]
    for parent in pids:
        with suppress(OSError):
            for children in Path(f"/proc/{parent}/task").glob("*/children"):
                pids += map(int, children.read_text().split())
    return pids


def _pss(pid: int) -> int:
    """In KiB; 0 of a process that just ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0

"""What one run of a command costs: CPU and wall time, or peak memory."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_EVERY = 0.01  # seconds


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU (user and system, of the command and all it waited for) and wall time, in seconds.

    `hosts_cpu`: what machines that the command reached have spent meanwhile.
    """

    cpu: float
    wall: float
    exit_code: int
    hosts_cpu: float = 0.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Peaks in MiB. `pss`: sum over the process tree, sampled; `rss`: its largest process."""

    pss: float
    rss: float


def run_timed(argv: list[str], folder: Path, output: int = subprocess.DEVNULL) -> Cost:
    """Run it undisturbed: nothing is sampled meanwhile."""
    began = time.perf_counter()
    process = _start(argv, folder, output)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(usage.ru_utime + usage.ru_stime, wall, process.returncode)


def run_sampled(argv: list[str], folder: Path) -> Memory:
    """Run it with its memory sampled; its times would be worth nothing."""
    process = _start(argv, folder, subprocess.DEVNULL)
    peak = 0
    while True:
        peak = max(peak, sum(map(_pss, _tree(process.pid))))
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            process.returncode = os.waitstatus_to_exitcode(status)
            return Memory(pss=peak / 1024, rss=usage.ru_maxrss / 1024)
        time.sleep(_SAMPLE_EVERY)


def memory_below(pid: int) -> float:
    """MB (PSS) of all processes below this one, now."""
    return sum(_pss(below) for below in _tree(pid)[1:]) * 1024 / 1e6


def cpu_of_trees(pids: Iterable[int]) -> float:
    """Seconds that these processes and all below them have spent, those that ended included."""
    ticks = sum(_ticks(pid) for root in pids for pid in _tree(root))
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    """utime, stime, cutime and cstime of proc_pid_stat(5); 0 of a process that just ended."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15]))
    return 0


def _start(argv: list[str], folder: Path, output: int) -> subprocess.Popen[bytes]:
    """Ended by os.wait4 and not by Popen: that gives the costs of this one child."""
    return subprocess.Popen(
        argv,
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
    )


def _environment() -> dict[str, str]:
    """Ours, but that each tool in Python keeps its compiled modules, as where it is installed."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


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

"""Measures how a controller scales: plan and push of hundreds of local hosts, beside `ping`.

Hosts are folders of this machine that Ansible's local connection reaches: what they do is counted,
but no network and no ssh. docs/how-to/scale-out.md shows the results and says how to read them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the fleet is a part of the tests

from measuring import memory_below, run_timed

from tests.cli.fleet.local_fleet import PASSWORD, LocalFleet, local_fleet

_EVERY = 0.5  # seconds between samples of memory: one costs less than 1 % of a core


def main() -> None:
    """Print a table in Markdown, a row as it is measured."""
    parser = argparse.ArgumentParser(prog="benchmarks/scale.py", description=__doc__)
    parser.add_argument("--hosts", nargs="+", type=int, default=[100, 500, 1000])
    parser.add_argument("--forks", nargs="+", type=int, default=[10, 50])
    options = parser.parse_args()
    os.environ["MAIL_PASSWORD"] = PASSWORD
    print("| hosts | forks | command | s | CPU s | s : ping | memory, MB |")
    print("|--:|--:|---|--:|--:|--:|--:|")
    for hosts in options.hosts:
        with tempfile.TemporaryDirectory() as folder, local_fleet(Path(folder), hosts) as fleet:
            for forks in options.forks:
                for row in _rows(fleet, hosts, forks):
                    print("|", " | ".join(row), "|", flush=True)


def _rows(fleet: LocalFleet, hosts: int, forks: int) -> Iterator[tuple[str, ...]]:
    fleet.declare("Reports", client_name=f"forks-{forks}.example.edu")
    floor = 0.0
    for name, argv in _works(fleet, forks):
        with _peak_memory() as peak:
            cost = run_timed(argv, fleet.folder)
        assert cost.exit_code in (0, 2), f"{argv} ended with {cost.exit_code}"
        floor = floor or cost.wall
        figures = (f"{cost.wall:.0f}", f"{cost.cpu:.0f}", f"{cost.wall / floor:.1f}")
        yield str(hosts), str(forks), name, *figures, f"{max(peak):.0f}"


def _works(fleet: LocalFleet, forks: int) -> Iterator[tuple[str, list[str]]]:
    ansible = str(Path(sys.executable).with_name("ansible"))
    at_once = ("--forks", str(forks))
    yield "ansible -m ping", [ansible, "-i", "inventory", "maps", "-m", "ping", *at_once]
    for name, *arguments in (
        ("plan, all to be changed", "plan"),
        ("push, in 3 batches, with emails", "push"),
        ("push, unchanged", "push"),
        ("plan, unchanged", "plan"),
    ):
        yield name, fleet.command(*arguments, *at_once)


@contextmanager
def _peak_memory() -> Iterator[list[float]]:
    """MB (PSS) of what runs below this process, sampled; itself, with the mail server, left out."""
    samples, ended = [0.0], threading.Event()

    def sample() -> None:
        while not ended.wait(_EVERY):
            samples.append(memory_below(os.getpid()))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


if __name__ == "__main__":
    main()

"""Measures plan and push on sshd hosts beside their floor; README.md here says how to read it."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the lab is a part of the tests

from push_measuring import Measured, measure
from push_report import report
from push_scene import FailedRunError, Scene, scene

from tests.support.lab.errors import LabError


def main() -> int:
    """0: measured. 1: something could not be. 2: wrong usage."""
    options = _options()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="provisioner-benchmark-") as folder,
            scene(Path(folder), options.provisioner, options.forks) as found,
        ):
            print(report(list(_results(found, options)), options.rounds, options.forks))
    except (LabError, FailedRunError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def _results(found: Scene, options: argparse.Namespace) -> Iterator[Measured]:
    for hosts in options.hosts:
        with_peer = hosts <= options.peer_hosts
        yield measure(found, hosts, options.rounds, with_peer=with_peer, progress=_progress)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks/push.py", description=__doc__)
    add = parser.add_argument
    add("--hosts", nargs="+", type=_positive, default=[20, 50], help="How many (default: 20 50).")
    add("--rounds", type=_positive, default=3, help="Runs of each (default: 3).")
    add("--forks", type=_positive, default=10, help="Hosts at once, for all (default: 10).")
    add("--peer-hosts", type=int, default=20, help="Most hosts for the slow peer (default: 20).")
    add("--provisioner", type=Path, default=Path(sys.executable).with_name("provisioner"))
    return parser.parse_args()


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above 0")
    return int(text)


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""Measures `provisioner validate` beside other validators; README.md here says how to read it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from comparing import WrongVerdictError, compare
from corpus import ONE_INVALID_IN
from report import report
from tools import PEERS, NotInstalledError, Tool, installed, ours

_NONE = "none"


def main() -> int:
    """0: measured. 1: something could not be. 2: wrong usage."""
    parser, options = _options()
    peers: list[str] = [] if options.peers == [_NONE] else options.peers
    if _NONE in peers:
        parser.error(f"--peers {_NONE} stands alone")
    if peers and options.cache is None:
        parser.error("--cache FOLDER says where the peers are installed; or --peers none")
    try:
        tools = [ours(options.provisioner)]
        found = list(installed(peers, options.cache))
        tools += [entry for entry in found if isinstance(entry, Tool)]
        missing = [entry for entry in found if isinstance(entry, str)]
        rounds = {n: options.single_rounds if n == 1 else options.rounds for n in options.sizes}
        results = {
            (size, invalid): compare(tools, size, rounds[size], invalid, _progress)
            for size in options.sizes
            for invalid in ((0,) if size == 1 else (0, ONE_INVALID_IN))
        }
    except (NotInstalledError, WrongVerdictError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    print(report(results, rounds, tools, missing))
    return 1 if missing else 0


def _options() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    parser = argparse.ArgumentParser(prog="benchmarks/validate.py", description=__doc__)
    add = parser.add_argument
    add("--cache", type=lambda text: Path(text).resolve(), help="Where the peers are installed.")
    add("--peers", nargs="+", choices=[*PEERS, _NONE], default=list(PEERS), metavar="PEER")
    add("--sizes", nargs="+", type=_positive, default=[1, 1_000, 10_000], metavar="FILES")
    add("--rounds", type=_positive, default=5, help="Runs of each tool (default: 5).")
    add("--single-rounds", type=_positive, default=30, help="The same for one file (default: 30).")
    add("--provisioner", type=Path, default=Path(sys.executable).with_name("provisioner"))
    return parser, parser.parse_args()


def _positive(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text} is not a whole number")
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return int(text)


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""Measures `provisioner validate` beside check-jsonschema with the schema of this repository.

Every twentieth file has a misspelled key, which both tools must name. README.md here says more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from measuring import Cost, run_timed

SCHEMA = Path(__file__).parents[1] / "schemas" / "email-server.schema.json"
MICROSOFT = """\
# The mailbox of department {number}
server_name: Department {number}
host: smtp.office365.com
port: 587
use_tls: true  # STARTTLS
smtp_security_level: oauth2
user_name: department-{number}@campus{number}.edu
oauth2:
  access_token_url: https://login.microsoftonline.com/campus{number}.edu/oauth2/v2.0/token
  authorization_url: https://login.microsoftonline.com/campus{number}.edu/oauth2/v2.0/authorize
  client_id: 5f2c8a1e-0b7d-4c57-9a53-2d1f6{number:07}
  client_secret:
    env: MAPS_CLIENT_SECRET_{number}
  client_secret_expires: "2098-06-30"
  scope_for_authorize: https://outlook.office.com/SMTP.Send offline_access
hosts: maps
test_email: {{to: maps-admins@campus{number}.edu}}
"""
LOGIN = """\
server_name: Library {number}
host: smtp.library{number}.example.net
port: 587
use_tls: true
smtp_security_level: login
user_name: library-{number}
password: {{file: secrets/library-{number}}}
"""
RELAY = """\
server_name: Relay {number}
host: relay{number}.example.com
port: 25
smtp_security_level: none
"""
KINDS = (MICROSOFT, MICROSOFT, LOGIN, MICROSOFT, RELAY)


def main() -> int:
    """0: measured. 1: a tool did not do the work, so its times are worth nothing."""
    parser = argparse.ArgumentParser(prog="benchmarks/validate.py", description=__doc__)
    parser.add_argument("--sizes", nargs="+", type=int, default=[1, 1_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--provisioner", default=str(Path(sys.executable).with_name("provisioner")))
    options = parser.parse_args()
    print("| files | tool | CPU s | s | memory, MB | CPU : check-jsonschema |")
    print("|--:|---|--:|--:|--:|--:|")
    try:
        for size in options.sizes:
            for row in rows(size, options.rounds, options.provisioner):
                print("|", " | ".join(row), "|", flush=True)
    except WrongResultError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


class WrongResultError(Exception):
    """Which tool, and what it printed."""


def rows(size: int, rounds: int, provisioner: str) -> Iterator[tuple[str, ...]]:
    """Medians of each tool. They take turns, so that a busy minute affects both."""
    with tempfile.TemporaryDirectory(prefix="provisioner-benchmark-") as name:
        folder = Path(name)
        invalid = write_project(folder, size)
        files = [f"servers/{path.name}" for path in sorted((folder / "servers").iterdir())]
        checker = str(Path(sys.executable).with_name("check-jsonschema"))
        tools = {
            "check-jsonschema": [checker, "--schemafile", str(SCHEMA), *files],
            "provisioner validate": [provisioner, "validate"],
        }
        for argv in tools.values():  # this also fills the caches
            require_result(argv, folder, invalid)
        costs: dict[str, list[Cost]] = {tool: [] for tool in tools}
        for _ in range(rounds):
            for tool, argv in tools.items():
                costs[tool].append(run_timed(argv, folder))
    floor = median(cost.cpu for cost in costs["check-jsonschema"])
    for tool, found in costs.items():
        cpu, wall = median(cost.cpu for cost in found), median(cost.wall for cost in found)
        memory = median(cost.memory for cost in found)
        yield f"{size:,}", tool, f"{cpu:.2f}", f"{wall:.2f}", f"{memory:.0f}", f"{cpu / floor:.2f}"


def write_project(folder: Path, size: int) -> list[str]:
    """Write so many files; -> the names of the invalid ones."""
    (folder / "servers").mkdir()
    invalid = []
    for number in range(1, size + 1):
        text, name = KINDS[number % len(KINDS)].format(number=number), f"{number:05}.yml"
        if number % 20 == 0:
            text = text.replace("port: ", "prot: ")
            invalid.append(name)
        (folder / "servers" / name).write_text(text)
    return invalid


def require_result(argv: list[str], folder: Path, invalid: list[str]) -> None:
    """It exits with 0 exactly if all files are valid, and names each file that is not."""
    output = folder / "output.txt"
    with output.open("wb") as stream:
        code = run_timed(argv, folder, stream.fileno()).exit_code
    printed = output.read_text(errors="replace")
    if (code == 0) != (not invalid) or any(name not in printed for name in invalid):
        raise WrongResultError(f"{argv[0]} ended with {code}: {printed[-500:]}")


if __name__ == "__main__":
    sys.exit(main())

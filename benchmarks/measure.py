"""Prints how large the code is, what a command imports, how deep a push goes, how long tests took.

The commands are those that `provisioner demo` runs, on its own provider, mail server and hosts;
`status` is run on the project that it leaves. Lines are all lines, comments and empty ones too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PYTHON = (".py",)
CODE = {"provisioner": PYTHON, "playbooks": (".py", ".cs", ".ps1"), "tests": PYTHON}
PROVISIONER = Path(sys.executable).with_name("provisioner")


def main() -> int:
    """0: measured. 1: the demo failed, so its figures are missing."""
    for name, suffixes in CODE.items():
        print_size(name, code_files(ROOT / name, suffixes))
    failed = print_commands()
    print("\nSeconds of the last runs of the tests")
    for name in ("unit", "test", "test-second"):
        print(f"  make {name:<12}{seconds_of(ROOT / '.measure' / f'{name}.xml')}")
    return failed


def code_files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.suffix in suffixes)


def print_size(name: str, files: list[Path]) -> None:
    """Lines and files of each folder, those below it included."""
    lines: Counter[str] = Counter()
    count: Counter[str] = Counter()
    for file in files:
        parts = file.relative_to(ROOT / name).parts
        folder = parts[0] if len(parts) > 1 else "."
        lines[folder] += len(file.read_bytes().splitlines())
        count[folder] += 1
    print(f"{name + '/':<22}{lines.total():>7,} lines {count.total():>5} files")
    for folder in sorted(lines):
        print(f"  {folder:<20}{lines[folder]:>7,} {count[folder]:>11}")
    by_language = Counter(file.suffix for file in files)
    if len(by_language) > 1:
        for suffix in sorted(by_language):
            of_it = [file for file in files if file.suffix == suffix]
            total = sum(len(file.read_bytes().splitlines()) for file in of_it)
            print(f"  all *{suffix:<15}{total:>7,} {len(of_it):>11}")
    largest, most = Counter(file.parent for file in files).most_common(1)[0]
    print(f"  largest folder: {largest.relative_to(ROOT)}, {most} files\n")


def print_commands() -> int:
    """The largest figures of each command, of however many runs it had."""
    try:
        seen = list(observed_runs())
    except subprocess.CalledProcessError as error:
        print(f"Commands: not measured, {error}\n{error.stderr}", file=sys.stderr)
        return 1
    print("Modules of provisioner that a command imports")
    for command in ("validate", "authenticate", "push", "status"):
        runs = [run for run in seen if run["command"] == command]
        print(f"  {command:<20}{max(run['modules'] for run in runs):>7,}")
    pushes = [run for run in seen if run["command"] == "push"]
    files = max((run["files"] for run in pushes), key=len)
    print(f"Deepest stack of a push: {max(run['depth'] for run in pushes)} calls of ours")
    print(f"Most files of ours on one stack of a push: {len(files)}\n  {' > '.join(files)}")
    return 0


def observed_runs() -> Iterator[dict[str, Any]]:
    """What `observer.py` wrote down about each command, run in the demo."""
    with tempfile.TemporaryDirectory(prefix="provisioner-measure-") as name:
        folder = Path(name)
        shutil.copy(ROOT / "benchmarks" / "observer.py", folder / "sitecustomize.py")
        environment = os.environ | {
            "PYTHONPATH": name,
            "MEASURE_FOLDER": name,
            "MEASURE_PACKAGE": f"{ROOT / 'provisioner'}/",
            "TMPDIR": name,
            "HOME": name,
        }

        def run(*arguments: str) -> str:
            return subprocess.run(
                [PROVISIONER, *arguments],
                env=environment,
                cwd=folder,
                check=True,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
            ).stdout

        run("demo", "--keep")
        demo = next(folder.glob("maps-demo-*"))
        environment["XDG_CONFIG_HOME"] = str(demo / "config")  # its vault key
        run("status", "--project", str(demo / "project"))
        for file in folder.glob("*.json"):
            yield json.loads(file.read_text())


def seconds_of(report: Path) -> str:
    """What the first lines of a JUnit report say; of a run with a choice of tests, too."""
    if not report.is_file():
        return "not run"
    with report.open(encoding="utf-8") as file:
        head = file.read(2000)
    found = {key: re.search(rf' {key}="([^"]*)"', head) for key in ("time", "tests", "timestamp")}
    time, tests, when = (match.group(1) if match else "?" for match in found.values())
    return f"{float(time):>6.0f} s, {tests} tests, {when[:16]}"


if __name__ == "__main__":
    sys.exit(main())

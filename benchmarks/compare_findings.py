"""Do two checkouts find the same in thousands of damaged files?

    python benchmarks/compare_findings.py OTHER_CHECKOUT [--texts 3000] [--seed 1]

Damages the examples (a line dropped, doubled, moved, indented; a value or a key changed), asks
`validate` of both checkouts, and prints what only one of them finds: rule, place and severity.
Exit code 1 if they differ.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
VALUES = (
    *("yes", "'587'", "587.0", "[a, b]", "{a: b}", "", "~", "''", "http://x.example/token", "1e3"),
    *("smtp.gmail.com", "a b", "é", "oauth2", "none", "login", "true", "|\n  text", "*x", "&x y"),
)
Found = tuple[str, str, int, int, str]


def damaged(lines: list[str], chance: random.Random) -> list[str]:
    """The lines with one to three mistakes in them."""
    lines = list(lines)
    for _ in range(chance.randint(1, 3)):
        if not lines:
            break
        at = chance.randrange(len(lines))
        line = lines[at]
        key, colon, value = line.partition(":")
        change = chance.randrange(8)
        if change == 0:
            del lines[at]
        elif change == 1:
            lines.insert(chance.randrange(len(lines)), line)
        elif change == 2:
            lines[at] = "  " + line
        elif change == 3:
            lines[at] = line.removeprefix("  ")
        elif change == 4 and colon:
            lines[at] = f"{key}: {chance.choice(VALUES)}"
        elif change == 5 and len(key.strip()) > 2:
            cut = chance.randrange(1, len(key))
            lines[at] = key[:cut] + key[cut + 1 :] + colon + value
        elif change == 6 and len(value) > 3:
            cut = chance.randrange(len(value))
            lines[at] = key + colon + value[:cut] + chance.choice("'\"#: ,xé\t") + value[cut:]
        else:
            lines.insert(at, lines.pop(chance.randrange(len(lines))))
    return lines


def findings(checkout: Path, folder: Path) -> set[Found]:
    """What `validate` of a checkout finds in a folder."""
    command = [sys.executable, "-m", "provisioner", "validate", ".", "--format", "json"]
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    report = json.loads(done.stdout)
    return {
        (one["file"], one["rule"], one["line"], one["column"], one["severity"])
        for one in report["findings"]
    }


def examples() -> Iterator[list[str]]:
    for path in sorted((HERE / "tests/examples").rglob("*.yml")):
        try:
            yield path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path)
    parser.add_argument("--texts", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    texts = list(examples())
    with tempfile.TemporaryDirectory() as folder:
        for number in range(asked.texts):
            text = "\n".join(damaged(chance.choice(texts), chance)) + "\n"
            (Path(folder) / f"{number:05}.yml").write_text(text, encoding="utf-8")
        here, there = (
            findings(checkout, Path(folder)) for checkout in (HERE, asked.other.resolve())
        )
        for mark, only in (("+", here - there), ("-", there - here)):
            for found in sorted(only):
                print(mark, *found)
            print(f"{mark} {len(only)}:", dict(Counter(found[1] for found in only)))
    print(f"{len(here & there)} findings are the same")
    return 1 if here != there else 0


if __name__ == "__main__":
    sys.exit(main())

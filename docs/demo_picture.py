"""Makes docs/demo.svg: the output of `provisioner demo`, with its folder, ports and times replaced.

make demo-picture
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURE = Path(__file__).with_name("demo.svg")
PROVISIONER = Path(sys.executable).with_name("provisioner")
COLUMNS = 100
REPLACEMENTS = (
    (r"\S*/maps-demo-\w+", "/tmp/maps-demo"),  # noqa: S108  only shown
    (r"\d{8}T\d{6}-[0-9a-f]{8}", "20260105T081500-3f9c21d4"),
    (r"Done in \d+ s", "Done in 15 s"),
    # Hosts finish in any order.
    (r"(?m)^(\S*maps2: .*)\n(\S*maps1: (?!.*generation).*)$", r"\2\n\1"),
)
_WEB_FONTS = re.compile(r"@font-face \{.*?\}", re.DOTALL)  # they would be loaded from elsewhere


def main() -> None:
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(COLUMNS)}
    environment.pop("NO_COLOR", None)
    command = [PROVISIONER, "demo"]
    printed = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(reproducible(printed.stdout)))
    svg = console.export_svg(title="provisioner demo", unique_id="demo")
    PICTURE.write_text(_WEB_FONTS.sub("", svg), encoding="utf-8")


def reproducible(text: str) -> str:
    """The same for each run: ports are numbered as they appear."""
    for pattern, replacement in REPLACEMENTS:
        text = re.sub(pattern, replacement, text)
    plain = Text.from_ansi(text).plain
    ports = dict.fromkeys(re.findall(r"(?<=localhost:)\d{4,5}|(?<=prot: )\d{4,5}", plain))
    for number, port in enumerate(ports, 8001):
        text = re.sub(rf"(?<!\d){port}(?!\d)", str(number), text)
    return text


if __name__ == "__main__":
    main()

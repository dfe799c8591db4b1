"""The picture in README: what the demo printed, as SVG that loads nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from rich.console import Console

_WEB_FONTS = re.compile(r"@font-face \{.*?\}", re.DOTALL)


def save_picture(console: Console, path: Path) -> None:
    """Write what a recording console has printed."""
    svg = console.export_svg(title="provisioner demo")
    path.write_text(_WEB_FONTS.sub("", svg), encoding="utf-8")

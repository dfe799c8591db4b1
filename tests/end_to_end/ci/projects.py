"""Projects for a CI job to check, and an environment as bare as that of its machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.paths import ROOT

CHECKOUT = ROOT
RELAY = (
    "server_name: {name}\nhost: relay.example.edu\nsmtp_security_level: none\n"
    "test_email:\n  from: relay@example.edu\n"
)
WRONG = RELAY.format(name="Relay").replace("test_email", "prot: 25\ntest_email")
ERROR_PLACE = ("servers/relay.yml", 4)


def write_server(folder: Path, text: str) -> Path:
    """A project folder with one declared server."""
    servers = folder / "servers"
    servers.mkdir(parents=True, exist_ok=True)
    (servers / "relay.yml").write_text(text)
    return folder


def run_script(
    script: str, *, shell: tuple[str, ...], cwd: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a script of a CI job; of our environment it gets what finds programs and packages."""
    ours = {k: v for k, v in os.environ.items() if k in ("HOME", "LANG") or k.startswith("PIP_")}
    python = Path(sys.executable).parent
    return subprocess.run(
        [*shell, script],
        cwd=cwd,
        env={**ours, "PATH": f"{python}:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )

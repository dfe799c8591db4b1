"""How the demo tells its story: headings, the commands it runs, what they print."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from provisioner.errors import ExitCode, ProvisionerError

_LONG_QUERY = re.compile(r"\?\S{80,}")


class DemoFailed(ProvisionerError):
    """A step of the demo did not end as it should."""


@dataclass(slots=True)
class Narrator:
    """Prints the story and runs its commands, each in a process of its own as a user would."""

    console: Console
    folder: Path
    environment: Mapping[str, str]
    shorten: bool  # long addresses, which nobody has to open by hand
    _step: int = 0

    def chapter(self, title: str) -> None:
        """The next heading."""
        self._step += 1
        self.console.print(f"\n[bold]{self._step}. {title}[/bold]", highlight=False)

    def say(self, text: str) -> None:
        """A sentence between two commands."""
        self.console.print(text, style="dim", highlight=False)

    def show_file(self, path: Path) -> None:
        """A declared file."""
        self.console.print(f"[dim]{path.relative_to(self.folder)}[/dim]")
        text = "\n".join(li for li in path.read_text().splitlines() if not li.startswith("#"))
        self.console.print(Syntax(text, "yaml", background_color="default"))

    def run(self, *arguments: str, expect: ExitCode = ExitCode.DONE) -> None:
        """Run `provisioner` with these arguments; DemoFailed if it ends otherwise than expected."""
        shown = " ".join(arguments)
        self.console.print(f"[green]$[/green] [bold]provisioner {shown}[/bold]", highlight=False)
        exit_code = self._run([sys.executable, "-m", "provisioner", *arguments])
        if exit_code != expect:
            raise DemoFailed(
                f"`provisioner {shown}` ended with exit code {exit_code}, not {int(expect)}",
                remedy="run the demo with --keep and look into its folder; please report this",
            )
        if expect is not ExitCode.DONE:
            self.say(f"(exit code {int(expect)})")

    def _run(self, command: Sequence[str]) -> int:
        """Run it and print its lines as they come."""
        with subprocess.Popen(
            command,
            cwd=self.folder,
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as running:
            assert running.stdout is not None  # noqa: S101  a pipe was asked for
            for line in running.stdout:
                self.console.print(Text(self._shown(line.rstrip())), highlight=False)
        return running.returncode

    def _shown(self, line: str) -> str:
        line = line.replace(f"{self.folder}/", "")
        return _LONG_QUERY.sub("?...", line) if self.shorten else line


def checked(seen: bool, what: str) -> None:
    """DemoFailed unless it was seen: the demo claims nothing else."""
    if not seen:
        raise DemoFailed(f"the demo expected that {what}", remedy="please report this")

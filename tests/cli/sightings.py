"""All that can be seen of runs from outside: words, argv, environments, files."""

from __future__ import annotations

import base64
import contextlib
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

from tests.support.project_folder import PROVISIONER, ProjectFolder

_PROC = Path("/proc")


@dataclass
class Sightings:
    """`root` is searched for files; `processes` has what was seen of them while they ran."""

    root: Path
    words: list[str] = field(default_factory=list)
    processes: set[tuple[str, bytes]] = field(default_factory=set)

    def of_run(self, command, *, cwd, env, temporary):
        """Run a command and watch it and its children until its end."""
        over = threading.Event()
        with subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            watching = threading.Thread(target=self._watch, args=(process.pid, temporary, over))
            watching.start()
            try:
                words = process.communicate(timeout=90)
            finally:
                process.kill()
                over.set()
                watching.join()
        self.words += words
        return subprocess.CompletedProcess(command, process.returncode, *words)

    def of(self, canaries, *, but_in):
        """Name of the canary and place, of each one seen. `but_in`: a file that may hold one."""
        places = [("words", "\n".join(self.words).encode()), *self.processes]
        for path in self.root.rglob("*"):
            if path.is_file() and path.name != but_in:
                places.append((f"file {path}", path.read_bytes()))
        return sorted(
            {
                (name, place)
                for name, canary in canaries.items()
                for place, content in places
                if any(form in content for form in _forms(canary))
            }
        )

    def _watch(self, pid, temporary, over):
        while not over.wait(0.01):
            for path in temporary.rglob("*"):
                with contextlib.suppress(OSError):
                    self.processes.add((f"temporary {path.name}", path.read_bytes()))
            for one in _descendants(pid):
                with contextlib.suppress(OSError):
                    self._look_at(one, pid)

    def _look_at(self, one, command):
        """The command's own environment has what the user gave it.

        So it has in a child that is still a copy of the command, before it becomes another program.
        """
        argv = (_PROC / str(one) / "cmdline").read_bytes()
        self.processes.add(("argv", argv))
        if argv != (_PROC / str(command) / "cmdline").read_bytes():
            self.processes.add(("environment", (_PROC / str(one) / "environ").read_bytes()))


def _descendants(pid):
    yield pid
    with contextlib.suppress(OSError):
        for children in (_PROC / str(pid) / "task").glob("*/children"):
            for child in children.read_text().split():
                yield from _descendants(int(child))


def _forms(canary):
    forms = {canary, quote(canary, safe=""), quote_plus(canary)}
    for plain in tuple(forms):
        for lead in range(3):
            packed = base64.b64encode(b"\0" * lead + plain.encode()).decode()
            inner = packed[(0, 2, 3)[lead] : -4]
            forms |= {inner, inner.replace("+", "-").replace("/", "_")}
    return {form.encode() for form in forms}


class WatchedFolder(ProjectFolder):
    """A project with HOME and TMPDIR beside it, and all that can be seen of runs in it."""

    def __init__(self, root, **environment):
        self.root, self.home, self.temporary = root, root / "home", root / "tmp"
        for folder in (self.home, self.temporary):
            folder.mkdir(parents=True)
        super().__init__(
            root / "project",
            HOME=str(self.home),
            XDG_CONFIG_HOME=str(self.home / ".config"),
            TMPDIR=str(self.temporary),
            **environment,
        )
        self.sightings = Sightings(root)

    def run(self, *arguments, program=(str(PROVISIONER),)):
        """Run a command, watched; `program`: what starts it."""
        return self.sightings.of_run(
            [*program, *arguments],
            cwd=self.folder,
            env=self.environment,
            temporary=self.temporary,
        )

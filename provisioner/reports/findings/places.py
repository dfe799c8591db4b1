"""Where findings are and how they are known again, for the formats of other programs."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

from provisioner.config.document import SHOWN_STDIN
from provisioner.lint.finding import Finding


class Places:
    """Paths as seen from the current folder, which is asked for once a report."""

    def __init__(self) -> None:
        self._here = str(Path.cwd())

    def inside(self, file: str) -> str | None:
        """The path relative to the current folder; None for a file outside of it."""
        path = os.path.relpath(file, self._here) if file != SHOWN_STDIN else file
        return None if path == ".." or path.startswith("../") else path

    def absolute(self, file: str) -> str:
        return os.path.normpath(Path(self._here, file))

    def best(self, file: str) -> str:
        return self.inside(file) or self.absolute(file)


def last_line(finding: Finding) -> int:
    """The last line with marked text: an end before the first column of a line is above it."""
    is_above = finding.end_column == 1 and finding.end_line > finding.line
    return finding.end_line - is_above


def fingerprints(findings: Iterable[Finding], places: Places) -> Iterator[str]:
    """One a finding, unique in the report; the same when lines move or a message is reworded.

    Of rule, file, pointer, and how many findings with all three came before.
    """
    seen: Counter[tuple[str, str, str]] = Counter()
    for finding in findings:
        identity = (finding.rule, places.best(finding.file), finding.pointer)
        text = "\0".join((*identity, str(seen[identity])))
        seen[identity] += 1
        yield sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

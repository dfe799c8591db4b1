"""A log file whose path does not say where on the MAPS host it lies."""

from __future__ import annotations

from collections.abc import Iterator
from ntpath import splitdrive

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "logging-path"
SEVERITY = Severity.WARNING

_FILE = "/logging/file_name"
_FORBIDDEN = frozenset('<>"|?*:')


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """MAPS is a Windows service; its own folder is nobody's choice. A share is fine."""
    path = server.text(_FILE)
    if not path or server.get("/logging/enabled") is not True:
        return
    drive, rest = splitdrive(path)
    if not drive or not rest.startswith(("\\", "/")):
        yield Remark(
            _FILE,
            "this is no full path on a Windows host: nobody knows in which folder MAPS would log",
            r"write drive and folders, such as 'C:\ProgramData\Evisions\email.log'",
        )
    elif not _FORBIDDEN.isdisjoint(rest) or rest.endswith(("\\", "/")):
        yield Remark(
            _FILE,
            "no file on Windows can have this name",
            "write drive, folders and a file name without < > : | ? * or quotes",
        )

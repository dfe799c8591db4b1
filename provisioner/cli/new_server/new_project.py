"""The project that a new server joins, and the files that are written for it: all or none."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from provisioner.cli.commands.merge_credentials import ATTRIBUTES
from provisioner.cli.new_server.server_file import GITIGNORE, INVENTORY_TEXT, file_name
from provisioner.cli.output import print_text
from provisioner.config.document import load_text
from provisioner.config.file_text import shown_path
from provisioner.config.files import (
    INVENTORY,
    TOKENS_FOLDER,
    declared_path,
    documents_of,
    server_files,
    servers_path,
    settings_documents,
    stray_files,
)
from provisioner.errors import InvalidProject, UsageError
from provisioner.lint.finding import Finding

_SCHEMA_FILE = Path("schemas") / "email-server.schema.json"


class NewFile(NamedTuple):
    """A file to write if it is missing. A `required` one must not exist yet."""

    path: Path
    text: str
    required: bool = False


class NewProject:
    """The project's folder as it is now; it may be empty."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings = settings_documents(root)
        value = self.settings[0].value if self.settings else None
        self._values = value if isinstance(value, dict) else {}
        self._folder = servers_path(root, self.settings)
        # Without their project: they are checked with the settings that are to be written.
        files = (found._replace(project="") for found in server_files(root, self.settings))
        self._servers = list(documents_of(files))

    def require_usable(self) -> None:
        """Raise if no server file can be added."""
        from provisioner.lint.result import lint

        found = [*self.settings, *documents_of(stray_files(self.root, self.settings))]
        if lint(found).errors:
            raise InvalidProject(
                f"{found[0].path} has errors; nothing was written",
                remedy="run: provisioner validate",
            )
        if self._folder.exists() and not self._folder.is_dir():
            raise UsageError(
                f"the servers of this project are declared in the file {shown_path(self._folder)}",
                remedy="add the server to that file, or replace it by a folder of files",
            )

    @property
    def ca_file(self) -> Path | None:
        declared = self._values.get("ca_file")
        return declared_path(declared, self.root) if isinstance(declared, str) else None

    def server_path(self, name: str) -> Path:
        return self._folder / file_name(name)

    def attributes_file(self) -> NewFile:
        """Tells git to merge the files in tokens/ by the merge driver."""
        folder = declared_path(self._values.get("tokens", TOKENS_FOLDER), self.root)
        return NewFile(folder / ".gitattributes", ATTRIBUTES)

    def findings(self, name: str, server_text: str, settings_text: str) -> Iterator[Finding]:
        """What `validate` would report because of the new files, even about existing ones."""
        from provisioner.lint.result import lint

        settings, new = self.settings, self._servers
        if not settings and settings_text:
            project = str(self.root.absolute())
            settings = load_text(settings_text, "provisioner.yml", project=project)
            new = [*settings, *new]
        known = {(f.file, f.rule) for f in lint(self._servers, settings=settings).findings}
        server = load_text(self._with_modeline(server_text), str(self.server_path(name)))
        for found in lint([*new, *server], settings=settings).findings:
            if (found.file, found.rule) not in known:
                yield found

    def _with_modeline(self, text: str) -> str:
        """With the line by which editors find the schema, if the project has it."""
        schema = self.root / _SCHEMA_FILE
        if not schema.is_file():
            return text
        path = Path(os.path.relpath(schema, self._folder)).as_posix()
        return f"# yaml-language-server: $schema={path}\n{text}"

    def new_files(self, name: str, server_text: str, settings_text: str) -> Iterator[NewFile]:
        """The server's file, and all that is missing beside it."""
        yield NewFile(self.server_path(name), self._with_modeline(server_text), required=True)
        inventory = declared_path(self._values.get("inventory", INVENTORY), self.root)
        if not inventory.exists() and "inventory" not in self._values:
            yield NewFile(inventory / "hosts.ini", INVENTORY_TEXT)
        if not self.settings and settings_text:
            yield NewFile(self.root / "provisioner.yml", settings_text)
        yield NewFile(self.root / ".gitignore", GITIGNORE)
        yield self.attributes_file()


def write_files(files: Sequence[NewFile]) -> None:
    """Write the missing ones, all or none, none over another."""
    written: list[Path] = []
    for path, text, required in files:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                _write_file(path, text)
                written.append(path)
        except OSError as error:
            for done in written:
                done.unlink(missing_ok=True)
            raise InvalidProject(
                f"cannot write {shown_path(path)}: {error.strerror}",
                remedy="check the folder's owner, its mode and the free space",
            ) from None
        if required and path not in written:
            refuse_existing(path)
    for path in written:
        print_text(f"Wrote {shown_path(path)}")


def _write_file(path: Path, text: str) -> None:
    opened = path.open("x", encoding="utf-8")
    try:
        with opened:
            opened.write(text)
    except OSError:
        path.unlink()
        raise


def is_there(path: Path) -> bool:
    """Whether something has this name, be it a link that leads nowhere."""
    return path.exists() or path.is_symlink()


def refuse_existing(path: Path) -> None:
    """UsageError if something is there."""
    if is_there(path):
        raise UsageError(
            f"{shown_path(path)} already exists; nothing was written",
            remedy="pass another --name, or edit that file",
        )

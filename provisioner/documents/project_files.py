"""Which files make a project: `provisioner.yml` (optional), and what lies in its servers folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from provisioner.documents.defect import Defect
from provisioner.documents.document import Document
from provisioner.documents.loader import load, load_file
from provisioner.documents.place import Mark, Span

SETTINGS_FILES = ("provisioner.yml", "provisioner.yaml")
SERVERS_FOLDER = "servers"
INVENTORY = "inventory"
TOKENS_FOLDER = "tokens"


def is_project(folder: Path) -> bool:
    """Whether the folder is a project's: it has settings, or the conventional servers folder."""
    return bool(settings_files(folder)) or (folder / SERVERS_FOLDER).is_dir()


def settings_files(root: Path) -> list[Path]:
    """The settings of a project: none or one; two are one too many."""
    return [root / name for name in SETTINGS_FILES if (root / name).exists()]


def settings_documents(root: Path) -> list[Document]:
    """All documents of the settings; the first of them counts, each further one is a defect."""
    documents = [document for path in settings_files(root) for document in load_file(path)]
    return documents[:1] + [_superfluous(document) for document in documents[1:]]


def declared_path(declared: str, root: Path) -> Path:
    """A path as declared: relative to the project's root, or below `~/`."""
    return Path(declared).expanduser() if declared.startswith("~/") else root / declared


def server_documents(root: Path, settings: list[Document]) -> Iterator[Document]:
    """All documents of the servers folder."""
    return load(servers_path(root, settings))


def servers_path(root: Path, settings: list[Document]) -> Path:
    """Where the servers are declared: `servers:` of the settings, else the conventional folder."""
    value = settings[0].value if settings else None
    declared = value.get("servers") if isinstance(value, dict) else None
    if not isinstance(declared, str) or not declared:
        declared = SERVERS_FOLDER
    return declared_path(declared, root)


def _superfluous(document: Document) -> Document:
    start = Mark(document.line, 1)
    defect = Defect(
        rule="second-settings",
        message="a project has one document of settings, and this is a further one",
        remedy="put all settings into one document of provisioner.yml",
        span=Span(start, start),
    )
    return replace(document, defects=(*document.defects, defect))

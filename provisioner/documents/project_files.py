"""Which files make a project: `provisioner.yml` (optional), and what lies in its servers folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from provisioner.documents.checkout import leads_outside, links_outside, stray_link, stray_path
from provisioner.documents.defect import Defect
from provisioner.documents.document import Document
from provisioner.documents.files import FoundFile, declared_files
from provisioner.documents.loader import load_found
from provisioner.documents.place import Mark, Span

SETTINGS_FILES = ("provisioner.yml", "provisioner.yaml")
SERVERS_FOLDER = "servers"
INVENTORY = "inventory"
TOKENS_FOLDER = "tokens"
_FOLDERS = {"servers": SERVERS_FOLDER, "inventory": INVENTORY, "tokens": TOKENS_FOLDER}


def is_project(folder: Path) -> bool:
    """Whether the folder is a project's: it has settings, or the conventional servers folder."""
    return bool(settings_files(folder)) or (folder / SERVERS_FOLDER).is_dir()


def project_around(folder: Path) -> Path | None:
    """The nearest project's folder, from an absolute one upwards.

    A git repository's top is the last to be looked at.
    """
    for path in (folder, *folder.parents):
        if is_project(path):
            return path
        if (path / ".git").exists():
            return None
    return None


def settings_files(root: Path) -> list[Path]:
    """The settings of a project: none or one; two are one too many."""
    return [root / name for name in SETTINGS_FILES if (root / name).exists()]


def files_of_project(root: Path) -> Iterator[FoundFile]:
    """A project's settings and all its servers."""
    settings = settings_documents(root)
    yield from _settings_found(root)
    yield from stray_files(root, settings)
    yield from server_files(root, settings)


def server_files(root: Path, settings: list[Document]) -> Iterator[FoundFile]:
    """The files that declare a project's servers."""
    project = os.path.abspath(root)  # noqa: PTH100
    path = servers_path(root, settings)
    if leads_outside(path, root):
        return  # stray_files, or the settings, say so
    if not os.path.lexists(path):
        yield FoundFile(str(path), defect=_NOTHING_DECLARED, project=project)
        return
    for found in declared_files(path, project=root):
        yield found._replace(project=project)


def stray_files(root: Path, settings: list[Document]) -> Iterator[FoundFile]:
    """What of a project's folders leads out of its checkout, but for what the settings name."""
    project = os.path.abspath(root)  # noqa: PTH100
    for key, default in _FOLDERS.items():
        declared = _declared(settings, key)
        path = declared_path(declared or default, root)
        if leads_outside(path, root):
            if not declared:
                yield FoundFile(str(path), project, stray_path(key, path, root))
        elif key != "servers":  # of these, the links are found as they are read
            # Ansible reads these two beside an inventory that is a file.
            beside = (path.with_name("group_vars"), path.with_name("host_vars"))
            for folder in beside if path.is_file() else (path,):
                for link in links_outside(folder, root):
                    yield FoundFile(link, project, stray_link(link))


_NOTHING_DECLARED = Defect(
    rule="no-files",
    message="no email server is declared: there is no such file or folder",
    remedy="run this in the project folder or name it with --project; to begin one, run"
    " `provisioner init`",
)


def load_declared(found: FoundFile) -> list[Document]:
    """The documents of a file; of a project's settings, the first counts, others are defects."""
    documents = load_found(found)
    name = os.path.basename(found.path) if found.path.endswith(SETTINGS_FILES) else ""  # noqa: PTH119
    if name not in SETTINGS_FILES:
        return documents
    first = Path(found.path).parent / SETTINGS_FILES[0]
    kept = 0 if name != SETTINGS_FILES[0] and first.exists() else 1
    root = Path(found.project or first.parent)
    counting = [_with_stray_paths(document, root) for document in documents[:kept]]
    return counting + [_superfluous(document) for document in documents[kept:]]


def settings_documents(root: Path) -> list[Document]:
    """All documents of a project's settings; the first of them counts."""
    return [document for found in _settings_found(root) for document in load_declared(found)]


def _settings_found(root: Path) -> Iterator[FoundFile]:
    project = os.path.abspath(root)  # noqa: PTH100
    for path in settings_files(root):
        stray = path.is_symlink() and leads_outside(path, root)
        yield FoundFile(str(path), project, stray_link(path) if stray else None)


def declared_path(declared: str, root: Path) -> Path:
    """A path as declared: relative to the project's root, or below `~/`."""
    if declared.startswith("~/"):
        return Path(os.path.expanduser(declared))  # noqa: PTH111  pathlib's may raise
    return root / declared


def servers_path(root: Path, settings: list[Document]) -> Path:
    """Where the servers are declared: `servers:` of the settings, else the conventional folder."""
    return declared_path(_declared(settings, "servers") or SERVERS_FOLDER, root)


def _declared(settings: list[Document], key: str) -> str:
    value = settings[0].value if settings else None
    declared = value.get(key) if isinstance(value, dict) else None
    return declared if isinstance(declared, str) else ""


def _with_stray_paths(document: Document, root: Path) -> Document:
    strays = []
    for key in _FOLDERS:
        declared = _declared([document], key)
        if declared and leads_outside(path := declared_path(declared, root), root):
            span = document.place(f"/{key}").value
            strays.append(stray_path(key, path, root, span=span, pointer=f"/{key}"))
    return document._replace(defects=(*document.defects, *strays)) if strays else document


def _superfluous(document: Document) -> Document:
    start = Mark(document.line, 1)
    defect = Defect(
        rule="second-settings",
        message="a project has one document of settings, and this is a further one",
        remedy="put all settings into one document of provisioner.yml",
        span=Span(start, start),
    )
    return document._replace(defects=(*document.defects, defect))

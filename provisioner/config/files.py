"""What `validate` was asked to look at, or what makes a project -> the files to be read.

A project: `provisioner.yml` (optional), and what lies in its servers folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from provisioner.config.checkout import leads_outside, links_outside, stray_link, stray_path
from provisioner.config.document import STDIN, Document, FoundFile, load_found
from provisioner.config.file_text import shown_path
from provisioner.config.issue import Issue, Position, Range

SETTINGS_FILES = ("provisioner.yml", "provisioner.yaml")
SERVERS_FOLDER = "servers"
INVENTORY = "inventory"
TOKENS_FOLDER = "tokens"
_FOLDERS = {"servers": SERVERS_FOLDER, "inventory": INVENTORY, "tokens": TOKENS_FOLDER}
_SUFFIXES = (".yml", ".yaml", ".json")
# Windows hides the last suffix, and Notepad adds one; the others are slips of the keyboard.
_NEAR_SUFFIXES = (*(f"{suffix}.txt" for suffix in _SUFFIXES), ".ymal", ".yam", ".ylm")
_Kind = Literal["folder", "file", "stray", "misnamed", "other"]


def declared_files(
    path: str | Path, project: str | Path | None = None, *, with_projects: bool = False
) -> Iterator[FoundFile]:
    """A path that is no folder: itself. A folder: all *.yml, *.yaml, *.json below it, sorted.

    Hidden files and folders are left out. A folder that cannot be read has an issue, and so has
    a link out of the checkout of `project`. `with_projects`: of a project that lies deeper, what is
    the project's; its inventory, say, is not ours.
    """
    if project is not None and leads_outside(path, project):
        yield FoundFile(str(path), issue=stray_link(path))
        return
    if not os.path.isdir(path):  # noqa: PTH112
        yield FoundFile(str(path))
        return
    below = _below(str(path), project, with_projects=with_projects)
    yield next(below, FoundFile(str(path), issue=_NO_FILES))
    yield from below


_NO_FILES = Issue(
    pointer="",
    rule="no-files",
    message="no *.yml, *.yaml or *.json file below this folder",
    remedy="name the folder that contains the email servers",
)


_OTHER_SUFFIX = Issue(
    pointer="",
    rule="other-suffix",
    message="this file is not read: its name does not end in .yml, .yaml or .json",
    remedy="rename it to *.yml, with File name extensions shown in Explorer; or move it elsewhere",
)


def _below(folder: str, project: str | Path | None, *, with_projects: bool) -> Iterator[FoundFile]:
    """Depth first, without recursion: folders may lie deeper than Python's stack."""
    waiting: list[tuple[str, _Kind]] = [(folder, "folder")]
    seen: set[tuple[int, int]] = set()
    while waiting:
        path, kind = waiting.pop()
        if kind != "folder":
            yield FoundFile(path, issue=_issue_of(path, kind))
            continue
        try:
            identity = os.stat(path)  # noqa: PTH116
            is_other = with_projects and bool(seen) and is_project(Path(path))
            children = [] if is_other else _children(path, project)
        except OSError as error:
            yield _unreadable(path, f"the folder cannot be read: {error.strerror}")
            continue
        if (identity.st_dev, identity.st_ino) in seen:
            yield _unreadable(path, "this link points to a folder that is already read")
            continue
        seen.add((identity.st_dev, identity.st_ino))
        if is_other:
            yield from files_of_project(Path(path))
        waiting.extend(reversed(children))


def _issue_of(path: str, kind: _Kind) -> Issue | None:
    if kind == "stray":
        return stray_link(path)
    return _OTHER_SUFFIX if kind == "misnamed" else None


def _children(folder: str, project: str | Path | None) -> list[tuple[str, _Kind]]:
    with os.scandir(folder) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    children = ((entry.path.removeprefix("./"), _kind(entry, project)) for entry in visible)
    return sorted((path, kind) for path, kind in children if kind != "other")


def _kind(entry: os.DirEntry[str], project: str | Path | None) -> _Kind:
    kind = _kind_behind(entry)
    if kind != "other" and project is not None and entry.is_symlink():
        return "stray" if leads_outside(entry.path, project) else kind
    return kind


def _kind_behind(entry: os.DirEntry[str]) -> _Kind:
    try:
        if entry.is_dir():
            return "folder"
    except OSError:  # a link that leads nowhere else: reading it says what is wrong
        return "file"
    name = entry.name.casefold()
    if name.endswith(_SUFFIXES):
        return "file"
    return "misnamed" if name.endswith(_NEAR_SUFFIXES) else "other"


def _unreadable(path: str, message: str) -> FoundFile:
    remedy = "check the path, owner and mode"
    return FoundFile(path, issue=Issue("", message, remedy, rule="unreadable-file"))


def files_at(paths: Iterable[str]) -> Iterator[FoundFile]:
    """Files, folders, projects' folders, standard input; what is named twice is read once."""
    asked = tuple(paths)
    if len(asked) == 1:
        yield from _files_at(asked[0])
        return
    seen: set[tuple[str, Issue | None]] = set()
    for path in asked:
        for found in _files_at(path):
            identity = os.path.realpath(found.path), found.issue  # ./a.yml is a.yml
            if identity not in seen:
                seen.add(identity)
                yield found


def documents_of(files: Iterable[FoundFile]) -> Iterator[Document]:
    """The documents of all files, one file after the other."""
    for found in files:
        yield from load_declared(found)


def _files_at(path: str) -> Iterator[FoundFile]:
    if path == STDIN:
        yield FoundFile(path)
        return
    if is_project(Path(path)):
        yield from files_of_project(Path(path))
        return
    folder = Path(path) if os.path.isdir(path) else Path(path).parent  # noqa: PTH112
    project = _project_around(folder)
    around: dict[str, str] = {}
    for found in declared_files(path, project, with_projects=True):
        folder_of_file = os.path.dirname(found.path)  # noqa: PTH120
        if folder_of_file not in around:
            around[folder_of_file] = str(_project_around(folder_of_file) or "")
        yield found if found.project else found._replace(project=around[folder_of_file])


def _project_around(folder: str | Path) -> Path | None:
    return project_around(Path(os.path.abspath(folder)))  # noqa: PTH100  # no `..` in its parents


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
        at, issue = str(path), _NOTHING_DECLARED
        if _declared(settings, "servers"):
            at, place = settings[0].source.path, settings[0].locate("/servers").value
            missing = f"no email server is declared: there is no file or folder {shown_path(path)}"
            remedy = "create it, or correct this path"
            issue = issue._replace(message=missing, remedy=remedy, range=place)
        yield FoundFile(at, project, issue)
        return
    for found in declared_files(path, root):
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


_NOTHING_DECLARED = Issue(
    pointer="",
    rule="no-files",
    message="no email server is declared: there is no such file or folder",
    remedy="run this in the project folder, or pass --project; to create a project, run"
    " `provisioner init`",
)


def load_declared(found: FoundFile) -> list[Document]:
    """The documents of a file; of a project's settings, the first counts, others are issues."""
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
            there = document.locate(f"/{key}").value
            strays.append(stray_path(key, path, root, there=there, pointer=f"/{key}"))
    return document._replace(issues=(*document.issues, *strays)) if strays else document


def _superfluous(document: Document) -> Document:
    start = Position(document.line, 1)
    issue = Issue(
        pointer="",
        rule="second-settings",
        message="this is a second document of settings, and a project has only one",
        remedy="put all settings into one document of provisioner.yml",
        range=Range(start, start),
    )
    return document._replace(issues=(*document.issues, issue))

"""A new server and what its project folder lacks, checked as a whole before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provisioner.cli.commands.merge_credentials import ATTRIBUTES
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
from provisioner.lint.verdict import reach_verdict
from provisioner.state_dir import STATE_DIR

_INVENTORY = """\
# The machines that run MAPS: an Ansible inventory. Definitions go to the group `maps`.
[maps]
# maps1.example.edu
# maps2.example.edu

[maps:vars]
# maps_directory=/etc/maps-provisioner
# maps_apply_command=["/usr/local/bin/maps-import"]

# Windows, by WinRM over HTTPS (PSRP and ssh do as well):
# ansible_connection=winrm
# ansible_winrm_transport=ntlm
# maps_service="Evisions MAPS Service"
"""

_GITIGNORE = f"""\
# Locks and journals of this checkout
/{STATE_DIR}/
# Secrets in files: not for git
/secrets/
# tokens/ is encrypted: it may go to a private repository, if the vault password is a generated key
"""


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that is to be there. One that is `required` must not be there yet."""

    path: Path
    text: str
    required: bool = False


def new_files(root: Path, file_name: str, definition: str) -> list[NewFile]:
    """The files that are missing. UsageError if the definition's own is there, or has findings."""
    settings = settings_documents(root)
    found = [*settings, *documents_of(stray_files(root, settings))]
    if reach_verdict(found).errors:
        raise InvalidProject(
            f"{found[0].path} has errors; nothing was written",
            remedy="`provisioner validate` shows them",
        )
    folder = servers_path(root, settings)
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            f"the servers of this project are declared in the file {shown_path(folder)}",
            remedy="add the server there by hand, or make it a folder of files",
        )
    definition_file = NewFile(folder / file_name, definition, required=True)
    values = settings[0].value if settings and isinstance(settings[0].value, dict) else {}
    inventory = declared_path(values.get("inventory", INVENTORY), root)
    wanted = [definition_file, NewFile(root / ".gitignore", _GITIGNORE), attributes_file(root)]
    if not inventory.exists() and "inventory" not in values:
        wanted.insert(1, NewFile(inventory / "hosts.ini", _INVENTORY))
    _refuse_existing(definition_file.path)
    _refuse_findings(root, definition_file)
    return [file for file in wanted if not file.path.exists()]


def attributes_file(root: Path) -> NewFile:
    """What tells git to merge the files in tokens/ by our driver."""
    settings = settings_documents(root)
    values = settings[0].value if settings and isinstance(settings[0].value, dict) else {}
    folder = declared_path(values.get("tokens", TOKENS_FOLDER), root)
    return NewFile(folder / ".gitattributes", ATTRIBUTES)


def write_new(files: list[NewFile]) -> Iterator[Path]:
    """Write them, the definition first, none over another; each path as it is written."""
    for file in files:
        try:
            file.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file.path, file.text)
        except FileExistsError:
            if file.required:
                _refuse_existing(file.path)
            continue  # somebody was faster, and it is theirs
        except OSError as error:
            raise InvalidProject(
                f"{shown_path(file.path)} cannot be written: {error.strerror}",
                remedy="check the folder's owner, its mode and the free space",
            ) from None
        yield file.path


def write_whole(path: Path, text: str) -> None:
    """A new file, whole or not at all. FileExistsError, and other OSErrors."""
    opened = path.open("x", encoding="utf-8")
    try:
        with opened:
            opened.write(text)
    except OSError:
        path.unlink()
        raise


def _refuse_existing(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise UsageError(
            f"{shown_path(path)} is there already; nothing was written",
            remedy="choose another name with --name, or edit that file",
        )


def said_of(pointer: str, definition: str) -> str:
    """What `validate` would say first of one value of a definition, or nothing."""
    findings = reach_verdict(load_text(definition, "", project="")).findings
    return next((f"{f.message}; {f.remedy}" for f in findings if f.pointer == pointer), "")


def _refuse_findings(root: Path, file: NewFile) -> None:
    """What `validate` would say because of the new file, be it about one that is there."""
    documents = list(documents_of(server_files(root, settings_documents(root))))
    new = load_text(file.text, str(file.path), project=str(root.absolute()))
    before = {(f.file, f.rule) for f in reach_verdict(documents).findings}
    findings = reach_verdict([*documents, *new]).findings
    ours = [f for f in findings if (f.file, f.rule) not in before]
    if ours:
        said = "\n".join(f"{_field(f.pointer)}: {f.message}; {f.remedy}" for f in ours)
        raise UsageError(
            "the definition would not be right; nothing was written",
            remedy=f"{said}\n(these are the words of `provisioner validate`)",
        )


def _field(pointer: str) -> str:
    return pointer.lstrip("/").replace("/", ".") or "the definition"

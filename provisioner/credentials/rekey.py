"""A new vault key: all that a project has encrypted with the old one is encrypted again.

The new key is kept beside the generated one until all files are replaced, and opening tries both,
so a run that is killed at any step leaves nothing that does not open; the next one finishes.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from provisioner.config.file_text import file_bytes, shown_path
from provisioner.config.files import server_files, settings_documents, settings_files
from provisioner.credentials.destinations import value_name
from provisioner.credentials.project_secrets import OpenProject, digest_key
from provisioner.credentials.sources import Declared, ReadContext, read_secret, source_of
from provisioner.credentials.store import CredentialStore, LockedCredentials
from provisioner.credentials.vault import VaultKey
from provisioner.credentials.vault_key import (
    KEY_FILE,
    NEXT_KEY_FILE,
    KeySearch,
    new_key,
    unwritable_key,
    write_key,
)
from provisioner.credentials.vault_replacing import with_new_vault_texts
from provisioner.errors import FileUnusable, ProvisionerError, SecretUnavailable, UsageError
from provisioner.model.project import Project
from provisioner.private_file import replace_file, sync_folder


@dataclass(frozen=True, slots=True)
class KeyChange:
    """From one key to another, and the files that have them in the end, if there are."""

    old: VaultKey
    old_file: Path | None
    new: VaultKey
    new_file: Path | None


def rekey(
    opened: OpenProject, new_file: Path | None, old_file: Path | None
) -> tuple[KeyChange, list[Path]]:
    """Encrypt all again; also returns the files. Nothing is changed if something does not open.

    From the key in use to that of `new_file`, or to a new generated one in its place; with
    `old_file` from that key to the one in use.
    """
    search, project = opened.key_search, opened.project
    try:
        with search.key_lock() as key_file, ExitStack() as locks:
            next_file = key_file.with_name(NEXT_KEY_FILE)
            change = _change(search, next_file, new_file, old_file)
            key = VaultKey(change.new.password, change.old.password)
            store = CredentialStore(project.tokens_path, opened.store.project, lambda: key)
            names, declared = _readable_parts(project, store)
            # Until the new key is in use no other run writes tokens, which would be with the old.
            entries = [locks.enter_context(store.locked(name)) for name in sorted(names)]
            if old_file is None:
                write_key(next_file, change.new)
            context = dataclasses.replace(opened.secrets.context, vault_key=lambda: key)
            paths = _encrypt_again(entries, _new_names(project, change, context), declared)
            if old_file is None:
                if change.old_file and new_file is None:  # the generated key
                    write_key(change.old_file, change.old)
                    write_key(key_file.resolve(), change.new)  # it may be a link
                next_file.unlink()
                sync_folder(next_file.parent)
            return change, paths
    except OSError as error:
        raise unwritable_key(search.key_file, error) from None


def _change(
    search: KeySearch, next_file: Path, new_file: Path | None, old_file: Path | None
) -> KeyChange:
    """The new key may be that of a run that was interrupted."""
    in_use, file_in_use = search.find(), search.file_in_use()
    current, unfinished = VaultKey(in_use.password), in_use.alternative
    if old_file is not None:
        old = search.key_of_file(old_file, "--old-key")
        change = KeyChange(old, old_file, current, file_in_use)
    elif new_file is not None:
        new = search.key_of_file(new_file, "--new-key")
        change = KeyChange(current, file_in_use, new, new_file)
        if new_file.resolve() == next_file.resolve():
            raise UsageError(f"{next_file} is deleted at the end", remedy="name a copy of it")
        if new == current:
            raise UsageError("--new-key names the key in use", remedy="name a file with a new key")
    elif search.is_generated():
        # Another project may need the old one. Named after the key: none is ever overwritten.
        kept = search.key_file.with_name(f"{KEY_FILE}.old-{_short_digest(current)}")
        new = VaultKey(unfinished) if unfinished else new_key()
        change = KeyChange(current, kept, new, search.key_file)
    else:
        raise UsageError(
            "the vault key in use is not a generated one, and no other is ever replaced",
            remedy="write a new key into a file, then add --new-key FILE",
        )
    if unfinished not in (None, change.new.password):
        raise UsageError(
            "an earlier `rekey`, to another key, was interrupted",
            remedy=f"finish it first, by the same command; a copy of {next_file} is its --new-key",
        )
    return change


def _readable_parts(project: Project, store: CredentialStore) -> tuple[set[str], dict[Path, str]]:
    """The servers, declared or with a file, and the declared files with vault text as they will be.

    FileUnusable tells all that cannot be read, or cannot be written again.
    """
    names, declared = {server.server_name for server in project.servers}, dict[Path, str]()
    problems: list[str] = []
    for path in store.folder.glob("*.yml"):
        try:
            found = store.read_file(path)
        except ProvisionerError as error:
            problems.append(error.message)
            continue
        if found and store.path(found.server_name) != path:
            problems.append(f"{path} is the file of {found.server_name!r}, by another name")
        names |= {found.server_name} if found else set()
    settings = settings_documents(project.root)
    servers = (Path(found.path) for found in server_files(project.root, settings))
    for path in (*settings_files(project.root), *servers):
        try:
            before = file_bytes(path).decode()
            after = with_new_vault_texts(before, shown_path(path), store.key())
        except ProvisionerError as error:
            problems.append(error.message)
            continue
        if after != before:
            declared[path.resolve()] = after
    if problems:
        remedy = "nothing was changed; correct or remove these first"
        raise FileUnusable("\n".join(problems), remedy=remedy)
    return names, declared


def _encrypt_again(
    entries: Iterable[LockedCredentials], new_names: Mapping[str, str], declared: Mapping[Path, str]
) -> list[Path]:
    """The files. First those for which no room is reserved on disk."""
    paths = list(declared)
    try:
        for path, text in declared.items():
            _replace_text(path, text)
        for entry in entries:
            if (found := entry.read()) is not None:
                accepted = {
                    field: replace(way, sources=frozenset(new_names.get(s, s) for s in way.sources))
                    for field, way in found.accepted.items()
                }
                entry.save(replace(found, accepted=accepted))
                paths.append(entry.store.path(entry.server_name))
    except ProvisionerError as error:
        raise FileUnusable(
            error.message,
            remedy="then run the same command again: until it ends, both keys are needed",
        ) from None
    return paths


def _replace_text(path: Path, text: str) -> None:
    try:
        for left_over in path.parent.glob(f".{path.name}.*.tmp"):  # of a killed run
            left_over.unlink()
        mode = path.stat().st_mode & 0o777
        replace_file(path, text.encode())
        path.chmod(mode)  # whatever the umask
    except OSError as error:
        raise FileUnusable(f"cannot write {path}: {error.strerror}") from None


def _new_names(project: Project, change: KeyChange, context: ReadContext) -> dict[str, str]:
    """Names of values depend on the key. A secret with a place of its own is known by that, too;
    the others are in the files of the project, so their new names can be told.
    """
    names = {}
    for reference in project.secrets():
        if isinstance(source_of(reference), Declared):
            with suppress(SecretUnavailable):
                secret = read_secret(reference, context, lambda: "")
                old, new = (value_name(secret, digest_key(k)) for k in (change.old, change.new))
                names[old] = new
    return names


def _short_digest(key: VaultKey) -> str:
    return hashlib.sha256(key.password.reveal().encode()).hexdigest()[:8]

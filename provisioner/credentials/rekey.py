"""A new vault key: all that a project has encrypted with the old one is encrypted again.

The new key is kept beside the generated one until all files are replaced, and opening tries both,
so a run that is killed at any step leaves nothing that does not open; the next one finishes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from provisioner.credentials.destinations import value_name
from provisioner.credentials.project_secrets import OpenProject, digest_key
from provisioner.credentials.sources import Declared, ReadContext, read_secret, source_of
from provisioner.credentials.store import Credentials, CredentialStore, LockedCredentials
from provisioner.credentials.vault import VaultKey, VaultUnreadable
from provisioner.credentials.vault_key import (
    NEXT_KEY_FILE,
    KeySearch,
    new_key,
    unwritable_key,
    write_key,
)
from provisioner.documents.project_files import server_files, settings_documents, settings_files
from provisioner.documents.reading import file_bytes, shown_path
from provisioner.documents.vault_replacing import with_new_vault_texts
from provisioner.errors import FileUnusable, ProvisionerError, SecretUnavailable, UsageError
from provisioner.model.project import Project
from provisioner.private_file import Replacement, replacing, sync_folder

_Write = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """What is encrypted with the new key now, and the files with the two keys, if there are."""

    paths: list[Path]
    old: VaultKey
    old_file: Path | None
    new_file: Path | None


def rekey(opened: OpenProject, new_file: Path | None, old_file: Path | None) -> Rekeyed:
    """Encrypt all again. Nothing is changed if something does not open.

    From the key in use to that of `new_file`, or to a new generated one in its place; with
    `old_file` from that key to the one in use.
    """
    search = opened.key_search
    try:
        with search.key_lock() as key_file:
            if old_file is not None:
                return _from_old_file(opened, old_file)
            next_file = key_file.with_name(NEXT_KEY_FILE)
            old, new = _old_and_new(search, next_file, new_file)
            kept = search.file_in_use()
            with _encrypting_again(opened, old, new) as writes:
                write_key(next_file, new)
                _write(writes)
                if new_file is None:
                    # Another project may need it. Named after the key: none is ever overwritten.
                    kept = key_file.with_name(f"{key_file.name}.old-{_short_digest(old)}")
                    write_key(kept, old)
                    write_key(key_file.resolve(), new)  # it may be a link
                next_file.unlink()
                sync_folder(next_file.parent)
            return Rekeyed(list(writes), old, kept, new_file or key_file)
    except OSError as error:
        raise unwritable_key(search.key_file, error) from None


def _from_old_file(opened: OpenProject, old_file: Path) -> Rekeyed:
    search = opened.key_search
    old, new = search.key_of_file(old_file, "--old-key"), search.find()
    if new.alternative:
        raise _unfinished(search)
    with _encrypting_again(opened, old, new) as writes:
        _write(writes)
    return Rekeyed(list(writes), old, old_file, search.file_in_use())


def _old_and_new(
    search: KeySearch, next_file: Path, new_file: Path | None
) -> tuple[VaultKey, VaultKey]:
    """The key in use and its successor, which may be that of a run that was interrupted."""
    in_use = search.find()
    old = VaultKey(in_use.password)
    unfinished = VaultKey(in_use.alternative) if in_use.alternative else None
    if new_file is None:
        if not search.is_generated():
            raise UsageError(
                "the vault key in use is not a generated one, and no other is ever replaced",
                remedy="write a new key into a file, then add --new-key FILE",
            )
        return old, unfinished or new_key()
    if new_file.resolve() == next_file.resolve():
        raise UsageError(f"{next_file} is deleted at the end", remedy="name a copy of it")
    new = search.key_of_file(new_file, "--new-key")
    if unfinished and unfinished.password != new.password:
        raise _unfinished(search)
    if new.password == old.password:
        raise UsageError("--new-key names the key in use", remedy="name a file with a new key")
    return old, new


def _unfinished(search: KeySearch) -> UsageError:
    next_file = search.key_file.with_name(NEXT_KEY_FILE)
    return UsageError(
        "an earlier `rekey`, to another key, was interrupted",
        remedy=f"finish it first, by the same command; a copy of {next_file} is its --new-key",
    )


def _write(writes: Mapping[Path, _Write]) -> None:
    for path, write in writes.items():
        try:
            write()
        except (OSError, ProvisionerError) as error:
            problem = error.message if isinstance(error, ProvisionerError) else error.strerror
            raise FileUnusable(
                f"{path}: {problem}",
                remedy="then run the same command again: until it ends, both keys are needed",
            ) from None


@contextmanager
def _encrypting_again(
    opened: OpenProject, old: VaultKey, new: VaultKey
) -> Iterator[Mapping[Path, _Write]]:
    """How to write each file, once all are read and there is room for all on disk.

    Until its end no other run writes tokens, which would be with the old key.
    """
    project, key = opened.project, VaultKey(new.password, old.password)
    store = CredentialStore(project.tokens_path, opened.store.project, lambda: key)
    problems: list[str] = []
    names = _names(store, problems) | {server.server_name for server in project.servers}
    declared = _declared_files(project, key, problems)
    if problems:
        remedy = "nothing was changed; correct or remove these first"
        raise FileUnusable("\n".join(problems), remedy=remedy)
    translated = _translated_names(project, old, new)
    with ExitStack() as stack:
        writes: dict[Path, _Write] = {}
        for name in sorted(names):
            entry = stack.enter_context(store.locked(name))
            if (found := entry.read()) is not None:
                writes[store.path(name)] = partial(_save, entry, found, translated)
        for path, content in declared.items():
            replacement = _reserved(stack, path, len(content), store)
            writes[path] = partial(_replace, replacement, path, content)
        yield writes


def _names(store: CredentialStore, problems: list[str]) -> set[str]:
    """The servers with a file; what cannot be read becomes a problem."""
    names = set()
    for path in store.folder.glob("*.yml"):
        try:
            if (found := store.read_file(path)) is None:
                continue
        except ProvisionerError as error:
            problems.append(error.message)
            continue
        if store.path(found.server_name) != path:
            problems.append(f"{path} is the file of {found.server_name!r}, by another name")
        names.add(found.server_name)
    return names


def _declared_files(project: Project, key: VaultKey, problems: list[str]) -> dict[Path, bytes]:
    """The declared files with vault text, as they will be."""
    settings = settings_documents(project.root)
    found = (Path(found.path) for found in server_files(project.root, settings))
    new: dict[Path, bytes] = {}
    for path in (*settings_files(project.root), *found):
        try:
            before = file_bytes(path)
            after = with_new_vault_texts(before, shown_path(path), partial(_renewed, key, path))
        except ProvisionerError as error:
            problems.append(error.message)
            continue
        if after != before:
            new[path.resolve()] = after
    return new


def _renewed(key: VaultKey, path: Path, text: str, line: int) -> str:
    try:
        return key.encrypt(key.decrypt(text))
    except VaultUnreadable as error:
        where = f"{shown_path(path)}:{line}"
        raise FileUnusable(f"{where}: the vault text {error.message}") from None


def _reserved(stack: ExitStack, path: Path, room: int, store: CredentialStore) -> Replacement:
    """Its unfinished file is where git ignores it, if that is on the same file system."""
    try:
        status, working = path.stat(), store.working_folder()
        folder = working if working.stat().st_dev == status.st_dev else path.parent
        for left_over in folder.glob(f".{path.name}.*.tmp"):  # of a killed run
            left_over.unlink(missing_ok=True)
        return stack.enter_context(replacing(path, room=room, folder=folder))
    except OSError as error:
        problem = f"cannot write {path}: {error.strerror}"
        raise FileUnusable(problem, remedy="nothing was changed") from None


def _replace(replacement: Replacement, path: Path, content: bytes) -> None:
    mode = path.stat().st_mode
    replacement(content)
    path.chmod(mode & 0o777)  # whatever the umask


def _save(entry: LockedCredentials, found: Credentials, translated: Mapping[str, str]) -> None:
    accepted = {
        field: replace(way, sources=frozenset(translated.get(name, name) for name in way.sources))
        for field, way in found.accepted.items()
    }
    entry.save(replace(found, accepted=accepted))


def _translated_names(project: Project, old: VaultKey, new: VaultKey) -> dict[str, str]:
    """Names of values depend on the key. A secret with a place of its own is known by that, too;
    the others are in the files of the project, so their new names can be told.
    """
    context = ReadContext(
        root=project.root,
        environment={},
        vault_key=lambda: VaultKey(new.password, old.password),
        allow_commands=False,
    )
    names = {}
    for reference in project.secrets():
        if isinstance(source_of(reference), Declared):
            with suppress(SecretUnavailable):
                secret = read_secret(reference, context, "")
                names[value_name(secret, digest_key(old))] = value_name(secret, digest_key(new))
    return names


def _short_digest(key: VaultKey) -> str:
    return hashlib.sha256(key.password.reveal().encode()).hexdigest()[:8]

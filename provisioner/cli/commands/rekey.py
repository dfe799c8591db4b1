"""`provisioner rekey`: a new vault key for all that a project keeps encrypted."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.options import ProjectFolder, ProjectOptions
from provisioner.cli.output import print_text
from provisioner.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from provisioner.credentials.project_secrets import OpenProject
    from provisioner.credentials.rekey import KeyChange
    from provisioner.credentials.vault import VaultKey

NewKey = Annotated[
    Path | None,
    typer.Option(
        "--new-key",
        metavar="FILE",
        help="A file with the new key; required if the key in use is not a generated one.",
        show_default="a new generated key",
    ),
]
OldKey = Annotated[
    Path | None,
    typer.Option(
        "--old-key",
        metavar="FILE",
        help="The previous key, after a rekey elsewhere: encrypt its files with the key in use.",
        show_default=False,
    ),
]

_SHORTEST_KEY = 20  # characters; a generated one has 64


def rekey(
    new_key: NewKey = None,
    old_key: OldKey = None,
    project: ProjectFolder = Path(),
) -> int:
    """Encrypt tokens/ and every !vault value of the project with a new vault key.

    Replaces the generated key and keeps the old one beside it, since your other projects may use
    it. Any other key file is left as it is, and the setting to change is printed. If this is
    interrupted, both keys are used until it is run again. Saved plans become invalid.

    Examples:

      provisioner rekey

      provisioner rekey --new-key ~/keys/maps-2027

      provisioner rekey --old-key ~/.config/maps-provisioner/vault-key.old-3f9a1c20 -C staging
    """
    from provisioner.credentials.rekey import rekey as encrypt_again
    from provisioner.credentials.vault_key import expanded

    if new_key and old_key:
        raise UsageError("--new-key and --old-key exclude each other", remedy="pass one of them")
    new_key, old_key = (expanded(path) if path else None for path in (new_key, old_key))
    opened = ProjectOptions(project=project).open()
    change, paths = encrypt_again(opened, new_key, old_key)
    for path in paths:
        print_text(f"Encrypted again: {path}")
    for line in _next_steps(opened, change, new_key, old_key):
        print_text(line)
    return ExitCode.DONE


def _next_steps(
    opened: OpenProject, change: KeyChange, new_key: Path | None, old_key: Path | None
) -> Iterator[str]:
    yield "Commit these files. Plans that were saved before are no longer valid."
    if new_key and new_key.stat().st_size < _SHORTEST_KEY:
        # ansible-vault derives its key cheaply: what a person remembers can be guessed.
        yield "Warning: the new key is short enough to be guessed. Better is a random one:"
        yield f"  (umask 077; openssl rand -hex 32 > {shlex.quote(str(new_key))})"
    if new_key:
        yield f"From now on use the new key: {opened.key_search.setting_for(new_key)}"
    elif not old_key:
        yield f"The new key is {change.new_file}: give it to everyone who works on this project."
    left = list(_opened_with(change.old, opened.project.inventory_path))
    if whole := [shlex.quote(str(path)) for path, line in left if line is None]:
        keys = _option("--vault-password-file", change.old_file)
        keys += _option("--new-vault-password-file", change.new_file)
        yield "The inventory still uses the old key. Run:"
        yield f"  ansible-vault rekey{keys} {' '.join(whole)}"
    if inside := [f"  {path}:{line}" for path, line in left if line is not None]:
        keys = _option("--vault-password-file", change.new_file)
        yield "Values in the inventory still use the old key. Replace them by the output of:"
        yield f"  ansible-vault encrypt_string{keys} --prompt --name NAME"
        yield from inside
    if not (new_key or old_key):
        yield f"The old key is kept in {change.old_file}. In each other project that uses it, run:"
        yield f"  provisioner rekey --old-key {shlex.quote(str(change.old_file))}"
        yield "Then delete it."


def _option(name: str, path: Path | None) -> str:
    return f" {name} {shlex.quote(str(path))}" if path else ""


def _opened_with(key: VaultKey, inventory: Path) -> Iterator[tuple[Path, int | None]]:
    """Vault texts of the inventory that the key opens: file and line; None: a whole file."""
    from provisioner.config.file_text import file_bytes
    from provisioner.config.issue import Unreadable
    from provisioner.config.vault_text import VAULT_TEXT_WITHIN, lone_text
    from provisioner.credentials.vault import VaultUnreadable, has_vault_header

    beside = (inventory.with_name("group_vars"), inventory.with_name("host_vars"))
    for folder in (inventory,) if inventory.is_dir() else (inventory, *beside):
        for path in (folder, *sorted(folder.rglob("*"))):
            with suppress(Unreadable):  # a folder is no file
                text = file_bytes(path).decode(errors="replace")
                for found in VAULT_TEXT_WITHIN.finditer(text):
                    with suppress(VaultUnreadable):
                        key.decrypt(lone_text(found))
                        line = text.count("\n", 0, found.start()) + 1
                        yield path, None if has_vault_header(text) else line

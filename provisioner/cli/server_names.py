"""The shell's completion of server names."""

from __future__ import annotations

import shlex
from pathlib import Path

import typer


def complete_server_name(context: typer.Context, incomplete: str) -> list[str]:
    """The declared names that go on as typed. Whatever is wrong, there is just nothing to offer:
    a shell in the middle of a line is no place for errors.
    """
    from provisioner.documents.declared import documents_of
    from provisioner.documents.project_files import server_files, settings_documents

    root = Path(context.params.get("project") or ".")
    try:
        documents = documents_of(server_files(root, settings_documents(root)))
        names = {d.value.get("server_name") for d in documents if isinstance(d.value, dict)}
    except OSError:
        return []
    typed = incomplete.casefold()
    taken = {str(name).casefold() for name in context.params.get("servers") or ()}
    return sorted(
        _as_one_word(name)
        for name in names
        if isinstance(name, str)
        and name.isprintable()
        and name.casefold().startswith(typed)
        and name.casefold() not in taken
    )


def _as_one_word(name: str) -> str:
    return shlex.quote(name)

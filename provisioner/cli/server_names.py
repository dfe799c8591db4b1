"""The shell's completion of server names."""

from __future__ import annotations

import os
import re
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
    taken = {str(name).casefold() for name in context.params.get("servers") or ()}
    return sorted(
        _as_one_word(name)
        for name in names
        if isinstance(name, str)
        and name.isprintable()
        and name.startswith(incomplete)
        and name.casefold() not in taken
    )


def _as_one_word(name: str) -> str:
    """bash takes what is offered as it is; other shells quote it themselves."""
    if "bash" not in os.environ.get("_PROVISIONER_COMPLETE", ""):
        return name
    return re.sub(r"([^\w@%+=:,./-])", r"\\\1", name)

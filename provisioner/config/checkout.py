"""Where a project ends: nothing that it names, and no link in it, leads out of its checkout.

Whoever wrote a checkout must not choose what is read elsewhere on the machine.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from provisioner.config.file_text import shown_path
from provisioner.config.issue import FILE_START, Issue, Range

_PLAIN_YAML = re.compile(r"[\w./][\w./-]*", re.ASCII)


def leads_outside(path: str | Path, root: str | Path) -> bool:
    """Whether a path of the project at `root`, links and all, is outside of its checkout.

    Without git, the project's folder is all that it has.
    """
    try:
        real, project = os.path.realpath(path), os.path.realpath(root)
    except ValueError:  # no path has such a name: reading it says so
        return False
    if _lies_in(real, project):
        return False
    from provisioner.git import checkout_of  # only now: few projects need to know

    top = checkout_of(Path(project))
    return top is None or not _lies_in(real, str(top))


def links_outside(folder: str | Path, root: str | Path) -> Iterator[str]:
    """The folder, and each link below it, that leads out of the checkout.

    Hidden ones are left out, since nobody reads them.
    """
    waiting = [(str(folder), True)]
    seen: set[str] = set()
    while waiting:
        path, is_link = waiting.pop()
        if is_link and leads_outside(path, root):
            yield path
            continue
        if (real := os.path.realpath(path)) in seen or not os.path.isdir(path):  # noqa: PTH112
            continue
        seen.add(real)
        try:
            with os.scandir(path) as entries:
                shown = [entry for entry in entries if entry.name[0] != "."]
        except OSError:
            continue  # whoever reads the folder says so
        found = ((e.path, e.is_symlink()) for e in shown if e.is_symlink() or e.is_dir())
        waiting.extend(sorted(found, reverse=True))


def stray_link(path: str | Path) -> Issue:
    """A link among the files of a project that is not followed."""
    return Issue(
        pointer="",
        rule="outside-checkout",
        message=f"this link leads outside the checkout: {shown_path(os.path.realpath(path))}",
        remedy="replace the link with the file or folder itself",
    )


def stray_path(
    key: str, path: str | Path, root: str | Path, *, there: Range | None = None, pointer: str = ""
) -> Issue:
    """A folder of a project that is not read, and where a user may name it; `there`: of its key."""
    target = shown_path(os.path.realpath(path))
    return Issue(
        pointer=pointer,
        rule="outside-checkout",
        message=f"{key} leads outside the checkout: {target}",
        remedy=_where_it_may_be_named(key, target, root, "line" if there else "link"),
        range=there or FILE_START,
    )


def _where_it_may_be_named(key: str, target: str, root: str | Path, what: str) -> str:
    if key == "servers":
        return "move the files of the servers into the checkout"
    from provisioner.git import PROJECT_VARIABLE, project_identity
    from provisioner.user_config import configuration_folder

    folder = configuration_folder(os.environ) or Path("$XDG_CONFIG_HOME/maps-provisioner")
    identity = project_identity(Path(root), os.environ)
    line = f"projects: {{{_as_yaml(identity or 'NAME')}: {{{key}: {_as_yaml(target)}}}}}"
    named = "" if identity else f" (and set {PROJECT_VARIABLE}=NAME: git has no remote origin)"
    given = ", or name it with --inventory" if key == "inventory" else ""
    return f"remove this {what} and put into {folder}/config.yml{named}: {line}{given}"


def _as_yaml(text: str) -> str:
    return text if _PLAIN_YAML.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")

"""Where schemas/ and playbooks/ lie: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parent


def schema_path(name: str) -> Path:
    """`email-server`, `project`, `host-document` -> the JSON Schema file."""
    return _folder("schemas") / f"{name}.schema.json"


@cache
def published_schema(name: str) -> dict[str, Any]:
    """What the file says; not to be changed."""
    content: dict[str, Any] = json.loads(schema_path(name).read_bytes())
    return content


def playbooks_folder() -> Path:
    """The folder with hosts.yml and Ansible's action_plugins/, library/, module_utils/."""
    return _folder("playbooks")


@cache
def _folder(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name

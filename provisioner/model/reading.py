"""A project folder -> Project, or everything that is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from provisioner.config.document import Document
from provisioner.config.file_text import shown_path
from provisioner.config.files import (
    INVENTORY,
    SERVERS_FOLDER,
    TOKENS_FOLDER,
    declared_path,
    documents_of,
    server_files,
    servers_path,
    settings_documents,
    stray_files,
)
from provisioner.config.issue import Severity
from provisioner.errors import InvalidProject
from provisioner.git import project_identity
from provisioner.lint.result import LintResult, lint
from provisioner.model.email_server import (
    EmailServer,
    LogFile,
    OAuth2Settings,
    Origin,
    SecretReference,
    TestEmail,
)
from provisioner.model.project import Project, PushSettings
from provisioner.security_level import SecurityLevel
from provisioner.user_config import read_user_config

Values = Mapping[str, Any]


def read_project(root: Path) -> Project:
    """The project, clean. InvalidProject tells every error; warnings are `validate`'s to show."""
    return read_and_lint(root)[0]


def read_and_lint(root: Path) -> tuple[Project, LintResult]:
    """The same, with its warnings."""
    _require_folder(root)
    settings = settings_documents(root)
    require_servers(root, settings)
    strays = documents_of(stray_files(root, settings))
    servers = list(documents_of(server_files(root, settings)))
    result = lint([*settings, *strays, *servers], settings=settings)
    if result.errors or result.crashed:
        raise InvalidProject(_report(result), remedy="`provisioner validate` shows all of them")
    return _build(root, settings[0].value if settings else {}, servers), result


def _require_folder(root: Path) -> None:
    if not root.is_dir():
        remedy = "pass the project folder with --project, or create it"
        raise InvalidProject(f"there is no folder {shown_path(root)}", remedy=remedy)


def require_servers(root: Path, settings: list[Document]) -> None:
    """InvalidProject if the folder is none of a project."""
    path = servers_path(root, settings)
    if path.exists() or settings:
        return  # a finding says where the settings name another place
    missing = f"neither {shown_path(root / 'provisioner.yml')} nor a folder {shown_path(path)}"
    raise InvalidProject(
        f"no email server is declared: there is {missing}",
        remedy="run this in the project folder, or pass --project; to create a project, run"
        " `provisioner init`",
    )


def _report(result: LintResult) -> str:
    errors = [finding for finding in result.findings if finding.severity is Severity.ERROR]
    many = f"{len(errors)} errors" if len(errors) != 1 else "an error"
    return "\n".join((f"the project files have {many}", *map(str, errors)))


def _build(root: Path, values: dict[str, Any], servers: list[Document]) -> Project:
    def place(key: str, default: str) -> Path:
        return declared_path(values.get(key, default), root).absolute()

    identity = project_identity(root, os.environ)
    own = read_user_config(os.environ, identity, root)
    return Project(
        root=root.absolute(),
        identity=identity,
        servers_path=place("servers", SERVERS_FOLDER),
        inventory_path=own.inventory or place("inventory", INVENTORY),
        tokens_path=own.tokens or place("tokens", TOKENS_FOLDER),
        ca_file=place("ca_file", "") if "ca_file" in values else None,
        test_email=_test_email(values.get("test_email", {})),
        push=_push_settings(values.get("push", {})),
        providers=values.get("providers", {}),
        servers=tuple(build_email_server(document, root) for document in servers),
    )


def _push_settings(values: dict[str, Any]) -> PushSettings:
    return PushSettings(**_parsed(values, {"batches": _batches, "max_failures": str}))


def _batches(sizes: list[Any]) -> tuple[int | str, ...]:
    return tuple(size if isinstance(size, str) else int(size) for size in sizes)


# -- what a clean document says: neither the schema nor a rule has an error to tell


def build_email_server(document: Document, root: Path) -> EmailServer:
    """The declared server: its keys are the fields. A relative `{file: PATH}` starts at `root`."""
    parsers: dict[str, Callable[[Any], Any]] = {
        "smtp_security_level": SecurityLevel,
        "password": lambda value: SecretReference(value, root),
        "oauth2": lambda values: _oauth2(values, root),
        "logging": lambda values: LogFile(**values),
        "test_email": _test_email,
    }
    values = {key: value for key, value in document.value.items() if key != "$schema"}
    origin = Origin(document.path, document.line, document.line_of)
    return EmailServer(**_parsed(values, parsers), origin=origin)


def _test_email(values: Values) -> TestEmail:
    """`test_email:` of a server or of the settings."""
    return TestEmail(sender=values.get("from"), recipient=values.get("to"))


def _oauth2(values: Values, root: Path) -> OAuth2Settings:
    parsers: dict[str, Callable[[Any], Any]] = {
        "client_secret": lambda value: SecretReference(value, root),
        "client_secret_expires": date.fromisoformat,
    }
    return OAuth2Settings(**_parsed(values, parsers))


def _parsed(values: Values, parsers: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """Fields by their keys. JSON Schema takes 587.0 for a whole number, and there are no others."""
    whole = {key: int(v) if isinstance(v, float) else v for key, v in values.items()}
    return {key: parsers[key](v) if key in parsers else v for key, v in whole.items()}

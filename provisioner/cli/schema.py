"""`provisioner schema`: print a JSON Schema."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from provisioner.errors import ExitCode


class SchemaName(StrEnum):
    """The published schemas."""

    EMAIL_SERVER = "email-server"
    PROJECT = "project"
    HOST_DOCUMENT = "host-document"
    PLAN = "plan"
    RUN_EVENTS = "run-events"


def schema(
    name: Annotated[
        SchemaName, typer.Argument(help="Of a declared file, provisioner.yml or what is written.")
    ] = SchemaName.EMAIL_SERVER,
) -> int:
    """Print a JSON Schema (draft 2020-12): for editors, and for those who read a host's document.

    Examples:

      provisioner schema > email-server.schema.json

      provisioner schema host-document
    """
    from provisioner.resources import schema_path

    sys.stdout.write(schema_path(name).read_text(encoding="utf-8"))
    return ExitCode.DONE

"""`provisioner schema`: print a JSON Schema."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

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
        SchemaName, typer.Argument(help="Which schema to print.")
    ] = SchemaName.EMAIL_SERVER,
) -> int:
    """Print a JSON Schema (draft 2020-12), for editors and for programs that read host documents.

    Examples:

      provisioner schema > email-server.schema.json

      provisioner schema host-document
    """
    sys.stdout.write(schema_text(name))
    return ExitCode.DONE


def schema_text(name: SchemaName) -> str:
    """What is read and checked by hand-written schemas has a file; what is only written by us has
    the schema of its types.
    """
    from provisioner.deploy.plan import Plan
    from provisioner.deploy.record import event_schema
    from provisioner.resources import schema_path

    if name is SchemaName.PLAN:
        return _generated(name, "A saved plan: provisioner plan --out FILE", Plan)
    if name is SchemaName.RUN_EVENTS:
        return _written(event_schema())
    return schema_path(name).read_text(encoding="utf-8")


def _generated(name: SchemaName, title: str, kind: Any) -> str:
    import msgspec

    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://w3id.org/maps-provisioner/v1/{name}.schema.json",
        "title": title,
    }
    return _written(head | msgspec.json.schema(kind))


def _written(schema: Mapping[str, Any]) -> str:
    from provisioner.text import as_json

    return as_json(schema, indent=2) + "\n"

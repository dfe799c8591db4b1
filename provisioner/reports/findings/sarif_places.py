"""The locations of SARIF: a file's URI, a region in it, and a JSON pointer."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from provisioner.lint.finding import Finding
from provisioner.reports.findings.places import STANDARD_INPUT, Places


def artifact_location(file: str, places: Places) -> dict[str, Any]:
    """Below the current folder a relative URI, else a `file:` one."""
    if file == STANDARD_INPUT:
        return {"uri": _escaped(file), "description": {"text": "Standard input."}}
    inside = places.inside(file)
    if inside is None:
        return {"uri": f"file://{_escaped(places.absolute(file))}"}
    return {"uri": _escaped(inside), "uriBaseId": "%SRCROOT%"}


def _escaped(path: str) -> str:
    """Slashes stay; a colon does not, for what stands before one would be a scheme."""
    return quote(path, safe="/", errors="surrogateescape")


def region(finding: Finding) -> dict[str, int]:
    """The columns count Unicode characters from 1; the last one is exclusive."""
    return {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.end_line,
        "endColumn": finding.end_column,
    }


def logical_locations(pointer: str) -> dict[str, Any]:
    """The value's pointer; nothing for a whole document."""
    if not pointer:
        return {}
    return {"logicalLocations": [{"fullyQualifiedName": pointer, "kind": "member"}]}

"""A second opinion on YAML: ruamel.yaml's own parser, which knows nothing of libyaml."""

from __future__ import annotations

import math
import tempfile
import warnings
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from provisioner.config.document import Document
from provisioner.config.issue import Severity
from provisioner.config.yaml_text import MISSING
from tests.loading import load_file

REFUSED: Final = "(refused)"
# Besides its own errors, what its constructors stumble over: `2028-06-35`, `!!int x`.
_REFUSALS = (YAMLError, ValueError, TypeError, AttributeError, IndexError, RecursionError)


def ours(text: str, name: str = "server.yml") -> list[Document]:
    """What the loader makes of a text; that line ends are odd, say, is not about its meaning."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(text.encode())
        documents = load_file(path)
    return [
        document._replace(issues=tuple(d for d in document.issues if d.severity is Severity.ERROR))
        for document in documents
    ]


def values_of(documents: list[Document]) -> Any:
    """The values of clean documents, else REFUSED.

    A control character in a value, such as in "C:\\new", is read by both.
    """
    for document in documents:
        if document.value is MISSING or {d.rule for d in document.issues} - {"control-character"}:
            return REFUSED
    return [document.value for document in documents]


def theirs(text: str) -> Any:
    """ruamel's values of a text, or the error with which it refuses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an anchor that is used twice
        try:
            return list(YAML(typ="safe", pure=True).load_all(text))
        except _REFUSALS as error:
            return error


def same(one: Any, other: Any) -> bool:
    """Whether both are the same value of the same types, in the same order."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [*one] == [*other] and all(map(same, one.values(), other.values()))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and bool(one == other)

"""The formats in which findings are printed. To add one: its file, one line here, one example."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from provisioner.lint.verdict import Verdict
from provisioner.reports import findings_json, findings_text

RENDERERS: Mapping[str, Callable[[Verdict], str]] = {
    "text": findings_text.render,
    "json": findings_json.render,
}

"""Findings for programs.

A finding's keys: `rule`; `severity` (error or warning); `file` as it was named, `<stdin>` for
standard input; `line`, `column`, `end_line`, `end_column`, which count characters from 1, the
end exclusive (start and end are equal where no text is meant); `pointer`, a JSON pointer (RFC
6901) to the value, empty for the whole document; `message` and `remedy`, each a sentence.
"""

from __future__ import annotations

import json

from provisioner.lint.finding import Finding
from provisioner.lint.result import LintResult

_KEYS = tuple(name for name in Finding._fields if name not in ("excerpt", "fix"))


def render(result: LintResult) -> str:
    """`{"findings": [...], "summary": {...}}`, findings in the order of the text report.

    ASCII only, so that no terminal and no locale can make it invalid.
    """
    report = {
        "findings": [{key: getattr(finding, key) for key in _KEYS} for finding in result.findings],
        "summary": {
            "files": result.files,
            "servers": result.servers,
            "errors": result.errors,
            "warnings": result.warnings,
        },
    }
    return json.dumps(report, indent=2) + "\n"

"""`# provisioner: ignore[rule-id] reason`, at the end of a line or alone on the line above."""

from __future__ import annotations

import re

from provisioner.lint.finding import Finding

_COMMENT = re.compile(r"(?:^|\s)#\s*provisioner:\s*ignore\[([a-z0-9, -]+)\]\s+\S")

# Advice a project may turn down, knowing why. The rest says that a server cannot be built
# from the file, or that two of them would be one.
SUPPRESSIBLE = frozenset(
    {
        "cleartext-login",
        "client-id-form",
        "http-endpoint",
        "misplaced-parameter",
        "mixed-resources",
        "no-offline-access",
        "outdated-endpoint",
        "placeholder-left",
        "plaintext-secret",
        "prompt-value",
        "providers-differ",
        "refresh-host-differs",
        "secret-expired",
        "superseded-endpoint",
        "tenants-differ",
        "wrong-offline-scope",
        "wrong-scope",
        "wrong-tenant",
        "wrong-url-order",
    }
)


def is_suppressed(finding: Finding, lines: list[str]) -> bool:
    """Whether a comment, which must give a reason, says that the finding is known."""
    if finding.rule not in SUPPRESSIBLE:
        return False
    above = lines[finding.line - 2].strip() if finding.line > 1 else ""
    own = lines[finding.line - 1] if finding.line <= len(lines) else ""
    return _names(own, finding.rule) or (above.startswith("#") and _names(above, finding.rule))


def _names(line: str, rule: str) -> bool:
    found = _COMMENT.search(line)
    return found is not None and rule in re.split(r"[\s,]+", found.group(1))

"""What `validate --fix` changes in a file: each key and value as it was and as it is then.

No line of context: it may be a secret.
"""

from __future__ import annotations

from provisioner.lint.fixes import FixedFile
from provisioner.text import printable


def difference(fixed: FixedFile) -> str:
    """In the form of `diff -U0`, for people: what is hidden in a report is hidden here."""
    name = printable(fixed.shown)
    lines = [f"--- {name}", f"+++ {name}"]
    for line, before, after in fixed.changes:
        lines += [f"@@ line {line} @@", f"-{before}", f"+{after}"]
    return "\n".join(lines)

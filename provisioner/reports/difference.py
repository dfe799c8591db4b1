"""What `validate --fix` changes in a file: each key and value as it was and as it is then.

No line of context: it may be a secret.
"""

from __future__ import annotations

from provisioner.lint.fixes import MendedFile
from provisioner.text import printable


def difference(mended: MendedFile) -> str:
    """In the form of `diff -U0`, for people: what is hidden in a report is hidden here."""
    name = printable(mended.shown)
    lines = [f"--- {name}", f"+++ {name}"]
    for line, before, after in mended.mends:
        lines += [f"@@ line {line} @@", f"-{before}", f"+{after}"]
    return "\n".join(lines)

"""What is said of a check that fails: ours is the fault, and the others go on."""

from __future__ import annotations

from provisioner.lint.remark import Objection, Remark


def bug_of(check: str, error: Exception) -> Objection:
    """Type and place only: the words of an unexpected exception may quote a secret."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    message = f"this check failed here, which is our bug: {type(error).__name__} at {place}"
    return Objection(check, Remark("", message, "please report it with this line", "key"))

"""One line of progress for one task result: what has happened on the host, in our words."""

from __future__ import annotations

from provisioner.fleet.runner import TaskResult

# A task's name in playbooks/ -> what a person is told that a host is doing
_PHASES = {
    "Deliver the email servers": "deliver",
    "Send the test emails": "test email",
    "Give the old document back": "restore",
    "Prove the old document": "test email",
    "Bring back the document before": "rollback",
    "Look at the email servers": "look",
}


def phase_of(task: str) -> str:
    """What a task is for, in a word or two; an unknown one's own name."""
    return _PHASES.get(task, task.lower())


def progress_line(result: TaskResult, *, check: bool) -> str:
    """`maps1: delivered`, in words of the transaction; empty where it did nothing."""
    what = _what(result, check=check)
    return f"{result.host}: {what}" if what else ""


def _what(result: TaskResult, *, check: bool) -> str:
    facts = result.result.get("maps") or {}
    phase, state = facts.get("phase"), facts.get("state")
    if result.outcome == "unreachable":
        return "unreachable"
    if phase in ("deliver", "rollback"):
        return "differs" if check and state == "changed" else str(state)
    if phase in ("mail", "baseline"):
        mails = facts.get("mails") or ()
        told = ", ".join(f"test email of {m['server']} {m['outcome']}" for m in mails)
        return told or "no test email"
    if phase == "restore":
        return "old document is back" if state == "restored" else "old document is not back"
    return result.outcome

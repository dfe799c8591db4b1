"""What a host said, read with care: in strange hands it may have said anything, of any shape."""

from __future__ import annotations

from contextlib import contextmanager

from _provisioner_playbooks.module_utils import maps_prints, maps_redaction, maps_sealed


class Nonsense(Exception):
    """What a host answered has not the shape of an answer."""


@contextmanager
def taken_with_care():
    """Nonsense, whatever goes wrong with the shape of an answer."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError):
        raise Nonsense from None


def answer_line(output):
    """The line with a module's answer, else the last one, for that says what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    answers = (line for line in lines if line.startswith("{") and line.endswith("}"))
    return next(answers, lines[-1] if lines else "")


def opened(data, delivery):
    """The task's result, from what Ansible made of a module's output."""
    try:
        facts = maps_sealed.opened(data["maps_sealed"])
        maps, words = facts["maps"], facts["msg"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return {"failed": True, "msg": _crash(data, delivery)}
    if not isinstance(maps, dict):
        raise Nonsense
    result = {"changed": bool(data.get("changed")), "maps": maps}
    if data.get("failed"):
        return dict(result, failed=True, msg=words)
    is_comparison = "prints" in delivery and maps.get("phase") == "deliver"
    return _compared(result, delivery["prints"]) if is_comparison else result


def hidden(words, delivery):
    """One line of a host's words, without a secret that it says back."""
    return maps_redaction.one_line(maps_redaction.redacted(words, delivery.get("secrets", [])), 400)


def _compared(result, prints):
    """The result of a check run, whose secrets only the controller can compare."""
    with taken_with_care():
        maps = maps_prints.finished(result["maps"], prints)
    return dict(result, changed=result["changed"] or maps["state"] == "changed", maps=maps)


def _crash(data, delivery):
    texts = (str(data.get(name) or "") for name in ("msg", "module_stderr", "module_stdout"))
    last = (text.strip().splitlines()[-1:] for text in texts)
    words = " / ".join(line for lines in last for line in lines)
    return "the module gave no answer: " + (hidden(words, delivery) or "what it said is none")

"""What a host answers, checked before anything believes or prints it: it may be somebody's."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from provisioner.fleet.connection_failure import connection_failure
from provisioner.text import foreign, redact

NONSENSE = "nonsense"  # the outcome of a task whose answer is not one

_DEEPEST, _LONGEST_TEXT, _MOST_VALUES, _LARGEST_NUMBER = 8, 20_000, 20_000, 2**53
_LONGEST_MESSAGE = 2_000
# Of the format characters only those that turn a line around can deceive a reader.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_INVISIBLE = frozenset(("Cc", "Cs", "Zl", "Zp"))
_SEVERAL_LINES = frozenset(("output", "apply_output"))
# What others said and the host passes on: a mail server, a command.
_WORDS = frozenset((*_SEVERAL_LINES, "reply", "transcript", "challenge"))

Check = Callable[[Any], bool]


def checked_answer(outcome: str, answer: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """A task's outcome and answer, if that is one; else `nonsense`, in our words."""
    words = {"msg": foreign(str(answer.get("msg") or ""), longest=_LONGEST_MESSAGE)}
    if "maps" not in answer:
        words = {"msg": connection_failure(words["msg"])}
    if outcome == "unreachable":
        return outcome, words
    what = "is none" if answer.get(NONSENSE) else _wrong(answer)
    if what:
        text = f"the host answered nonsense: its answer {what}. Do not trust it before you know why"
        return NONSENSE, {"msg": text}
    maps = {"maps": _redacted(answer["maps"])} if "maps" in answer else {}
    return outcome, {**answer, **maps, **words}


def _redacted(value: Any, name: str = "") -> Any:
    """The answer with its words redacted; what decides something or is compared stays."""
    if isinstance(value, dict):
        return {key: _redacted(v, name if name in _WORDS else key) for key, v in value.items()}
    if isinstance(value, list):
        return [_redacted(one, name) for one in value]
    return redact(value) if isinstance(value, str) and name in _WORDS else value


def _wrong(answer: Mapping[str, Any]) -> str:
    """What makes it nonsense, in words that quote nothing of it; empty if nothing does."""
    maps = answer.get("maps")
    if maps is None:
        return ""
    sizes = _Sizes()
    problem = next(sizes.problems(maps, 0, several_lines=False), "")
    return problem or next(_misshapen(maps), "")


class _Sizes:
    """Goes through a value of JSON, whatever is in it."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def problems(self, value: Any, depth: int, *, several_lines: bool) -> Iterator[str]:
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            yield "is too large"
        elif isinstance(value, str):
            yield from _text_problems(value, several_lines=several_lines)
        elif isinstance(value, dict):
            for name, inner in value.items():
                yield from self.problems(name, depth + 1, several_lines=False)
                yield from self.problems(inner, depth + 1, several_lines=name in _SEVERAL_LINES)
        elif isinstance(value, list):
            for inner in value:
                yield from self.problems(inner, depth + 1, several_lines=False)
        elif isinstance(value, (int, float)) and not _is_number(value):
            yield "has a number out of all measure"


def _text_problems(text: str, *, several_lines: bool) -> Iterator[str]:
    if len(text) > _LONGEST_TEXT:
        yield "is too large"
    elif text.isprintable():  # nearly always, and at once
        return
    elif any(_deceives(c) and not (several_lines and c == "\n") for c in text):
        yield "has control characters"


def _deceives(character: str) -> bool:
    return character in _TURNING or unicodedata.category(character) in _INVISIBLE


def _is_number(value: float) -> bool:
    return abs(value) < _LARGEST_NUMBER  # neither infinite nor NaN, either


# -- the shape


def _misshapen(maps: Any) -> Iterator[str]:
    if not isinstance(maps, dict) or not isinstance(maps.get("phase"), str):
        yield "is of no phase"
        return
    server = _probed if maps["phase"] == "probe" else _server
    for name, check in {**_SHAPES, "servers": _values(server)}.items():
        if name in maps and not check(maps[name]):
            yield f"has a strange {name}"


def _nullable(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _of(kind: type) -> Check:
    return lambda value: isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _each(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _values(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def _with(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    def fits(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and all(name in value and check(value[name]) for name, check in required.items())
            and all(check(value[name]) for name, check in optional.items() if name in value)
        )

    return fits


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_scalar, value))


def _of_numbers(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float))


_text, _whole, _truth = _of(str), _of(int), _of(bool)
_texts = _each(_text)
_server = _with(
    {"state": _text},
    {
        "fields": _texts,
        "values": _values(_is_pair),
        "prints": _values(_is_pair),
        "verified": _truth,
    },
)
_probed = _with(
    {"verified": _truth},
    {
        "proof": _nullable(_with({"outcome": _text, "at": _text, "run_id": _text}, {})),
        "token_expires_at": _nullable(_whole),
    },
)
_refresh = _with({"outcome": _text}, {})
_conversation = _with(
    {"server": _text, "outcome": _text, "stage": _text},
    {
        "code": _nullable(_whole),
        "enhanced": _nullable(_text),
        "reply": _nullable(_text),
        "mechanism": _nullable(_text),
        "tls": _nullable(_text),
        "challenge": _nullable(_values(_is_scalar)),
        "message_id": _nullable(_text),
        "seconds": _nullable(_of_numbers),
        "proof": _nullable(_text),
        "refresh": _nullable(_refresh),
        "worked_before": _nullable(_text),
        "attempts": _whole,
        "passing": _truth,
        "transcript": _texts,
    },
)
_delivery = _with(
    {"run_id": _text, "owner": _text},
    {"at": _text, "commit": _nullable(_text), "generation": _whole, "settled": _truth},
)
_lease = _with(
    dict.fromkeys(("owner", "run_id", "reason", "since", "expires"), _text),
    {"commit": _nullable(_text)},
)
_SHAPES: Mapping[str, Check] = {
    "state": _text,
    "reason": _text,
    "generation": _nullable(_whole),
    "fingerprint": _nullable(_text),
    "mails": _each(_conversation),
    "mails_needed": _texts,
    "wrong": _texts,
    "tightened": _texts,
    "leftovers": _texts,
    "renewed": _texts,
    "restorable": _truth,
    "edited_by_hand": _truth,
    "applied": _truth,
    "apply_exit": _nullable(_whole),
    "apply_output": _text,
    "maps_test_command": _nullable(_with({"exit": _whole}, {"output": _text})),
    "delivery": _nullable(_delivery),
    "lease": _nullable(_lease),
}

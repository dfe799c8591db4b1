"""What a step of a case has shown, and whether that is what the case expects."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.playbooks.host_modules import Answer
from tests.playbooks.host_scene import Host, document


def difference(expected: Any, found: Any, where: str = "") -> str:
    """What of `found` is not as expected; objects may have more, /.../ is a pattern."""
    if isinstance(expected, dict) and isinstance(found, dict):
        missing = [f"{where}.{name} is missing" for name in expected if name not in found]
        parts = (difference(expected[n], found[n], f"{where}.{n}") for n in expected if n in found)
        return "\n".join([*missing, *filter(None, parts)])
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return "\n".join(filter(None, (difference(*p, f"{where}[{n}]") for n, p in pairs)))
    if isinstance(expected, str) and expected[:1] == expected[-1:] == "/" and len(expected) > 1:
        equal = isinstance(found, str) and bool(re.fullmatch(expected[1:-1], found))
    else:
        equal = expected == found and type(expected) is type(found)
    return "" if equal else f"{where}: expected {expected!r}, found {found!r}"


def agreed(expected: Any, found: Any, where: str = "") -> None:
    """AssertionError that says what is not as expected."""
    assert not (said := difference(expected, found, where)), said


def same(expected: Any, found: Any) -> None:
    """AssertionError unless they are equal in everything."""
    assert expected == found, f"expected {expected}\nfound    {found}"


class Seen:
    """What a step has shown: the answer, and all files before and after."""

    def __init__(self, host: Host, answer: Answer | None, before: dict) -> None:
        self.answer, self.before, self.after = answer, before, host.seen()
        self._folder = str(host.folder.relative_to(host.place))

    def shown(self) -> list:
        """The answer and what was left."""
        return [self.answer, self.after]

    def text(self, name: str, when: str = "after") -> str | None:
        """The content of a file in the folder."""
        found = getattr(self, when).get(f"{self._folder}/{name}")
        return found[3] if found else None

    def names(self) -> list[str]:
        """Of all that is in the folder."""
        inside = (name for name in self.after if name.startswith(self._folder + "/"))
        return sorted(name.removeprefix(self._folder + "/") for name in inside)

    def check(self, step: dict) -> None:
        """Compare it with what the step says, and with what holds for every step."""
        wanted = dict(step.get("expect", {}))
        for name in [name for name in wanted if name in _LOOKS]:
            _LOOKS[name](self, wanted.pop(name))
        if self.answer is None:
            assert not wanted
            return
        said = {name: wanted.pop(name) for name in ("changed", "restarts") if name in wanted}
        said |= {"failed": "says" in wanted, "msg": wanted.pop("says", "")}
        agreed({**said, "maps": wanted}, self.answer)
        assert "CANARY" not in json.dumps(self.answer)
        if step.get("check") or "probe" in step:
            same(self.before, self.after)
        if self.answer["maps"]["state" if "state" in self.answer["maps"] else "phase"] == "refused":
            same(self.text("email-servers.json", "before"), self.text("email-servers.json"))

    def _has_document(self, wanted: list | None) -> None:
        same(document(*wanted) if wanted else None, self.text("email-servers.json"))

    def _has_predecessor(self, wanted: list | None) -> None:
        same(document(*wanted) if wanted else None, self.text("email-servers.previous.json"))

    def _has_record(self, wanted: dict) -> None:
        text = self.text("state.json") or ""
        content = json.loads(text)
        agreed(wanted, content)
        same(json.dumps(content, indent=2, sort_keys=True) + "\n", text)
        assert "CANARY" not in text

    def _has_lease(self, wanted: dict | None) -> None:
        text = self.text("lease.json")
        agreed(wanted, json.loads(text) if text is not None else None)

    def _has_names(self, wanted: list) -> None:
        same(wanted, self.names())

    def _has_files(self, wanted: dict) -> None:
        agreed(wanted, {name: found[3] for name, found in self.after.items()})

    def _has_modes(self, wanted: dict) -> None:
        agreed(wanted, {name: found[0] for name, found in self.after.items()})

    def _is_applied(self, wanted: list | None) -> None:
        found = self.after.get("applied")
        same(document(*wanted) if wanted else None, found[3] if found else None)

    def _is_untouched(self, names: list) -> None:
        for name in names:
            same(self.before.get(name), self.after.get(name))


_LOOKS = {
    "document": Seen._has_document,
    "predecessor": Seen._has_predecessor,
    "record": Seen._has_record,
    "lease_file": Seen._has_lease,
    "names": Seen._has_names,
    "files": Seen._has_files,
    "modes": Seen._has_modes,
    "applied_document": Seen._is_applied,
    "untouched": Seen._is_untouched,
}


def taken(host: Host, step: dict) -> Seen:
    """Take a step."""
    with host.held(step):
        before = host.seen()
        return Seen(host, host.taken(step), before)


# As they are written down, and as lease.json has them.
_TIMES = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|(?<=\"since\\\": )\d+|(?<=\"expires\\\": )\d+"
)


_BUG = re.compile(r"this is our bug: \w+ (at|in) [^\"]*")


def timeless(shown: Any) -> Any:
    """A copy of what steps have shown, without times and the places of bugs."""
    text = json.dumps(shown)
    return json.loads(_BUG.sub("this is our bug", _TIMES.sub("TIME", text)))

"""What happens on a host, made up: whatever is asked and edited, both languages do the same."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from tests.playbooks.host_modules import CSharpModules, HostModules, PythonModules
from tests.playbooks.host_scene import Host, entry
from tests.playbooks.host_sight import taken, timeless
from tests.strategies.effort import generated
from tests.strategies.json_values import mutated, values
from tests.strategies.odd_text import odd_texts

pytestmark = pytest.mark.long

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
NAMES = ("Reports", "REPORTS", "Straße", "STRASSE", "ﬁ", "Fi", "İ", "i\u0307", "\u0131", "Σ", "ς")

names = st.sampled_from(NAMES) | odd_texts.map(lambda text: CONTROL.sub("", text))
holders = st.sampled_from(("here", "here", "here", "bob", "none"))
runs = st.sampled_from(("r1", "r2", "r3"))
rarely = st.sampled_from((False, False, False, True))


@st.composite
def entries(draw: st.DrawFn) -> dict:
    """An entry; mostly one of few, so that some are equal."""
    changes: dict[str, Any] = {"server_name": draw(names)}
    sample = draw(st.sampled_from(("reports", "relay")))
    changes["port"] = draw(st.sampled_from((25, 465, 587)))
    if sample == "reports":
        changes["oauth2.token.grant_id"] = draw(st.sampled_from(("grant-1", "grant-2")))
        changes["oauth2.token.refresh_token"] = draw(st.sampled_from(("CANARY1", "CANARY2")))
        changes["oauth2.token.expires_at"] = draw(st.sampled_from((1, 4102444800)))
    if draw(rarely):
        changes["note"] = draw(values)
    return entry({"of": sample, **changes})


lists_of_entries = st.lists(
    entries(), max_size=3, unique_by=lambda found: found["server_name"].casefold()
)
lists_of_names = st.lists(names, max_size=3)


@st.composite
def steps(draw: st.DrawFn, texts: dict[str, str]) -> dict:
    """What is done next on a host whose files have these texts."""
    who = {"run": draw(runs), "lease": draw(holders), "lock_wait": 0}
    verb = draw(st.sampled_from(("deliver", "deliver", "deliver", "prove", "restore", "roll_back",
                                 "probe", "unlock", "write", "write")))  # fmt: skip
    if verb in ("deliver", "roll_back"):
        who["check"] = draw(rarely)
        who |= {"apply": "refuses 465"} if draw(rarely) else {}
    match verb:
        case "deliver":
            return {verb: draw(lists_of_entries), **draw(deliveries), **who}
        case "prove":
            there = delivered(texts)
            some = st.lists(st.sampled_from(there), unique_by=id) if there else st.just([])
            outcome = draw(st.sampled_from(("sent", "authenticated", "unprovable")))
            return {verb: draw(some), "outcome": outcome, "needed": draw(lists_of_names), **who}
        case "restore":
            return {verb: draw(lists_of_names), **who}
        case "roll_back":
            given = {"rotating": draw(lists_of_names), "mails": draw(lists_of_names)}
            return {verb: {"tokens": draw(tokens), **given}, **who}
        case "probe":
            return {verb: None, **who}
        case "unlock":
            return {verb: draw(st.booleans()), **who}
        case _:
            return {verb: draw(edits(texts))}


deliveries = st.fixed_dictionaries(
    {"remove": lists_of_names, "prune": rarely, "whole": rarely},
    optional={
        "declared": st.none() | lists_of_names,
        "mails": lists_of_names,
        "rotating": lists_of_names,
        "accepted": st.sampled_from((["sent"], ["sent", "authenticated"])),
    },
)
tokens = st.dictionaries(
    names, st.builds(lambda grant: {"grant_id": grant}, st.sampled_from(("grant-1", "grant-2")))
)


def delivered(texts: dict[str, str]) -> list[dict]:
    """The entries of the document, if it can be read."""
    try:
        return json.loads(texts["email-servers.json"])["servers"]
    except (KeyError, TypeError, ValueError):
        return []


@st.composite
def edits(draw: st.DrawFn, texts: dict[str, str]) -> dict[str, str]:
    """A file with another text, most often JSON that is a little other than it was."""
    if not texts:
        return {"email-servers.json": json.dumps(draw(values))}
    name = draw(st.sampled_from(sorted(texts)))
    try:
        content = json.loads(texts[name])
    except ValueError:
        content = None
    return {name: json.dumps(draw(mutated(content)), ensure_ascii=draw(st.booleans()))}


EDITED = ("email-servers.json", "email-servers.previous.json", "state.json", "lease.json")


class Played:
    """A host in one language, and what its steps have shown."""

    def __init__(self, modules: HostModules, place: Path) -> None:
        self.host, self._seen = Host(modules, place), []

    def take(self, step: dict) -> None:
        self._seen.append(taken(self.host, step).shown())

    def texts(self) -> dict[str, str]:
        """Of the files that somebody might edit."""
        there = (self.host.folder / name for name in EDITED)
        return {path.name: path.read_text("utf-8") for path in there if path.is_file()}

    def shown(self) -> list:
        return timeless(self._seen)


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        yield Path(name) / "place"


@generated(150)
@given(data=st.data())
def test_both_languages_do_the_same(mono_host, data):
    with folder() as place:
        place.mkdir()
        first, taken_steps = Played(PythonModules(), place), []
        for _ in range(data.draw(st.integers(1, 8))):
            step = data.draw(steps(first.texts()))
            taken_steps.append(step)
            first.take(step)
        shutil.rmtree(place)
        place.mkdir()
        second = Played(CSharpModules(mono_host), place)
        for step in taken_steps:
            second.take(step)
        for step, one, other in zip(taken_steps, first.shown(), second.shown(), strict=True):
            state = (one[0] or {"maps": {}})["maps"].get("state")
            event(f"{next(iter(step))} {state}")
            assert one == other, step
            assert "this is our bug" not in json.dumps(one)

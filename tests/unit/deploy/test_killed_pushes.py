"""Pushes in a row, each ending in one of four ways, killed at each step; then a good one.

After each kill the host has its old or its new document, the state knows which, and what it would
go back to is there; the good push converges, and MAPS has what lies there.
"""

import copy
import itertools
import random

import pytest

from provisioner.host.host_change import current, found_in
from provisioner.host.protocol import DOCUMENT, ReadAnswer, read
from provisioner.host.result import HostState
from tests.unit.deploy.memory_host import MemoryHost
from tests.unit.deploy.runs import APPLY, carry_out, entry, oauth2_entry, run_input

GOOD = {"done": True, "code": 250}
ENDINGS = ("good", "apply fails", "mail refused", "put off")


def set_ending(host, ending, port):
    """How this push of this port ends; the documents of other pushes are fine."""
    mine = str(port).encode()
    host.apply = lambda document: 1 if ending == "apply fails" and mine in document else 0
    refused = {"done": False, "code": 535, "stage": "auth"}
    put_off = {"done": False, "code": 451, "stage": "mail"}

    def mail(operation):
        if operation["port"] != port or ending in ("good", "apply fails"):
            return GOOD
        return refused if ending == "mail refused" else put_off

    host.mail = mail


def require_sound(host):
    """What must be so at each moment."""
    if DOCUMENT not in host.files:
        return
    answer = host.call([read()])[0]
    assert isinstance(answer, ReadAnswer)
    found = found_in(answer, host.clock)
    work = run_input(host, [])
    now = current(found, work.hosts["maps1"])
    assert not now.edited, "the state does not know what lies there"
    if now.record and now.record.previous:
        assert now.archived is not None, "what it would go back to is gone"


def push(host, port, ending, settings):
    set_ending(host, ending, port)
    entries = [entry(port=port), oauth2_entry("Two")]
    return carry_out(host, entries, settings=settings, lock_wait=0).result.state


@pytest.mark.parametrize("settings", [{}, APPLY], ids=["no apply command", "apply command"])
@pytest.mark.parametrize("first", ENDINGS)
@pytest.mark.parametrize("second", ENDINGS)
def test_kills_in_two_pushes_in_a_row(settings, first, second):
    """Each step of the first push, and one step of the second behind each of these."""
    start = MemoryHost()
    push(start, 2500, "good", settings)
    some = random.Random(f"{first} {second} {settings}")
    for before in _killed_at_each_step(start, 2501, first, settings):
        steps = _killed_at_each_step(before, 2502, second, settings, [some.randrange(12)])
        for after in steps:
            require_converges(after, settings, 2503)


@pytest.mark.parametrize("settings", [{}, APPLY], ids=["no apply command", "apply command"])
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("start", [None, 2500], ids=["first", "second"])
def test_kills_at_each_step(settings, ending, start):
    """The next push brings something new, goes on with this, or goes back to what was before."""
    host = MemoryHost()
    if start:
        push(host, start, "good", settings)
    for after in _killed_at_each_step(host, 2501, ending, settings):
        for port in (2503, 2501, start or 2504):
            require_converges(copy.deepcopy(after), settings, port)


def _killed_at_each_step(start, port, ending, settings, steps=None):
    """The host after that push, whole, and killed at each of its steps, or at these."""
    found = []
    for step in itertools.count() if steps is None else (*steps, 1000):
        host = copy.deepcopy(start)
        host.steps, host.kill_at = 0, step
        push(host, port, ending, settings)
        killed = host.steps == step
        host.kill_at = None
        require_sound(host)
        found.append(host)
        if not killed and steps is None:
            break
    return found


def require_converges(host, settings, port):
    state = push(host, port, "good", settings)
    assert state in (HostState.APPLIED if settings else HostState.DELIVERED, HostState.UNCHANGED)
    assert str(port).encode() in host.files[DOCUMENT]
    if settings:
        assert host.maps == host.files[DOCUMENT], "MAPS has something else"
    host.calls.clear()
    assert push(host, port, "good", settings) is HostState.UNCHANGED
    assert host.calls == [["read"]]
    assert len([name for name in host.files if "before" in name]) <= (state == "unchanged") + 1

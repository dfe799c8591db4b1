"""What a host's worker is given, and what it leaves in the run folder."""

import msgspec
import pytest
from msgspec.structs import replace

from provisioner.host.host_document import known_names
from provisioner.host.protocol import CallTimeout, Crashed, Unreachable, VariableUnusable
from provisioner.host.result import HostAnswer, HostState
from provisioner.host.worker import answer
from tests.unit.deploy.memory_host import MemoryHost
from tests.unit.deploy.runs import HOST, entry, run_input


class Left:
    """Stands for a begun host: what was left of it."""

    def __init__(self):
        self.answers = []
        self.phases = []

    def phase(self, name):
        self.phases.append(name)

    def goes_on(self):
        return True

    def answer(self, content, short):
        self.answers += [content, short]


def left_by(host, call=None, **variables):
    """The answer and its short form."""
    work = replace(run_input(host, [entry()]), lock_wait=7)
    left, asked = Left(), []

    def caller(settings):
        asked.append(settings)
        return call or host.call

    def variable(name):
        value = variables.get(name)
        if isinstance(value, Exception):
            raise value
        return value

    answer(work, HOST, variable, "posix", caller, left)
    for settings in asked:
        names, shown = known_names()
        assert (settings.key, settings.who, settings.lock_wait) == (
            *(host.key, "anna@desk (run run-1)", 7),
        )
        assert (settings.keys, settings.shown) == (sorted(names), sorted(shown))
        assert (settings.directory, settings.group) == ("/srv/maps", "maps")
    return [msgspec.json.decode(one, type=HostAnswer) for one in left.answers]


PLACE = {"maps_directory": "/srv/maps", "maps_group": "maps"}


def test_it_is_told_in_full_and_in_short():
    whole, short = left_by(MemoryHost(), **PLACE)
    assert whole.result.state is HostState.DELIVERED
    assert len(whole.result.mails) == 1
    assert (short.result.host, short.result.state, short.result.mails) == (
        *(HOST, HostState.DELIVERED, []),
    )


@pytest.mark.parametrize(
    ("variable", "words"),
    [
        ({"maps_apply_command": "a text"}, "maps_apply_command is not a list"),
        ({"maps_group": VariableUnusable("cannot be templated")}, "cannot be templated"),
    ],
)
def test_a_variable_that_does_not_fit_touches_nothing(variable, words):
    host = MemoryHost()
    whole, short = left_by(host, **PLACE | variable)
    assert (whole.result.state, whole.result.reason) == (HostState.FAILED, "invalid_variable")
    assert words in whole.result.about
    assert short.result.reason == "invalid_variable"
    assert host.calls == []


@pytest.mark.parametrize(
    ("error", "state", "reason", "about"),
    [
        (
            Unreachable("Connection refused", began=True, kind="refused", remedy="start it"),
            *(HostState.UNREACHABLE, "refused", "Connection refused"),
        ),
        (CallTimeout("after 90 s"), HostState.FAILED, "timeout", "after 90 s"),
        (Crashed("KeyError:12"), HostState.FAILED, "crash", "KeyError:12"),
    ],
)
def test_a_host_that_cannot_be_read(error, state, reason, about):
    def call(_operations):
        raise error

    whole, short = left_by(MemoryHost(), call, **PLACE)
    result = whole.result
    assert (result.state, result.reason, result.about) == (state, reason, about)
    assert result.remedy == getattr(error, "remedy", "")
    assert short.result.state is state

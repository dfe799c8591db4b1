"""A host in strange hands can answer anything: it is neither believed nor repeated."""

import msgspec
import pytest

from provisioner.host.protocol import InvalidResponse, decoded, read, run, write
from provisioner.host.result import HostAnswer, HostState
from tests.unit.deploy.memory_host import MemoryHost
from tests.unit.deploy.runs import APPLY, carry_out, entry

OPERATIONS = [write([], expect={}), run(["x"], 5, instead=[read()]), read()]
WROTE = {"op": "write", "done": True}
RAN = {"op": "run", "done": True, "exit": 0}
LOOKED = {"op": "read", "done": True}
FAILED = {"op": "run", "done": False, "exit": 1}
DEEP = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "answers",
    [
        [WROTE, RAN, LOOKED],
        [{"op": "write", "done": False, "reason": "moved"}],
        [WROTE, {**FAILED, "else": [LOOKED]}],
    ],
)
def test_an_answer_passes(answers):
    assert len(decoded(answers, OPERATIONS)) == len(answers)


@pytest.mark.parametrize(
    "answers",
    [
        None,
        "CANARY",
        [7],
        DEEP,
        [{"done": True}],
        [{"op": "CANARY", "done": True}],
        [],
        [WROTE],
        [WROTE, RAN],
        [RAN, WROTE, LOOKED],
        [WROTE, RAN, LOOKED, LOOKED],
        [{**WROTE, "done": False}, RAN, LOOKED],
        [WROTE, FAILED],
        [WROTE, {**FAILED, "else": [RAN]}],
        [{**WROTE, "done": "yes"}],
        [{**WROTE, "done": False, "reason": "x" * 201}],
        [{**WROTE, "done": False, "about": 7}],
        [{**WROTE, "digests": {"../CANARY": None}}],
        [{**WROTE, "digests": {"state.json": "CANARY"}}],
        [WROTE, {**FAILED, "output": "x" * 2001}],
        [WROTE, {**RAN, "exit": 2**64}, LOOKED],
        [WROTE, RAN, {**LOOKED, "files": {"email-servers.json": {}}}],
        [WROTE, RAN, {**LOOKED, "strangers": ["x"] * 21}],
        [WROTE, RAN, {**LOOKED, "time": "now"}],
        [WROTE, RAN, {**LOOKED, "holder": "x" * 4097}],
    ],
)
def test_anything_else_is_invalid_and_not_quoted(answers):
    with pytest.raises(InvalidResponse) as error:
        decoded(answers, OPERATIONS)
    assert "CANARY" not in str(error.value)


class Liar(MemoryHost):
    """Its answers to one operation have something exchanged."""

    operation, lie = "", {}

    def _done(self, operations):
        answers = super()._done(operations)
        return [one | self.lie if one["op"] == self.operation else one for one in answers]


@pytest.mark.parametrize(
    ("operation", "lie", "state"),
    [
        ("read", {"files": []}, HostState.FAILED),
        ("read", {"holder": "\ud800"}, HostState.FAILED),
        ("write", {"digests": {"x": None}}, HostState.UNKNOWN),
        ("run", {"exit": 2**64}, HostState.UNKNOWN),
        ("run", {"output": "\ud800"}, HostState.UNKNOWN),
        ("smtp", {"code": "250"}, HostState.UNKNOWN),
        ("smtp", {"reply": "\udc00"}, HostState.UNKNOWN),
        ("smtp", {"code": 2**70}, HostState.UNKNOWN),
    ],
)
def test_what_a_lie_leaves_of_a_push(operation, lie, state):
    """Before a write nothing was touched; behind one, nobody knows what was."""
    host = Liar()
    host.operation, host.lie = operation, lie
    result = carry_out(host, [entry()], APPLY).result
    assert (result.state, result.reason) == (state, "invalid_response")
    written = msgspec.json.encode(HostAnswer(result=result))
    assert msgspec.json.decode(written, type=HostAnswer).result == result

"""What rules said of a server alike is remembered, and is what they would say again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

from provisioner.config.document import Document, Source
from provisioner.config.files import documents_at
from provisioner.lint.asking import Asking
from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.memory import Memory, Watched
from provisioner.lint.remark import Objection, Remark
from provisioner.lint.rules import RULES
from provisioner.lint.surroundings import Surroundings

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def declared(**values: Any) -> Declaration:
    return Declaration(Document(source=Source("a.yml"), value=values), values)


def examples() -> list[Declaration]:
    documents = documents_at([str(EXAMPLES / "valid"), str(EXAMPLES / "invalid")])
    return [Declaration(d, d.value) for d in documents if isinstance(d.value, dict)]


def asked_anew(server: Declaration, surroundings: Surroundings) -> list[Objection]:
    return [
        Objection(rule.ID, remark, rule.SEVERITY)
        for rule in RULES
        for remark in rule.check(server, surroundings)
    ]


def test_all_examples_in_one_memory_are_said_what_they_are_said_alone() -> None:
    surroundings, crashed = Surroundings(), list[str]()
    asking = Asking(RULES, surroundings, crashed)
    servers = examples()
    expected = [asked_anew(server, surroundings) for server in servers]
    for _ in range(2):  # the second time nearly all is remembered
        assert [asking.objections(server) for server in servers] == expected
    assert crashed == []
    assert sum(map(len, expected)) > 150


class Reading:
    """A rule that reads other fields for other values."""

    ID = "reading"
    SEVERITY = Severity.ERROR

    def __init__(self) -> None:
        self.asked = 0

    def check(self, server: Declaration, surroundings: Surroundings, /) -> Iterator[Remark]:
        self.asked += 1
        if server.has("/port") and server.get("/port") == 1:
            yield Remark("/port", type(server.get("/port")).__name__, "")
        elif server.text("/host") == "own":
            yield Remark("/user_name", server.text("/user_name"), "")


SERVERS = [
    {},
    {"port": 1},
    {"port": 1.0},
    {"port": True},
    {"port": None},
    {"port": "1"},
    {"port": [1]},
    {"host": "own", "user_name": "a"},
    {"host": "own", "user_name": "b"},
    {"host": 1, "user_name": "b"},
    {"host": "", "user_name": "c"},
]


def test_whatever_comes_first_the_answers_are_the_same() -> None:
    for order in permutations(SERVERS, 3):
        asking = Asking([Reading()], Surroundings(), [])
        for values in (*order, *SERVERS):
            server = declared(**values)
            remarks = list(Reading().check(server, Surroundings()))
            assert [o.remark for o in asking.objections(server)] == remarks, (order, values)


def test_a_rule_is_asked_once_of_servers_that_are_alike_where_it_looks() -> None:
    rule = Reading()
    asking = Asking([rule], Surroundings(), [])
    for number in range(100):
        asking.objections(declared(host="relay", server_name=f"Server {number}"))
    assert rule.asked == 1


class Whole:
    """A rule that looks at all values."""

    ID = "whole"
    SEVERITY = Severity.ERROR

    def check(self, server: Declaration, surroundings: Surroundings, /) -> Iterator[Remark]:
        for pointer, _ in server.plain_texts:
            yield Remark(pointer, "seen", "")


class Crashing:
    ID = "crashing"
    SEVERITY = Severity.ERROR

    def check(self, server: Declaration, surroundings: Surroundings, /) -> Iterator[Remark]:
        raise KeyError("hunter2CANARY")


def test_a_rule_that_looks_at_everything_is_asked_each_time() -> None:
    asking = Asking([Whole(), Reading()], Surroundings(), [])
    for name in ("a", "b", "c"):
        (objection,) = asking.objections(declared(server_name=name))
        assert objection.remark.pointer == "/server_name"
    assert len(asking.objections(declared(server_name="d", host="e"))) == 2


class Sometimes:
    """A rule that looks at a server's own name only where the host is a certain one."""

    ID = "sometimes"
    SEVERITY = Severity.ERROR

    def __init__(self) -> None:
        self.asked = 0

    def check(self, server: Declaration, surroundings: Surroundings, /) -> Iterator[Remark]:
        self.asked += 1
        if server.text("/host") == "own":
            yield Remark("/server_name", server.text("/server_name"), "")


def test_a_rule_that_turns_out_to_look_at_what_is_a_servers_own_is_asked_each_time() -> None:
    sometimes = Sometimes()
    asking = Asking([sometimes, Reading()], Surroundings(), [])
    for host, name in [("a", "1"), ("a", "2"), ("own", "3"), ("own", "4"), ("a", "5")]:
        said = [o.remark.message for o in asking.objections(declared(host=host, server_name=name))]
        assert [words for words in said if words] == ([name] if host == "own" else [])
    assert sometimes.asked == 5  # of 1; of 3 twice, to see it and as its own; of 4 and 5


class ByDomain:
    """A rule that needs no more of the mailbox than its domain."""

    ID = "by-domain"
    SEVERITY = Severity.ERROR

    def __init__(self) -> None:
        self.asked = 0

    def check(self, server: Declaration, surroundings: Surroundings, /) -> Iterator[Remark]:
        self.asked += 1
        yield Remark("/user_name", server.fact(_domain), "")


def _domain(server: Declaration) -> str:
    return server.text("/user_name").rpartition("@")[2]


def test_servers_with_the_same_facts_are_asked_about_once() -> None:
    rule = ByDomain()
    asking = Asking([rule], Surroundings(), [])
    for name in ("a@one", "b@one", "c@two", "d@two", "e@one"):
        (objection,) = asking.objections(declared(user_name=name))
        assert objection.remark.message == name[2:]
    assert rule.asked == 2


def test_a_secret_in_plain_text_is_no_part_of_the_memory() -> None:
    asking = Asking(RULES, Surroundings(), [])
    for secret in ("hunter2CANARY", "$ANSIBLE_VAULT;1.1;AES256\n61CANARY\n"):
        for pointer in ({"password": secret}, {"oauth2": {"client_secret": secret}}):
            asking.objections(declared(host="relay", **pointer))
    assert "CANARY" not in repr(_remembered(asking._memory._start))


def _remembered(way: Any) -> list[Any]:
    return [(key, _remembered(below)) for key, below in way.next.items()]


def test_a_crash_is_not_remembered() -> None:
    crashed: list[str] = []
    asking = Asking([Crashing(), Reading()], Surroundings(), crashed)
    for _ in range(3):
        (objection,) = asking.objections(declared(host="x"))
        assert "our bug: KeyError" in objection.remark.message
        assert "CANARY" not in objection.remark.message
    assert crashed == ["crashing"] * 3


def test_memory_has_a_limit() -> None:
    memory = Memory()
    for number in range(3000):
        watched = Watched(declared(host=f"host{number}"))
        watched.text("/host")
        memory.keep(watched.reads, [])
    assert memory.recall(declared(host="host1")) == []
    assert memory.recall(declared(host="host2999")) is None


def test_servers_with_nothing_in_common_are_asked_without_being_watched() -> None:
    rule = Reading()
    asking = Asking((rule,), Surroundings(), [])
    servers = [declared(host=f"own-{n}", port=n) for n in range(200)]
    said = [asking.objections(server) for server in servers]
    assert [one.remark.pointer for found in said for one in found] == ["/port"]  # of port 1 alone
    assert rule.asked == len(servers)
    assert asking._memory.is_useless
    alike = [declared(host="own", user_name="a") for _ in range(3)]
    assert all(len(asking.objections(server)) == 1 for server in alike)

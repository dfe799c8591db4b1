"""The transaction in C#, called as the Python modules are."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any

import pytest

from provisioner.mail.conversation import host_code
from tests.playbooks.mono_host import MonoProgram

_FULL_PROOFS = host_code("maps_record").FULL_PROOFS
_DEFAULTS = {"group": None, "apply_command": None, "apply_timeout": 300, "lock_wait": 10}


class CSharpStore:
    """DocumentStore with the interface of maps_store.Store."""

    def __init__(
        self, program: MonoProgram | None, directory: str, run_id: str, owner: str, **settings
    ):
        self._program = program
        where = {"directory": directory, "run_id": run_id, "owner": owner}
        self._settings = {**_DEFAULTS, "lease": None, **where, **settings}
        self.renewed: list[str] = []
        self.problem = ""

    @property
    def pid(self) -> int:
        """Of the process that answers."""
        assert self._program is not None
        return self._program.pid

    def document(self) -> tuple:
        """(bytes, generation, entries) of the document there."""
        data, generation, entries = self._called("document")
        return _bytes(data), generation, entries

    def compared(self, delivery: dict, print_key: str | None = None) -> dict:
        """What `deliver` would do."""
        return self._result("compared", delivery=delivery, print_key=print_key)

    def deliver(self, delivery: dict) -> dict:
        """Bring the document to the declared state."""
        return self._result("deliver", delivery=delivery)

    def roll_back(self, delivery: dict) -> dict:
        """Bring back what the host had before."""
        return self._result("roll_back", delivery=delivery)

    def rolled_back(self, delivery: dict) -> dict:
        """What `roll_back` would do."""
        return self._result("rolled_back", delivery=delivery)

    def restore(self, rotating: tuple | list = ()) -> str:
        """Take back what this run has delivered."""
        return self._called("restore", rotating=list(rotating))

    def record_proofs(self, proofs, needed, accepted=_FULL_PROOFS, last=True) -> None:
        """Remember what was proven."""
        given = {"needed": list(needed), "accepted": list(accepted), "last": last}
        self._called("record_proofs", proofs=[list(pair) for pair in proofs], **given)

    def renew_lease(self) -> None:
        """Keep others away."""
        self._called("renew_lease")

    def unlock(self, force: bool) -> tuple:
        """End a lease."""
        return tuple(self._called("unlock", force=force))

    def predecessor(self) -> dict:
        """What `restore` would give back."""
        return self._called("predecessor")

    def probe(self) -> dict:
        """What is there."""
        return self._called("probe")

    def _result(self, name: str, **arguments: Any) -> dict:
        result = self._called(name, **arguments)
        return dict(result, data=_bytes(result["data"]))

    def _called(self, name: str, **arguments: Any) -> Any:
        call = self.call(name, **arguments)
        said = self._program.call(call["call"], **call["arguments"])
        self.renewed, self.problem = (
            said["renewed"] or self.renewed,
            said["problem"] or self.problem,
        )
        return said["value"]

    def call(self, name: str, **arguments: Any) -> dict:
        """A call as the program reads it."""
        return {"call": f"store.{name}", "arguments": {"settings": self._settings, **arguments}}


def _bytes(data: str | None) -> bytes | None:
    return None if data is None else base64.b64decode(data)


def csharp_compare(program: MonoProgram, delivery, current, record, now, print_key=None):
    """DeliveryComparison as maps_comparison.compare gives it."""
    arguments = {"delivery": delivery, "current": current, "now": now, "print_key": print_key}
    return SimpleNamespace(**program.call("store.compare", record=record.content, **arguments))


@pytest.fixture(params=["python", "csharp"])
def store_class(request: pytest.FixtureRequest):
    """Store(directory, run_id, owner, **settings) of each language."""
    if request.param == "python":
        return host_code("maps_store").Store
    program = request.getfixturevalue("mono_host")
    return lambda *where, **settings: CSharpStore(program, *where, **settings)


@pytest.fixture(params=["python", "csharp"])
def compare(request: pytest.FixtureRequest):
    """compare(delivery, current, record, now, print_key) of each language."""
    if request.param == "python":
        return host_code("maps_comparison").compare
    program = request.getfixturevalue("mono_host")
    return lambda *arguments: csharp_compare(program, *arguments)

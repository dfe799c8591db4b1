"""What the transaction and the mail stand on, in C#, called as the Python modules are."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any

import pytest

from provisioner.mail.conversation import host_code
from tests.playbooks.mono_host import MonoProgram


def redaction_of(program: MonoProgram) -> SimpleNamespace:
    """Redacted with the interface of maps_redaction."""

    def call(name: str, **arguments: Any) -> Any:
        return program.call(f"redaction.{name}", **arguments)

    return SimpleNamespace(
        redacted=lambda text, secrets: call("redacted", text=text, secrets=secrets),
        redacted_tree=lambda value, secrets: call("redacted_tree", value=value, secrets=secrets),
        one_line=lambda text, limit=500: call("one_line", text=text, limit=limit),
        last_lines=lambda text, count=10, limit=1000: call(
            "last_lines", text=text, count=count, limit=limit
        ),
    )


def documents_of(program: MonoProgram) -> SimpleNamespace:
    """HostDocument with the interface of maps_document."""

    def call(name: str, **arguments: Any) -> Any:
        return program.call(f"document.{name}", **arguments)

    return SimpleNamespace(
        serialised=lambda generation, servers: base64.b64decode(
            call("serialised", generation=generation, servers=servers)
        ),
        parsed=lambda data, path: tuple(call("parsed", data=_text(data), path=path)),
        entry_digest=lambda entry: call("entry_digest", entry=entry),
        fingerprint=lambda data, key: call("fingerprint", data=_text(data), key=key),
        secrets_of=lambda entries: call("secrets_of", entries=entries),
        token_expiry=lambda entry: call("token_expiry", entry=entry),
        account=lambda entry, ca_file: call("account", entry=entry, ca_file=ca_file),
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


@pytest.fixture(params=["python", "csharp"])
def redaction(request: pytest.FixtureRequest) -> Any:
    """maps_redaction of each language."""
    if request.param == "python":
        return host_code("maps_redaction")
    return redaction_of(request.getfixturevalue("mono_host"))


@pytest.fixture(params=["python", "csharp"])
def documents(request: pytest.FixtureRequest) -> Any:
    """maps_document of each language."""
    if request.param == "python":
        return host_code("maps_document")
    return documents_of(request.getfixturevalue("mono_host"))


@pytest.fixture(params=["python", "csharp"])
def sealed(request: pytest.FixtureRequest) -> Any:
    """sealed(facts) of each language."""
    if request.param == "python":
        return host_code("maps_sealed").sealed
    program = request.getfixturevalue("mono_host")
    return lambda facts: program.call("sealed.sealed", facts=facts)

"""A secret source is a class, its entry in SOURCES and in the schema: then it works everywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli.app import run
from provisioner.credentials.sources import SOURCES, ReadContext, SecretSource, is_reference
from provisioner.lint.schema import schema_named
from provisioner.resources import schema_path

CANARY = "CANARY-of-the-coffer"
SERVER = """\
server_name: Relay
host: mail.example.edu
port: 587
smtp_security_level: plain
use_tls: true
user_name: reports@example.edu
password: {coffer: relay}
"""


class Coffer(SecretSource):
    """`{coffer: DRAWER}`."""

    key = "coffer"

    def read(self, context: ReadContext) -> bytes:
        return f"{CANARY}\n".encode()


def schema() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(schema_path("email-server").read_bytes())
    return read


def test_the_schema_has_each_source_for_validate_and_for_editors() -> None:
    secret = schema()["$defs"]["secret"]
    assert list(secret["properties"]) == list(SOURCES)
    assert [snippet["label"] for snippet in secret["defaultSnippets"]] == list(SOURCES)
    assert all(f"{{{key}: " in secret["description"] for key in SOURCES)
    bodies = [snippet["body"] for snippet in secret["defaultSnippets"]]
    assert all(map(is_reference, bodies))


@pytest.mark.parametrize(
    "value",
    ["", {}, {"env": ""}, {"env": ["A"]}, {"file": 1}, {"vault": "A"}, {"env": "A", "file": "b"},
     {"command": "pass"}, {"command": []}, {"command": ["pass", ""]}, ["A"]],
    ids=str,
)  # fmt: skip
def test_what_is_no_reference_where_no_schema_has_seen_to_it(value: Any) -> None:
    assert not is_reference(value)


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The three things that the recipe for a new source asks for."""
    monkeypatch.setitem(SOURCES, Coffer.key, Coffer)
    changed = schema()
    changed["$defs"]["secret"]["properties"][Coffer.key] = {"type": "string"}
    path = tmp_path / "email-server.schema.json"
    path.write_text(json.dumps(changed))
    monkeypatch.setattr(
        "provisioner.lint.schema.schema_path",
        lambda name: path if name == "email-server" else schema_path(name),
    )
    schema_named.cache_clear()
    yield
    schema_named.cache_clear()


@pytest.mark.usefixtures("published")
def test_a_new_source_works_everywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers" / "relay.yml").write_text(SERVER)
    project = ["--project", str(tmp_path)]
    assert run(["validate", str(tmp_path)]) == 0
    reveal = ["worksheet", "Relay", "--reveal", "--yes", *project]
    assert run(reveal) == 6
    assert "password ({coffer: relay}) would be sent for the first" in capsys.readouterr().err
    assert run([*reveal, "--accept-destination", "Relay"]) == 0
    shown = capsys.readouterr().out
    assert CANARY in shown
    assert "read from {coffer: relay}" in shown
    assert run(["worksheet", "Relay", *project]) == 0
    assert CANARY not in capsys.readouterr().out
    moved = SERVER.replace("mail.example.edu", "evil.example")
    (tmp_path / "servers" / "relay.yml").write_text(moved)
    assert run(reveal) == 6
    assert "host changed from mail.example.edu to evil.example" in capsys.readouterr().err

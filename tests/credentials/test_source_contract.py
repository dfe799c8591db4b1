"""A secret source is one class and one entry in SOURCES: one added here works everywhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import pytest

from provisioner.cli.app import run
from provisioner.credentials import sources
from provisioner.credentials.sources import SOURCES, ReadContext, SecretSource, schema_of_sources
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
    form = "{coffer: DRAWER}"
    schema: ClassVar = {
        "title": "Coffer",
        "description": "The drawer.",
        "examples": ["relay"],
        "type": "string",
    }

    def read(self, context: ReadContext) -> bytes:
        return f"{CANARY}\n".encode()


def test_the_published_schema_is_written_from_the_sources() -> None:
    """If this fails, copy what it prints into schemas/email-server.schema.json, $defs, secret."""
    secret = json.loads(schema_path("email-server").read_bytes())["$defs"]["secret"]
    written = schema_of_sources()
    assert {key: secret[key] for key in written} == written, json.dumps(written, indent=2)


def test_a_new_source_works_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers" / "relay.yml").write_text(SERVER)
    project = ["--project", str(tmp_path)]
    assert run(["validate", str(tmp_path)]) == 1
    assert "known here: env, file, command, keyring" in capsys.readouterr().out

    monkeypatch.setattr(sources, "SOURCES", (*SOURCES, Coffer))
    schema = json.loads(schema_path("email-server").read_bytes())
    schema["$defs"]["secret"] |= schema_of_sources()
    published = tmp_path / "email-server.schema.json"
    published.write_text(json.dumps(schema))
    monkeypatch.setattr(
        "provisioner.lint.schema.schema_path",
        lambda name: published if name == "email-server" else schema_path(name),
    )
    schema_named.cache_clear()
    try:
        assert run(["validate", str(tmp_path)]) == 0
        reveal = ["worksheet", "Relay", "--reveal", "--yes", *project]
        assert run(reveal) == 6
        assert "password ({coffer: relay}) would go for the first" in capsys.readouterr().err
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
    finally:
        schema_named.cache_clear()

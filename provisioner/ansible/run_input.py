"""What one run of Ansible is given: the file that its workers read. Decides nothing."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

SCHEMA_VERSION = 1

Mode = Literal["plan", "push", "rollback_plan", "rollback", "status", "doctor", "entered"]
Check = Literal["mail", "auth", "none"]


class Mail(Struct, frozen=True, kw_only=True):
    """From whom and to whom a server's test mail goes."""

    sender: str
    recipient: str


class MailLimit(Struct, frozen=True, kw_only=True):
    """What a provider allows one mailbox, all hosts together; None: no limit is known."""

    mailbox: str
    connections: int | None
    messages_per_minute: int | None


class EnteredInput(Struct, frozen=True, kw_only=True):
    """What a person says of MAPS' dialog: who typed in what is to be entered, of these servers
    (none: of all). `undo`: the newest record goes instead."""

    by: str
    note: str = ""
    servers: list[str] = []
    undo: bool = False


class HostInput(Struct, frozen=True, kw_only=True):
    """One host's part. `key`: 64 hex digits, that of its placeholders and digests.

    `servers`: names of those that are for it, `placeholders` of their hidden values by JSON
    pointer; `declared`: names that are declared for it, also of servers that this run leaves out;
    `remove`: names to remove; `expected`: the fingerprint that its plan was made for; `found`:
    what a plan of this run has read (host/host_change.py).
    """

    key: str
    key_id: str
    servers: list[str]
    placeholders: dict[str, dict[str, str]]
    declared: list[str]
    remove: list[str] = []
    checks: dict[str, Check] = {}
    expected: str | None = None
    found: Any = None


class RunInput(Struct, frozen=True, kw_only=True):
    """All of one run. `servers`: entries of the host document with null for hidden values.

    `secrets`: server -> JSON pointer -> the value's JSON token; empty in a plan. `rotation`:
    servers whose refresh token is dead once used; `refresh`: server -> the token endpoint at which
    a refresh, as a trial, leaves the old token valid. `mail_budget`, `lock_wait`: seconds.
    """

    schema_version: Literal[1] = 1
    version: str
    mode: Mode
    run_id: str
    owner: str
    commit: str | None
    servers: dict[str, dict[str, Any]]
    secrets: dict[str, dict[str, str]] = {}
    mails: dict[str, Mail] = {}
    limits: dict[str, MailLimit] = {}
    rotation: list[str] = []
    refresh: dict[str, str] = {}
    prune: bool = False
    restart: bool = True
    entered: EnteredInput | None = None
    mail_budget: float = 0.0
    turns: str
    lock_wait: int = 0
    hosts: dict[str, HostInput]


def encoded(run: RunInput) -> bytes:
    """The bytes of run.json."""
    return msgspec.json.encode(run)


def decoded(content: bytes) -> RunInput:
    """The run of run.json's bytes."""
    return msgspec.json.decode(content, type=RunInput)

"""A MAPS host in memory: the six operations on a dict, and a kill at any step of them."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from provisioner.host import protocol
from provisioner.host.host_document import known_names
from provisioner.host.protocol import DOCUMENT, STATE, Operation, Unreachable

KEY = "5a" * 32
_TOKEN = re.compile(rb'\s*("(?:[^"\\\x00-\x1f]|\\.)*"|[{}\[\]:,]|[-+\w.]+)\s*')
_PLAIN = {b"{", b"}", b"[", b"]", b":", b",", b"null", b"true", b"false", b'""'}
_PLACEHOLDER = re.compile(rb'\A"hmac:[0-9a-f]{32}"\Z')


class Killed(Exception):
    """The host's module was killed in the middle of a list."""


@cache
def _names():
    """As they are in JSON: those that may be seen, those whose values may be."""
    return tuple(frozenset(json.dumps(name).encode() for name in names) for names in known_names())


@cache
def _pieces(data):
    """(text, whether it is a hidden value) of a document; None if it is no JSON."""
    keys, public = _names()
    pieces, at, before, last = [], 0, b"", b""
    while at < len(data):
        match = _TOKEN.match(data, at)
        if match is None:
            return None
        token, end = match[1], match.end()
        named = token in keys and data[end : end + 1] == b":"
        clear = token in _PLAIN or named or (last == b":" and before in public)
        pieces += [
            (data[at : match.start(1)], False),
            (token, not clear),
            (data[match.end(1) : end], False),
        ]
        before, last, at = last, token, end
    return pieces


def walk(data, new):
    """The document with what is not public replaced, as the host modules do it."""
    pieces = _pieces(data)
    if pieces is None:
        return None
    return b"".join(new(text) if hidden else text for text, hidden in pieces)


@dataclass
class MemoryHost:
    """`maps`: the document that MAPS has taken over; `sent`: what its mail server was given;
    `conversations`: what it was asked; `travelled`: each call as it goes over the wire.

    `mail`: the answer to a conversation; `apply`: the exit code of the apply command;
    `restart`: the answer to one, by default after `apply`. `kill_at`:
    the step at which the module dies; `between`: called before each list, so that another run can
    come in between.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    key: str = KEY
    maps: bytes | None = None
    sent: list[str] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)
    conversations: list[Operation] = field(default_factory=list)
    travelled: list[str] = field(default_factory=list)
    mail: Callable[[Operation], dict[str, Any]] = lambda _operation: {"done": True, "code": 250}
    token_endpoint: Callable[[Operation], dict[str, Any]] = lambda _operation: {
        "done": True,
        "status": 200,
        "body": '{"access_token":"***"}',
    }
    apply: Callable[[bytes], int | None] = lambda _document: 0
    restart: Callable[[], dict[str, Any]] | None = None
    test: Callable[[], int] = lambda: 0
    kill_at: int | None = None
    disk_full_from: float = math.inf
    between: Callable[[], None] = lambda: None
    holder: str | None = None
    clock: float = 1_800_000_000.0
    steps: int = 0
    known: dict[bytes, bytes] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)
    read: dict[str, Any] = field(default_factory=dict)

    def call(self, operations):
        """As the action plugin's call: lists in, typed answers out."""
        self.between()
        self.calls.append([self._shown(operation) for operation in operations])
        self.travelled.append(json.dumps(operations))
        try:
            answers = self._done(operations)
        except Killed:
            raise Unreachable("connection lost", began=True) from None
        return protocol.decoded(answers, operations)

    @staticmethod
    def _shown(operation):
        if operation["op"] == "write":
            names = [file["name"] for file in operation["files"]]
            short = (n.removeprefix("email-servers.").removesuffix(".json") for n in names)
            return f"write {','.join(short)}".rstrip()
        return str(operation["op"])

    def _done(self, operations):
        answers = []
        for operation in operations:
            answer = {
                "op": operation["op"],
                "done": False,
                **getattr(self, "_" + operation["op"])(operation),
            }
            answers.append(answer)
            if not answer["done"]:
                if operation.get("else"):
                    answer["else"] = self._done(operation["else"])
                break
        return answers

    def _step(self):
        """One thing that is done whole or not at all."""
        if self.kill_at is not None and self.steps == self.kill_at:
            raise Killed
        self.steps += 1

    def digest(self, data):
        return hmac.new(bytes.fromhex(self.key), data, hashlib.sha256).hexdigest()

    def _read(self, _operation):
        files = {}
        for name in sorted(self.files, key=lambda n: n == STATE):
            text = self.files[name] if name == STATE else walk(self.files[name], self._placeholder)
            shown = None if text is None else text.decode()
            files[name] = {
                "text": shown,
                "digest": self.digest(self.files[name]),
                "open": name in self.open,
            }
        return {"done": True, "files": files, "holder": self.holder, **self.read}

    def _placeholder(self, token):
        made = b'"hmac:' + self.digest(token)[:32].encode() + b'"'
        self.known[made] = token
        return made

    def _write(self, operation):
        if self.holder:
            return {"reason": "locked", "about": self.holder}
        for name, digest in operation["expect"].items():
            there = self.files.get(name)
            if (None if there is None else self.digest(there)) != digest:
                return {"reason": "moved", "about": name}
        for name, data in self.files.items():
            if name != STATE:
                walk(data, self._placeholder)
        digests = {}
        for file in operation["files"]:
            name = file["name"]
            data = None
            if "copy" in file:
                data = self.files[file["copy"]]
            elif "text" in file:
                data = file["text"].encode()
                data = data if name == STATE else walk(data, self._value)
            if data is not None and self.disk_full_from <= self.steps:
                return {"reason": "enospc", "digests": digests}
            self._step()
            if data is None:
                self.files.pop(name, None)
            else:
                self.files[name] = data
            self.open.discard(name)
            digests[name] = None if data is None else self.digest(data)
        return {"done": True, "digests": digests}

    def _value(self, token):
        if _PLACEHOLDER.match(token) and token not in self.known:
            raise AssertionError("a placeholder that the host does not know")
        return self.known.get(token, token)

    def _run(self, operation):
        self._step()
        if operation["argv"][0] == "test":
            code = self.test()
            return {"done": code == 0, "exit": code, "output": "said"}
        document = self.files.get(DOCUMENT, b"")
        code = self.apply(document)
        if code is None:
            return {"exit": None, "reason": "not_started", "about": operation["argv"][0]}
        self.maps = document if code == 0 else b"half of it"
        self._step()
        return {"done": code == 0, "exit": code, "output": "said"}

    def _restart(self, operation):
        if self.restart is not None:
            return self.restart()
        answer = self._run({"argv": [operation["service"]]})
        return {"done": answer.get("done", False), "touched": True}

    def _smtp(self, operation):
        self._step()
        self.conversations.append(operation)
        answer = self.mail(operation)
        if answer.get("done") and operation["message"]:
            self.sent.append(f"{operation['user']}@{operation['host']}")
        return {"stage": "data", **answer}

    def _post(self, operation):
        self._step()
        return self.token_endpoint(operation)

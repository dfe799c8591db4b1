"""The YAML language server that VS Code, Neovim and Helix use, spoken to as an editor does.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/
"""

from __future__ import annotations

import json
import subprocess
from itertools import count
from pathlib import Path
from typing import Any

from tests.support.paths import ROOT

PROGRAM = ROOT / ".lab/node_modules/yaml-language-server/bin/yaml-language-server"
Message = dict[str, Any]


class LanguageServer:
    """One server for one workspace folder; `settings` are the editor's, such as `yaml.schemas`."""

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self._folder, self._ids = folder, count(1)
        # The catalogue of public schemas is fetched from the network; no editor needs it for ours.
        self._yaml = {"schemaStore": {"enable": False}, **settings}
        self._process = subprocess.Popen(
            ["node", str(PROGRAM), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        root = {"uri": folder.as_uri(), "name": folder.name}
        self._ask(
            "initialize",
            processId=None,
            rootUri=root["uri"],
            workspaceFolders=[root],
            capabilities={"workspace": {"configuration": True, "workspaceFolders": True}},
        )
        self._tell("initialized")

    def close(self) -> None:
        """End the server in order."""
        self._ask("shutdown")
        self._tell("exit")
        self._process.wait(timeout=30)
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()

    def open(self, name: str, text: str) -> list[Message]:
        """Open a file, not yet saved; returns what the editor underlines."""
        document = {"uri": self._uri(name), "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", textDocument=document)
        while True:
            message = self._next()
            if message.get("method") == "textDocument/publishDiagnostics":
                found: list[Message] = message["params"]["diagnostics"]
                return found

    def completions(self, name: str, line: int, character: int) -> list[Message]:
        """What the editor offers there; line and character count from 0."""
        found = self._ask("textDocument/completion", **self._at(name, line, character))
        items: list[Message] = found["items"] if isinstance(found, dict) else found
        return items

    def hover(self, name: str, line: int, character: int) -> str:
        """What the editor shows under the pointer."""
        found = self._ask("textDocument/hover", **self._at(name, line, character))
        return str(found["contents"]["value"])

    def _at(self, name: str, line: int, character: int) -> Message:
        place = {"line": line, "character": character}
        return {"textDocument": {"uri": self._uri(name)}, "position": place}

    def _uri(self, name: str) -> str:
        return (self._folder / name).as_uri()

    def _ask(self, method: str, **params: Any) -> Any:
        number = next(self._ids)
        self._send({"id": number, "method": method, "params": params or None})
        while True:
            message = self._next()
            if message.get("id") == number and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def _tell(self, method: str, **params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _next(self) -> Message:
        """The next message; what the server asks of the editor is answered on the way."""
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        assert length, "the language server ended"
        message: Message = json.loads(self._process.stdout.read(length))
        if "id" in message and "method" in message:
            self._send({"id": message["id"], "result": self._answer(message)})
        return message

    def _answer(self, message: Message) -> Any:
        if message["method"] != "workspace/configuration":
            return None
        sections = [item.get("section") for item in message["params"]["items"]]
        return [self._yaml if section == "yaml" else {} for section in sections]

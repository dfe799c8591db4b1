"""WinRM's side of a Windows machine: WS-Management over HTTPS, as much of it as pywinrm speaks.

https://learn.microsoft.com/openspecs/windows_protocols/ms-wsmv
"""

from __future__ import annotations

import base64
import ssl
import sys
import threading
import xml.etree.ElementTree as ElementTree
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from provisioner.demo.certificates import ServerCertificate
from tests.playbooks.windows.machine import Machine

_ENVELOPE = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
    'xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" '
    'xmlns:r="http://schemas.microsoft.com/wbem/wsman/1/windows/shell">'
    "<s:Header><a:RelatesTo>{message}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
)
_SHELL = '<r:Shell><w:Selector Name="ShellId">shell-1</w:Selector></r:Shell>'
_COMMAND = "<r:CommandResponse><r:CommandId>{0}</r:CommandId></r:CommandResponse>"
_OUTPUT = (
    '<r:ReceiveResponse><r:Stream Name="stdout" CommandId="{0}">{1}</r:Stream>'
    '<r:CommandState CommandId="{0}" State="http://schemas.microsoft.com/wbem/wsman/1/windows/shell/'
    'CommandState/Done"><r:ExitCode>{2}</r:ExitCode></r:CommandState></r:ReceiveResponse>'
)


class WinRmServer:
    """Answers for one machine, to `user` with `password`, while it is entered."""

    def __init__(
        self, machine: Machine, certificate: ServerCertificate, user: str, password: str
    ) -> None:
        self.machine = machine
        self.authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.connections = 0
        self.breaks_off_from = sys.maxsize  # the first command that ends amid its input
        self.commands: dict[str, tuple[str, list[bytes]]] = {}
        self._server = _TlsServer(("127.0.0.1", 0), _handler(self))
        self._server.context = certificate.context()
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> WinRmServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def breaks_off(self) -> bool:
        """Whether the command that runs ends amid its input."""
        return len(self.commands) > self.breaks_off_from

    def answer(self, request: bytes) -> str:
        """The answer to a SOAP message."""
        root = ElementTree.fromstring(request)
        action = _text(root, "Action").rsplit("/", 1)[-1]
        body = {"Create": _created, "Command": _begun, "Send": _sent, "Receive": _received}
        said = body.get(action, _nothing)(self, root)
        return _ENVELOPE.format(message=_text(root, "MessageID"), body=said)


def _created(_server: WinRmServer, _root: Any) -> str:
    return _SHELL


def _begun(server: WinRmServer, root: Any) -> str:
    command = f"{_text(root, 'Command')} {_text(root, 'Arguments')}"
    identity = f"command-{len(server.commands)}"
    server.commands[identity] = (command, [])
    return _COMMAND.format(identity)


def _sent(server: WinRmServer, root: Any) -> str:
    stream = _node(root, "Stream")
    server.commands[stream.get("CommandId")][1].append(base64.b64decode(stream.text or ""))
    return ""


def _received(server: WinRmServer, root: Any) -> str:
    identity = _node(root, "DesiredStream").get("CommandId")
    command, stdin = server.commands[identity]
    code, output, _ = server.machine.run("winrm", command, b"".join(stdin))
    if server.breaks_off():
        output = output[10:-10]  # torn at both ends
    return _OUTPUT.format(identity, base64.b64encode(output).decode(), code)


def _nothing(_server: WinRmServer, _root: Any) -> str:
    return ""  # a command or a shell is cleaned up


def _node(root: Any, name: str) -> Any:
    return next(node for node in root.iter() if node.tag.rsplit("}", 1)[-1] == name)


def _text(root: Any, name: str) -> str:
    return str(_node(root, name).text)


class _TlsServer(ThreadingHTTPServer):
    context: ssl.SSLContext
    daemon_threads = True

    def finish_request(self, request: Any, client_address: Any) -> None:
        """TLS begins in the connection's own thread."""
        try:
            wrapped = self.context.wrap_socket(request, server_side=True)
        except OSError:
            return  # who does not trust the certificate hangs up
        super().finish_request(wrapped, client_address)
        wrapped.close()


def _handler(server: WinRmServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            server.connections += 1
            if self.headers["Authorization"] != server.authorization:
                self._say(401, "")
                return
            answer = server.answer(request)
            refused = b'End="true"' in request and server.breaks_off()
            self._say(500 if refused else 200, "" if refused else answer)

        def _say(self, code: int, text: str) -> None:
            content = text.encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/soap+xml;charset=UTF-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing to standard error."""

    return Handler


def trusting(ca_file: Path, port: int, user: str, password: str) -> dict[str, Any]:
    """The host variables to reach it by."""
    return {
        "ansible_connection": "winrm",
        "ansible_host": "localhost",
        "ansible_port": port,
        "ansible_user": user,
        "ansible_password": password,
        "ansible_winrm_transport": "basic",
        "ansible_winrm_scheme": "https",
        "ansible_winrm_ca_trust_path": str(ca_file),
    }

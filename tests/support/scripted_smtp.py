"""A server that follows a script: lines of plain text, so that a table can hold it.

    S TEXT    say a line                      R TEXT    say just that, without a line end
    E TEXT    say it, and what was just heard (its first 60 characters)
    C         hear a line                     M         hear a message, to its lone dot
    H         hear a request over HTTP        TLS       shake hands, as a server
    B         hear some bytes                 WAIT      hear until the client goes
    DRIP      say a digit every 50 ms

After the last line it hangs up.
"""

import socket
import threading
import time
from contextlib import contextmanager, suppress


class ScriptedServer:
    """`heard`: the lines that came, without those of a message; `message`: that one's bytes.

    `silent_for`: seconds of WAIT or DRIP until the client went.
    """

    def __init__(self, script, context):
        self.heard = []
        self.message = b""
        self.silent_for = 0.0
        self.script, self.context = script, context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]

    def serve(self):
        """Follow the script with the first who comes."""
        with suppress(OSError, ValueError):
            self.socket, _ = self.listener.accept()
            self.socket.settimeout(10)
            self.reader = self.socket.makefile("rb")
            try:
                for line in self.script:
                    self.follow(*line.partition(" ")[::2])
            finally:
                self.reader.close()
                self.socket.close()

    def follow(self, step, text):
        """One line of the script."""
        match step:
            case "S":
                self.say(text.encode() + b"\r\n")
            case "R":
                self.say(text.encode())
            case "E":
                self.say(f"{text}{self.heard[-1][:60]}\r\n".encode())
            case "C":
                self.heard.append(self.hear().rstrip(b"\r\n").decode("latin-1"))
            case "M":
                while not self.message.endswith(b"\r\n.\r\n"):
                    self.message += self.hear()
            case "B":
                self.reader.read1()
            case "H":
                self.request()
            case "TLS":
                self.reader.close()
                assert self.context
                self.socket = self.context.wrap_socket(self.socket, server_side=True)
                self.reader = self.socket.makefile("rb")
            case "DRIP" | "WAIT":
                began = time.monotonic()
                try:
                    while step == "DRIP":
                        self.say(b"2")
                        time.sleep(0.05)
                    self.reader.read()
                finally:
                    self.silent_for = time.monotonic() - began

    def say(self, data):
        """Say bytes."""
        self.socket.sendall(data)

    def hear(self):
        """A line; OSError where the client has gone."""
        line = self.reader.readline()
        if not line:
            raise ConnectionResetError
        return line

    def request(self):
        """Head and body of a request."""
        length = 0
        while (line := self.hear().rstrip(b"\r\n").decode()) != "":
            self.heard.append(line)
            length = int(line.split()[1]) if line.startswith("Content-Length:") else length
        self.heard.append(self.reader.read(length).decode())


@contextmanager
def scripted_server(script, context=None):
    """A server on a port of 127.0.0.1, for one connection."""
    server = ScriptedServer(script, context)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        with suppress(OSError):
            server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        thread.join()

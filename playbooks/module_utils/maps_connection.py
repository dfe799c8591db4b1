"""A connection to an SMTP server: name, address, TLS, and replies bounded in size and time."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time

from .maps_redaction import one_line

_LONGEST_LINE = 8192
_LONGEST_REPLY = 65536
_PARTIAL_CHAIN = 0x80000  # ssl.VERIFY_X509_PARTIAL_CHAIN, which Python names since 3.10


class Ended(Exception):
    """The conversation is over: how, and the reply (or our own words) that ended it.

    `passing`: the same conversation may go well in a minute, and none of it is done twice then.
    """

    def __init__(self, outcome, reply, code=None, enhanced=None, passing=False):
        super().__init__(outcome)
        self.passing = passing
        self.outcome, self.reply, self.code, self.enhanced = outcome, reply, code, enhanced


class NotSmtp(Exception):
    """What came is no reply of an SMTP server."""


class Lines:
    """Replies from a socket: bounded in size, each within the time limit as a whole."""

    def __init__(self, connection, timeout):
        self._socket, self._timeout = connection, timeout
        self._buffer = b""

    def waiting(self):
        """Whether bytes have come that nobody asked for."""
        return bool(self._buffer)

    def reply(self):
        """(code, lines) of the next reply."""
        deadline = time.monotonic() + self._timeout
        lines, size = [], 0
        while True:
            line = self._line(deadline)
            size += len(line)
            text = line.decode("utf-8", "replace")
            if not re.match(r"^[2-5][0-9][0-9]([ -]|\r?$)", text):  # RFC 5321 4.2: words or none
                raise NotSmtp("not a reply of an SMTP server: " + one_line(text, 80))
            if size > _LONGEST_REPLY:
                raise NotSmtp(f"a reply longer than {_LONGEST_REPLY} bytes")
            lines.append(one_line(text[4:], _LONGEST_LINE))
            if text[3:4] != "-":
                return int(text[:3]), lines

    def _line(self, deadline):
        while b"\n" not in self._buffer:
            if len(self._buffer) > _LONGEST_LINE:
                raise NotSmtp(f"a line longer than {_LONGEST_LINE} bytes")
            left = deadline - time.monotonic()
            if left <= 0:
                raise socket.timeout()
            self._socket.settimeout(left)
            came = self._socket.recv(4096)
            if not came:
                raise ConnectionResetError("the server closed the connection")
            self._buffer += came
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


def resolved(host, port, timeout):
    """The addresses of a host. getaddrinfo has no time limit of its own, hence the thread."""
    answers = []

    def ask():
        try:
            answers.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout)
    answer = answers[0] if answers else socket.timeout()
    if isinstance(answer, list):
        return answer
    if isinstance(answer, UnicodeError):
        raise Ended("wrong", "this is not a host name")
    if isinstance(answer, socket.gaierror) and answer.errno != socket.EAI_AGAIN:
        raise Ended("wrong", "unknown host name: " + (answer.strerror or ""))
    if isinstance(answer, socket.gaierror):
        raise Ended("unreachable", "name resolution failed for now: " + (answer.strerror or ""))
    raise answer


def connected(addresses, timeout):
    """The first address that answers; the last one's error if none does."""
    deadline = time.monotonic() + timeout
    failure = OSError("the host name has no address")
    for family, kind, protocol, _, address in addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout()
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(left)
        try:
            connection.connect(address)
            return connection
        except OSError as error:
            connection.close()
            failure = error
    raise failure


def tls_context(ca_file):
    try:
        context = ssl.create_default_context()
        if ca_file:
            context.load_verify_locations(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        words = f"the CA file {ca_file} cannot be used: {_plain(error)}"
        raise Ended("wrong", words) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 asks more of a private CA's certificates (RFC 5280 to the letter) than older
    # ones do, and takes one for an anchor that has an issuer itself. Either way the same server
    # would be wrong on one host and right on the next; so it would be by a common name, which
    # RFC 9525 section 6.3 ends.
    context.verify_flags = context.verify_flags & ~ssl.VERIFY_X509_STRICT | _PARTIAL_CHAIN
    context.hostname_checks_common_name = False
    return context


def tls_failure(error):
    """The words for a failed handshake; None if the other side merely hung up."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "certificate not accepted: " + error.verify_message
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return None
    return "TLS failed: " + _plain(error)


def network_words(error, timeout):
    if isinstance(error, socket.timeout):
        return f"no answer within {timeout:g} s"
    return _plain(error)


def _plain(error):
    """An operating system's or OpenSSL's words for an error, in one line."""
    return one_line(getattr(error, "reason", None) or error.strerror or str(error), 200)

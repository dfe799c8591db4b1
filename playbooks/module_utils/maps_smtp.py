"""One SMTP conversation, or one form over https: facts only, with no secret in them.

Runs on MAPS hosts (Python 3.8, standard library) and, loaded by file, on the workstation, which
also judges the facts: provisioner/smtp/client.py names them. `mask`: a Mask of maps_masking.py.
"""

from __future__ import annotations

import base64
import errno
import hmac
import io
import os
import re
import socket
import ssl
import stat
import threading
import time
from contextlib import suppress
from urllib.parse import quote_plus, urlencode, urlsplit

# -- a connection

_LONGEST_LINE = 8192
_LONGEST = 65536  # bytes of a reply, or of an answer to a form
_PARTIAL_CHAIN = 0x80000  # ssl.VERIFY_X509_PARTIAL_CHAIN, which Python names since 3.10
_CLOSED = (
    *(ssl.SSLEOFError, ssl.SSLZeroReturnError),
    *(ConnectionResetError, ConnectionAbortedError, BrokenPipeError),
)
_HANDSHAKE = b"\x16"  # the first byte of each record of a TLS handshake


class _Ended(Exception):
    """It is over, and not by a reply: one word, and words of the system or of OpenSSL."""

    def __init__(self, word, about=None):
        super().__init__(word)
        self.word, self.about = word, about


class _Connection(io.RawIOBase):
    """A connection. Each step has `timeout` seconds, all of them six times as many."""

    def __init__(self, host, port, timeout):
        super().__init__()
        self._host, self._port, self._timeout = host.rstrip("."), port, timeout
        self._end = time.monotonic() + 6 * timeout
        self._buffer = b""
        self.socket = self.tls = self._tls = None
        self.begin()

    def begin(self):
        """A new step."""
        self._until = min(time.monotonic() + self._timeout, self._end)

    def resolve(self):
        """The addresses of the host. getaddrinfo has no time limit of its own: hence the thread."""
        answers = []

        def ask():
            try:
                answers.append(socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as error:
                answers.append(error)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(self._left())
        answer = answers[0] if answers else socket.timeout()
        if isinstance(answer, list):
            return answer
        if isinstance(answer, UnicodeError):
            raise _Ended("no_host_name")
        if isinstance(answer, socket.gaierror):
            passes = answer.errno == socket.EAI_AGAIN
            raise _Ended("unresolved" if passes else "unknown_host", answer.strerror)
        raise answer

    def open(self, addresses):
        """Connect to the first that answers."""
        failure = _Ended("unreachable")
        self.begin()
        for family, kind, protocol, _, address in addresses:
            self.socket = socket.socket(family, kind, protocol)
            try:
                self.socket.settimeout(self._left())
                return self.socket.connect(address)
            except OSError as error:
                self.socket.close()
                failure = error
        raise failure

    def secure(self, ca_file):
        """Go on with TLS 1.2 or newer, and with a server that proves its name."""
        context = _tls_context(ca_file)
        self.begin()
        self._came, self._going = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(self._came, self._going, server_hostname=self._host)
        self._first = b""
        try:
            self._through(tls.do_handshake)
        except OSError as error:
            if self.lost(error).word == "closed" and self._first not in (b"", _HANDSHAKE):
                raise _Ended("tls", "not a handshake") from None
            raise
        self._tls, self.tls = tls, tls.version()

    def write(self, data):
        """Send all of it. What is read next has a time of its own."""
        self.begin()
        if self._tls is None:
            self._send(data)
        while data and self._tls is not None:
            data = data[self._through(self._tls.write, data[:16384]) :]
        self.begin()

    def line(self):
        """The next line, without its line feed."""
        while b"\n" not in self._buffer and len(self._buffer) <= _LONGEST_LINE:
            came = self._receive(4096)
            if not came:
                raise _Ended("closed")
            self._buffer += came
        line, _, self._buffer = self._buffer.partition(b"\n")
        if len(line) > _LONGEST_LINE:
            raise _Ended("too_long", "line")
        return line

    def waiting(self):
        """Whether bytes have come that nobody asked for."""
        return bool(self._buffer)

    def lost(self, error):
        """What an exception of the socket, or of its TLS, means."""
        if isinstance(error, socket.timeout):
            return _Ended("timeout", f"{self._timeout:g} s")
        if isinstance(error, ssl.SSLCertVerificationError):
            return _Ended("certificate", error.verify_message)
        if isinstance(error, _CLOSED):
            return _Ended("closed")
        words = getattr(error, "reason", None) or error.strerror or str(error)
        return _Ended("tls" if isinstance(error, ssl.SSLError) else "unreachable", words)

    def makefile(self, _mode):
        """Its bytes as http.client reads them."""
        return io.BufferedReader(self)

    def readable(self):
        return True

    def readinto(self, buffer):
        """Some bytes; none where it ends, also where TLS is not told so."""
        try:
            came = self._receive(len(buffer))
        except OSError as error:
            if self.lost(error).word != "closed":
                raise
            came = b""
        buffer[: len(came)] = came
        return len(came)

    def hang_up(self):
        """Close it, however far it came."""
        if self.socket is not None:
            self.socket.close()

    def _receive(self, most):
        if self._tls is not None:
            return self._through(self._tls.read, most)
        self.socket.settimeout(self._left())
        return self.socket.recv(most)

    def _send(self, data):
        while data:
            self.socket.settimeout(self._left())
            data = data[self.socket.send(data[:16384]) :]

    def _through(self, step, *arguments):
        """A step of TLS, with the bytes that it waits for and those that it makes."""
        while True:
            try:
                done = step(*arguments)
            except ssl.SSLWantReadError:
                self._send(self._going.read())
                self.socket.settimeout(self._left())
                came = self.socket.recv(16384)
                self._first = self._first or came[:1]
                if came:
                    self._came.write(came)
                else:
                    self._came.write_eof()
            else:
                self._send(self._going.read())
                return done

    def _left(self):
        left = self._until - time.monotonic()
        if left <= 0:
            raise socket.timeout()
        return left


def _tls_context(ca_file):
    try:
        context = ssl.create_default_context()
        if ca_file:
            if not stat.S_ISREG(os.stat(ca_file).st_mode):  # a pipe would never end for OpenSSL
                raise OSError(errno.EINVAL, "not a regular file")
            context.load_verify_locations(cafile=ca_file)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        words = getattr(error, "reason", None) or getattr(error, "strerror", None)
        raise _Ended("ca_file", words or type(error).__name__) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 asks more of a private CA's certificates (RFC 5280 to the letter) than older
    # ones do, and takes one for an anchor that has an issuer itself. Either way the same server
    # would be wrong on one host and right on the next; so it would be by a common name, which
    # RFC 9525 section 6.3 ends.
    context.verify_flags = context.verify_flags & ~ssl.VERIFY_X509_STRICT | _PARTIAL_CHAIN
    context.hostname_checks_common_name = False
    return context


# -- SMTP

# RFC 5321 section 4.5.3.1.4: a command line has 512 bytes, its line end included. Dovecot
# answers 500 above about 1,030. Longer initial responses are sent after the 334.
_LONGEST_COMMAND = 510
_MOST_CHALLENGES = 10  # no mechanism has more than two; a server may go on for ever
_REPLY = re.compile(r"[2-5][0-9][0-9]([ -]|\r?\Z)")  # RFC 5321 section 4.2: words or none

_HOST = re.compile(r"[^\x00-\x20\x7f]{1,255}\Z")
_NAME = re.compile(r"[A-Za-z0-9\[\]._:-]{1,255}\Z")
_ADDRESS = re.compile(r"[!-;=?-~]{1,256}@[A-Za-z0-9\[\]._:-]{1,255}\Z")
_CREDENTIAL = re.compile(r"[^\x00\x01\ud800-\udfff]+\Z")  # NUL and 1 delimit, the rest is no text


def smtp(operation, mask):
    """Hold a conversation: sign in, if there are mechanisms, and send the message, if any."""
    mask.add(operation["secret"])
    conversation = _Conversation(operation, mask)
    ended = None
    try:
        conversation.run()
    except _Ended as error:
        ended = error
    except OSError as error:
        ended = conversation.connection.lost(error)
    finally:
        conversation.leave()
    return conversation.answer(ended)


class _Refused(_Ended):
    """A reply ended it: it is not the one to go on with."""


class _Conversation:
    """The steps in order. `stage`, `code` and the reply's lines say where it is."""

    def __init__(self, given, mask):
        self._given, self._mask = given, mask
        self.connection = _Connection(given["host"], given["port"], given["timeout"])
        self._stage, self._code, self._lines = "resolve", None, []
        self._offered = {}
        self._mechanism = self._challenge = None
        self._transcript = []

    def run(self):
        """Everything from name resolution to the last reply."""
        for stage, name, fine in _checks(self._given):
            if not fine:
                self._stage = stage
                raise _Ended("unsendable", name)
        addresses = self.connection.resolve()
        self._stage = "connect"
        self.connection.open(addresses)
        place = self.connection.socket.getpeername()
        self._note("(connected to {}, port {})".format(*place))
        if self._given["tls"] == "implicit":
            self._secure()
        self._stage = "greeting"
        self.connection.begin()
        self._read()
        self._expect(220)
        self._say_hello()
        if self._given["tls"] == "starttls":
            self._start_tls()
            self._say_hello()
        if self._given["mechanisms"]:
            self._sign_in()
        if self._given["message"] is not None:
            self._send()

    def answer(self, ended):
        """The facts, once it is over; `ended`: other than by all that was to be done."""
        by_reply = ended is None or isinstance(ended, _Refused)
        challenge = self._challenge and self._mask.line(self._challenge, 4000)
        return {
            "op": "smtp",
            "done": ended is None,
            "stage": self._stage,
            "code": self._code if by_reply else None,
            "reply": "\n".join(self._mask.lines(self._lines[:20], 500)) if by_reply else "",
            "error": None if by_reply else ended.word,
            "about": None if by_reply or not ended.about else self._mask.line(ended.about, 200),
            "mechanism": self._mechanism,
            "tls": self.connection.tls,
            "challenge": challenge or None,
            "transcript": self._mask.lines(self._transcript, 300)[:60],
        }

    def leave(self):
        """Say goodbye, without waiting for an answer."""
        if self._transcript and self._stage not in ("connect", "tls"):
            self._note("> QUIT")
            with suppress(OSError):
                self.connection.write(b"QUIT\r\n")
        self.connection.hang_up()

    def _say_hello(self):
        self._stage = "ehlo"
        name = self._given["client_name"] or _own_name(self.connection.socket)
        self._command("EHLO " + name)
        if self._code in (500, 502):  # RFC 5321 section 4.1.1.1: an old server
            self._command("HELO " + name)
        self._expect(250)
        self._offered = _keywords(self._lines[1:])

    def _start_tls(self):
        self._stage = "starttls"
        if "STARTTLS" not in self._offered:
            raise _Ended("no_starttls")
        self._command("STARTTLS")
        self._expect(220)
        if self.connection.waiting():
            # RFC 3207 section 6: what came before the handshake may be anyone's words.
            raise _Ended("early_bytes")
        self._secure()

    def _secure(self):
        self._stage = "tls"
        self.connection.secure(self._given["ca_file"])
        self._note(f"({self.connection.tls}, certificate verified)")

    def _sign_in(self):
        self._stage = "auth"
        offered = self._offered.get("AUTH", "").upper().split()
        self._mechanism = next((m for m in self._given["mechanisms"] if m in offered), None)
        if self._mechanism is None:
            raise _Ended("no_mechanism", " ".join(offered))
        steps = _responses(self._mechanism, self._given)
        self._begin_auth("AUTH " + self._mechanism, next(steps))
        for _ in range(_MOST_CHALLENGES):
            if self._code != 334:
                break
            try:
                response = self._encoded(steps.send(self._decoded_challenge()))
                self._command(response, "***" if response else "")
            except StopIteration:
                self._command("*")  # RFC 4954 section 4: the client gives up
        self._expect(235)

    def _begin_auth(self, command, initial):
        if initial is None:
            self._command(command)
            return
        encoded = self._encoded(initial)
        if len(command) + 1 + len(encoded) <= _LONGEST_COMMAND:
            self._command(command + " " + encoded, command + " ***")
            return
        self._command(command)
        if self._code == 334:
            self._command(encoded, "***")

    def _decoded_challenge(self):
        """Its bytes; none if it is no base64 to the letter."""
        try:
            raw = base64.b64decode(self._lines[0], validate=True)
            if self._mechanism in ("XOAUTH2", "OAUTHBEARER"):
                self._challenge = raw.decode("utf-8")  # why a provider refuses a token
        except ValueError:
            return b""
        return raw

    def _encoded(self, response):
        encoded = base64.b64encode(response.encode("utf-8")).decode("ascii")
        self._mask.add(encoded)
        return encoded

    def _send(self):
        self._stage = "mail"
        self._command("MAIL FROM:<{}>".format(self._given["sender"]))
        self._expect(250)
        self._stage = "rcpt"
        self._command("RCPT TO:<{}>".format(self._given["recipient"]))
        self._expect(250, 251)
        self._stage = "data"
        self._command("DATA")
        self._expect(354)
        data = self._given["message"].encode("ascii")
        self._note(f"> (the message, {len(data)} bytes)")
        stuffed = re.sub(rb"(?m)^\.", b"..", data)  # RFC 5321 section 4.5.2
        end = b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n"
        self.connection.write(stuffed + end)
        self._read()
        self._expect(250)

    # -- one command, one reply

    def _command(self, line, shown=None):
        """Say a line; `shown` in its place where it is part of a sign-in."""
        if not (line.isascii() and line.isprintable()):
            raise _Ended("unsendable", "command")
        self._note("> " + (line if shown is None else shown))
        self.connection.write(line.encode("ascii") + b"\r\n")
        self._read()

    def _read(self):
        lines, size, text = [], 0, "   -"
        while text[3:4] == "-":
            line = self.connection.line()
            size += len(line)
            text = line.decode("utf-8", "replace")
            if not _REPLY.match(text):
                raise _Ended("no_smtp", text)
            if size > _LONGEST:
                raise _Ended("too_long", "reply")
            lines.append(text.rstrip("\r")[4:])
            # A challenge may hold what an answer is made of.
            self._note("< {} {}".format(text[:3], "***" if text[:3] == "334" else lines[-1]))
        self._code, self._lines = int(text[:3]), lines

    def _expect(self, *codes):
        if self._code not in codes:
            raise _Refused("refused")

    def _note(self, line):
        if len(self._transcript) < 60:
            self._transcript.append(line[:2000])


def _checks(given):
    """(stage, name, whether it is fine) of each value that could break out of its line."""
    message, name = given["message"], given["client_name"]
    yield "resolve", "host", _HOST.match(given["host"]) and given["host"].strip(".")
    yield "resolve", "port", 0 < given["port"] < 65536
    yield "ehlo", "client_name", name is None or _NAME.match(name)
    if given["mechanisms"]:
        yield "auth", "user", _CREDENTIAL.match(given["user"] or "")
        yield "auth", "secret", _CREDENTIAL.match(given["secret"] or "")
    if message is not None:
        yield "mail", "sender", _ADDRESS.match(given["sender"] or "")
        yield "rcpt", "recipient", _ADDRESS.match(given["recipient"] or "")
        rest = message.replace("\r\n", "")  # else an end of it could be smuggled in
        yield "data", "message", rest.isascii() and not set(rest) & set("\0\r\n")


def _responses(mechanism, given):
    """What to send, step by step, as text; None where the server speaks first."""
    user, secret = given["user"], given["secret"]
    if mechanism == "XOAUTH2":
        # https://developers.google.com/workspace/gmail/imap/xoauth2-protocol: a challenge is the
        # error as JSON, and it is answered by an empty line; the final reply comes only then.
        yield f"user={user}\1auth=Bearer {secret}\1\1"
        yield ""
    elif mechanism == "OAUTHBEARER":
        # RFC 7628 section 3.1; section 3.2.3: the error challenge is answered by a lone %x01.
        name = user.replace("=", "=3D").replace(",", "=2C")
        place = "host={}\1port={}".format(given["host"], given["port"])
        yield f"n,a={name},\1{place}\1auth=Bearer {secret}\1\1"
        yield "\1"
    elif mechanism == "PLAIN":  # RFC 4616
        yield f"\0{user}\0{secret}"
    elif mechanism == "LOGIN":
        # draft-murchison-sasl-login: the prompts vary, their order does not.
        yield None
        yield user
        yield secret
    elif mechanism == "CRAM-MD5":  # RFC 2195
        challenge = yield None
        try:
            digest = hmac.new(secret.encode("utf-8"), challenge, "md5").hexdigest()
        except ValueError:  # in FIPS mode
            raise _Ended("no_md5") from None
        yield f"{user} {digest}"


def _own_name(connection):
    """Our name for EHLO: the host's, or the address literal of RFC 5321 section 4.1.3."""
    name = socket.gethostname()
    if re.match(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\Z", name):
        return name
    address = connection.getsockname()[0].partition("%")[0]
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _keywords(lines):
    """EHLO's keywords -> parameters; `AUTH=LOGIN` is how some old servers write `AUTH LOGIN`."""
    found = {}
    for line in lines:
        name, _, parameters = line.replace("AUTH=", "AUTH ").partition(" ")
        found[name.upper()] = " ".join((found.get(name.upper(), ""), parameters)).strip()
    return found


# -- a form

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def post(operation, mask):
    """Send a form, and say what of the answer may be seen. No redirect, no proxy."""
    import http.client  # it loads much, and few calls have a form

    for name in ("client_secret", "refresh_token"):
        mask.add(operation["fields"].get(name))
    for secret in (operation["basic"] or [])[1:]:
        mask.add(secret)
    answer = {"op": "post", "done": False, "status": None, "body": None}
    connection = ended = None
    try:
        url, host, port = _place(operation["url"])
        connection = _Connection(host, port, operation["timeout"])
        connection.open(connection.resolve())
        if url.scheme == "https":
            connection.secure(operation["ca_file"])
        connection.write(_request(url, operation, mask))
        response = http.client.HTTPResponse(connection)
        response.begin()
        body = response.read(_LONGEST)
        answer.update(done=response.status == 200, status=response.status)
        answer["body"] = mask.document(body, operation["keys"], operation["shown"], 4000)
    except _Ended as error:
        ended = error
    except OSError as error:
        ended = connection.lost(error)
    except (http.client.HTTPException, ValueError) as error:
        ended = _Ended("no_http", type(error).__name__)
    finally:
        if connection is not None:
            connection.hang_up()
    about = mask.line(ended.about, 200) if ended and ended.about else None
    return {**answer, "error": ended.word if ended else None, "about": about}


def _place(url):
    """(its parts, host, port). It carries secrets: in the clear only to this machine itself."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _Ended("unsendable", "url") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        raise _Ended("no_https")
    if not (_HOST.match(host) and url.isascii() and url.isprintable() and " " not in url):
        raise _Ended("unsendable", "url")
    return parts, host, port or (443 if parts.scheme == "https" else 80)


def _request(url, operation, mask):
    """RFC 6749 section 6, with the client as section 2.3.1 has it."""
    target = (url.path or "/") + ("?" + url.query if url.query else "")
    form = urlencode(operation["fields"])
    lines = [
        f"POST {target} HTTP/1.1",
        "Host: " + url.netloc.rpartition("@")[2],
        "Accept: application/json",
        "Accept-Encoding: identity",
        "Connection: close",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(form)}",
    ]
    if operation["basic"]:
        pair = ":".join(map(quote_plus, operation["basic"]))
        encoded = base64.b64encode(pair.encode("ascii")).decode("ascii")
        mask.add(encoded)
        lines.append("Authorization: Basic " + encoded)
    return "\r\n".join([*lines, "", form]).encode("ascii")

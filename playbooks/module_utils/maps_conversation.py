"""One SMTP conversation: where it ended and with which reply. Facts only; words come elsewhere.

Runs on MAPS hosts (Python 3.8, standard library) and, loaded from here, on the workstation.
"""

from __future__ import annotations

import base64
import json
import re
import socket
import ssl
import time
from contextlib import suppress

from . import maps_sasl
from .maps_connection import (
    Ended,
    Lines,
    NotSmtp,
    connected,
    network_words,
    resolved,
    tls_context,
    tls_failure,
)
from .maps_envelope import injection, message_bytes
from .maps_redaction import one_line, redacted, redacted_tree

# RFC 5321 section 4.5.3.1.4: a command line has 512 bytes, its line end included. Dovecot
# answers 500 above about 1,030. Longer initial responses are sent after the 334.
_LONGEST_COMMAND = 510
_MOST_CHALLENGES = 10  # no mechanism has more than two; a server may go on for ever
_LONGEST_TRANSCRIPT = 60  # lines; a whole conversation has about thirty

# "5.4.5 daily limit" and "5.2.2 mailbox full" are said with 5yz, and pass by themselves.
_PASSING = frozenset(("5.4.5", "5.2.2"))
_BLANK = {
    "outcome": None,
    "stage": None,
    "code": None,
    "enhanced": None,
    "reply": "",
    "passing": False,
    "mechanism": None,
    "tls": None,
    "challenge": None,
    "message_id": None,
    "seconds": None,
    "transcript": (),
}
_BEFORE_LOGIN = frozenset(("resolve", "connect", "tls", "greeting", "ehlo", "starttls"))
_BASE64 = re.compile(r"^[A-Za-z0-9+/]*={0,2}\Z")
_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)")


def converse(account, message, timeout=30.0):
    """Sign in and send `message`; with None, sign in only. Never raises for what a server does.

    `timeout` (seconds) holds for each step: name resolution, connection, each reply.
    """
    began = time.monotonic()
    conversation = _Conversation(account, timeout)
    try:
        problem = injection(account, message)
        if problem:
            conversation.stage, reply = problem
            raise Ended("wrong", reply)
        conversation.run(message)
    except Ended as ended:
        conversation.end(ended)
    finally:
        conversation.close()
    conversation.facts["seconds"] = round(time.monotonic() - began, 3)
    return conversation.facts


def not_held(outcome, reply):
    """The facts of a conversation that is not held, because of how its sign-in would end."""
    return dict(_BLANK, outcome=outcome, stage="auth", reply=reply, seconds=0.0)


class _Reply:
    """A server's reply: code, enhanced code, text on one line, and its lines."""

    def __init__(self, code, lines):
        self.code = code
        found = _ENHANCED.match(lines[-1])
        self.enhanced = found.group(1) if found else None
        self.lines = lines
        rest = [
            line[found.end() :] if found and i and line.startswith(found.group(0)) else line
            for i, line in enumerate(lines)
        ]
        self.text = " ".join(rest)

    def ended(self, outcome, passing=False):
        """This reply as the end of the conversation."""
        return Ended(outcome, self.text, self.code, self.enhanced, passing)

    def refused(self):
        """This reply as the end of the conversation, since it is not the one to go on with."""
        if 400 <= self.code <= 499:
            return self.ended("inconclusive", passing=True)
        return self.ended("inconclusive" if self.enhanced in _PASSING else "wrong")


class _Conversation:
    """The steps, in order. `stage` says where we are, `facts` what is known so far."""

    def __init__(self, account, timeout):
        self._account = account
        self._timeout = timeout
        self._socket = None
        self._lines = None
        self._offered = {}
        self._sensitive = [account.get("secret") or ""]
        self._transcript = []
        self.stage = "resolve"
        self.facts = dict(_BLANK)

    def run(self, message):
        """Everything from name resolution to the last reply; ends by raising Ended."""
        try:
            self._open()
            self._greet()
            self._log_in()
            if message is None:
                raise self._last.ended("authenticated")
            self._send(message)
        except ssl.SSLError as error:
            words = tls_failure(error)
            if words is None:
                raise self._broken_off("the server closed the connection") from None
            raise Ended("wrong" if self.stage == "tls" else "inconclusive", words) from None
        except OSError as error:
            raise self._broken_off(network_words(error, self._timeout)) from None

    def end(self, ended):
        """Write down how it ended, without secrets."""
        self.facts.update(
            outcome=ended.outcome,
            stage=self.stage,
            code=ended.code,
            enhanced=ended.enhanced,
            reply=one_line(redacted(ended.reply, self._sensitive)),
            passing=ended.passing,
        )
        self.facts["challenge"] = redacted_tree(self.facts["challenge"], self._sensitive)

    def close(self):
        """Close the connection, however far it came; politely, but without waiting."""
        if self._socket is not None:
            if self.stage not in ("connect", "tls"):
                self._say_goodbye()
            self._socket.close()
        shown = [one_line(redacted(line, self._sensitive), 300) for line in self._transcript]
        self.facts["transcript"] = shown[:_LONGEST_TRANSCRIPT]

    def _say_goodbye(self):
        with suppress(OSError):
            self._note("> QUIT")
            self._socket.settimeout(1.0)
            self._socket.sendall(b"QUIT\r\n")

    def _note(self, line):
        """A line of the transcript; what a sign-in is made of is never given here."""
        self._transcript.append(line)

    # -- the steps

    def _open(self):
        host, port = self._account["host"].rstrip("."), self._account["port"]
        addresses = resolved(host, port, self._timeout)
        self.stage = "connect"
        self._socket = connected(addresses, self._timeout)
        self._note("(connected to {}, port {})".format(*self._socket.getpeername()[:2]))
        if self._implicit_tls():
            self._secure()
        self._lines = Lines(self._socket, self._timeout)

    def _greet(self):
        self.stage = "greeting"
        self._expect(self._read(), 220)
        self._say_hello()
        if self._account["use_tls"] and not self._implicit_tls():
            self._start_tls()
            self._say_hello()

    def _say_hello(self):
        self.stage = "ehlo"
        name = self._account.get("client_name") or _own_name(self._socket)
        reply = self._command("EHLO " + name)
        if reply.code in (500, 502):  # RFC 5321 section 4.1.1.1: an old server
            reply = self._command("HELO " + name)
        self._expect(reply, 250)
        self._offered = _keywords(reply.lines[1:])

    def _start_tls(self):
        self.stage = "starttls"
        if "STARTTLS" not in self._offered:
            raise Ended("wrong", "the server offers no STARTTLS, so nothing was sent in the clear")
        self._expect(self._command("STARTTLS"), 220)
        if self._lines.waiting():
            # RFC 3207 section 6: what came before the handshake may be anyone's words.
            raise Ended("wrong", "the server sent more after its reply to STARTTLS: not trusted")
        self._secure()
        self._lines = Lines(self._socket, self._timeout)

    def _secure(self):
        self.stage = "tls"
        context = tls_context(self._account.get("ca_file"))
        self._socket = context.wrap_socket(
            self._socket, server_hostname=self._account["host"].rstrip(".")
        )
        self.facts["tls"] = self._socket.version()
        self._note(f"({self.facts['tls']}, certificate verified)")

    def _log_in(self):
        level = self._account["smtp_security_level"]
        user, secret = self._account.get("user_name"), self._account.get("secret")
        self.stage = "auth"
        if level == "none" or (level == "auto_detect" and not user):
            return
        if level == "cram_sha1":
            # MAPS' dialog has it; no RFC describes it and no server or library was found with it.
            raise Ended("unprovable", "CRAM-SHA1 cannot be proven from here: only MAPS speaks it")
        if not user or not secret:
            raise Ended(
                "wrong", "there is no {} to sign in with".format("secret" if user else "user name")
            )
        offered = self._offered.get("AUTH", "").upper().split()
        mechanism = maps_sasl.choose(level, offered, over_tls=self.facts["tls"] is not None)
        if mechanism is None:
            words = "the server offers no mechanism that fits {}; it offers {}"
            raise Ended("wrong", words.format(level, " ".join(offered) or "none"))
        self._authenticate(mechanism, user, secret)

    def _authenticate(self, mechanism, user, secret):
        self.facts["mechanism"] = mechanism
        steps = maps_sasl.exchange(
            mechanism, user, secret, self._account["host"], self._account["port"]
        )
        try:
            reply = self._begin_auth(mechanism, next(steps))
            for _ in range(_MOST_CHALLENGES):
                if reply.code != 334:
                    break
                reply = self._answer(reply, mechanism, steps)
        except maps_sasl.SaslError as error:
            raise Ended("inconclusive", str(error)) from None
        self._expect(reply, 235)

    def _begin_auth(self, mechanism, initial):
        command = "AUTH " + mechanism
        if initial is None:
            return self._command(command)
        encoded = self._encoded(initial)
        if len(command) + 1 + len(encoded) <= _LONGEST_COMMAND:
            return self._command(command + " " + encoded, shown=command + " ***")
        reply = self._command(command)
        return self._command(encoded, shown="***") if reply.code == 334 else reply

    def _answer(self, reply, mechanism, steps):
        challenge = _decoded(reply.text)
        if mechanism in ("XOAUTH2", "OAUTHBEARER"):
            self.facts["challenge"] = _error_challenge(challenge)
        try:
            response = steps.send(challenge)
        except StopIteration:
            return self._command("*")  # RFC 4954 section 4: the client gives up
        return self._command(self._encoded(response), shown="***" if response else "")

    def _send(self, message):
        self.stage = "mail"
        self.facts["message_id"], data = message_bytes(message, self._account.get("client_name"))
        self._expect(self._command("MAIL FROM:<{}>".format(message["from"])), 250)
        self.stage = "rcpt"
        self._expect(self._command("RCPT TO:<{}>".format(message["to"])), 250, 251)
        self.stage = "data"
        self._expect(self._command("DATA"), 354)
        self._note(f"> (the message, {len(data)} bytes)")
        accepted = self._exchange(_dot_stuffed(data))
        self._expect(accepted, 250)
        raise accepted.ended("sent")

    # -- one command, one reply

    def _command(self, line, shown=None):
        self._note("> " + (line if shown is None else shown))
        return self._exchange(line.encode("ascii") + b"\r\n")

    def _exchange(self, data):
        self._socket.settimeout(self._timeout)
        self._socket.sendall(data)
        return self._read()

    def _read(self):
        try:
            code, lines = self._lines.reply()
        except NotSmtp as error:
            outcome = "wrong" if self.stage in _BEFORE_LOGIN else "inconclusive"
            raise Ended(outcome, str(error)) from None
        said = ["***"] if code == 334 else lines  # a challenge may hold what an answer is made of
        self._transcript += [f"< {code} {line}" for line in said]
        return _Reply(code, lines)

    def _expect(self, reply, *codes):
        self._last = reply
        if reply.code not in codes:
            raise reply.refused()

    def _encoded(self, response):
        encoded = base64.b64encode(response).decode("ascii")
        if encoded:
            self._sensitive.append(encoded)
        return encoded

    def _implicit_tls(self):
        chosen = self._account.get("implicit_tls")
        if chosen is None:
            return self._account["use_tls"] and self._account["port"] == 465
        return chosen

    def _broken_off(self, words):
        if self.stage in _BEFORE_LOGIN:
            return Ended("unreachable", words)
        # At the end of DATA the mail may have been taken: sent again, it might come twice.
        return Ended("inconclusive", words, passing=self.stage != "data")


def _own_name(connection):
    """Our name for EHLO: the host's, or the address literal of RFC 5321 section 4.1.3."""
    name = socket.gethostname()
    if re.match(r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", name):
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


def _decoded(text):
    """Its bytes; none if it is no base64 to the letter: else each Python has its own idea."""
    whole = len(text) % 4 == 0 and _BASE64.match(text)
    return base64.b64decode(text) if whole else b""


def _error_challenge(challenge):
    """The error that a provider puts into its 334 (RFC 7628 section 3.2.2), strings only."""
    try:
        content = json.loads(challenge.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    return {one_line(k, 40): one_line(_text(v), 300) for k, v in list(content.items())[:10]}


def _text(value):
    return value if isinstance(value, str) else json.dumps(value)


def _dot_stuffed(data):
    """The message as DATA wants it: RFC 5321 section 4.5.2, and the final dot."""
    body = re.sub(rb"(?m)^\.", b"..", data)
    return body + (b"" if body.endswith(b"\r\n") else b"\r\n") + b".\r\n"

"""SASL mechanisms as conversations: each yields what to send next and receives the challenge.

The first thing yielded is the initial response, or None where the server speaks first.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

# What a security level may be spoken with, best first. auto_detect depends on TLS: below.
MECHANISMS = {
    "login": ("LOGIN",),
    "plain": ("PLAIN",),
    "cram_md5": ("CRAM-MD5",),
    "digest_md5": ("DIGEST-MD5",),
    "oauth2": ("XOAUTH2", "OAUTHBEARER"),
}
_IN_THE_CLEAR_SAFE = ("CRAM-MD5", "DIGEST-MD5")
_ONLY_OVER_TLS_SAFE = ("PLAIN", "LOGIN")


class SaslError(Exception):
    """The mechanism cannot go on. The text names no secret."""


def choose(level, offered, over_tls):
    """The mechanism to speak at a security level, or None if the server offers none that fits."""
    if level == "auto_detect":
        first, second = _ONLY_OVER_TLS_SAFE, _IN_THE_CLEAR_SAFE
        fitting = first + second if over_tls else second + first
    else:
        fitting = MECHANISMS[level]
    return next((name for name in fitting if name in offered), None)


def exchange(mechanism, user, secret, host, port):
    """The conversation of a mechanism, as a generator of bytes."""
    if mechanism == "XOAUTH2":
        return _xoauth2(user, secret)
    if mechanism == "OAUTHBEARER":
        return _oauthbearer(user, secret, host, port)
    if mechanism == "PLAIN":
        return _plain(user, secret)
    if mechanism == "LOGIN":
        return _login(user, secret)
    if mechanism == "CRAM-MD5":
        return _cram_md5(user, secret)
    return _digest_md5(user, secret, host)


def _xoauth2(user, token):
    # https://developers.google.com/workspace/gmail/imap/xoauth2-protocol: a challenge is the
    # error as JSON, and it is answered by an empty line; the final reply comes only then.
    yield f"user={user}\x01auth=Bearer {token}\x01\x01".encode()
    yield b""


def _oauthbearer(user, token, host, port):
    # RFC 7628 section 3.1; section 3.2.3: the error challenge is answered by a lone %x01.
    name = user.replace("=", "=3D").replace(",", "=2C")
    fields = (
        f"n,a={name},",
        "host=" + host,
        f"port={port}",
        "auth=Bearer " + token,
    )
    yield ("\x01".join(fields) + "\x01\x01").encode("utf-8")
    yield b"\x01"


def _plain(user, password):
    # RFC 4616
    yield f"\0{user}\0{password}".encode()


def _login(user, password):
    # draft-murchison-sasl-login: the prompts vary, their order does not.
    yield None
    yield user.encode("utf-8")
    yield password.encode("utf-8")


def _cram_md5(user, password):
    # RFC 2195
    challenge = yield None
    digest = hmac.new(password.encode("utf-8"), challenge, _md5).hexdigest()
    yield f"{user} {digest}".encode()


def _digest_md5(user, password, host):
    # RFC 2831 section 2.1
    challenge = yield None
    fields = parse_directives(challenge.decode("utf-8", "replace"))
    if "nonce" not in fields:
        raise SaslError("the server's DIGEST-MD5 challenge has no nonce")
    if "auth" not in fields.get("qop", "auth").replace(",", " ").split():
        raise SaslError("the server's DIGEST-MD5 challenge does not offer qop=auth")
    answer = DigestAnswer(user, password, "smtp/" + host, fields, secrets.token_hex(16))
    confirmation = yield answer.directives().encode("utf-8")
    rspauth = parse_directives(confirmation.decode("utf-8", "replace")).get("rspauth", "")
    if not hmac.compare_digest(rspauth.encode(), answer.response("").encode()):
        raise SaslError("the server could not prove that it knows the password")
    yield b""


class DigestAnswer:
    """The client's answer to one DIGEST-MD5 challenge."""

    def __init__(self, user, password, uri, fields, cnonce):
        self._user, self._password, self._cnonce = user, password, cnonce
        self._realm = fields.get("realm", "")
        self._nonce = fields["nonce"]
        self._uri = uri

    def response(self, method):
        """The response value: of "AUTHENTICATE" the client's, of "" the server's."""
        identity = ":".join((self._user, self._realm, self._password)).encode("utf-8")
        tail = f":{self._nonce}:{self._cnonce}".encode()
        a1 = _md5(_md5(identity).digest() + tail).hexdigest()
        a2 = _md5(f"{method}:{self._uri}".encode()).hexdigest()
        middle = ":".join((a1, self._nonce, "00000001", self._cnonce, "auth", a2))
        return _md5(middle.encode("utf-8")).hexdigest()

    def directives(self):
        """The answer as it is sent."""
        quoted = (
            ("username", self._user),
            ("realm", self._realm),
            ("nonce", self._nonce),
            ("cnonce", self._cnonce),
            ("digest-uri", self._uri),
        )
        parts = [f'{name}="{_quoted(value)}"' for name, value in quoted]
        parts += ["charset=utf-8", "nc=00000001", "qop=auth"]
        return ",".join([*parts, "response=" + self.response("AUTHENTICATE")])


_DIRECTIVE = re.compile(r'([A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


def parse_directives(text):
    """`realm="a",nonce="b",qop=auth` as a dict; the first of several realms counts."""
    found = {}
    for name, quoted, bare in _DIRECTIVE.findall(text):
        found.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) or bare)
    return found


def _quoted(value):
    return re.sub(r'(["\\])', r"\\\1", value)


def _md5(data=b""):
    """MD5 as the RFCs ask for it; a host in FIPS mode may not have it."""
    try:
        return hashlib.md5(data)  # noqa: S324  the RFCs leave no choice
    except ValueError:
        raise SaslError(
            "this host forbids MD5 (FIPS mode), so the mechanism cannot be spoken"
        ) from None

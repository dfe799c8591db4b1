"""The mechanisms against the examples of their own specifications."""

from __future__ import annotations

import base64
import hashlib

import pytest

from provisioner.mail.conversation import host_code
from tests.playbooks.scripted_server import scripted_server

sasl = host_code("maps_sasl")


def test_xoauth2_as_google_has_it(mail_code):
    # https://developers.google.com/workspace/gmail/imap/xoauth2-protocol
    token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"
    steps = mail_code.exchange("XOAUTH2", "someuser@example.com", token, "smtp.gmail.com", 587)
    assert next(steps) == (
        b"user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"
        b"\x01\x01"
    )
    assert steps.send(b'{"status":"401"}') == b""


def test_oauthbearer_as_rfc_7628_section_4_1(mail_code):
    token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
    steps = mail_code.exchange("OAUTHBEARER", "user@example.com", token, "server.example.com", 143)
    assert base64.b64encode(next(steps)) == (
        b"bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmV"
        b"yIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
    )
    assert steps.send(b'{"status":"invalid_token"}') == b"\x01"


def test_oauthbearer_escapes_a_user_name(mail_code):
    steps = mail_code.exchange("OAUTHBEARER", "a,b=c", "t", "h", 1)
    assert next(steps).startswith(b"n,a=a=2Cb=3Dc,\x01")


def test_plain_as_rfc_4616(mail_code):
    steps = mail_code.exchange("PLAIN", "tim", "tanstaaftanstaaf", "h", 587)
    assert next(steps) == b"\0tim\0tanstaaftanstaaf"


def test_login_waits_for_both_prompts(mail_code):
    steps = mail_code.exchange("LOGIN", "tim", "pässwörd", "h", 587)
    assert next(steps) is None
    assert steps.send(b"User Name\0") == b"tim"
    assert steps.send(b"Password\0") == "pässwörd".encode()


def test_cram_md5_as_rfc_2195(mail_code):
    steps = mail_code.exchange("CRAM-MD5", "tim", "tanstaaftanstaaf", "h", 587)
    assert next(steps) is None
    answer = steps.send(b"<1896.697170952@postoffice.reston.mci.net>")
    assert answer == b"tim b913a602c7eda7a495b4e6e7334d3890"


def test_digest_md5_as_rfc_2831_section_4(mail_code):
    challenge = (
        'realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",'
        "algorithm=md5-sess,charset=utf-8"
    )
    account = {"user": "chris", "password": "secret", "uri": "imap/elwood.innosoft.com"}
    account["cnonce"] = "OA6MHXh6VqTrRk"
    response = mail_code.digest(challenge, "AUTHENTICATE", **account)
    assert response == "d388dad90d4bbd760a152321f2143af7"
    assert mail_code.digest(challenge, "", **account) == "ea40f60335c427b5527b84dbabcdfffd"


def _digest_server(password, seen):
    """A server that computes the response by itself, from what the client has sent."""

    def md5(text):
        return hashlib.md5(text.encode("latin-1")).digest()

    def response(user, fields, method):
        a1 = md5(f"{user}:lab:{password}") + f":n0nce:{fields['cnonce']}".encode()
        ha1 = hashlib.md5(a1).hexdigest()
        ha2 = md5(f"{method}:{fields['digest-uri']}").hex()
        return md5(f"{ha1}:n0nce:00000001:{fields['cnonce']}:auth:{ha2}").hex()

    def talk(connection):
        with connection.makefile("rb") as reader:

            def say(text):
                connection.sendall(text.encode() + b"\r\n")
                return reader.readline().strip()

            def challenge(text):
                return base64.b64decode(say("334 " + base64.b64encode(text.encode()).decode()))

            say("220 hello")
            seen.append(say("250-me\r\n250 AUTH DIGEST-MD5"))
            answer = challenge('realm="lab",nonce="n0nce",qop="auth,auth-int",charset=utf-8')
            fields = sasl.parse_directives(answer.decode())
            if fields["response"] != response("tim", fields, "AUTHENTICATE"):
                say("535 5.7.8 no")
                return
            challenge("rspauth=" + response("tim", fields, ""))
            say("235 2.7.0 welcome")

    return talk


@pytest.mark.parametrize(
    ("password", "gist"),
    [
        ("CANARYright", ("authenticated", "auth", 235)),
        ("CANARYwrong", ("wrong", "auth", 535)),
    ],
)
def test_digest_md5_in_a_conversation(mail_code, password, gist):
    seen = []
    with scripted_server(_digest_server("CANARYright", seen)) as port:
        account = {
            "host": "127.0.0.1",
            "port": port,
            "use_tls": False,
            "smtp_security_level": "digest_md5",
            "user_name": "tim",
            "secret": password,
        }
        facts = mail_code.converse(account, None, 5.0)
    assert (facts["outcome"], facts["stage"], facts["code"]) == gist
    assert seen == [b"AUTH DIGEST-MD5"]


def test_digest_md5_tells_a_server_that_only_pretends(mail_code):
    steps = mail_code.exchange("DIGEST-MD5", "tim", "secret", "h", 587)
    next(steps)
    steps.send(b'realm="lab",nonce="n"')
    with pytest.raises(sasl.SaslError, match="could not prove that it knows the password"):
        steps.send(b"rspauth=00000000000000000000000000000000")


@pytest.mark.parametrize(
    ("challenge", "words"),
    [
        (b'realm="lab"', "has no nonce"),
        (b'nonce="n",qop="auth-conf"', "does not offer qop=auth"),
    ],
)
def test_digest_md5_challenges_that_cannot_be_answered(mail_code, challenge, words):
    steps = mail_code.exchange("DIGEST-MD5", "tim", "secret", "h", 587)
    next(steps)
    with pytest.raises(sasl.SaslError, match=words):
        steps.send(challenge)


def test_a_host_that_forbids_md5_says_so(monkeypatch):
    def forbidden(_data=b""):
        raise ValueError("disabled for FIPS")

    monkeypatch.setattr(hashlib, "md5", forbidden)
    steps = sasl.exchange("CRAM-MD5", "tim", "secret", "h", 587)
    next(steps)
    with pytest.raises(sasl.SaslError, match="forbids MD5"):
        steps.send(b"<1@h>")

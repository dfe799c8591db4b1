"""Made-up servers: whatever one says and when, both languages understand and answer the same."""

from __future__ import annotations

import base64
import json
import re
import socket
from collections.abc import Callable
from email import message_from_bytes
from email.policy import SMTP
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from tests.mail_samples import ELSEWHERE, MAILBOX
from tests.playbooks.mail_code import MonoMail, PythonMail
from tests.playbooks.samples import changed, oauth2_entry
from tests.playbooks.scripted_server import scripted_server
from tests.strategies.effort import generated
from tests.strategies.json_values import values
from tests.strategies.odd_text import odd_texts

pytestmark = pytest.mark.long

MESSAGE = {"from": MAILBOX, "to": ELSEWHERE, "subject": "s", "body": "b\n", "headers": {}}
LEVELS = ("oauth2", "plain", "login", "cram_md5", "digest_md5", "auto_detect", "none")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MECHANISMS = ("XOAUTH2", "OAUTHBEARER", "LOGIN", "CRAM-MD5")
SECRETS = ("CANARYsecret0x", 'pässwörd"\\', "t" * 600)
CODES = ("220", "235", "250", "251", "334", "354", "421", "454", "500", "502", "535", "550", "554")
WORDS = (
    *("", "5.7.8 no", "2.0.0  OK", "4.7.0", "5.4.5 limit", "5.2.2", "5.7.80000 x", "***"),
    *("AUTH PLAIN LOGIN", "AUTH=CRAM-MD5 DIGEST-MD5", "auth xoauth2 oauthbearer", "SIZE 100"),
    *("\x1b[31m", "tab\tand\x0bmore", "no\u00a0break", "CANARYsecret0x", "x" * 600),
)
CHALLENGES = (
    *(b"<1@h>", b'nonce="n",realm="a\\"b",qop="auth"', b'realm="r"', b"nonce=abc,qop=auth-int"),
    *(b'{"status":"401","x":1.50}', b'{"a":1e400,"b":NaN}', b"[]", b"\xff", b""),
)


# -- what a mail server says


def mostly(usual: st.SearchStrategy, otherwise: st.SearchStrategy) -> st.SearchStrategy:
    """`usual`, seven times out of eight."""
    return st.sampled_from((*[usual] * 7, otherwise)).flatmap(lambda chosen: chosen)


words = mostly(st.sampled_from(WORDS), odd_texts).map(lambda text: text.encode("utf-8", "ignore"))
raw_words = mostly(words, st.binary(max_size=8)).map(lambda raw: raw.replace(b"\n", b""))
challenges = st.sampled_from(CHALLENGES) | values.map(lambda value: json.dumps(value).encode())
encoded = mostly(challenges.map(base64.b64encode), st.binary(max_size=6))


@st.composite
def replies(draw: st.DrawFn, code: str) -> bytes:
    """A reply; mostly with that code."""
    said = draw(mostly(st.just(code), st.sampled_from((*CODES, "999", "2x0", "45")))).encode()
    if said == b"334":
        return said + b" " + draw(encoded).replace(b"\n", b"") + b"\r\n"
    lines = draw(st.lists(raw_words, min_size=1, max_size=3))
    start = draw(st.sampled_from((b"", b"5.7.8 ", b"2.0.0 ")))
    end = draw(st.sampled_from((b"\r\n", b"\r\n", b"\n")))
    text = b"".join(said + b"-" + start + line + end for line in lines[:-1])
    bare = draw(st.booleans()) and not lines[-1]
    return text + said + (b"" if bare else b" " + start + lines[-1]) + end


EVERYTHING = "AUTH XOAUTH2 PLAIN LOGIN CRAM-MD5 DIGEST-MD5"
keywords = mostly(
    st.just([EVERYTHING]), st.lists(st.sampled_from(WORDS), min_size=1, max_size=4)
).map(
    lambda lines: b"".join(f"250-{line}\r\n".encode() for line in ("me", *lines)) + b"250 END\r\n"
)
talks = st.tuples(
    replies("220"),
    mostly(keywords, replies("502")),
    st.lists(st.sampled_from(("334", "235", "250")).flatmap(replies), min_size=1, max_size=3),
    st.tuples(replies("250"), replies("250"), replies("354"), replies("250")),
).map(lambda parts: [parts[0], parts[1], *parts[2], *parts[3]])


def speaking(talk: list[bytes]) -> Callable[[socket.socket], None]:
    """Say the first, then each next one after a line of the client's."""

    def say(connection: socket.socket) -> None:
        with connection.makefile("rb") as reader:
            for reply in talk:
                connection.sendall(reply)
                if not reader.readline():
                    return

    return say


def comparable(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts without what differs from one conversation to the next."""
    said = ["> (the message)" if line.startswith("> (the message") else line
            for line in facts["transcript"][1:]]  # fmt: skip
    return {**facts, "seconds": None, "message_id": bool(facts["message_id"]), "transcript": said}


@generated(60)
@given(talk=talks, level=st.sampled_from(LEVELS), secret=st.sampled_from(SECRETS))
def test_both_languages_hold_the_same_conversation(mono_host, talk, level, secret):
    found = []
    for code in (PythonMail(), MonoMail(mono_host)):
        with scripted_server(speaking(talk)) as port:
            account = {"host": "127.0.0.1", "port": port, "use_tls": False, "client_name": "me"}
            account |= {"smtp_security_level": level, "user_name": "a=,ü", "secret": secret}
            found.append(comparable(code.converse(account, MESSAGE, 20.0)))
    event(f"{found[0]['outcome']} at {found[0]['stage']}")
    assert found[1] == found[0]
    assert secret not in json.dumps(found, ensure_ascii=False)


texts = odd_texts.map(lambda text: text.encode("utf-8", "ignore").decode())


@generated(60)
@given(mechanism=st.sampled_from(MECHANISMS), user=texts, secret=texts, challenge=texts)
def test_both_languages_answer_the_same_challenge(mono_host, mechanism, user, secret, challenge):
    found = []
    for code in (PythonMail(), MonoMail(mono_host)):
        steps = code.exchange(mechanism, user, secret, "mail.example.edu", 587)
        found.append([next(steps), steps.send(challenge.encode())])
    assert found[1] == found[0]


@generated(60)
@given(user=texts, password=texts, more=texts, realm=texts)
def test_both_languages_digest_the_same_challenge(mono_host, user, password, more, realm):
    challenge = f'nonce="n\\\\\\"1", REALM = "{realm}" {more}'
    account = {"user": user, "password": password, "uri": "smtp/mail", "cnonce": "c"}
    expected = PythonMail().digest(challenge, "AUTHENTICATE", **account)
    assert MonoMail(mono_host).digest(challenge, "AUTHENTICATE", **account) == expected


@generated(80)
@given(subject=texts.map(lambda text: CONTROL.sub("", text)), body=texts)
def test_windows_hosts_write_a_message_that_says_what_it_should(mono_host, subject, body):
    given = {**MESSAGE, "subject": subject, "body": body}
    _, data = MonoMail(mono_host).message_bytes(given, None)
    mail = message_from_bytes(data, policy=SMTP)
    sent = body.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n") + "\n"
    assert mail["Subject"].rstrip() == subject.rstrip()
    assert mail.get_payload(decode=True).decode().replace("\r\n", "\n") == sent
    assert not mail.defects
    assert max(len(line) for line in data.split(b"\r\n")) <= 78
    assert data.isascii()


# -- what a token endpoint says

ANSWERS = (
    *('{"access_token": "CANARY1"}', '{"access_token": 5}', '{"access_token": ""}', "[]", "{", ""),
    *('{"error": "invalid_grant"}', '{"error": "slow_down"}', '{"error": ["invalid_grant"]}'),
    '{"error": "invalid_client", "error_description": "AADSTS7000222: it has expired"}',
)
bodies = st.sampled_from(ANSWERS).map(str.encode) | values.map(lambda v: json.dumps(v).encode())


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """An answer over HTTP, with its body in one of three ways."""
    status = draw(st.sampled_from((200, 200, 201, 302, 400, 400, 401, 429, 500, 503)))
    body, end = draw(bodies), draw(st.sampled_from((b"\r\n", b"\n")))
    head = [f"HTTP/1.{draw(st.sampled_from((0, 1)))} {status} Words".encode(), b"X-Odd: 1"]
    match draw(st.sampled_from(("length", "chunks", "end"))):
        case "length":
            head.append(b"content-length: " + str(len(body)).encode())
        case "chunks":
            head[0] = head[0].replace(b"/1.0", b"/1.1")
            head.append(b"Transfer-Encoding: chunked")
            cut = len(body) // 2
            pieces = [body[:cut], body[cut:]] if cut else [body]
            body = b"".join(b"%x;a=b\r\n%s\r\n" % (len(p), p) for p in pieces if p) + b"0\r\n\r\n"
    return end.join([*head, b"", b""]) + body


def answering(answer: bytes) -> Callable[[socket.socket], None]:
    """Read a whole request, and answer it."""

    def say(connection: socket.socket) -> None:
        with connection.makefile("rb") as reader:
            length = 0
            for line in iter(reader.readline, b"\r\n"):
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            reader.read(length)
            connection.sendall(answer)

    return say


@generated(40)
@given(answer=mostly(answers(), st.binary(max_size=40)))
def test_both_languages_read_the_same_of_a_token_endpoint(mono_host, answer):
    found = []
    for code in (PythonMail(), MonoMail(mono_host)):
        with scripted_server(answering(answer)) as port:
            url = f"http://127.0.0.1:{port}/token"
            entry = changed(oauth2_entry(), oauth2__access_token_url=url)
            found.append(code.prove_refresh(entry, None, 20.0))
    event(f"{found[0]['outcome']}, {found[0]['http_status']}")
    assert found[1] == found[0]

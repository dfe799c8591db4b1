from __future__ import annotations

import json
import socket
import time
from contextlib import ExitStack
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from provisioner.demo.certificates import ServerCertificate, make_certificate
from provisioner.demo.mail_server import Failure, MailServer
from tests.mail_samples import (
    ELSEWHERE,
    LONG_TOKEN,
    MAILBOX,
    PASSWORD,
    TOKEN,
    UNSCOPED_TOKEN,
    behaviour,
)
from tests.playbooks.mail_code import PythonMail
from tests.playbooks.scripted_server import lines, scripted_server

MESSAGE = {
    "from": MAILBOX,
    "to": ELSEWHERE,
    "subject": "Does it work?",
    "body": "It does.\n",
    "headers": {"X-Maps-Provisioner-Run": "run-1"},
}
MORE = '[true, {"a": null}]'
KEYS = {
    *("outcome", "stage", "code", "enhanced", "reply", "mechanism", "tls", "challenge"),
    *("message_id", "seconds", "transcript", "passing"),
}


@pytest.fixture
def converse(mail_code):
    """The conversation under test. No result may hold a secret, whatever happens."""

    def conversation(account, message=None, timeout=10.0):
        facts = mail_code.converse(account, message, timeout)
        assert set(facts) == KEYS
        assert "CANARY" not in json.dumps(facts)
        assert "Q0FOQVJZ" not in json.dumps(facts)  # the same in base64
        return facts

    return conversation


def account(server, certificate=None, **changes):
    return {
        "host": "localhost",
        "port": server if isinstance(server, int) else server.port,
        "use_tls": True,
        "smtp_security_level": "oauth2",
        "user_name": MAILBOX,
        "secret": TOKEN,
        "client_name": None,
        "ca_file": str(certificate.ca_file) if certificate else None,
        **changes,
    }


def gist(facts):
    return (facts["outcome"], facts["stage"], facts["code"], facts["enhanced"])


# -- signing in


@pytest.mark.parametrize(
    ("level", "offered", "mechanism"),
    [
        ("oauth2", ("PLAIN", "XOAUTH2", "OAUTHBEARER"), "XOAUTH2"),
        ("oauth2", ("OAUTHBEARER",), "OAUTHBEARER"),
        ("plain", ("PLAIN", "LOGIN"), "PLAIN"),
        ("login", ("PLAIN", "LOGIN"), "LOGIN"),
        ("cram_md5", ("CRAM-MD5",), "CRAM-MD5"),
        ("auto_detect", ("CRAM-MD5", "LOGIN", "PLAIN"), "PLAIN"),
        ("auto_detect", ("CRAM-MD5", "LOGIN"), "LOGIN"),
        ("auto_detect", ("CRAM-MD5",), "CRAM-MD5"),
    ],
)
def test_a_mail_goes_out_with_every_mechanism(
    mail_code, converse, certificate, level, offered, mechanism
):
    secret = TOKEN if level == "oauth2" else PASSWORD
    with MailServer(certificate, behaviour(mechanisms=offered)) as server:
        facts = converse(
            account(server, certificate, smtp_security_level=level, secret=secret), MESSAGE
        )
        assert gist(facts) == ("sent", "data", 250, "2.0.0")
        assert (facts["mechanism"], facts["tls"]) == (mechanism, mail_code.newest_tls)
        assert server.received[0].user == MAILBOX


@pytest.mark.parametrize("level", ["none", "auto_detect"])
def test_without_a_user_nobody_signs_in(converse, certificate, level):
    nobody = {"user_name": None, "secret": None, "smtp_security_level": level}
    with MailServer(certificate, behaviour(mechanisms=())) as server:
        facts = converse(account(server, certificate, **nobody), MESSAGE)
        assert (facts["outcome"], facts["mechanism"]) == ("sent", None)
        assert server.received[0].user is None


def test_in_the_clear_auto_detect_shows_no_password(converse, certificate):
    offered = ("PLAIN", "LOGIN", "CRAM-MD5")
    with MailServer(None, behaviour(mechanisms=offered, starttls=False)) as server:
        open_account = account(
            server, use_tls=False, smtp_security_level="auto_detect", secret=PASSWORD
        )
        facts = converse(open_account)
    assert (facts["outcome"], facts["mechanism"], facts["tls"]) == (
        "authenticated",
        "CRAM-MD5",
        None,
    )


def test_signing_in_only_sends_no_mail(converse, certificate, mail_server):
    facts = converse(account(mail_server, certificate))
    assert gist(facts) == ("authenticated", "auth", 235, "2.7.0")
    assert facts["message_id"] is None
    assert "MAIL" not in " ".join(mail_server.transcript)


def test_a_token_longer_than_a_line_is_sent_after_the_334(converse, certificate, mail_server):
    facts = converse(account(mail_server, certificate, secret=LONG_TOKEN), MESSAGE)
    assert facts["outcome"] == "sent"
    assert len(LONG_TOKEN) > mail_server.behaviour.longest_line


def test_tls_from_the_first_byte(mail_code, converse, certificate):
    with MailServer(certificate, behaviour(implicit_tls=True)) as server:
        facts = converse(account(server, certificate, implicit_tls=True), MESSAGE)
        assert (facts["outcome"], facts["tls"]) == ("sent", mail_code.newest_tls)
        assert "STARTTLS" not in server.transcript


@pytest.mark.xdist_group("port 465")  # there is one
def test_on_port_465_tls_starts_with_the_first_byte(converse, certificate):
    try:
        server = MailServer(certificate, behaviour(implicit_tls=True), address=("127.0.0.77", 465))
    except OSError as error:
        pytest.skip(f"port 465 cannot be had here: {error.strerror}")
    with server:
        facts = converse(account(server, certificate, host="127.0.0.77"))
    assert facts["outcome"] == "authenticated"


# -- the sign-in is refused


def test_a_refused_token_shows_the_provider_s_own_error(converse, certificate, mail_server):
    facts = converse(account(mail_server, certificate, secret="CANARYrevoked"), MESSAGE)
    assert gist(facts) == ("wrong", "auth", 535, "5.7.8")
    assert facts["challenge"] == {"schemes": "bearer", "status": "401", "scope": "smtp"}
    assert facts["reply"] == "5.7.8 Authentication failed."
    assert mail_server.received == []


def test_a_token_without_the_scope(converse, certificate, mail_server):
    facts = converse(account(mail_server, certificate, secret=UNSCOPED_TOKEN))
    assert (facts["outcome"], facts["challenge"]["status"]) == ("wrong", "403")


def test_oauthbearer_is_refused_in_the_same_way(converse, certificate):
    with MailServer(certificate, behaviour(mechanisms=("OAUTHBEARER",))) as server:
        facts = converse(account(server, certificate, secret="CANARYrevoked"))
    assert gist(facts) == ("wrong", "auth", 535, "5.7.8")
    assert facts["challenge"]["status"] == "invalid_token"


def test_a_token_of_somebody_else(converse, certificate, mail_server):
    facts = converse(account(mail_server, certificate, user_name=ELSEWHERE))
    assert gist(facts) == ("wrong", "auth", 535, "5.7.8")
    assert facts["challenge"] is None


@pytest.mark.parametrize(
    ("level", "mechanism"), [("plain", "PLAIN"), ("login", "LOGIN"), ("cram_md5", "CRAM-MD5")]
)
def test_a_wrong_password(converse, certificate, level, mechanism):
    with MailServer(certificate, behaviour(mechanisms=(mechanism,))) as server:
        facts = converse(
            account(server, certificate, smtp_security_level=level, secret="CANARYwrong")
        )
    assert gist(facts) == ("wrong", "auth", 535, "5.7.8")


def test_no_mechanism_in_common(converse, certificate, mail_server):
    facts = converse(account(mail_server, certificate, smtp_security_level="cram_md5"))
    assert gist(facts) == ("wrong", "auth", None, None)
    assert facts["reply"] == (
        "the server offers no mechanism that fits cram_md5; it offers XOAUTH2"
    )


def test_a_transcript_has_all_stages_and_nothing_of_the_sign_in(converse, certificate, mail_server):
    facts = converse(account(mail_server, certificate), MESSAGE)
    said = facts["transcript"]
    assert said[0].endswith(f", port {mail_server.port})")
    assert said[1] == "< 220 localhost ESMTP demo"
    assert f"({facts['tls']}, certificate verified)" in said
    sign_in = said.index("> AUTH XOAUTH2 ***")
    assert said[sign_in + 1] == "< 235 2.7.0 Logged in."
    assert f"> MAIL FROM:<{MAILBOX}>" in said
    assert any(line.startswith("> (the message, ") for line in said)
    assert said[-2:] == ["< 250 2.0.0 OK 1 queued", "> QUIT"]


@pytest.mark.parametrize(("level", "mechanism"), [("login", "LOGIN"), ("cram_md5", "CRAM-MD5")])
def test_a_transcript_masks_what_answers_a_challenge(converse, certificate, level, mechanism):
    with MailServer(certificate, behaviour(mechanisms=(mechanism,))) as server:
        chosen = account(server, certificate, smtp_security_level=level, secret=PASSWORD)
        said = converse(chosen)["transcript"]
    begun = said.index("> AUTH " + mechanism)
    exchange = [line for line in said[begun + 1 :] if line != "> QUIT"]
    assert set(exchange[:-1]) == {"< 334 ***", "> ***"}
    assert exchange[-1] == "< 235 2.7.0 Logged in."


def test_cram_sha1_is_neither_proven_nor_called_wrong(converse, certificate, mail_server):
    facts = converse(account(mail_server, certificate, smtp_security_level="cram_sha1"), MESSAGE)
    assert gist(facts) == ("unprovable", "auth", None, None)
    assert facts["reply"] == "CRAM-SHA1 cannot be proven from here: only MAPS speaks it"


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"user_name": None}, "there is no user name to sign in with"),
        ({"secret": None}, "there is no secret to sign in with"),
    ],
)
def test_nothing_to_sign_in_with(converse, certificate, mail_server, missing, words):
    facts = converse(account(mail_server, certificate, **missing))
    assert (*gist(facts), facts["reply"]) == ("wrong", "auth", None, None, words)


# -- TLS


def test_a_certificate_of_an_unknown_ca(converse, mail_server):
    facts = converse(account(mail_server))
    assert gist(facts)[:2] == ("wrong", "tls")
    assert facts["reply"].startswith("certificate not accepted: ")
    assert "AUTH" not in " ".join(mail_server.transcript)


def test_a_certificate_for_another_name(converse, tmp_path):
    other = make_certificate(tmp_path, "mail.example.edu", rsa=True)
    with MailServer(other, behaviour()) as server:
        facts = converse(account(server, other))
    assert gist(facts)[:2] == ("wrong", "tls")
    assert "Hostname mismatch" in facts["reply"]


def test_a_certificate_that_has_expired(converse, tmp_path):
    from datetime import UTC, datetime, timedelta

    old = make_certificate(
        tmp_path, "localhost", valid_until=datetime.now(UTC) - timedelta(minutes=1), rsa=True
    )
    with MailServer(old, behaviour()) as server:
        facts = converse(account(server, old))
    assert gist(facts)[:2] == ("wrong", "tls")
    assert "expired" in facts["reply"]


def test_a_ca_file_that_is_not_there(converse, certificate, mail_server):
    facts = converse(account(mail_server, certificate, ca_file="/nowhere/ca.pem"))
    assert gist(facts)[:2] == ("wrong", "tls")
    assert facts["reply"] == (
        "the CA file /nowhere/ca.pem cannot be used: No such file or directory"
    )


def test_a_server_of_old_tls_only(converse, certificate):
    import ssl
    import warnings

    with MailServer(certificate, behaviour()) as server:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            server.context.maximum_version = ssl.TLSVersion.TLSv1_1
            server.context.minimum_version = ssl.TLSVersion.TLSv1
        facts = converse(account(server, certificate))
        assert "AUTH" not in " ".join(server.transcript)
    # Its alert may come in one piece with its reply to STARTTLS.
    assert gist(facts)[:2] in {("wrong", "tls"), ("wrong", "starttls")}


def test_without_starttls_nothing_is_sent_in_the_clear(converse, certificate):
    with MailServer(certificate, behaviour(starttls=False)) as server:
        facts = converse(account(server, certificate), MESSAGE)
        assert gist(facts)[:2] == ("wrong", "starttls")
        assert {line.split()[0] for line in server.transcript} <= {"EHLO", "QUIT"}


def test_words_slipped_in_before_the_handshake_are_not_trusted(converse):
    talk = lines("220 hello", "250-me\r\n250 STARTTLS", "220 go\r\n235 2.7.0 welcome")
    with scripted_server(talk) as port:
        facts = converse(account(port))
    assert gist(facts)[:2] == ("wrong", "starttls")
    assert "not trusted" in facts["reply"]


def test_tls_expected_where_none_is_spoken(converse, certificate, mail_server):
    facts = converse(account(mail_server, certificate, implicit_tls=True))
    assert gist(facts)[:2] == ("wrong", "tls")


# -- what a server may say at each stage


@pytest.mark.parametrize(
    ("stage", "reply", "expected"),
    [
        ("greeting", "421 4.7.0 Try again later", ("inconclusive", "greeting", 421, "4.7.0")),
        ("greeting", "554 5.7.1 Not you", ("wrong", "greeting", 554, "5.7.1")),
        ("ehlo", "550 5.5.0 Bad name", ("wrong", "ehlo", 550, "5.5.0")),
        ("starttls", "454 4.7.0 Not now", ("inconclusive", "starttls", 454, "4.7.0")),
        ("auth", "454 4.7.0 Too many login attempts", ("inconclusive", "auth", 454, "4.7.0")),
        ("auth", "535 5.7.139 SmtpClientAuthentication", ("wrong", "auth", 535, "5.7.139")),
        ("response", "535 5.7.3 Unsuccessful", ("wrong", "auth", 535, "5.7.3")),
        ("mail", "432 4.3.2 Concurrent connections", ("inconclusive", "mail", 432, "4.3.2")),
        ("mail", "550 5.7.60 SendAsDenied", ("wrong", "mail", 550, "5.7.60")),
        ("rcpt", "550 5.1.1 No such user", ("wrong", "rcpt", 550, "5.1.1")),
        ("rcpt", "452 4.2.2 Over quota", ("inconclusive", "rcpt", 452, "4.2.2")),
        ("data", "554 5.7.0 Policy", ("wrong", "data", 554, "5.7.0")),
        ("message", "554 5.2.252 SendAsDenied", ("wrong", "data", 554, "5.2.252")),
        ("message", "550 5.4.5 Daily limit", ("inconclusive", "data", 550, "5.4.5")),
        ("message", "552 5.2.2 Mailbox full", ("inconclusive", "data", 552, "5.2.2")),
        ("message", "550 No more words", ("wrong", "data", 550, None)),
    ],
)
def test_each_stage_and_code(converse, certificate, mail_server, stage, reply, expected):
    mail_server.behaviour.failures[stage] = Failure(reply)
    facts = converse(account(mail_server, certificate), MESSAGE)
    assert gist(facts) == expected
    assert facts["reply"] == reply.partition(" ")[2]
    assert mail_server.received == []


@pytest.mark.parametrize(
    ("at", "outcome", "stage"),
    [
        ("greeting", "unreachable", "greeting"),
        ("ehlo", "unreachable", "ehlo"),
        ("starttls", "unreachable", "starttls"),
        ("tls", "unreachable", "tls"),
        ("auth", "inconclusive", "auth"),
        ("response", "inconclusive", "auth"),
        ("mail", "inconclusive", "mail"),
        ("rcpt", "inconclusive", "rcpt"),
        ("data", "inconclusive", "data"),
        ("message", "inconclusive", "data"),
    ],
)
def test_a_server_that_hangs_up(converse, certificate, mail_server, at, outcome, stage):
    mail_server.behaviour.failures[at] = Failure(None)
    facts = converse(account(mail_server, certificate), MESSAGE)
    assert gist(facts) == (outcome, stage, None, None)


@pytest.mark.parametrize(
    ("at", "outcome", "stage"),
    [
        ("greeting", "unreachable", "greeting"),
        ("auth", "inconclusive", "auth"),
        ("message", "inconclusive", "data"),
    ],
)
def test_a_server_that_stops_answering(converse, certificate, mail_server, at, outcome, stage):
    mail_server.behaviour.failures[at] = Failure("250 at last", delay=2.5)
    facts = converse(account(mail_server, certificate), MESSAGE, timeout=1.0)
    assert gist(facts) == (outcome, stage, None, None)
    assert facts["reply"] == "no answer within 1 s"


def test_a_server_that_never_begins_with_tls(converse):
    talk = lines("220 hello", "250-me\r\n250 STARTTLS", "220 go")

    def hang(connection):
        talk(connection)
        while connection.recv(4096):
            pass

    with scripted_server(hang) as port:
        facts = converse(account(port), MESSAGE, timeout=1.0)
    assert (*gist(facts), facts["reply"]) == (
        *("unreachable", "tls", None, None),
        "no answer within 1 s",
    )


def test_a_server_that_does_not_even_accept(converse):
    # Linux leaves the third packet of a connection alone while the queue is full.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as stack:
        place = listener.getsockname()
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(place)
        facts = converse(account(place[1], host="127.0.0.1"), timeout=1.0)
    assert (*gist(facts), facts["reply"]) == (
        *("unreachable", "connect", None, None),
        "no answer within 1 s",
    )


def test_a_server_that_drips_is_no_way_to_hold_us_up(converse):
    def talk(connection):
        while True:
            connection.sendall(b"2")
            time.sleep(0.05)

    with scripted_server(talk) as port:
        facts = converse(account(port), timeout=1.0)
    assert (*gist(facts), facts["reply"]) == (
        *("unreachable", "greeting", None, None),
        "no answer within 1 s",
    )


def test_several_lines_become_one(converse):
    reply = "535-5.7.8 Username and Password\r\n535-5.7.8 not accepted.\x1b[31m\r\n535 5.7.8  See"
    talk = lines("220 hello", "250-me\r\n250 AUTH PLAIN", reply)
    with scripted_server(talk) as port:
        facts = converse(account(port, use_tls=False, smtp_security_level="plain"))
    assert gist(facts) == ("wrong", "auth", 535, "5.7.8")
    assert facts["reply"] == "5.7.8 Username and Password not accepted. [31m See"


@pytest.mark.parametrize(
    ("greeting", "words"),
    [
        ("HTTP/1.1 400 Bad Request", "not a reply of an SMTP server: HTTP/1.1 400 Bad Request"),
        ("220 " + "x" * 20000, "a line longer than 8192 bytes"),
        ("220-more\r\n" * 8000 + "220 end", "a reply longer than 65536 bytes"),
    ],
)
def test_what_is_no_smtp_server(converse, greeting, words):
    with scripted_server(lines(greeting)) as port:
        facts = converse(account(port))
    assert (*gist(facts), facts["reply"]) == ("wrong", "greeting", None, None, words)


def test_an_old_server_without_ehlo(converse):
    talk = lines("220 hello", "502 what?", "250 hello you", "250 ok", "250 ok", "354 go")
    with scripted_server(talk) as port:
        facts = converse(account(port, use_tls=False, smtp_security_level="none"), MESSAGE)
    assert (facts["stage"], facts["outcome"]) == ("data", "inconclusive")


def test_replies_without_words(converse):
    talk = lines("220", "250", "250", "250", "354", "250")
    with scripted_server(talk) as port:
        facts = converse(account(port, use_tls=False, smtp_security_level="none"), MESSAGE)
    assert gist(facts) == ("sent", "data", 250, None)


def test_nobody_listens(converse):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    facts = converse(account(port))
    assert (*gist(facts), facts["reply"]) == (
        *("unreachable", "connect", None, None),
        "Connection refused",
    )


@pytest.mark.parametrize(
    ("number", "outcome", "words"),
    [
        (socket.EAI_NONAME, "wrong", "unknown host name: nope"),
        (socket.EAI_AGAIN, "unreachable", "name resolution failed for now: nope"),
    ],
)
def test_names_that_do_not_resolve(monkeypatch, number, outcome, words):
    # A real resolver's answer depends on the network that the test runs in.
    def fail(*_arguments, **_names):
        raise socket.gaierror(number, "nope")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    facts = PythonMail().converse(account(25, host="mail.example.edu"), None, 10.0)
    assert (*gist(facts), facts["reply"]) == (outcome, "resolve", None, None, words)


@pytest.mark.parametrize(
    ("code", "status", "unknown", "words"),
    [
        ("HostNotFound", 9003, True, "unknown host name: nope"),
        ("HostNotFound", 9501, True, "unknown host name: nope"),
        ("NoData", 9003, True, "unknown host name: nope"),
        ("HostNotFound", 1460, False, "name resolution failed for now: nope"),
        ("TryAgain", 9003, False, "name resolution failed for now: nope"),
    ],
)
def test_names_that_do_not_resolve_on_windows(mono_host, code, status, unknown, words):
    said = mono_host.call("mail.resolver_failure", code=code, status=status, words="nope")
    assert said == [unknown, words]


@pytest.mark.parametrize("host", ["mail..example.edu", "x" * 64 + ".example.edu"])
def test_what_can_be_no_host_name(converse, host):
    facts = converse(account(25, host=host))
    assert (*gist(facts), facts["reply"]) == (
        *("wrong", "resolve", None, None),
        "this is not a host name",
    )


def test_a_resolver_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_n: time.sleep(1.0))
    facts = PythonMail().converse(account(25, host="mail.example.edu"), None, 0.2)
    assert gist(facts) == ("unreachable", "resolve", None, None)
    assert facts["seconds"] < 0.9
    time.sleep(1.0)


# -- nothing breaks out of its line, no secret comes back


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({"host": "localhost\r\nQUIT"}, "resolve"),
        ({"host": ""}, "resolve"),
        ({"port": 0}, "resolve"),
        ({"client_name": "me\r\nMAIL FROM:<x@y>"}, "ehlo"),
        ({"client_name": "two words"}, "ehlo"),
        ({"client_name": "a-line-feed\n"}, "ehlo"),
        ({"user_name": "me\x01auth=Bearer x"}, "auth"),
        ({"secret": "CANARY\x01host=evil"}, "auth"),
        ({"secret": "CANARY\0x", "smtp_security_level": "plain"}, "auth"),
    ],
)
def test_an_account_that_would_break_out(converse, certificate, mail_server, changes, stage):
    facts = converse(account(mail_server, certificate, **changes), MESSAGE)
    assert gist(facts) == ("wrong", stage, None, None)
    assert mail_server.transcript == []


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({"from": "a@example.edu>\r\nRCPT TO:<b@example.edu"}, "mail"),
        ({"from": "a@example.edu> SIZE=1"}, "mail"),
        ({"from": "nobody"}, "mail"),
        ({"from": "a@example.edu\n"}, "mail"),
        ({"to": "a@example.edu\r\nDATA"}, "rcpt"),
        ({"to": "jürgen@example.edu"}, "rcpt"),
        ({"subject": "a\r\nBcc: everybody@example.edu"}, "data"),
        ({"headers": {"X-A": "1\r\nBcc: everybody@example.edu"}}, "data"),
        ({"headers": {"X-A: 1\r\nBcc": "everybody@example.edu"}}, "data"),
        ({"headers": {"Bcc": "everybody@example.edu"}}, "data"),
        ({"headers": {"X-A\n": "1"}}, "data"),
        ({"headers": {"Message-ID": "<mine@example.edu>"}}, "data"),
    ],
)
def test_a_message_that_would_break_out(converse, certificate, mail_server, changes, stage):
    facts = converse(account(mail_server, certificate), {**MESSAGE, **changes})
    assert gist(facts) == ("wrong", stage, None, None)
    assert mail_server.transcript == []


@pytest.mark.parametrize("cut", [None, 60, 100])
def test_a_server_that_repeats_what_it_heard(converse, cut):
    def talk(connection):
        with connection.makefile("rb") as reader:
            connection.sendall(b"220 hello\r\n")
            reader.readline()
            connection.sendall(b"250-me\r\n250 AUTH XOAUTH2\r\n")
            heard = reader.readline().strip()[:cut]
            connection.sendall(b"535 5.7.8 I heard: " + heard + b" " + TOKEN.encode() + b"\r\n")
            reader.readline()

    with scripted_server(talk) as port:
        facts = converse(account(port, use_tls=False))
    assert gist(facts) == ("wrong", "auth", 535, "5.7.8")
    assert facts["reply"] == "5.7.8 I heard: AUTH XOAUTH2 *** ***"


def test_a_challenge_that_repeats_the_token(converse):
    import base64

    challenge = base64.b64encode(json.dumps({"status": "400", "token": TOKEN}).encode()).decode()
    talk = lines("220 hello", "250-me\r\n250 AUTH XOAUTH2", "334 " + challenge, "535 5.7.8 no")
    with scripted_server(talk) as port:
        facts = converse(account(port, use_tls=False))
    assert facts["challenge"] == {"status": "400", "token": "***"}


@pytest.mark.parametrize(
    ("challenge", "shown"),
    [
        ('{"status": 401, "more": [true, {"a": null}]}', {"status": "401", "more": MORE}),
        ("[" * 5000, None),
        ("[]", None),
        ("not JSON", None),
        ("\xff", None),
    ],
)
def test_challenges_of_every_kind(converse, challenge, shown):
    import base64

    encoded = base64.b64encode(challenge.encode("latin-1")).decode()
    talk = lines("220 hello", "250-me\r\n250 AUTH XOAUTH2", "334 " + encoded, "535 5.7.8 no")
    with scripted_server(talk) as port:
        facts = converse(account(port, use_tls=False))
    assert gist(facts) == ("wrong", "auth", 535, "5.7.8")
    assert facts["challenge"] == shown


# -- the message itself


def test_what_arrives(converse, certificate, mail_server, tmp_path: Path):
    message = {
        **MESSAGE,
        "subject": "Grüße aus Zürich ✓",
        "body": "Größe\n.\n..\n.hidden\n" + "x" * 2000 + "\n",
    }
    before = time.time()
    facts = converse(account(mail_server, certificate, client_name="maps.example.edu"), message)
    mail = mail_server.received[0]
    assert (mail.sender, mail.recipients) == (MAILBOX, (ELSEWHERE,))
    assert mail.data.isascii()
    assert max(len(line) for line in mail.data.splitlines()) <= 998
    assert str(make_header(decode_header(mail.message["Subject"]))) == message["subject"]
    assert mail.message.get_content().replace("\r\n", "\n") == message["body"]
    assert mail.message["X-Maps-Provisioner-Run"] == "run-1"
    assert mail.message["Message-ID"] == facts["message_id"]
    assert facts["message_id"].endswith("@maps.example.edu>")
    assert abs(parsedate_to_datetime(mail.message["Date"]).timestamp() - before) < 5
    assert (tmp_path / "0001.eml").read_bytes() == mail.data
    assert mail_server.transcript[0] == "EHLO maps.example.edu"


def test_the_certificate_s_key_is_private(certificate: ServerCertificate):
    assert certificate.key_file.stat().st_mode & 0o777 == 0o600

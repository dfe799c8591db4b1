"""The account, the message, what an answer proves, and a real conversation from here."""

import json
import socket
from dataclasses import asdict, replace
from email import message_from_bytes
from email.policy import SMTP
from email.utils import parsedate_to_datetime

import pytest

from provisioner.errors import InvalidProject
from provisioner.secret import Secret
from provisioner.smtp.client import (
    SmtpAccount,
    SmtpAnswer,
    check_login,
    foreseen,
    judge,
    send_test_email,
)
from provisioner.smtp.message import test_message
from tests.hosts.smtp.conversation_cases import encoded, hello
from tests.hosts.smtp.talk import answer
from tests.support.mail_samples import ELSEWHERE, MAILBOX, TOKEN
from tests.support.scripted_smtp import scripted_server

ACCOUNT = SmtpAccount(
    host="mail.example.edu",
    port=587,
    use_tls=True,
    smtp_security_level="oauth2",
    user_name=MAILBOX,
    secret=Secret(TOKEN),
)


def message(server_name="Reports", **changes):
    given = {
        **{"host": "mail.example.edu", "port": 587, "client_name": None, "run_id": "run-7"},
        **{"sender": MAILBOX, "recipient": ELSEWHERE, "sent_from": "maps1"},
    }
    return test_message(server_name, **{**given, **changes})


# -- the operation


@pytest.mark.parametrize(
    ("level", "use_tls", "user", "mechanisms"),
    [
        ("oauth2", True, MAILBOX, ["XOAUTH2", "OAUTHBEARER"]),
        ("plain", True, MAILBOX, ["PLAIN"]),
        ("login", True, MAILBOX, ["LOGIN"]),
        ("cram_md5", False, MAILBOX, ["CRAM-MD5"]),
        ("auto_detect", True, MAILBOX, ["PLAIN", "LOGIN", "CRAM-MD5"]),
        ("auto_detect", False, MAILBOX, ["CRAM-MD5", "PLAIN", "LOGIN"]),
        ("auto_detect", True, None, []),
        ("none", True, MAILBOX, []),
    ],
)
def test_the_mechanisms_of_a_level(level, use_tls, user, mechanisms):
    account = replace(ACCOUNT, smtp_security_level=level, use_tls=use_tls, user_name=user)
    operation = account.operation(None)
    assert operation["mechanisms"] == mechanisms
    assert (operation["user"], operation["secret"]) == (
        (user, TOKEN) if mechanisms else (None, None)
    )


@pytest.mark.parametrize(
    ("port", "use_tls", "tls"),
    [(25, False, "none"), (465, False, "none"), (587, True, "starttls"), (465, True, "implicit")],
)
def test_how_tls_begins(port, use_tls, tls):
    assert replace(ACCOUNT, port=port, use_tls=use_tls).operation(None)["tls"] == tls


def test_an_operation_holds_all_that_a_host_needs():
    account = replace(ACCOUNT, secret=None, placeholder="hmac:0a", ca_file="C:\\ca.pem")
    mail = message()
    assert account.operation(mail, timeout=5) == {
        **{"op": "smtp", "host": "mail.example.edu", "port": 587, "tls": "starttls"},
        **{"ca_file": "C:\\ca.pem", "client_name": None, "user": MAILBOX, "secret": "hmac:0a"},
        **{"mechanisms": ["XOAUTH2", "OAUTHBEARER"], "sender": MAILBOX, "recipient": ELSEWHERE},
        **{"message": mail.text, "timeout": 5},
    }
    json.dumps(account.operation(None))


@pytest.mark.parametrize(
    ("changes", "outcome", "words"),
    [
        ({"smtp_security_level": "cram_sha1"}, "unverifiable", "CRAM-SHA1 cannot be verified"),
        ({"smtp_security_level": "digest_md5"}, "unverifiable", "DIGEST-MD5 cannot be verified"),
        ({"user_name": None}, "wrong", "there is no user name to sign in with"),
        ({"secret": None}, "wrong", "there is no secret to sign in with"),
    ],
)
def test_what_is_known_before_any_conversation(changes, outcome, words):
    account = replace(ACCOUNT, host="localhost", port=1, **changes)
    for result in (foreseen(account), check_login(account)):
        assert (result.outcome, result.stage, result.code) == (outcome, "auth", None)
        assert result.reply.startswith(words)
    assert foreseen(ACCOUNT) is None
    assert foreseen(replace(account, **{**changes, "smtp_security_level": "none"})) is None


# -- what an answer proves; tests/hosts/smtp/conversation_cases.py has an outcome for each fact


def judged(account=ACCOUNT, **facts):
    return judge(SmtpAnswer(**{"done": False, "stage": "auth", **facts}), account, None)


@pytest.mark.parametrize(
    ("reply", "enhanced", "text"),
    [
        ("5.7.8 Bad\n5.7.8 credentials.\n5.7.8  See", "5.7.8", "5.7.8 Bad credentials. See"),
        ("Bad\n5.7.8 credentials", "5.7.8", "Bad credentials"),
        ("5.7.8 Bad\nend", None, "5.7.8 Bad end"),
        ("5.2.252 SendAsDenied", "5.2.252", "5.2.252 SendAsDenied"),
        ("5.7.80000 x", None, "5.7.80000 x"),
        ("5.7.8", "5.7.8", "5.7.8"),
        ("a\x1b[31m\u202e", None, "a<U+001B>[31m<U+202E>"),
        ("", None, ""),
    ],
)
def test_several_lines_become_one(reply, enhanced, text):
    result = judged(code=535, reply=reply)
    assert (result.outcome, result.enhanced, result.reply) == ("wrong", enhanced, text)


@pytest.mark.parametrize(
    ("stage", "error", "about", "reply"),
    [
        ("resolve", "no_host_name", None, "this is not a host name"),
        ("resolve", "unknown_host", "nope", "unknown host name: nope"),
        ("resolve", "unresolved", "nope", "name resolution failed for now: nope"),
        ("connect", "unreachable", "Connection refused", "Connection refused"),
        ("auth", "closed", None, "the server closed the connection"),
        ("auth", "timeout", "30 s", "no answer within 30 s"),
        ("tls", "tls", "WRONG_VERSION", "TLS failed: WRONG_VERSION"),
        ("tls", "certificate", "certificate has expired", "certificate not accepted: certificate "),
        ("tls", "ca_file", "No such file", "the CA file None cannot be used: No such file"),
        ("greeting", "no_smtp", "HTTP/1.1", "not a reply of an SMTP server: HTTP/1.1"),
        ("greeting", "too_long", "line", "the server's line is too long"),
        ("auth", "no_mechanism", "PLAIN", "the server offers no mechanism that fits oauth2; it of"),
        ("auth", "no_mechanism", None, "the server offers no mechanism that fits oauth2; it offers "
         "none"),
        ("mail", "unsendable", "sender", "the sender is not one that an SMTP command can hold"),
        ("auth", "no_md5", None, "this host forbids MD5"),
        ("auth", "new{0.__class__}", "x\x1b", "new{0.__class__}"),
        ("auth", "tls", "{level}\x1b", "TLS failed: {level}<U+001B>"),
    ],
)  # fmt: skip
def test_an_error_is_a_sentence(stage, error, about, reply):
    assert judged(stage=stage, error=error, about=about).reply.startswith(reply)


@pytest.mark.parametrize(
    ("facts", "outcome", "passing"),
    [
        ({"stage": "mail", "error": "tls"}, "inconclusive", False),
        ({"stage": "auth", "error": "no_md5"}, "inconclusive", False),
        ({"error": "of a newer host"}, "inconclusive", False),
        ({"reason": "moved"}, "inconclusive", False),
        ({"error": "no_mechanism", "about": "X-OWN DIGEST-MD5"}, "wrong", False),
    ],
)
def test_what_proves_nothing(facts, outcome, passing):
    result = judged(**facts)
    assert (result.outcome, result.passing) == (outcome, passing)


@pytest.mark.parametrize(
    ("offered", "outcome"), [("DIGEST-MD5", "unverifiable"), ("X-OWN", "wrong"), (None, "wrong")]
)
def test_where_maps_may_well_find_a_mechanism(offered, outcome):
    account = replace(ACCOUNT, smtp_security_level="auto_detect")
    assert judged(account, error="no_mechanism", about=offered).outcome == outcome


@pytest.mark.parametrize(
    ("challenge", "shown"),
    [
        (
            '{"status": 401, "more": [true, {"a": null}]}',
            {"status": "401", "more": '[true, {"a": null}]'},
        ),
        ('{"a\\u001b": "b\\u202e"}', {"a<U+001B>": "b<U+202E>"}),
        ("[" * 4000, None),
        ("[]", None),
        ("not JSON", None),
        (None, None),
    ],
)
def test_a_challenge_is_shown_as_texts(challenge, shown):
    assert judged(code=535, challenge=challenge).challenge == shown


def test_a_message_id_is_of_a_message_that_was_begun():
    mail = message()
    for stage, named in (("auth", None), ("mail", mail.message_id), ("data", mail.message_id)):
        assert judge(SmtpAnswer(done=False, stage=stage), ACCOUNT, mail).message_id == named


# -- the message


@pytest.mark.parametrize(
    "name",
    [
        *("Reports", "Grüße aus Zürich ✓", "很长的名字" * 30, "\N{GRINNING FACE}" * 40),
        *("many words " * 20 + "end", "x" * 300, '"quoted" <and> bracketed, with; marks: all.'),
    ],
)
def test_a_message_says_which_server(name):
    mail = message(name, document="generation 7, 0a1b")
    data = mail.text.encode("ascii")
    read = message_from_bytes(data, policy=SMTP)
    # Where it folds, the email package of Python 3.11 may lose a blank between encoded words.
    subject = f'Test email of the MAPS email server "{name}"'
    assert read["Subject"].replace(" ", "") == subject.replace(" ", "")
    body = read.get_content()
    for line in (f'server "{name}",', "Sent from: maps1", "Document:  generation 7, 0a1b"):
        assert line in body
    assert not read.defects
    assert read["Content-Transfer-Encoding"] != "8bit"
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert max(len(line) for line in data.split(b"\r\n")) <= 78


@pytest.mark.parametrize(
    ("client_name", "domain"), [(None, "example.edu"), ("maps.example.edu", "maps.example.edu")]
)
def test_the_headers_of_a_message(client_name, domain):
    mail = message(client_name=client_name)
    read = message_from_bytes(mail.text.encode("ascii"), policy=SMTP)
    assert [*read.keys()] == [
        *("From", "To", "Subject", "Date", "Message-ID", "X-Maps-Provisioner-Run"),
        *("Auto-Submitted", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
    ]
    assert (read["From"], read["To"]) == (MAILBOX, ELSEWHERE)
    assert read["Message-ID"] == mail.message_id
    assert mail.message_id.endswith(f"@{domain}>")
    assert mail.message_id != message(client_name=client_name).message_id
    assert read["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(read["Date"]).tzinfo is not None


@pytest.mark.parametrize("sender", ["a@b\r\nBcc: c@d", "DOMAIN\\user", "jürgen@example.edu", ""])
def test_an_odd_sender_adds_nothing_to_a_message(sender):
    mail = message("a\r\nBcc: c@d", sender=sender, sent_from="x\r\nBcc: c@d")
    assert mail.sender == sender
    assert mail.text.isascii()
    assert message_from_bytes(mail.text.encode())["Bcc"] is None
    given = {**ACCOUNT.operation(mail), "host": "127.0.0.1", "port": 1}
    assert answer(given)["about"] == "sender"


# -- from this machine


@pytest.fixture
def account(mail_server, certificate):
    place = {"host": "localhost", "port": mail_server.port, "ca_file": str(certificate.ca_file)}
    return replace(ACCOUNT, **place)


def test_signing_in(account, mail_server):
    result = check_login(account)
    assert (result.outcome, result.code, result.mechanism) == ("authenticated", 235, "XOAUTH2")
    assert (result.enhanced, result.tls, result.message_id) == ("2.7.0", "TLSv1.3", None)
    assert 0 < result.seconds < 10
    assert mail_server.received == []


def test_a_test_email(account, mail_server):
    result = send_test_email(account, MAILBOX, ELSEWHERE, "run-7", server_name="Reports")
    assert (result.outcome, result.code, result.enhanced) == ("sent", 250, "2.0.0")
    mail = mail_server.received[0]
    assert (mail.sender, mail.recipients, mail.user) == (MAILBOX, (ELSEWHERE,), MAILBOX)
    assert mail.message["Message-ID"] == result.message_id
    assert mail.message["X-Maps-Provisioner-Run"] == "run-7"
    assert mail.message["Subject"] == 'Test email of the MAPS email server "Reports"'
    body = mail.message.get_content()
    assert f"Server:    localhost:{mail_server.port}" in body
    assert f"Sent from: {socket.gethostname()}" in body
    assert "sent by maps-provisioner, not by MAPS" in body


def test_any_secret_of_this_run_is_masked():
    other = Secret("CANARYother-secret-of-this-run").reveal()
    refusal = ["C", f"S 334 {encoded(json.dumps({'status': other}))}", "C", f"S 535 5.7.8 {other}"]
    with scripted_server([*hello("AUTH XOAUTH2"), *refusal]) as server:
        account = replace(ACCOUNT, host="localhost", port=server.port, use_tls=False)
        result = check_login(account)
    assert (result.outcome, result.stage, result.code) == ("wrong", "auth", 535)
    assert (result.reply, result.challenge) == ("5.7.8 ***", {"status": "***"})
    for thing in (account, str(account), result, asdict(result)):
        assert "CANARY" not in repr(thing)


def test_a_ca_file_that_never_ends(account):
    with pytest.raises(InvalidProject, match="not a regular file"):
        check_login(replace(account, ca_file="/dev/zero"))

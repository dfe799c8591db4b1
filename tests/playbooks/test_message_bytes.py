"""The message as bytes, and what of a challenge is understood: the same on both kinds of hosts."""

from __future__ import annotations

import base64
from email import message_from_bytes
from email.policy import SMTP
from email.utils import parsedate_to_datetime

import pytest

from provisioner.mail.conversation import host_code
from tests.mail_samples import ELSEWHERE, MAILBOX
from tests.playbooks.mail_code import MonoMail, PythonMail

HEADERS = [
    *("From", "To", "Subject", "Date", "Message-ID", "X-Run"),
    *("Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
]


def message(subject="Does it work?", body="It does.\n", run="run-1"):
    given = {"from": MAILBOX, "to": ELSEWHERE, "subject": subject, "body": body}
    return {**given, "headers": {"X-Run": run}}


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "plain",
        "Grüße aus Zürich ✓",
        "很长的名字" * 30,
        "\N{GRINNING FACE}" * 40,
        "many words " * 20 + "end",
        "two  spaces and a tail ",
        "x" * 300,
        "=?utf-8?q?not=20encoded?= by us",
        '"quoted" <and> bracketed, with; marks: all.',
    ],
)
def test_a_subject_arrives_as_it_was(mail_code, subject):
    _, data = mail_code.message_bytes(message(subject, run=subject), None)
    mail = message_from_bytes(data, policy=SMTP)
    if "=?" not in subject or not isinstance(mail_code, PythonMail):  # Python decodes it at once
        assert mail["Subject"] == subject.rstrip() or mail["Subject"] == subject
        assert mail["X-Run"] == mail["Subject"]
    assert not mail.defects
    assert data.isascii()
    assert max(len(line) for line in data.split(b"\r\n")) <= 78


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        ("It does.\n", "7bit"),
        ("no line feed at the end", "7bit"),
        ("one\r\ntwo\rthree\n\n\nend\n", "7bit"),
        (".\n..\n.hidden\nFrom here\n", "7bit"),
        ("x" * 78 + "\n", "7bit"),
        ("x" * 2000 + "\n", "quoted-printable"),
        ("Größe = 1\t \n \n.\n..\n=\n" + "ü" * 100 + "\n", None),
        ("\N{GRINNING FACE} a tail of blanks  \n", None),
        ("ends with a tab\t\nü\n", "quoted-printable"),
    ],
)
def test_a_body_arrives_as_it_was(mail_code, body, encoding):
    _, data = mail_code.message_bytes(message(body=body), None)
    mail = message_from_bytes(data, policy=SMTP)
    lines = body.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n") + "\n"
    assert mail.get_content().replace("\r\n", "\n") == lines
    assert encoding in (None, mail["Content-Transfer-Encoding"])
    assert mail.get_content_type() == "text/plain"
    assert data.isascii()
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert max(len(line) for line in data.split(b"\r\n")) <= 78


@pytest.mark.parametrize(
    ("client_name", "domain"), [(None, "example.edu"), ("maps.example.edu", "maps.example.edu")]
)
def test_the_headers_and_the_name_of_a_message(mail_code, client_name, domain):
    name, data = mail_code.message_bytes(message(), client_name)
    other, _ = mail_code.message_bytes(message(), client_name)
    mail = message_from_bytes(data, policy=SMTP)
    assert [*mail.keys()] == HEADERS
    assert mail["Message-ID"] == name
    assert name.startswith("<")
    assert name.endswith(f"@{domain}>")
    assert name != other
    assert mail["Content-Type"] == 'text/plain; charset="utf-8"'
    assert parsedate_to_datetime(mail["Date"]).tzinfo is not None


def test_the_test_email_says_the_same_of_itself(mono_host):
    server = {"server_name": 'Bücher "A"', "host": "mail.example.edu", "port": 587}
    for document in (None, "generation 7, 0a1b"):
        arguments = {"server": server, "sender": MAILBOX, "recipient": ELSEWHERE}
        arguments |= {"run_id": "run-1", "document": document}
        said = mono_host.call("mail.test_message", **arguments)
        assert said == host_code("maps_message").test_message(**arguments)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "eyJzdGF0dXMiOiI0MDAifQ==",
        "eyJzdGF0dXMiOiI0MDAifQ",
        "eyJzdGF0dXMiOiI0MDAifQ=",
        "  eyJz dGF0 dXMi  ",
        "Zm9v=YmFy",
        "Zm9vYg==YmFy",
        "Zm9vYg=x=YmFy",
        "Zm9vYmE=",
        "Zm9vYmE",
        "Z",
        "=",
        "====",
        "Zg=",
        "Zh==",
        "Zm9v\xfcYmFy",
        "no base64 at all!",
        base64.b64encode(bytes(range(256))).decode(),
    ],
)
def test_a_challenge_is_understood_alike(mono_host, text):
    assert MonoMail(mono_host).decoded(text) == PythonMail().decoded(text)


def test_damaged_utf_8_is_read_as_python_reads_it(mono_host):
    # Each pair of bytes, and what may follow the first ones of a longer character.
    pieces = [bytes((first, second)) for first in range(256) for second in range(0, 256, 3)]
    pieces += [bytes((0xE0, 0xA0, last)) for last in range(256)]
    pieces += [bytes((0xF0, 0x90, 0x80, last)) for last in range(256)]
    pieces += [bytes((first, 0x8F, 0xBF, 0xBF)) for first in range(0xF0, 0x100)]
    data = b"|".join(
        [*pieces, "Zürich \N{GRINNING FACE} \ud7ff\ue000".encode(), b"cut \xf0\x9f\x98"]
    )
    decoded = mono_host.call("mail.utf8", data=base64.b64encode(data).decode())
    assert decoded == data.decode("utf-8", "replace")

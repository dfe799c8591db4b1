"""The test email: what it says of itself, whoever sends it."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.text import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class TestMessage:
    """A message and its envelope; `text` is ASCII with CRLF line ends."""

    __test__ = False  # not a pytest class

    sender: str
    recipient: str
    message_id: str
    text: str


def test_message(
    server_name: str,
    *,
    host: str,
    port: int,
    client_name: str | None,
    sender: str,
    recipient: str,
    run_id: str,
    sent_from: str,
    document: str | None = None,
) -> TestMessage:
    """Write it. `sent_from`: the machine; `document`: the one of a host that it proves."""
    from email.message import EmailMessage  # few commands send mail
    from email.policy import SMTP
    from email.utils import formatdate, make_msgid

    name = printable(server_name)
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"], mail["To"] = _ascii(sender), _ascii(recipient)
    mail["Subject"] = f'Test email of the MAPS email server "{name}"'
    mail["Date"] = formatdate(localtime=True)
    # Not make_msgid's default, the host's full name: asking DNS for it may take seconds.
    mail["Message-ID"] = make_msgid(domain=_ascii(client_name or sender.rpartition("@")[2]))
    mail["X-Maps-Provisioner-Run"] = run_id
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answer to this
    which = f"Document:  {document}\n" if document else ""
    mail.set_content(
        f'This test email was sent through the MAPS email server "{name}",\n'
        f"with the settings and the sign-in that are declared for it.\n"
        f"\n"
        f"Server:    {host}:{port}\n"
        f"Sent from: {printable(sent_from)}\n"
        f"Run:       {run_id}\n"
        f"{which}"
        f"\n"
        f"It was sent by maps-provisioner, not by MAPS: it verifies the\n"
        f"settings and the sign-in, not MAPS itself. No reply is needed.\n"
    )
    return TestMessage(
        sender=sender,
        recipient=recipient,
        message_id=str(mail["Message-ID"]),
        text=mail.as_bytes().decode("ascii"),
    )


test_message.__test__ = False  # type: ignore[attr-defined]  # not a pytest function


def _ascii(text: str) -> str:
    """For a header. What is no address in ASCII is not sent: the conversation refuses it."""
    return printable(text).encode("ascii", "replace").decode("ascii")

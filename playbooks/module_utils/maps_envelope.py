"""What of an account and a message may go into an SMTP line, and the message as bytes."""

from __future__ import annotations

import re
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HEADER_NAME = re.compile(r"^[A-Za-z0-9-]{1,60}\Z")
_NAME = re.compile(r"^[A-Za-z0-9\[\]._:-]{1,255}\Z")
_ADDRESS = re.compile(r"^[\x21-\x3b\x3d\x3f-\x7e]{1,256}@[A-Za-z0-9\[\]._:-]{1,255}\Z")
_OURS = frozenset(
    (
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "content-type",
        "bcc",
        "cc",
        "content-transfer-encoding",
        "sender",
        "reply-to",
    )
)


def injection(account, message):
    """(stage, words) of the first value that could break out of its SMTP line; None if clean."""
    checks = list(_account_checks(account))
    if message is not None:
        checks += _message_checks(message)
    return next(((stage, words) for stage, words, fine in checks if not fine), None)


def _account_checks(account):
    name = account.get("client_name")
    user, secret = account.get("user_name") or "", account.get("secret") or ""
    # Control characters delimit XOAUTH2's and OAUTHBEARER's fields, NUL those of PLAIN.
    bearer = account["smtp_security_level"] == "oauth2"
    clean_secret = not _CONTROL.search(secret) if bearer else "\0" not in secret
    yield "resolve", "the host is empty or has a control character", _is_text(account["host"])
    yield "resolve", "the port is not between 1 and 65535", 0 < account["port"] < 65536
    yield "ehlo", "the client name is not a host name", not name or bool(_NAME.match(name))
    yield "auth", "the user name has a control character", not _CONTROL.search(user)
    yield "auth", "the secret has a control character", clean_secret


def _message_checks(message):
    yield "mail", "the sender is not an email address in ASCII", _is_address(message["from"])
    yield "rcpt", "the recipient is not an email address in ASCII", _is_address(message["to"])
    yield "data", "the subject has a control character", not _CONTROL.search(message["subject"])
    for name, value in (message.get("headers") or {}).items():
        fine = bool(_HEADER_NAME.match(name)) and name.lower() not in _OURS
        yield "data", "a header's name is not allowed", fine
        yield "data", "a header's value has a control character", not _CONTROL.search(value)


def _is_text(value):
    return bool(value) and not _CONTROL.search(value) and " " not in value


def _is_address(value):
    return bool(_ADDRESS.match(value))


def message_bytes(message, client_name):
    """(Message-ID, the message with CRLF line ends, 7 bit whatever its words are)."""
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["From"], mail["To"] = message["from"], message["to"]
    mail["Subject"] = message["subject"]
    mail["Date"] = formatdate(localtime=True)
    # Not make_msgid's default, the host's full name: asking DNS for it may take seconds.
    mail["Message-ID"] = make_msgid(domain=client_name or message["from"].rpartition("@")[2])
    for name, value in (message.get("headers") or {}).items():
        mail[name] = value
    mail.set_content(message["body"])
    return str(mail["Message-ID"]), mail.as_bytes()

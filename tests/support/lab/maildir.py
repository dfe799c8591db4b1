"""Mails as the tests read them: straight from the Maildir that Dovecot delivered to."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path


def read_maildir(folder: Path) -> list[EmailMessage]:
    """The delivered mails, oldest first; none if there was never one."""
    files = [file for part in ("new", "cur") for file in (folder / part).glob("*")]
    files.sort(key=lambda file: (file.stat().st_mtime_ns, file.name))
    return [message_from_bytes(file.read_bytes(), policy=default) for file in files]

"""Mails as the tests read them: straight from the Maildir that Dovecot delivered to."""

from email import message_from_bytes
from email.policy import default


def read_maildir(folder):
    """The delivered mails, oldest first; none if there was never one."""
    files = [file for part in ("new", "cur") for file in (folder / part).glob("*")]
    files.sort(key=lambda file: (file.stat().st_mtime_ns, file.name))
    return [message_from_bytes(file.read_bytes(), policy=default) for file in files]

"""Fixtures of the tests of what runs on hosts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mail_samples import certificate, mail_server
from tests.playbooks.csharp_ground import documents, redaction, sealed
from tests.playbooks.csharp_store import compare, store_class
from tests.playbooks.mail_code import mail_code, mono_mail
from tests.playbooks.mono_host import mono_host, mono_program
from tests.playbooks.windows_calls import windows, windows_calls

__all__ = [
    "certificate",
    "compare",
    "documents",
    "mail_code",
    "mail_server",
    "mono_host",
    "mono_mail",
    "mono_program",
    "redaction",
    "sealed",
    "store_class",
    "windows",
    "windows_calls",
]


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in memory, for tests of hosts that are flushed many hundred times."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)

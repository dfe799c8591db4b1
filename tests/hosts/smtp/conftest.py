"""Fixtures of the tests of the mail client."""

from __future__ import annotations

import pytest

from tests.hosts.smtp.talk import Talk, answer
from tests.support.mail_samples import certificate, mail_server

__all__ = ["certificate", "mail_server"]


@pytest.fixture
def talk() -> Talk:
    """Conversations of POSIX hosts and of this machine."""
    return Talk(answer, is_python=True)

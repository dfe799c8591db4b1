"""Fixtures of the tests of the SMTP session."""

from __future__ import annotations

from tests.mail_samples import certificate, mail_server

__all__ = ["certificate", "mail_server"]

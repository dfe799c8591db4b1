"""Fixtures of the tests of the mail client."""

from __future__ import annotations

from tests.mail_samples import certificate, mail_server

__all__ = ["certificate", "mail_server"]

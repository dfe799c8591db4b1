"""Fixtures of the tests of the mail client, as in tests/hosts/smtp."""

from tests.support.mail_samples import certificate, mail_server

__all__ = ["certificate", "mail_server"]

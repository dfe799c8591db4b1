"""The words of secret-expired, which depend on the day."""

from __future__ import annotations

from datetime import date

import pytest

from provisioner.lint.checks.secrets import secret_expired
from provisioner.lint.context import LintContext
from tests.lint.oauth2_servers import declared


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2028, 1, 30), "the client secret expires in 30 days"),
        (date(2028, 2, 28), "the client secret expires tomorrow"),
        (date(2028, 2, 29), "the client secret expires today"),
        (date(2028, 3, 1), "the client secret has expired"),
    ],
)
def test_how_long_it_lives(today: date, words: str) -> None:
    server = declared({"oauth2": {"client_secret_expires": "2028-02-29"}})
    (issue,) = secret_expired.check(server, LintContext(today=today))
    assert issue.message == words

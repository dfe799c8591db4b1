"""password-login-ended, password-login-ending, app-password-only, unsupported-method."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from provisioner.lint.checks.login import password_login_ending
from provisioner.lint.context import LintContext
from provisioner.lint.declaration import Declaration
from tests.lint.rules.mail_servers import said
from tests.loading import load

LEVEL = "/smtp_security_level"
ENDED, ENDING = f"password-login-ended {LEVEL}", f"password-login-ending {LEVEL}"
APP, UNSUPPORTED = f"app-password-only {LEVEL}", f"unsupported-method {LEVEL}"
NO_LOGIN = {"user_name": None, "password": None}


@pytest.mark.parametrize(
    ("host", "level", "expected"),
    [
        ("smtp.office365.com", "login", ENDING),
        ("smtp.office365.com", "auto_detect", ENDING),
        ("smtp.office365.com", "plain", UNSUPPORTED),
        ("smtp.office365.com", "cram_md5", UNSUPPORTED),
        ("smtp.office365.com", "cram_sha1", UNSUPPORTED),
        ("smtp.office365.us", "login", None),
        ("smtp-mail.outlook.com", "login", ENDED),
        ("smtp-mail.outlook.com", "auto_detect", ENDED),
        ("smtp-mail.outlook.com", "digest_md5", ENDED),
        ("smtp.gmail.com", "login", APP),
        ("smtp.gmail.com", "plain", APP),
        ("smtp.gmail.com", "auto_detect", APP),
        ("smtp.gmail.com", "digest_md5", UNSUPPORTED),
        ("smtp.mail.yahoo.com", "login", APP),
        ("smtp.fastmail.com", "login", APP),
        ("smtp.yandex.com", "cram_md5", None),
        ("mail.example.edu", "cram_sha1", None),
        ("mail.example.edu", "digest_md5", None),
    ],
)
def test_a_password(host: str, level: str, expected: str | None, tmp_path: Path) -> None:
    found = said(tmp_path, "login", host=host, smtp_security_level=level)
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("host", "level", "expected"),
    [
        ("smtp.office365.com", "none", [UNSUPPORTED]),
        ("smtp-mail.outlook.com", "none", [UNSUPPORTED]),
        ("smtp.office365.com", "auto_detect", []),
        ("smtp-relay.gmail.com", "none", []),
        ("smtp.yandex.com", "none", []),
        ("mail.example.edu", "none", []),
    ],
)
def test_no_password(host: str, level: str, expected: list[str], tmp_path: Path) -> None:
    changes: dict[str, Any] = {"host": host, "smtp_security_level": level, **NO_LOGIN}
    assert said(tmp_path, "login", **changes) == expected


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2026, 12, 30), "switches passwords of mail programs off by default by 2026-12-31"),
        (date(2026, 12, 31), "has switched passwords of mail programs off by default"),
        (date(2031, 1, 1), "has switched passwords of mail programs off by default"),
    ],
)
def test_the_day_is_looked_at(today: date, words: str, tmp_path: Path) -> None:
    said(tmp_path, "login", host="smtp.office365.com")
    document = next(iter(load(tmp_path / "server.json")))
    server = Declaration(document, document.value)
    (issue,) = password_login_ending.check(server, LintContext(today=today))
    assert issue.message == f"Microsoft 365 {words}"

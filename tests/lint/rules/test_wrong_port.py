"""wrong-port and submission-port."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lint.rules.mail_servers import BASES, said


@pytest.mark.parametrize("base", BASES)
def test_the_samples_have_no_finding(base: str, tmp_path: Path) -> None:
    assert said(tmp_path, base) == []


@pytest.mark.parametrize(
    ("base", "changes", "expected"),
    [
        ("microsoft", {"port": 25}, []),
        ("microsoft", {"port": None}, ["submission-port /host"]),
        ("microsoft", {"port": 465}, ["wrong-port /port"]),
        ("microsoft", {"port": 2525}, ["wrong-port /port"]),
        ("microsoft", {"port": 993}, ["wrong-port /port"]),
        ("google", {"port": 465}, []),
        ("google", {"port": 25}, []),
        ("google", {"port": 443}, ["wrong-port /port"]),
        ("google", {"port": None}, ["submission-port /host"]),
        ("login", {"port": None}, []),
        ("login", {"port": 25}, []),
        ("login", {"port": 465}, []),
        ("login", {"port": 465, "use_tls": False}, ["cleartext-login /use_tls"]),
        ("login", {"port": 465, "use_tls": False, "smtp_security_level": "cram_md5"},
         ["wrong-port /port"]),
        ("login", {"port": 465, "use_tls": None, "smtp_security_level": "auto_detect",
                   "user_name": None, "password": None}, ["wrong-port /port"]),
        ("login", {"port": 80}, []),
        ("login", {"port": 443}, []),
        ("login", {"port": 2525}, []),
        ("login", {"port": 995}, ["wrong-port /port"]),
        ("login", {"port": 143}, ["wrong-port /port"]),
        ("relay", {"port": 465}, ["wrong-port /port"]),
        ("relay", {"port": 465, "use_tls": True}, []),
        ("relay", {"port": 110}, ["wrong-port /port"]),
        ("relay", {"port": 110, "host": "localhost"}, []),
        ("relay", {"port": 465, "host": "127.0.0.1"}, []),
        ("relay", {"host": "smtp-relay.gmail.com", "use_tls": True}, []),
        ("login", {"host": "smtp.mail.yahoo.com", "port": 25, "smtp_security_level": "none",
                   "user_name": None, "password": None}, []),
    ],
)  # fmt: skip
def test_a_port(base: str, changes: dict[str, Any], expected: list[str], tmp_path: Path) -> None:
    assert said(tmp_path, base, **changes) == expected


@pytest.mark.parametrize("port", [True, 0, -1, 70000, "465", 465.5, [465], {"a": 1}])
def test_what_is_no_port_is_the_schemas(port: Any, tmp_path: Path) -> None:
    found = said(tmp_path, "microsoft", port=port)
    assert found
    assert {one.split()[0] for one in found} <= {"wrong-type", "out-of-range"}

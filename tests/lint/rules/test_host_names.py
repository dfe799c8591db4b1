"""ip-with-tls, wrong-client-name, doubtful-client-name, logging-path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lint.rules.mail_servers import said

NAME, PATH = "/client_name", "/logging/file_name"
WRONG, DOUBTFUL = [f"wrong-client-name {NAME}"], [f"doubtful-client-name {NAME}"]


@pytest.mark.parametrize(
    ("host", "use_tls", "expected"),
    [
        ("192.0.2.25", True, ["ip-with-tls /host"]),
        ("2001:db8::25", True, ["ip-with-tls /host"]),
        ("::ffff:192.0.2.25", True, ["ip-with-tls /host"]),
        ("192.0.2.25", False, []),
        ("192.0.2.25", None, []),
        ("127.0.0.1", True, []),
        ("::1", True, []),
        ("25.example.edu", True, []),
        ("mail.example.edu", True, []),
        ("mail2", True, []),
        ("10.1", True, ["host-form /host"]),
        ("192.0.2.1.25", True, ["host-form /host"]),
        ("25", True, ["host-form /host"]),
        ("mail.2.example.edu", True, []),
    ],
)
def test_an_address(host: str, use_tls: Any, expected: list[str], tmp_path: Path) -> None:
    assert said(tmp_path, "relay", host=host, use_tls=use_tls) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("maps.example.edu", []),
        ("MAPS-1.Example.EDU", []),
        ("xn--mps-qla.example.edu", []),
        ("[192.0.2.1]", []),
        ("[IPv6:2001:db8::1]", []),
        ("192.0.2.1", DOUBTFUL),
        ("2001:db8::1", DOUBTFUL),
        ("[2001:db8::1]", DOUBTFUL),
        ("[192.0.2.1", DOUBTFUL),
        ("[maps.example.edu]", DOUBTFUL),
        ("[IPv6:192.0.2.1]", DOUBTFUL),
        ("maps_1.example.edu", DOUBTFUL),
        ("maps..example.edu", DOUBTFUL),
        ("maps.example.edu.", DOUBTFUL),
        ("-maps.example.edu", DOUBTFUL),
        ("maps-.example.edu", DOUBTFUL),
        ("maps.example.edu:25", DOUBTFUL),
        ("MAPS01", DOUBTFUL),
        ("https://maps.example.edu", WRONG),
        ("maps.example.edu/", WRONG),
        ("maps@example.edu", WRONG),
        ("maps,example", WRONG),
        ("m" * 256, WRONG),
    ],
)
def test_a_client_name_without_sign_in(name: str, expected: list[str], tmp_path: Path) -> None:
    assert said(tmp_path, "relay", client_name=name) == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("MAPS01", []), ("localhost", []), ("MAPS_01", DOUBTFUL), ("a/b", WRONG)]
)
def test_a_client_name_with_sign_in(name: str, expected: list[str], tmp_path: Path) -> None:
    assert said(tmp_path, "login", client_name=name) == expected


@pytest.mark.parametrize("name", ["maps 1", "m\u00e4ps.example.edu", "maps\n", ""])
def test_a_client_name_that_the_schema_refuses_stays_an_error(name: str, tmp_path: Path) -> None:
    found = {one.split()[0] for one in said(tmp_path, "relay", client_name=name)}
    assert found & {"wrong-form", "out-of-range", "control-character"}
    assert not found & {"wrong-client-name", "doubtful-client-name"}


@pytest.mark.parametrize(
    ("path", "is_fine"),
    [
        (r"C:\ProgramData\Evisions\email.log", True),
        ("C:/ProgramData/Evisions/email.log", True),
        (r"d:\e.log", True),
        (r"\\files\maps\email.log", True),
        (r"\\?\C:\Logs\email.log", True),
        (r"C:\Größen\日誌.log", True),
        (r"C:\Program Files (x86)\Evisions\email.log", True),
        ("email.log", False),
        (r"logs\email.log", False),
        (r".\email.log", False),
        (r"\logs\email.log", False),
        ("/var/log/email.log", False),
        ("C:email.log", False),
        (r"%ProgramData%\email.log", False),
        ("~/email.log", False),
        ("file:///C:/email.log", False),
        (r"C:\Logs\email*.log", False),
        (r"C:\Logs\10:30.log", False),
        ("C:\\Logs\\", False),
    ],
)
def test_a_path(path: str, is_fine: bool, tmp_path: Path) -> None:
    found = said(tmp_path, "relay", logging={"enabled": True, "file_name": path})
    assert found == ([] if is_fine else [f"logging-path {PATH}"])
    assert said(tmp_path, "relay", logging={"enabled": False, "file_name": path}) == []

"""control-character, invisible-character, lookalike-character."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from provisioner.resources import schema_path
from tests.lint.rules.mail_servers import MICROSOFT, RELAY, said

SCHEMA = Draft202012Validator(json.loads(schema_path("email-server").read_text()))
INVISIBLE, LOOKALIKE = "invisible-character", "lookalike-character"
# Fields that reach a mail or an SMTP command, and a value for each.
REACH_A_MAIL: dict[str, Any] = {
    "server_name": "Reports",
    "client_name": "maps.example.edu",
    "user_name": "reports@example.edu",
    "host": "smtp.office365.com",
}
NESTED = {
    ("test_email", "from"): "reports@example.edu",
    ("test_email", "to"): "reports@example.edu",
    ("oauth2", "login_hint"): "reports@example.edu",
}
CONTROLS = ["\r\nBcc: x@example.com", "\n", "\r", "\0", "\x01", "\x85", "\u2028", "\u202e", "\x7f"]


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("field", REACH_A_MAIL)
def test_no_field_can_forge_a_header(field: str, control: str, tmp_path: Path) -> None:
    changes = {field: REACH_A_MAIL[field] + control + "x"}
    assert f"control-character /{field}" in said(tmp_path, "microsoft", **changes)


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize(("outer", "inner"), NESTED)
def test_no_nested_field_can_either(outer: str, inner: str, control: str, tmp_path: Path) -> None:
    changes = {outer: {inner: control + NESTED[outer, inner]}}
    assert f"control-character /{outer}/{inner}" in said(tmp_path, "microsoft", **changes)


@pytest.mark.parametrize("sign", ["\u2028", "\u202e", "\u2066", "\u2069"])
def test_the_schema_too_takes_no_name_that_turns_a_line(sign: str, tmp_path: Path) -> None:
    for name in (f"Re{sign}ports", f"Reports{sign}"):
        assert not SCHEMA.is_valid({**RELAY, "server_name": name})
        assert "control-character /server_name" in said(tmp_path, "relay", server_name=name)


def test_what_looks_like_vault_text_is_no_way_around(tmp_path: Path) -> None:
    forged = "$ANSIBLE_VAULT;1.1;AES256\nBcc: x@example.com"
    for field in ("server_name", "user_name", "client_name"):
        assert any(
            one.endswith(f" /{field}") for one in said(tmp_path, "microsoft", **{field: forged})
        )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Re\u00adports", INVISIBLE),
        ("Reports\u200b", INVISIBLE),
        ("\ufeffReports", INVISIBLE),
        ("Re\u2060ports", INVISIBLE),
        ("Re\u200dports", INVISIBLE),
        ("R\u00e9\u200dports", INVISIBLE),
        ("Reports\u200d", INVISIBLE),
        ("Reports\u200f", INVISIBLE),
        ("Reports\U000e0041", INVISIBLE),
        ("R\u0435ports", LOOKALIKE),
        ("\u0420eports", LOOKALIKE),
        ("Rep\u03bfrts", LOOKALIKE),
        ("Monthly\u00a0reports", LOOKALIKE),
        ("\u00dcberblick S\u00e3o Tom\u00e9 \u0141\u00f3d\u017a", None),
        ("\u041e\u0442\u0447\u0451\u0442\u044b", None),
        ("\u0440\u0430\u0441\u0445\u043e\u0434", None),
        ("X\u0431\u043e\u043a\u0441", None),
        ("MAPS \u041e\u0410\u041e", None),
        ("\u0391\u03bd\u03b1\u03c6\u03bf\u03c1\u03ad\u03c2 1", None),
        ("\u03bcTorrent \u0394T", None),
        ("\u6210\u7e3e\u3000\u5831\u544a", None),
        ("\uff2d\uff21\uff30\uff33", None),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", None),
        ("\u05e2\u05d1\u05e8\u05d9\u05ea\u200f 1", None),
        ("\u0915\u094d\u200d\u0937", None),
        ("\U0001f469\u200d\U0001f4bb Reports", None),
        ("\U0001f3f3\ufe0f\u200d\U0001f308", None),
        ("\u2764\ufe0f Reports 1\ufe0f\u20e3", None),
        ("\U0001f3f4\U000e0067\U000e0062\U000e007f", None),
        ("e\u0301tat", None),
    ],
)
def test_a_name(name: str, expected: str | None, tmp_path: Path) -> None:
    found = said(tmp_path, "relay", server_name=name)
    assert found == ([f"{expected} /server_name"] if expected else [])


@pytest.mark.parametrize(
    "field",
    ["host", "client_name", "user_name", "hosts", "access_token_url", "scope_for_authorize"],
)
@pytest.mark.parametrize("sign", ["\u200b", "\u00a0", "\u3000", "\u200d", "\ufeff"])
def test_settings_have_no_unseen_characters(field: str, sign: str, tmp_path: Path) -> None:
    below = MICROSOFT["oauth2"]
    if field in below:
        found = said(tmp_path, "microsoft", oauth2={field: below[field] + sign})
        assert f"{INVISIBLE} /oauth2/{field}" in found
    else:
        value = {**MICROSOFT, "client_name": "maps", "hosts": "maps"}[field] + sign
        assert f"{INVISIBLE} /{field}" in said(tmp_path, "microsoft", **{field: value})


@pytest.mark.parametrize("secret", ["pass\u200bword", "p\u0430ssword", "pass\u00a0word"])
def test_nothing_is_told_of_a_secret(secret: str, tmp_path: Path) -> None:
    for value in (secret, {"env": secret}, {"file": secret}, {"keyring": f"a/{secret}"}):
        found = said(tmp_path, "login", password=value)
        assert not {one.split()[0] for one in found} & {INVISIBLE, LOOKALIKE}


def test_a_lookalike_hides_no_error(tmp_path: Path) -> None:
    assert said(tmp_path, "relay", server_name=" R\u0435ports") == ["wrong-form /server_name"]
    found = said(tmp_path, "relay", test_email={"to": "<m\u0430ps@example.edu>"})
    assert found == ["copied-character /test_email/to"]


def test_no_comment_lets_a_foreign_letter_into_an_endpoint(tmp_path: Path) -> None:
    for host in ("smtp.gm\u0430il.com", "login.micr\u043esoftonline.com"):
        found = said(tmp_path, "relay", host=host)
        assert found == ["lookalike-endpoint /host"]
    assert said(tmp_path, "relay", host="m\u0430il.example.edu") == ["copied-character /host"]

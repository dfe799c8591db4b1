"""A secret that stands where none belongs is found, and is not told in any report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provisioner.lint.verdict import reach_verdict
from provisioner.reports.finding_formats import RENDERERS
from tests.lint.oauth2_servers import MICROSOFT
from tests.loading import load

ENTRA = "abc8Q~EXAMPLE-EXAMPLE-EXAMPLE-EXAMPLE-EX"
GOOGLES = "GOCSPX-CANARYS-EXAMPLE-EXAMPLE-EXAM"
TOKEN_URL = "http://login.microsoftonline.com/common/oauth2/authorize"


@pytest.mark.parametrize("secret", [ENTRA, GOOGLES])
@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "{}"},
        {"client_secret": {"file": "{}"}},
        {"client_secret": {"env": "{}"}},
        {"client_secret": {"keyring": "{}"}},
        {"client_secret": {"command": ["echo", "{}"]}},
        {"client_secret": "$ANSIBLE_VAULT;1.1;AES256 {}"},
        {"access_token_url": f"{TOKEN_URL}?client_secret={{}}"},
        {"access_token_url": f"{TOKEN_URL}?a={'b' * 100}&password={{}}"},
        {"access_token_url": f"{TOKEN_URL}?secret={{}}"},
        {"scope_for_authorize": "{} access_type=offline"},
        {"prompt": "{}"},
    ],
    ids=str,
)
def test_it_is_not_told(change: dict[str, Any], secret: str, tmp_path: Path) -> None:
    server = {**MICROSOFT, "oauth2": {**MICROSOFT["oauth2"], **change}}
    path = tmp_path / "server.json"
    path.write_text(json.dumps(server).replace("{}", secret), encoding="utf-8")
    verdict = reach_verdict(load(path))
    assert verdict.findings
    assert not any(secret[:12] in render(verdict) for render in RENDERERS.values())


def test_a_short_secret_in_a_query_is_not_told(tmp_path: Path) -> None:
    path = tmp_path / "server.json"
    url = f"{TOKEN_URL}?client_secret=hunter2CANARY"
    oauth2 = {**MICROSOFT["oauth2"], "access_token_url": url}
    path.write_text(json.dumps({**MICROSOFT, "oauth2": oauth2}), encoding="utf-8")
    verdict = reach_verdict(load(path))
    assert {"misplaced-parameter", "http-endpoint"} <= {found.rule for found in verdict.findings}
    assert not any("CANARY" in render(verdict) for render in RENDERERS.values())

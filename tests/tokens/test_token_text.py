"""A token set as YAML and back; what is refused of a file that was edited."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from provisioner.errors import TokenStoreError
from provisioner.secret import Secret
from provisioner.tokens.token_text import token_set_from, token_text
from tests.oauth_samples import token_set


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"server_name": "no", "identity": "1e3", "scope": "true", "issuer": "2024-01-01"},
        {"access_token": Secret("0644 # 'x' \"y\": {z} " + "long" * 2000)},
        {"identity": None, "issuer": None, "unproven": "SMTP AUTH is switched off (5.7.139)"},
        {"refresh_endpoint": "https://sso.example.edu/refresh", "handed_over_to": "maps1"},
        {"server_name": "Récits 📮", "expires_at": 0},
        {"proven_at": 1_900_000_000, "refresh_token_expires_at": 2_000_000_000},
    ],
)
def test_what_is_written_is_read(changes: dict[str, Any]) -> None:
    kept = token_set(**changes)
    assert token_set_from(Secret(token_text(kept)), origin="x.yml") == kept


def test_it_reads_as_yaml_with_the_expiry_in_words() -> None:
    text = token_text(token_set())
    assert "# The access token expires at 2033-05-18 03:33:20+00:00." in text
    assert yaml.safe_load(text)["refresh_token"] == "CANARY-refresh"


def _edited(**changes: Any) -> Secret:
    values = yaml.safe_load(token_text(token_set())) | changes
    return Secret(yaml.safe_dump({name: v for name, v in values.items() if v != "REMOVED"}))


def test_a_file_of_an_earlier_version_lacks_what_came_later() -> None:
    later = ("proven_at", "proven_by", "refresh_token_expires_at", "unproven", "handed_over_to")
    assert token_set_from(_edited(**dict.fromkeys(later, "REMOVED")), origin="x") == token_set()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (Secret(""), "holds something other than tokens"),
        (Secret("- CANARY"), "holds something other than tokens"),
        (Secret("a: [CANARY"), "holds something other than tokens"),
        (Secret("a: 2024-99-99"), "holds something other than tokens"),
        (_edited(schema_version=2), "has schema_version 2; this maps-provisioner reads 1"),
        (_edited(schema_version="CANARY"), "has schema_version unknown"),
        (_edited(refresh_token="REMOVED"), "lacks refresh_token"),
        (_edited(refresh_token=""), "refresh_token is not what is kept there"),
        (_edited(refresh_token=17), "refresh_token is not what is kept there"),
        (_edited(expires_at="2000000000"), "expires_at is not what is kept there"),
        (_edited(expires_at=True), "expires_at is not what is kept there"),
        (_edited(expires_at=-1), "expires_at is not what is kept there"),
        (_edited(proven_at="yesterday"), "proven_at is not what is kept there"),
        (_edited(unproven=17), "unproven is not what is kept there"),
        (_edited(scope=None), "scope is not what is kept there"),
        (_edited(CANARY=1), "has an unknown key"),
    ],
)
def test_a_foreign_or_edited_file_is_refused_without_its_content(
    text: Secret, message: str
) -> None:
    with pytest.raises(TokenStoreError) as caught:
        token_set_from(text, origin="tokens/reports.yml")
    assert caught.value.message.startswith("tokens/reports.yml")
    assert message in caught.value.message
    assert caught.value.remedy
    assert "CANARY" not in caught.value.message + caught.value.remedy
    assert caught.value.__cause__ is None

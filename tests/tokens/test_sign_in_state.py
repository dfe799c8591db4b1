"""What `status` says about each server."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import ExitCode
from provisioner.reports.sign_in_states import states_as_json, states_as_text
from provisioner.tokens.sign_in_state import SignInState, sign_in_state
from tests.oauth_samples import oauth_server, token_set, token_store

NOW = 1_900_000_000


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def _state(folder: Path, declared: dict[str, Any] | None = None, **tokens: Any) -> SignInState:
    store = token_store(folder / "tokens")
    with store.locked("Reports") as entry:
        entry.save(replace(token_set(obtained_at=NOW, refreshed_at=NOW), **tokens))
    return sign_in_state(oauth_server(**declared or {}), store)


def test_signed_in(tmp_path: Path) -> None:
    state = _state(tmp_path, expires_at=NOW + 3599)
    assert state.exit_code == ExitCode.DONE
    assert states_as_text([state], now=NOW) == (
        "Reports: signed in as reports@example.edu, since 2030-03-17\n"
        "  access token until 2030-03-17 18:46 (59 min), last refreshed 2030-03-17 17:46\n"
    )


def test_odd_states_are_told(tmp_path: Path) -> None:
    soon, gone = date(2030, 4, 1), date(2030, 3, 1)
    state = _state(
        tmp_path, {"client_secret_expires": soon}, expires_at=NOW, identity=None, unproven="no SMTP"
    )
    text = states_as_text([state], now=NOW)
    assert "signed in as reports@example.edu (the provider names nobody)" in text
    assert "expired 2030-03-17 17:46 (the next push refreshes it)" in text
    assert "  not yet proven: no SMTP\n" in text
    assert "the client secret expires on 2030-04-01, in 15 days" in text
    state = replace(state, client_secret_expires=gone)
    assert "the client secret expired on 2030-03-01" in states_as_text([state], now=NOW)
    state = replace(state, client_secret_expires=date(2031, 1, 1))
    assert "secret" not in states_as_text([state], now=NOW)


def test_nobody_signed_in_and_a_changed_destination(tmp_path: Path) -> None:
    missing = sign_in_state(oauth_server("Alerts"), token_store(tmp_path / "tokens"))
    assert missing.exit_code == ExitCode.PERSON_NEEDED
    assert states_as_text([missing], now=NOW) == (
        "Alerts: nobody has signed in yet\n  run: provisioner authenticate 'Alerts'\n"
    )
    changed = _state(tmp_path, {"client_id": "other"})
    assert changed.exit_code == ExitCode.PERSON_NEEDED
    assert "  Reports: client_id changed from maps to other" in states_as_text([changed], now=NOW)


def test_an_unreadable_file_is_this_servers_problem(tmp_path: Path) -> None:
    _state(tmp_path)
    store = token_store(tmp_path / "tokens")
    store.path("Reports").write_text("damaged")
    state = sign_in_state(oauth_server(), store)
    assert state.exit_code == ExitCode.FAILURE
    assert "is not ansible-vault text" in states_as_text([state], now=NOW)


def test_json_holds_no_token(tmp_path: Path) -> None:
    text = states_as_json([_state(tmp_path, expires_at=NOW + 60)], now=NOW)
    assert "CANARY" not in text
    assert json.loads(text) == {
        "servers": [
            {
                "server": "Reports",
                "mailbox": "reports@example.edu",
                "client_secret_expires": None,
                "usable": True,
                "problem": None,
                "remedy": None,
                "tokens": {
                    "identity": "reports@example.edu",
                    "scope": "smtp",
                    "signed_in_at": "2030-03-17T17:46:40Z",
                    "refreshed_at": "2030-03-17T17:46:40Z",
                    "access_token_until": "2030-03-17T17:47:40Z",
                    "access_token_expired": False,
                    "unproven": None,
                },
            }
        ]
    }

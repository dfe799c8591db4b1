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
from provisioner.providers.catalogue import provider_for
from provisioner.providers.google import GOOGLE
from provisioner.providers.microsoft import MICROSOFT
from provisioner.providers.provider import Provider
from provisioner.reports.sign_in_states import states_as_json, states_as_text
from provisioner.tokens.proof_record import record_proof, record_refusal
from provisioner.tokens.sign_in_state import Problem, SignInState, sign_in_state
from tests.oauth_samples import oauth_server, token_set, token_store

NOW = 1_900_000_000
DAY = 86400
UNKNOWN = provider_for("sso.example.edu")


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def _state(
    folder: Path,
    declared: dict[str, Any] | None = None,
    provider: Provider = MICROSOFT,
    **tokens: Any,
) -> SignInState:
    store = token_store(folder / "tokens")
    with store.locked("Reports") as entry:
        entry.save(replace(token_set(obtained_at=NOW, refreshed_at=NOW), **tokens))
    return sign_in_state(oauth_server(**declared or {}), store, provider, now=NOW)


def _text(state: SignInState) -> str:
    text = states_as_text([state], now=NOW)
    words, _, _problems = text.partition("  Problem: ")
    assert max(map(len, words.splitlines())) <= 80
    return text


def _codes(state: SignInState) -> list[ExitCode]:
    return [problem.exit_code for problem in state.problems]


def test_signed_in(tmp_path: Path) -> None:
    state = _state(tmp_path, expires_at=NOW + 3599, proven_at=NOW)
    assert state.problems == ()
    assert _text(state) == (
        "SERVER   ACCOUNT              ACCESS  REFRESH      PROVEN      STATE\n"
        "Reports  reports@example.edu  59 min  ~2030-06-15  2030-03-17  ok\n"
        "\n"
        "Reports: signed in as reports@example.edu, since 2030-03-17\n"
        "  access token until 2030-03-17 18:46 (59 min), last refreshed 2030-03-17 17:46\n"
        "  refresh token until about 2030-06-15: 90 days unused\n"
        "    or earlier: the sign-in frequency that an administrator set (Conditional\n"
        "      Access)\n"
        "    or earlier: sessions revoked by an administrator, or a password that was\n"
        "      reset\n"
        "  the mail server took the token on 2030-03-17 17:46\n"
    )


def test_odd_states_are_told(tmp_path: Path) -> None:
    soon = date(2030, 4, 1)
    state = _state(
        tmp_path,
        {"client_secret_expires": soon},
        UNKNOWN,
        expires_at=NOW,
        identity=None,
        unproven="no SMTP",
    )
    text = _text(state)
    assert "signed in as reports@example.edu (the provider names nobody)" in text
    assert "access token expired 2030-03-17 17:46, last refreshed" in text
    assert "refresh token: end unknown (sso.example.edu: not known how long one lives" in text
    assert "  not yet proven: no SMTP\n" in text
    assert "client secret until 2030-04-01, in 15 days: make a new one, then push\n" in text
    assert "Reports  reports@example.edu  expired  unknown  not yet  ok\n" in text
    assert state.problems == ()
    state = replace(state, client_secret_expires=date(2031, 1, 1))
    assert "  client secret until 2031-01-01\n" in _text(state)


def test_the_accounts_name_and_the_mailbox_may_differ(tmp_path: Path) -> None:
    text = _text(_state(tmp_path, identity="delegate@example.edu", expires_at=NOW + 3 * 3600))
    assert "signed in as delegate@example.edu, mailbox reports@example.edu, since" in text
    assert "access token until 2030-03-17 20:46 (3 h)" in text


def test_an_expired_client_secret_is_a_failure_and_no_sign_in(tmp_path: Path) -> None:
    state = _state(tmp_path, {"client_secret_expires": date(2030, 3, 16)})
    assert _codes(state) == [ExitCode.FAILURE]
    assert not state.usable
    assert "  Problem: the client secret expired on 2030-03-16\n    make a new one" in _text(state)
    assert _text(state).splitlines()[1].endswith("  problem")
    today = _state(tmp_path, {"client_secret_expires": date(2030, 3, 17)})
    assert today.problems == ()


def test_nobody_signed_in_and_a_changed_destination(tmp_path: Path) -> None:
    store = token_store(tmp_path / "tokens")
    missing = sign_in_state(oauth_server("Alerts"), store, UNKNOWN, now=NOW)
    assert _codes(missing) == [ExitCode.PERSON_NEEDED]
    assert _text(missing) == (
        "SERVER  ACCOUNT              ACCESS  REFRESH  PROVEN  STATE\n"
        "Alerts  reports@example.edu  -       -        -       sign in\n"
        "\n"
        "Alerts: not signed in, mailbox reports@example.edu\n"
        "  Problem: nobody has signed in yet\n"
        "    run: provisioner authenticate Alerts\n"
    )
    changed = _state(
        tmp_path, {"client_id": "other", "client_secret_expires": date(2030, 1, 1)}, UNKNOWN
    )
    assert _codes(changed) == [ExitCode.PERSON_NEEDED, ExitCode.FAILURE]
    assert "Problem: Reports: client_id changed from maps to other" in _text(changed)


@pytest.mark.parametrize(("days", "dead"), [(89.9, False), (90, True)])
def test_a_refresh_token_that_was_not_used_for_too_long(
    tmp_path: Path, days: float, dead: bool
) -> None:
    state = _state(tmp_path, refreshed_at=int(NOW - days * DAY))
    assert state.usable is not dead
    assert _codes(state) == [ExitCode.PERSON_NEEDED] * dead
    said = "Problem: the refresh token has most likely ended: 90 days unused"
    assert (said in _text(state)) is dead
    assert ("sign in again: provisioner authenticate Reports" in _text(state)) is dead


def test_a_token_that_ends_soon_works_and_yet_somebody_must_sign_in(tmp_path: Path) -> None:
    kept = {"obtained_at": NOW - 5 * DAY, "refresh_token_expires_at": NOW + 2 * DAY}
    state = _state(tmp_path, None, GOOGLE, **kept)
    assert state.usable
    assert _codes(state) == [ExitCode.PERSON_NEEDED]
    assert "Problem: the refresh token ends on 2030-03-19 (Google gave it until" in _text(state)
    assert _text(state).splitlines()[1].endswith("  soon")


def test_a_token_that_a_host_refreshes_has_no_end_here(tmp_path: Path) -> None:
    state = _state(tmp_path, refreshed_at=NOW - 400 * DAY, handed_over_to="maps1")
    assert state.problems == ()
    assert "refresh token handed over to maps1, which refreshes it" in _text(state)


def test_an_unreadable_file_is_this_servers_problem(tmp_path: Path) -> None:
    _state(tmp_path)
    store = token_store(tmp_path / "tokens")
    store.path("Reports").write_text("damaged")
    state = sign_in_state(oauth_server(), store, UNKNOWN, now=NOW)
    assert _codes(state) == [ExitCode.FAILURE]
    assert "is not ansible-vault text" in states_as_text([state], now=NOW)


def test_long_names_fit_the_table_and_stand_whole_below(tmp_path: Path) -> None:
    name = "Reports of the office of admissions"
    state = sign_in_state(
        oauth_server(name, user_name="a" * 50 + "@example.edu"),
        token_store(tmp_path / "tokens"),
        UNKNOWN,
        now=NOW,
    )
    table = states_as_text([state], now=NOW).splitlines()
    assert max(map(len, table[:2])) <= 80
    assert table[1].startswith("Reports of the of…  aaaaaaaaaaaaaaaaaaaaaaaa…  ")
    assert any(line.startswith(f"{name}: ") for line in table)


def test_no_server_of_oauth2() -> None:
    assert states_as_text([], now=NOW).startswith("No server uses OAuth2")


def test_a_proof_is_noted_for_the_sign_in_that_it_is_of(tmp_path: Path) -> None:
    state = _state(tmp_path, unproven="no SMTP")
    store = token_store(tmp_path / "tokens")
    assert state.tokens is not None
    noted = record_proof(store, state.tokens, at=NOW + 5.5)
    assert store.load("Reports") == noted == replace(state.tokens, proven_at=NOW + 5, unproven=None)
    other = replace(state.tokens, grant_id="another")
    assert record_proof(store, other, at=NOW + 9) == other
    assert store.load("Reports") == noted


def test_a_refusal_is_noted_for_the_sign_in_that_it_is_of_until_a_host_proves_it(
    tmp_path: Path,
) -> None:
    state = _state(tmp_path, proven_at=NOW - 5)
    store = token_store(tmp_path / "tokens")
    assert state.tokens is not None
    record_refusal(store, replace(state.tokens, grant_id="another"), "refused")
    assert store.load("Reports") == state.tokens
    record_refusal(store, state.tokens, "refused by maps1")
    assert store.load("Reports") == replace(state.tokens, unproven="refused by maps1")
    record_proof(store, state.tokens, at=NOW, by="maps2")
    assert store.load("Reports") == replace(state.tokens, proven_at=NOW, proven_by="maps2")


def test_json_holds_no_token(tmp_path: Path) -> None:
    state = _state(tmp_path, expires_at=NOW + 60, proven_at=NOW)
    text = states_as_json([state.with_problem(Problem("What", "Do"))], now=NOW)
    assert "CANARY" not in text
    assert json.loads(text) == {
        "servers": [
            {
                "server": "Reports",
                "mailbox": "reports@example.edu",
                "client_secret_expires": None,
                "usable": False,
                "problems": [{"message": "What", "remedy": "Do", "exit_code": 6}],
                "tokens": {
                    "identity": "reports@example.edu",
                    "scope": "smtp",
                    "signed_in_at": "2030-03-17T17:46:40Z",
                    "refreshed_at": "2030-03-17T17:46:40Z",
                    "access_token_until": "2030-03-17T17:47:40Z",
                    "access_token_expired": False,
                    "refresh_token_until": "2030-06-15T17:46:40Z",
                    "refresh_token_until_reason": "90 days unused",
                    "refresh_token_early_ends": list(MICROSOFT.early_ends),
                    "handed_over_to": None,
                    "proven_at": "2030-03-17T17:46:40Z",
                    "proven_by": None,
                    "unproven": None,
                },
            }
        ]
    }

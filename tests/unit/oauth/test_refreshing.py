"""Refreshed tokens: under the lock, saved before use, and lost to no race and no network fault."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from msgspec.structs import replace

from provisioner.credentials.proofs import read_proofs
from provisioner.credentials.store import _LOCK_WAIT_SECONDS
from provisioner.errors import ExitCode, PersonNeeded, RefreshFailed, SecretUnavailable
from provisioner.model.email_server import SecretReference
from provisioner.oauth.refreshing import fresh_tokens
from provisioner.oauth.token_endpoint import SECONDS_UNDER_LOCK, TokenEndpoint
from provisioner.secret import Secret
from tests.support.oauth_samples import (
    CLIENT_SECRET,
    LINES,
    keep,
    kept,
    oauth_server,
    project_in,
    project_secrets,
    secrets_in,
    token_set,
)
from tests.support.paths import ROOT
from tests.support.scripted_provider import Grant, ScriptedAnswer, ScriptedProvider

NOW = int(time.time())


class Scene:
    """A provider, and a store with tokens of it that have just expired."""

    def __init__(self, folder):
        self.seen = []
        self.lines = []
        self.provider = ScriptedProvider(
            client_id="maps",
            client_secret=CLIENT_SECRET,
            observe=lambda path, parameters, _: self.seen.append((path, parameters)),
        )
        self.folder = folder
        self.path = secrets_in(folder).store.path("Reports")
        grant = Grant("maps", "reports@example.edu", "smtp offline_access")
        self.kept = token_set(
            access_token=Secret(self.provider.grants.access_token(grant, seconds=0)),
            refresh_token=Secret(self.provider.grants.refresh_token(grant)),
            expires_at=NOW - 1,
        )
        self.keep(self.kept)

    def keep(self, tokens, **changes):
        keep(secrets_in(self.folder), self.server(**changes), tokens)
        self.kept = tokens

    def stored(self):
        return kept(secrets_in(self.folder))

    def server(self, **changes):
        return oauth_server(**{"access_token_url": self.provider.token_url} | changes)

    def fresh(self, margin=60, *, save=False, **changes):
        """As a run of its own."""
        secrets, server = secrets_in(self.folder), self.server(**changes)
        return fresh_tokens(secrets, server, margin, NOW, save=save, announce=self.lines.append)

    def behave(self, **changes):
        self.provider.behavior = dataclasses.replace(self.provider.behavior, **changes)

    def is_live(self, tokens):
        return self.provider.grants.active(tokens.access_token.reveal()) is not None


@pytest.fixture(autouse=True)
def deadlines(monkeypatch):
    """Those of the requests, between which no test waits."""
    seen = []

    class Endpoint(TokenEndpoint):
        def refresh(self, refresh_token, *, scope):
            seen.append(self.deadline)
            return super().refresh(refresh_token, scope=scope)

    def endpoint(**settings):
        return Endpoint(**settings, pauses=(0, 0))

    monkeypatch.setattr("provisioner.oauth.refreshing.TokenEndpoint", endpoint)
    return seen


@pytest.fixture
def scene(tmp_path):
    scene = Scene(tmp_path)
    with scene.provider:
        yield scene


def test_an_expired_token_is_refreshed_and_saved(scene):
    found = scene.fresh(save=True)
    assert scene.is_live(found)
    assert scene.stored() == found
    assert found.grant_id == scene.kept.grant_id
    assert found.obtained_at == scene.kept.obtained_at
    assert found.refreshed_at == NOW
    assert found.expires_at == NOW + 3600
    assert scene.seen == [
        ("/token", {"grant_type": "refresh_token",
                    "refresh_token": scene.kept.refresh_token.reveal()})
    ]  # fmt: skip


def test_a_token_that_lives_long_enough_is_left_alone(scene):
    scene.keep(replace(scene.kept, expires_at=NOW + 300))
    assert scene.fresh(margin=299) == scene.kept
    assert scene.seen == []
    assert scene.fresh(margin=300) != scene.kept


def test_scope_for_token_is_sent_if_set(scene):
    scene.fresh(scope_for_token="smtp")
    assert scene.seen[0][1]["scope"] == "smtp"


def test_refreshes_go_to_refresh_token_url(scene):
    urls = {
        "access_token_url": "https://sso.example.edu/token",
        "refresh_token_url": scene.provider.token_url,
    }
    scene.keep(scene.kept, **urls)
    assert scene.is_live(scene.fresh(**urls))


def test_property_27_a_rotated_refresh_token_is_saved_and_an_absent_one_keeps_the_old(scene):
    assert scene.fresh().refresh_token == scene.kept.refresh_token
    scene.keep(replace(scene.kept, expires_at=0))
    scene.behave(rotate_refresh_tokens=True)
    first = scene.fresh()
    assert first.refresh_token != scene.kept.refresh_token
    assert scene.stored() == first
    scene.keep(replace(first, expires_at=0))
    assert scene.is_live(scene.fresh())


@pytest.mark.parametrize(
    ("days", "rotates", "rotation", "saved"),
    [
        (0, False, "none", False),
        (0, True, "old_stays_valid", False),
        (0, True, "strict", True),
        (0, True, None, True),
        (44, True, "old_stays_valid", False),
        (45, True, "old_stays_valid", True),
        (45, False, "none", True),
    ],
)
def test_only_what_would_be_lost_is_saved_by_a_command_that_does_not_refresh(
    scene, days, rotates, rotation, saved
):
    """A file that git knows changes if the old token is worth less, or half its time is over."""
    facts = {"idle_expiry_days": 90} | ({"refresh_token_rotation": rotation} if rotation else {})
    secrets = project_secrets(project_in(scene.folder, providers={"localhost": facts}))
    scene.keep(replace(scene.kept, refreshed_at=NOW - days * 86400))
    scene.behave(rotate_refresh_tokens=rotates)
    renewed = fresh_tokens(secrets, scene.server(), 60, NOW)
    assert scene.is_live(renewed)
    assert scene.stored() == (renewed if saved else scene.kept)
    assert fresh_tokens(secrets, scene.server(), 60, NOW) == renewed
    assert len(scene.seen) == 1


def test_a_secret_is_read_only_for_a_refresh(scene):
    unreadable = SecretReference({"env": "NOT_SET"}, scene.folder)
    scene.keep(replace(scene.kept, expires_at=NOW + 300))
    assert scene.fresh(margin=200, client_secret=unreadable) == scene.kept
    with pytest.raises(SecretUnavailable, match=r"client_secret: .*NOT_SET is not set"):
        scene.fresh(margin=300, client_secret=unreadable)


# What a person must do.


def test_nobody_has_signed_in(scene):
    with pytest.raises(PersonNeeded, match="not signed in: Reports") as caught:
        fresh_tokens(secrets_in(scene.folder / "x"), scene.server(), 0, NOW)
    assert caught.value.remedy == "run: provisioner authenticate Reports"


@pytest.mark.parametrize(
    ("error", "place", "remedy"),
    [
        ("invalid_grant", "1: Reports: ", "provisioner authenticate"),
        ("interaction_required", "1: Reports: ", "provisioner authenticate"),
        ("login_required", "1: Reports: ", "provisioner authenticate"),
        ("consent_required", "1: Reports: ", "provisioner authenticate"),
        ("invalid_client", f"{LINES['oauth2.client_secret']}: Reports: oauth2.client_secret: ", ""),
    ],
)
def test_a_refusal_needs_a_person_and_keeps_the_file(scene, error, place, remedy):
    said = {"error": error, "error_description": f"x {CLIENT_SECRET.reveal()}"}
    scene.behave(scripted_answers=(ScriptedAnswer(400, json.dumps(said)),) * 2)
    before = scene.path.read_bytes()
    with pytest.raises(PersonNeeded) as caught:
        scene.fresh()
    assert caught.value.exit_code == ExitCode.PERSON_NEEDED
    words = f"servers/reports.yml:{place}the refresh at localhost: {error}"
    assert caught.value.message.startswith(words)
    assert remedy in caught.value.remedy
    assert CLIENT_SECRET.reveal() not in caught.value.message
    assert scene.path.read_bytes() == before


def test_a_changed_destination_gets_nothing(scene):
    for changes in (
        {"access_token_url": scene.provider.issuer + "/other"},
        {"refresh_token_url": scene.provider.issuer + "/other"},
        {"client_id": "other"},
        {"host": "evil.example"},
    ):
        with pytest.raises(PersonNeeded, match="nothing was sent"):
            scene.fresh(**changes)
    assert scene.seen == []


def test_a_token_handed_over_to_a_host_is_not_refreshed_here(scene):
    scene.keep(replace(scene.kept, handed_over_to="maps1"))
    with pytest.raises(RefreshFailed, match="was handed over to maps1"):
        scene.fresh()
    assert scene.seen == []


# What passes, or is somebody else's to mend: the tokens stay.


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, "<html>"),
        (429, '{"error": "invalid_grant"}'),
        (500, '{"error": "invalid_grant"}'),
        (400, '{"error": "temporarily_unavailable"}'),
    ],
)
def test_property_28_a_passing_fault_is_no_revocation(scene, status, body):
    before = scene.path.read_bytes()
    scene.behave(scripted_answers=(ScriptedAnswer(status, body, headers={"Retry-After": "0"}),) * 3)
    with pytest.raises(RefreshFailed, match=r"access_token_url: .*localhost") as caught:
        scene.fresh()
    assert "try again later" in caught.value.remedy
    assert read_proofs(scene.folder) == {}, "nothing was refused"
    assert scene.path.read_bytes() == before
    said = f"the refresh: localhost answered HTTP {status}; trying again in 0 s"
    assert scene.lines == [said, said]
    assert scene.is_live(scene.fresh())


def test_tokens_that_came_in_meanwhile_are_believed_before_the_refusal(scene):
    """As after a `git pull` during the request, which knows no lock of ours."""
    scene.behave(rotate_refresh_tokens=True)
    newer = replace(scene.kept, access_token=Secret("newer"), expires_at=NOW + 3600)
    newer = replace(newer, refresh_token=Secret("newer-refresh"))
    elsewhere = secrets_in(scene.folder / "elsewhere")
    keep(elsewhere, scene.server(), newer)
    scene.provider.grants.revoke_all()

    def pull(path, parameters, _):
        elsewhere.store.path("Reports").replace(scene.path)

    scene.provider.observe = pull
    assert scene.fresh() == newer


def test_both_refreshes_of_one_run_end_before_others_give_up_waiting_for_the_lock(
    scene, deadlines, monkeypatch
):
    """A second one follows where a `git pull` brought other tokens in, which have expired, too."""
    other = replace(scene.kept, refresh_token=Secret("other-refresh"))
    elsewhere = secrets_in(scene.folder / "elsewhere")
    keep(elsewhere, scene.server(), other)
    scene.provider.grants.revoke_all()
    scene.provider.observe = lambda *_: (
        elsewhere.store.path("Reports").exists()
        and elsewhere.store.path("Reports").replace(scene.path)
    )
    with pytest.raises(PersonNeeded):
        scene.fresh()
    assert len(deadlines) == 2
    assert deadlines[0] == deadlines[1] <= time.monotonic() + SECONDS_UNDER_LOCK
    assert SECONDS_UNDER_LOCK <= _LOCK_WAIT_SECONDS - 15


def test_without_time_under_the_lock_nothing_is_sent(scene, monkeypatch):
    monkeypatch.setattr("provisioner.oauth.refreshing.SECONDS_UNDER_LOCK", 0)
    with pytest.raises(RefreshFailed, match="localhost did not answer in time"):
        scene.fresh()
    assert scene.seen == []


# Races.

_REFRESHING = """
import sys, time
from pathlib import Path
from provisioner.oauth.refreshing import fresh_tokens
from tests.support.oauth_samples import oauth_server, secrets_in
server = oauth_server(access_token_url=sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
tokens = fresh_tokens(secrets_in(Path(sys.argv[2])), server, 60, time.time())
print(tokens.access_token.reveal(), tokens.refresh_token.reveal(), flush=True)
"""


def _refreshing(scene):
    return subprocess.Popen(
        [sys.executable, "-c", _REFRESHING, scene.provider.token_url, scene.folder],
        cwd=ROOT,
        env={**os.environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_property_26_eight_processes_end_with_the_same_live_token(scene):
    scene.behave(rotate_refresh_tokens=True)
    runs = [_refreshing(scene) for _ in range(8)]
    try:
        for run in runs:
            assert run.stdout.readline() == "ready\n"
        for run in runs:
            run.stdin.write("\n")
            run.stdin.flush()
        ends = {run.communicate(timeout=60)[0] for run in runs}
    finally:
        for run in runs:
            run.kill()
            run.wait()
    assert len(ends) == 1
    assert len(scene.seen) == 1
    kept = scene.stored()
    assert ends == {f"{kept.access_token.reveal()} {kept.refresh_token.reveal()}\n"}
    assert scene.is_live(kept)
    scene.keep(replace(kept, expires_at=0))
    assert scene.is_live(scene.fresh())


def test_property_25_sigkill_during_a_refresh_leaves_a_whole_file(scene):
    run = _refreshing(scene)
    try:
        assert run.stdout.readline() == "ready\n"

        def kill(path, parameters, _):
            run.send_signal(signal.SIGKILL)

        scene.provider.observe = kill
        run.stdin.write("\n")
        run.stdin.flush()
        assert run.wait(timeout=30) == -signal.SIGKILL
    finally:
        run.kill()
        run.communicate()
    assert scene.stored() == scene.kept
    scene.provider.observe = lambda *_: None
    assert scene.is_live(scene.fresh())


def test_a_refresh_tokens_own_end_is_kept_until_a_new_one_is_told(scene):
    scene.keep(replace(scene.kept, refresh_token_expires_at=NOW + 1000))
    assert scene.fresh().refresh_token_expires_at == NOW + 1000
    scene.keep(replace(scene.kept, expires_at=0))
    scene.behave(token_answer={"refresh_token_expires_in": "604799"})
    assert scene.fresh().refresh_token_expires_at == NOW + 604799

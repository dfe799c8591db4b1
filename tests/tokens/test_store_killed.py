"""SIGKILL at every step of a save and of a refresh, and eight refreshes at once."""

from __future__ import annotations

import multiprocessing
import shutil
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from provisioner.demo.provider import Behaviour, DemoProvider
from provisioner.demo.provider_grants import Grant
from provisioner.errors import PersonNeeded
from provisioner.secret import Secret
from provisioner.tokens.store import TokenStore
from provisioner.tokens.token_set import TokenSet
from tests.oauth_samples import CLIENT_SECRET, token_set, token_store
from tests.tokens import killing
from tests.tokens.gates import Machine, password_server
from tests.tokens.killing import NEW_SCOPE, killed_at_each_step, refreshed

pytestmark = pytest.mark.long

RUNS = 8


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    return token_store(tmp_path / "tokens")


def _save(store: TokenStore, tokens: TokenSet) -> None:
    with store.locked(tokens.server_name, wait_seconds=0) as entry:  # 0: nobody holds the lock
        entry.save(tokens)


def _left_behind(store: TokenStore) -> set[str]:
    names = {path.name for path in (store.folder / ".working").iterdir()}
    return names - {".gitignore", f"{store.path('Reports').name}.lock"}


def test_property_25_a_save_killed_at_any_step_leaves_the_old_or_the_new_file(
    store: TokenStore,
) -> None:
    old, new = token_set(scope="old"), token_set(scope=NEW_SCOPE)
    seen, left_behind = [], set()
    _save(store, old)
    for _step in killed_at_each_step(killing.save, store.folder):
        found = store.load("Reports")
        assert found in (old, new)
        seen.append(found)
        left_behind |= _left_behind(store)
        _save(store, old)
        assert _left_behind(store) == set()
    assert seen == sorted(seen, key=lambda found: found == new), "once new, new from then on"
    assert {old.scope, new.scope} == {found.scope for found in seen if found}
    assert left_behind, "a run was killed while its file was half written"
    assert store.load("Reports") == new


def test_property_25_a_first_save_killed_at_any_step_leaves_nothing_or_the_new_file(
    store: TokenStore,
) -> None:
    new = token_set(scope=NEW_SCOPE)
    for _step in killed_at_each_step(killing.save, store.folder):
        assert store.load("Reports") in (None, new)
        _save(store, new)
        assert store.load("Reports") == new
        assert _left_behind(store) == set()
        shutil.rmtree(store.folder)


def test_an_acceptance_killed_at_any_step_counts_or_does_not_and_can_be_repeated(
    tmp_path: Path,
) -> None:
    folder, configuration = tmp_path / "project", tmp_path / "laptop"
    machine, server, password = Machine(folder, configuration), password_server(), "CANARY-password"
    outcomes = []
    for _step in killed_at_each_step(killing.accept, folder, configuration):
        objection = machine.gate().objection(server, Secret(password))
        outcomes.append("does not count" if objection else "counts")
        machine.gate(accept=["Relay"]).check(server, Secret(password))
        machine.gate().check(server, Secret(password))
        for path in (folder, configuration):
            if path.exists():
                shutil.rmtree(path)
    assert set(outcomes) == {"counts", "does not count"}
    assert outcomes == sorted(outcomes, reverse=True), "once it counts, it counts from then on"


@dataclass
class Rotating:
    """A provider that ends a refresh token with its first use, and the whole grant with its
    second (RFC 9700 section 4.14.2)."""

    provider: DemoProvider
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.provider.token_url

    def expired(self) -> TokenSet:
        """Tokens of a new grant, of which only the refresh token still serves."""
        grants = self.provider.grants
        grant = Grant(self.provider.client_id, "reports@example.edu", "smtp")
        return token_set(
            refresh_token=Secret(grants.refresh_token(grant)),
            token_endpoint=self.url,
            expires_at=1_900_000_100,
        )

    def takes(self, access_token: str) -> bool:
        return self.provider.grants.active(access_token) is not None


@pytest.fixture
def rotating() -> Iterator[Rotating]:
    behaviour = Behaviour(rotate_refresh_tokens=True)
    provider = DemoProvider(behaviour, client_id="maps", client_secret=CLIENT_SECRET)
    rotating = Rotating(provider)

    def note(path: str, parameters: Mapping[str, str], _headers: object) -> None:
        rotating.asked.append(parameters["refresh_token"])

    provider.observe = note
    with provider:
        yield rotating


def test_property_27_a_refresh_killed_at_any_step_loses_nothing_that_was_not_in_its_hands(
    store: TokenStore, rotating: Rotating
) -> None:
    outcomes = set()
    old = rotating.expired()
    _save(store, old)
    for _step in killed_at_each_step(killing.refresh, store.folder, rotating.url):
        found = store.load("Reports")
        assert found is not None
        saved, used = found != old, bool(rotating.asked)
        assert used or not saved
        if used and not saved:  # the answer died with the run: only a person can help
            with pytest.raises(PersonNeeded, match="invalid_grant"):
                refreshed(store, rotating.url)
            assert store.load("Reports") == old
        else:
            assert rotating.takes(refreshed(store, rotating.url))
        outcomes.add((used, saved))
        old = rotating.expired()
        _save(store, old)
        assert _left_behind(store) == set()
        rotating.asked.clear()
    assert outcomes == {(False, False), (True, False), (True, True)}


def _refresh_at_once(
    folder: Path, url: str, start: threading.Barrier, ended: multiprocessing.Queue[str]
) -> None:
    start.wait(60)
    ended.put(refreshed(token_store(folder), url))


def test_property_26_of_eight_refreshes_at_once_one_wins_and_all_end_with_its_token(
    store: TokenStore, rotating: Rotating
) -> None:
    _save(store, rotating.expired())
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([killing.__name__])
    start, ended = context.Barrier(RUNS), context.Queue()
    arguments = (store.folder, rotating.url, start, ended)
    runs = [context.Process(target=_refresh_at_once, args=arguments) for _ in range(RUNS)]
    for run in runs:
        run.start()
    tokens = {ended.get(timeout=60) for _ in runs}
    for run in runs:
        run.join(60)
    assert [run.exitcode for run in runs] == [0] * RUNS
    assert len(rotating.asked) == 1
    [token] = tokens
    assert rotating.takes(token)
    kept = store.load("Reports")
    assert kept is not None
    assert kept.access_token.reveal() == token

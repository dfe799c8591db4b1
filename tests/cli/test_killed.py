"""SIGKILL at each step of what writes credentials: the old or the new file, whole, every time."""

import multiprocessing
import os
import shutil
import signal
from contextlib import suppress

import pytest

# Imported here, once, by the server that forks: an import is no step of ours.
import provisioner.oauth.https_post  # noqa: F401
from provisioner.credentials.vault_key import KeySearch
from provisioner.errors import PersonNeeded
from provisioner.oauth.refreshing import fresh_tokens
from provisioner.secret import Secret
from tests.support.oauth_samples import (
    CLIENT_SECRET,
    keep,
    kept,
    oauth_server,
    project_in,
    project_secrets,
    token_set,
)
from tests.support.scripted_provider import Behavior, Grant, ScriptedProvider

pytestmark = pytest.mark.long

# What changes a name or content. Before any other call (fsync, close, flock), a killed run leaves
# what it leaves before the next of these.
STEPS = ("mkdir", "open", "posix_fallocate", "ftruncate", "pwrite", "write", "chmod", "replace",
         "unlink")  # fmt: skip
NEW_SCOPE = "new " * 500
NOW = 1_950_000_000


def killed_at_each_step(work, *arguments):
    """Run `work` again and again, killed one step later each time; ends when it gets through.

    The caller sees what each killed run has left before the next one starts.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, work.__module__])
    step = 0
    while True:
        process = context.Process(target=_killed_at, args=(step, work, arguments))
        process.start()
        process.join(60)
        assert process.exitcode in (0, -signal.SIGKILL), f"step {step}: {process.exitcode}"
        if process.exitcode == 0:
            return
        yield step
        step += 1


def _killed_at(step, work, arguments):
    left = step

    def counted(call, name):
        def counting(*args, **kwargs):
            nonlocal left
            if name == "open" and not args[1] & os.O_CREAT:
                return call(*args, **kwargs)
            if left == 0:
                if name == "write":  # half of it is there
                    with suppress(TypeError):
                        call(args[0], args[1][: len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return call(*args, **kwargs)

        return counting

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name), name))
    os.fsync = lambda _descriptor: None  # a kill is no power cut
    work(*arguments)
    os._exit(0)  # what multiprocessing tidies up is no step either


def sign_in(root):
    """Saves tokens and acceptance in one write."""
    keep(project_secrets(project_in(root)), oauth_server(), token_set(scope=NEW_SCOPE))


def make_key(root):
    """The first run of a user."""
    key_search(root).find(create=True)


def key_search(root):
    environment = {"HOME": str(root)}
    return KeySearch(root=root / "x", tokens_path=root, identity="", environment=environment)


def left_behind(root):
    return [path.name for path in root.rglob("*.tmp")]


@pytest.mark.parametrize("before", [None, "old"])
def test_a_sign_in(tmp_path, before):
    secrets, seen, dirty = project_secrets(project_in(tmp_path)), [], False
    old = token_set(scope="old") if before else None

    def restore():
        shutil.rmtree(secrets.store.folder, ignore_errors=True)
        if old is not None:
            keep(secrets, oauth_server(), old)

    restore()
    for _step in killed_at_each_step(sign_in, tmp_path):
        found = kept(secrets)
        assert found in (old, token_set(scope=NEW_SCOPE))
        if found is not None:
            secrets.check_tokens(oauth_server())  # no tokens without their acceptance
        seen.append(found != old)
        dirty |= bool(left_behind(tmp_path))
        sign_in(tmp_path)
        assert kept(secrets) == token_set(scope=NEW_SCOPE)
        assert left_behind(tmp_path) == []
        restore()
    assert seen == sorted(seen), "once new, new from then on"
    assert set(seen) == {False, True}
    assert dirty, "a run was killed while its file was unfinished"


def test_a_first_key(tmp_path):
    for _step in killed_at_each_step(make_key, tmp_path):
        made = key_search(tmp_path).find(create=True).password.reveal()
        assert len(made) == 64
        assert key_search(tmp_path).find().password.reveal() == made
        shutil.rmtree(tmp_path / ".config")


@pytest.fixture
def provider():
    """It ends a refresh token with its first use, and the grant with its second (RFC 9700)."""
    behavior = Behavior(rotate_refresh_tokens=True)
    with ScriptedProvider(behavior, client_id="maps", client_secret=CLIENT_SECRET) as provider:
        yield provider


def refresh(root, url):
    """A refresh of tokens that have expired."""
    secrets = project_secrets(project_in(root))
    fresh_tokens(secrets, oauth_server(access_token_url=url), 600, NOW)


def test_property_27_a_refresh_loses_nothing_that_was_not_in_its_hands(tmp_path, provider):
    secrets, outcomes, asked = project_secrets(project_in(tmp_path)), set(), []
    server = oauth_server(access_token_url=provider.token_url)

    def note(path, parameters, _headers):
        asked.append(parameters["refresh_token"])

    def expired():
        grant = Grant("maps", "reports@example.edu", "smtp")  # a used token ends its whole grant
        token = Secret(provider.grants.refresh_token(grant))
        keep(secrets, server, token_set(refresh_token=token, expires_at=1_900_000_100))
        asked.clear()

    provider.observe = note
    expired()
    for _step in killed_at_each_step(refresh, tmp_path, provider.token_url):
        old, used = kept(secrets), bool(asked)
        saved = old.expires_at > NOW
        assert used or not saved
        if used and not saved:  # the answer died with the run: only a person can help
            with pytest.raises(PersonNeeded, match="invalid_grant"):
                fresh_tokens(secrets, server, 600, NOW)
            assert kept(secrets) == old
        else:
            fresh = fresh_tokens(secrets, server, 600, NOW)
            assert provider.grants.active(fresh.access_token.reveal())
        outcomes.add((used, saved))
        expired()
        assert left_behind(tmp_path) == []
    assert outcomes == {(False, False), (True, False), (True, True)}

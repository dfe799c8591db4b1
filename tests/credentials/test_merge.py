"""Two people in one repository: what git merges, what it leaves to them, and what stays clean."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.cli import merge_credentials
from provisioner.demo.provider import DemoProvider
from provisioner.demo.provider_grants import Grant
from provisioner.errors import ExitCode
from provisioner.secret import Secret
from tests.credentials.checkout import Checkout
from tests.oauth_samples import CLIENT_SECRET, token_set

pytestmark = pytest.mark.long


@pytest.fixture
def provider() -> Iterator[DemoProvider]:
    with DemoProvider(client_id="maps", client_secret=CLIENT_SECRET) as provider:
        yield provider


@pytest.fixture
def two(tmp_path: Path, provider: DemoProvider) -> tuple[Checkout, Checkout]:
    """Clones of one repository; Reports is signed in to, Relay is accepted, both are pushed."""
    upstream = str(tmp_path / "mail config.git")
    mine = Checkout(tmp_path / "mine")
    mine.git("init", "-q", "--bare", "-b", "main", upstream)
    mine.git("clone", "-q", upstream, ".")
    mine.relay()
    mine.oauth2(provider.token_url)
    refresh_token = provider.grants.refresh_token(Grant("maps", "reports@example.edu", "smtp"))
    mine.keep(token_set(refresh_token=Secret(refresh_token)))
    mine.does("accept", "--accept-destination", "Relay", "--accept-destination", "Reports")
    said = mine.does("init", "--merge-driver")
    assert said.startswith("Wrote tokens/.gitattributes\nSet merge.maps-credentials in ")
    mine.commit()
    mine.git("push", "-q", "-u", "origin", "HEAD")
    theirs = Checkout(tmp_path / "theirs")
    theirs.git("clone", "-q", upstream, ".")
    return mine, theirs


def refresh(checkout: Checkout) -> str:
    """A commit with new tokens, later than those before."""
    time.sleep(1.1)  # times are whole seconds
    checkout.does("refresh", "Reports")
    checkout.commit()
    return checkout.tokens().access_token.reveal()


@pytest.mark.parametrize("later", [0, 1])
def test_two_refreshes_of_one_server(two: tuple[Checkout, Checkout], later: int) -> None:
    mine, theirs = two
    theirs.does("init", "--merge-driver")
    refresh(two[1 - later])
    newest = refresh(two[later])
    mine.git("push", "-q")
    theirs.git("pull", "-q", "--no-rebase", "--no-edit")
    assert theirs.tokens().access_token.reveal() == newest
    assert theirs.git("status", "--porcelain") == ""
    theirs.git("push", "-q")
    mine.git("pull", "-q", "--no-rebase", "--no-edit")
    assert mine.tokens().access_token.reveal() == newest
    assert mine.does("accept").count("nothing to accept") == 2


@pytest.mark.parametrize("driver", ["", "gone", "no key"])
def test_what_cannot_be_merged_is_a_conflict_and_nothing_is_lost(
    two: tuple[Checkout, Checkout], driver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = two
    if driver == "gone":
        monkeypatch.setattr(sys, "executable", str(tmp_path / "no such/python"))
    assert not driver or merge_credentials.print_merge_driver(theirs.folder)
    refresh(mine)
    mine.git("push", "-q")
    refresh(theirs)
    with monkeypatch.context() as context:
        if driver == "no key":
            context.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(tmp_path / "none"))
        said = theirs.git("pull", "--no-rebase", "--no-edit", fails=True)
    assert ("no vault key" in said) is (driver == "no key")
    assert "CONFLICT (content)" in said
    [path] = (theirs.folder / "tokens").glob("reports-*.yml")
    assert all(mark in path.read_text() for mark in ("<<<<<<< ", "=======\n", ">>>>>>> "))
    refused = theirs.run("refresh", "Reports")
    assert refused.returncode == ExitCode.FAILURE
    assert f"{path} has conflict markers" in refused.stderr
    assert "`provisioner init --merge-driver` sets up the merge driver" in refused.stderr


def test_other_destinations_for_one_secret(two: tuple[Checkout, Checkout]) -> None:
    mine, theirs = two
    theirs.does("init", "--merge-driver")
    for port, checkout in ((2525, mine), (2526, theirs)):
        checkout.relay(port=port)
        checkout.does("accept", "Relay", "--accept-destination", "Relay")
        checkout.commit()
    mine.git("push", "-q")
    said = theirs.git("pull", "--no-rebase", "--no-edit", fails=True)
    assert "both sides accepted other destinations\n" in said
    theirs.git("checkout", "--theirs", "tokens", "servers")
    theirs.git("commit", "-qam", "theirs")
    assert theirs.does("accept", "Relay") == "Relay: nothing to accept\n"


def test_a_program_with_an_odd_path(
    two: tuple[Checkout, Checkout], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "it's %P & $(me)" / "python"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    program.chmod(0o755)
    mine, theirs = two
    with monkeypatch.context() as context:
        context.setattr(sys, "executable", str(program))
        assert merge_credentials.print_merge_driver(theirs.folder)
    (theirs.folder / "provisioner").mkdir()  # what runs is not in the checkout
    theirs.write("provisioner/__main__.py", "raise SystemExit(0)")
    refresh(mine)
    mine.git("push", "-q")
    newest = refresh(theirs)
    theirs.git("pull", "-q", "--no-rebase", "--no-edit")
    assert theirs.tokens().access_token.reveal() == newest


def test_before_git_init(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "new")
    options = ("--provider", "google", "--mailbox", "reports@uni.edu", "--client-id")
    ended = checkout.run("init", *options, "123-ab.apps.googleusercontent.com")
    assert ended.returncode == ExitCode.DONE
    assert "after `git init`, run: provisioner init --merge-driver" in ended.stderr
    checkout.write("tokens/.gitattributes", "own\n")
    assert checkout.run("init", "--merge-driver").returncode == ExitCode.FAILURE
    checkout.git("init", "-q")
    assert "Set merge.maps-credentials" in checkout.does("init", "--merge-driver")
    assert (checkout.folder / "tokens/.gitattributes").read_text() == "own\n"


def test_a_clone_under_umask_002_stays_clean(
    two: tuple[Checkout, Checkout], tmp_path: Path
) -> None:
    clone = Checkout(tmp_path / "shared", umask=0o002)
    clone.git("clone", "-q", str(tmp_path / "mail config.git"), ".")
    [path] = (clone.folder / "tokens").glob("reports-*.yml")
    assert path.stat().st_mode & 0o777 == 0o664
    host = f"ansible_connection=local ansible_python_interpreter={sys.executable}"
    clone.write("inventory/hosts.ini", f"[maps]\nmaps1 {host} maps_directory={tmp_path}/host\n")
    clone.commit()
    looking = ("status", "status --hosts", "validate", "worksheet", "history", "accept", "plan")
    for command in (*looking, "worksheet --reveal --yes", "refresh --due"):
        ended = clone.run(*command.split())
        said = ended.stdout + ended.stderr
        assert ended.returncode in {0, ExitCode.CHANGES, ExitCode.PERSON_NEEDED}, said
        assert "other users" not in said
        assert clone.git("status", "--porcelain") == "", command
    clone.does("refresh", "Reports")
    assert clone.git("status", "--porcelain") == f" M tokens/{path.name}\n"

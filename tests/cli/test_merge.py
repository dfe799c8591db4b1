"""Two people in one repository: what git merges, what it leaves to them, and what stays clean."""

import itertools
import sys

import pytest

from provisioner.cli.commands import merge_credentials
from provisioner.errors import ExitCode
from provisioner.secret import Secret
from tests.cli.checkout import Checkout
from tests.support.oauth_samples import token_set

pytestmark = pytest.mark.long

_LATER = itertools.count(token_set().refreshed_at + 1)


@pytest.fixture
def two(tmp_path):
    """Clones of one repository; Reports is signed in to, Relay is accepted, both are pushed."""
    upstream = str(tmp_path / "mail config.git")
    mine = Checkout(tmp_path / "mine")
    mine.git("init", "-q", "--bare", "-b", "main", upstream)
    mine.git("clone", "-q", upstream, ".")
    mine.relay()
    mine.oauth2()
    mine.keep(token_set())
    mine.does("accept", "--accept-destination", "Relay", "--accept-destination", "Reports")
    said = mine.does("init", "--merge-driver")
    assert said.startswith("Wrote tokens/.gitattributes\nSet merge.maps-credentials in ")
    mine.commit()
    mine.git("push", "-q", "-u", "origin", "HEAD")
    theirs = Checkout(tmp_path / "theirs")
    theirs.git("clone", "-q", upstream, ".")
    return mine, theirs


def refresh(checkout):
    """A commit with new tokens, later than those before."""
    at = next(_LATER)
    tokens = token_set(refreshed_at=at, access_token=Secret(f"access token of {at}"))
    checkout.keep(tokens)
    checkout.commit()
    return tokens.access_token.reveal()


@pytest.mark.parametrize("later", [0, 1])
def test_two_refreshes_of_one_server(two, later):
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
    two, driver, tmp_path, monkeypatch
):
    mine, theirs = two
    if driver == "gone":
        monkeypatch.setattr(sys, "executable", str(tmp_path / "no such/python"))
    assert not driver or merge_credentials.print_merge_driver(theirs.folder)
    refresh(mine)
    mine.git("push", "-q")
    refresh(theirs)
    key = {"ANSIBLE_VAULT_PASSWORD_FILE": str(tmp_path / "none")} if driver == "no key" else {}
    said = theirs.git("pull", "--no-rebase", "--no-edit", fails=True, **key)
    assert ("no vault key" in said) is (driver == "no key")
    assert "CONFLICT (content)" in said
    [path] = (theirs.folder / "tokens").glob("reports-*.yml")
    assert all(mark in path.read_text() for mark in ("<<<<<<< ", "=======\n", ">>>>>>> "))
    refused = theirs.ends(ExitCode.FAILURE, "refresh", "Reports")
    assert f"{path} has conflict markers" in refused.stderr
    assert "`provisioner init --merge-driver` sets up the merge driver" in refused.stderr


def test_other_destinations_for_one_secret(two):
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


def test_a_program_with_an_odd_path(two, tmp_path, monkeypatch):
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


def test_before_git_init(tmp_path):
    checkout = Checkout(tmp_path / "new")
    options = ("--provider", "google", "--mailbox", "reports@uni.edu", "--client-id")
    ended = checkout.ends(ExitCode.DONE, "init", *options, "123-ab.apps.googleusercontent.com")
    assert "after `git init`, run: provisioner init --merge-driver" in ended.stderr
    checkout.write("tokens/.gitattributes", "own\n")
    assert checkout.run("init", "--merge-driver").returncode == ExitCode.FAILURE
    checkout.git("init", "-q")
    assert "Set merge.maps-credentials" in checkout.does("init", "--merge-driver")
    assert (checkout.folder / "tokens/.gitattributes").read_text() == "own\n"

"""A plan in a file: what it holds, and what it is held against."""

import io
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec import structs

from provisioner.deploy import plan as plan_module
from provisioner.deploy.entry import ServerEntry
from provisioner.deploy.plan import PlanRefused, make_plan, read_plan
from provisioner.deploy.scope import Scope
from provisioner.deploy.targets import Targets
from provisioner.git import Commit
from provisioner.secret import Secret
from tests.support.oauth_samples import CLIENT_SECRET, oauth_server, token_set
from tests.unit.deploy.pushes import COMMIT, KEY, change, result_of, run_started

TOKENS = token_set()
ENTRY = ServerEntry(server=oauth_server(), client_secret=CLIENT_SECRET, token_set=TOKENS)


def targets(entry=ENTRY, hosts=("a", "b")):
    project = SimpleNamespace(providers={})
    entries = {entry.name: entry} if entry else {}
    return Targets(project=project, entries=entries, hosts={"Reports": hosts})


def made(**changes):
    hosts = [
        result_of("a", "C", servers=[change("removed", "Old"), change("unchanged")]),
        result_of(
            "d", "C", servers=[change("added", "New"), change()], unverified=["New", "Reports"]
        ),
        result_of("b", "U", servers=[change("unchanged")]),
        result_of("c", "X"),
    ]
    given = {
        "key": KEY,
        "started": run_started(),
        "options": Scope(servers=("Reports",), prune=True),
        **changes,
    }
    return make_plan(hosts, targets(), **given)


def saved(folder, plan):
    path = folder / "plan.json"
    path.write_text(plan.text())
    return path


def test_it_has_what_is_to_be_done_and_no_secret(tmp_path):
    plan = read_plan(saved(tmp_path, made()))
    assert plan == made()
    assert {host: one.actions for host, one in plan.hosts.items()} == {
        "a": {"Old": "removed", "Reports": "verified"},
        "d": {"New": "added", "Reports": "changed"},
    }
    assert not any(s.reveal() in plan.text() for s in (*ENTRY.secrets(), Secret(KEY)))
    plan.require_current(targets(), KEY, Commit(COMMIT.id, True))


def test_what_cannot_be_done_is_told_and_stays():
    left_out = made(left_out=[("a", "Reports"), ("b", "Old")]).hosts["a"].actions
    assert left_out == {"Old": "removed", "Reports": "skipped"}


def test_refreshed_tokens_are_no_change():
    newer = structs.replace(
        TOKENS, access_token=Secret("newer"), refresh_token=Secret("n"), expires_at=9, scope="x"
    )
    made().require_current(targets(replace(ENTRY, token_set=newer)), KEY, COMMIT)


EDITED = structs.replace(made(), hosts={})
NOT_CURRENT = [
    (made(), targets(replace(ENTRY, client_secret=Secret("x"))), KEY, COMMIT, ": Reports"),
    (
        made(),
        targets(replace(ENTRY, token_set=structs.replace(TOKENS, grant_id="g"))),
        KEY,
        COMMIT,
        ": Reports",
    ),
    (made(), targets(replace(ENTRY, server=oauth_server(host="x"))), KEY, COMMIT, ": Reports"),
    (made(), targets(hosts=("a",)), KEY, COMMIT, ": Reports"),
    (made(), targets(None), KEY, COMMIT, ": Reports"),
    (made(), targets(), "j" * 64, COMMIT, "another vault key"),
    (made(), targets(), KEY, Commit("d" * 40, False), "is for commit"),
    (made(), targets(), KEY, Commit(None, None), "is for commit"),
    (EDITED, targets(), KEY, COMMIT, "was edited"),
    (structs.replace(made(), seal=""), targets(), KEY, COMMIT, "was edited"),
    (structs.replace(made(), options=Scope()), targets(), KEY, COMMIT, "was edited"),
]


@pytest.mark.parametrize(
    ("plan", "there", "key", "commit", "words"), NOT_CURRENT, ids=range(len(NOT_CURRENT))
)
def test_a_plan_of_something_else_is_refused(plan, there, key, commit, words):
    with pytest.raises(PlanRefused, match=words) as raised:
        plan.require_current(there, key, commit)
    assert raised.value.remedy


# -- the file


def damaged(**changes):
    return json.dumps(json.loads(made().text()) | changes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        damaged(schema_version=2),
        damaged(more=1),
        damaged(hosts={"a": {"fingerprint": "x", "actions": {}}}),
        damaged(hosts={"a": {"fingerprint": None, "actions": {}, "more": 1}}),
        damaged(seal="x" * 65),
    ],
)
def test_a_file_that_is_no_plan(tmp_path, text):
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(PlanRefused):
        read_plan(tmp_path / "plan.json")


def test_a_file_that_cannot_be_read(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    for place, words in (
        (tmp_path / "plan.json", "plan.json cannot be read: No such file"),
        (tmp_path, "cannot be read: it is not a regular file"),
        (tmp_path / "pipe", "pipe cannot be read: it is not a regular file"),
        (Path("/dev/zero"), "/dev/zero cannot be read: it is not a regular file"),
    ):
        with pytest.raises(PlanRefused, match=words) as raised:
            read_plan(place)
        assert "or - for standard input" in raised.value.remedy
    path = saved(tmp_path, made())
    monkeypatch.setattr(plan_module, "_MOST_BYTES", 100)
    with pytest.raises(PlanRefused):
        read_plan(path)


def test_a_plan_may_come_from_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(made().text().encode())))
    assert read_plan(Path("-")) == made()

"""Who is at work on a host from one module call to the next, and how that ends."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from provisioner.mail.conversation import host_code
from tests.playbooks.csharp_store import CSharpStore
from tests.playbooks.mono_host import MonoError
from tests.playbooks.samples import delivery, oauth2_entry

maps_lease = host_code("maps_lease")
Refusal = host_code("maps_refusal").Refusal
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
FIRST, OTHER = oauth2_entry(), oauth2_entry(port=465)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "maps-provisioner"


def terms(holder: str, **changes) -> dict:
    return {"holder": holder, "commit": "0123456789ab", "reason": "push", **changes}


@pytest.fixture
def store(store_class):
    """A store as `holder` has it."""

    def made(folder, run_id, holder="", **settings):
        settings = {"lock_wait": 0, **settings, "lease": terms(holder) if holder else None}
        return store_class(str(folder), run_id, f"{holder or 'nobody'}@ws", **settings)

    return made


def lease(folder) -> dict | None:
    path = folder / "lease.json"
    return json.loads(path.read_text()) if path.exists() else None


def refused(call, *arguments) -> str:
    with pytest.raises(Refusal) as caught:
        call(*arguments)
    assert caught.value.reason == "locked"
    return caught.value.message


def test_a_second_run_is_told_who_is_at_work_until_the_mails_are_seen_through(store, folder):
    first = store(folder, "r1", "ann")
    first.deliver(delivery(FIRST))
    held = lease(folder)
    assert (held["owner"], held["run_id"], held["commit"]) == ("ann@ws", "r1", "0123456789ab")
    assert held["expires"] - held["since"] == 900 + 300
    document = (folder / "email-servers.json").read_bytes()
    message = refused(store(folder, "r2", "bob").deliver, delivery(OTHER))
    assert re.fullmatch(
        rf"ann@ws works on this host since {TIME} \(push, run r1\), until {TIME} at the latest: "
        r"wait for it with --lock-wait SECONDS; if that run is dead, "
        r"provisioner unlock --hosts --force",
        message,
    )
    refused(store(folder, "r2", "bob").record_proofs, [], [])
    refused(store(folder, "r2").deliver, delivery(OTHER))
    assert (folder / "email-servers.json").read_bytes() == document
    first.renew_lease()
    first.record_proofs([(FIRST, "sent")], [FIRST["server_name"]])
    assert lease(folder) is None
    assert store(folder, "r2", "bob").deliver(delivery(OTHER))["state"] == "delivered"


def test_it_stays_while_a_delivery_is_still_to_be_taken_back(store, folder):
    first = store(folder, "r1", "ann")
    first.deliver(delivery(FIRST))
    first.record_proofs([], [FIRST["server_name"]], last=False)
    refused(store(folder, "r2", "bob").deliver, delivery(OTHER))
    assert first.restore() == "restored"
    assert lease(folder) is None


@pytest.mark.parametrize("checked", [[], ["Alerts"]])
def test_where_nothing_is_checked_it_ends_with_the_delivery(store, folder, checked):
    wanted = {**delivery(FIRST), "checked": checked}
    assert store(folder, "r1", "ann").deliver(wanted)["mails_needed"] == ["Reports"]
    assert lease(folder) is None
    store(folder, "r2", "bob").deliver({**delivery(OTHER), "checked": ["reports"]})
    assert lease(folder)["run_id"] == "r2"


@pytest.mark.parametrize("how", ["without mails", "failed", "crashed"])
def test_where_nothing_follows_it_ends_with_the_call(store, folder, how):
    run = store(folder, "r1", "ann", apply_command=["false"] if how == "failed" else None)
    if how == "crashed":
        with pytest.raises((KeyError, MonoError)):
            run.deliver({})
    elif how == "failed":
        assert run.deliver(delivery(FIRST))["state"] == "unknown"
    else:
        first = store(folder, "r0", "ann")
        first.deliver(delivery(FIRST))
        first.record_proofs([(FIRST, "sent")], [FIRST["server_name"]])
        assert run.deliver(delivery(FIRST))["state"] == "unchanged"
    assert lease(folder) is None


WAITS = """
import sys, json
from provisioner.mail.conversation import host_code
Store = host_code("maps_store").Store
terms = {"holder": "bob", "commit": None, "reason": "push"}
run = Store(sys.argv[1], "r2", "bob", lock_wait=600, lease=terms)
print(json.dumps(run.deliver(json.loads(sys.argv[2]))["servers"]))
"""


@pytest.fixture(params=["python", "csharp"])
def another_that_waits(request, folder):
    """Starts a process that delivers once the host is free, and says how the servers are then."""
    call, argv = "", [sys.executable, "-c", WAITS, str(folder), json.dumps(delivery(OTHER))]
    if request.param == "csharp":
        lease = terms("bob")
        store = CSharpStore(None, str(folder), "r2", "bob", lock_wait=600, lease=lease)
        call = json.dumps(store.call("deliver", delivery=delivery(OTHER))) + "\n"
        argv = ["mono", str(request.getfixturevalue("mono_program"))]

    def started():
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        waiting = subprocess.Popen(argv, text=True, **pipes)
        waiting.stdin.write(call)
        waiting.stdin.flush()
        return waiting

    return started


one_store = pytest.mark.parametrize("store_class", ["python"], indirect=True)


@one_store
def test_a_run_that_waits_ends_with_the_one_that_would_hear_its_answer(
    store, folder, another_that_waits
):
    store(folder, "r1", "ann").deliver(delivery(FIRST))
    before = (folder / "email-servers.json").read_bytes()
    waiting = another_that_waits()
    waiting.stdout.close()
    with waiting:
        assert waiting.wait(60) != 0
    assert (folder / "email-servers.json").read_bytes() == before


@one_store
def test_a_run_waits_for_another(store, folder, another_that_waits):
    first = store(folder, "r1", "ann")
    first.deliver(delivery(FIRST))
    waiting = another_that_waits()
    time.sleep(1)
    assert waiting.poll() is None
    first.record_proofs([(FIRST, "sent")], [FIRST["server_name"]])
    assert '"state": "changed"' in waiting.communicate(timeout=60)[0]


@pytest.mark.parametrize(
    "how", ["own checkout", "own run", "ended", "clock set back", "broken", "no year"]
)
def test_what_a_killed_run_left_keeps_nobody_out_for_long(store, folder, how):
    store(folder, "killed", "ann").deliver(delivery(FIRST))
    left = lease(folder)
    if how == "ended":
        left["expires"] = int(time.time()) - 1
    if how == "clock set back":
        left.update(since=left["since"] + 86400, expires=left["expires"] + 86400)
    if how == "no year":
        left["expires"] = 2**39
    text = "{" if how == "broken" else json.dumps(left)
    (folder / "lease.json").write_text(text)
    run = store(folder, "killed" if how == "own run" else "next", "ann" if "own" in how else "bob")
    assert run.deliver(delivery(OTHER))["state"] == "delivered"
    assert lease(folder)["run_id"] == ("killed" if how == "own run" else "next")
    assert (lease(folder)["since"] == left["since"]) or how != "own run"


def test_a_run_whose_lease_ended_and_went_to_another_sends_no_mail(store, folder):
    first = store(folder, "r1", "ann")
    first.deliver(delivery(FIRST))
    (folder / "lease.json").unlink()
    store(folder, "r2", "bob").deliver(delivery(OTHER))
    assert "bob@ws works on this host" in refused(first.renew_lease)
    assert lease(folder)["run_id"] == "r2"


def test_plan_and_probe_neither_take_nor_heed_it(store, folder):
    store(folder, "r1", "ann").deliver(delivery(FIRST))
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    other = store(folder, "r2", "bob")
    assert other.compared(delivery(OTHER))["state"] == "changed"
    shown = other.probe()["lease"]
    assert (shown["owner"], shown["reason"], shown["commit"]) == ("ann@ws", "push", "0123456789ab")
    assert re.fullmatch(TIME, shown["expires"])
    assert "holder" not in shown
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_unlock(store, folder):
    assert store(folder, "u", "bob").unlock(force=False) == ("free", None)
    store(folder, "r1", "ann").deliver(delivery(FIRST))
    state, there = store(folder, "u", "bob").unlock(force=False)
    assert (state, there["owner"]) == ("held", "ann@ws")
    assert lease(folder)
    assert store(folder, "u", "ann").unlock(force=False)[0] == "unlocked"
    assert lease(folder) is None
    store(folder, "r1", "ann").deliver(delivery(OTHER))
    assert store(folder, "u", "bob").unlock(force=True)[0] == "unlocked"
    assert lease(folder) is None
    assert store(folder, "u", "bob").unlock(force=True) == ("free", None)
    assert store(folder, "r2", "bob").deliver(delivery(FIRST))["state"] == "delivered"


def test_the_record_names_the_commit(store, folder):
    store(folder, "r1", "ann").deliver(delivery(FIRST))
    assert store(folder, "r2").probe()["delivery"]["commit"] == "0123456789ab"


def test_a_folder_with_nothing_but_a_lease_is_our_own(store, folder):
    folder.mkdir(mode=0o700)
    (folder / "lease.json").write_text("")
    assert store(folder, "r1", "ann").deliver(delivery(FIRST))["state"] == "delivered"

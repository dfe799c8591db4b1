"""A rollback: what the host had before, as a new generation, with tokens that still work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioner.mail.conversation import host_code
from tests.playbooks.samples import changed, delivery, oauth2_entry, password_entry

Refusal = host_code("maps_refusal").Refusal
OLD, NEW = oauth2_entry(), oauth2_entry(port=465)
RELAY = password_entry()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "maps-provisioner"


@pytest.fixture
def store(store_class):
    """A store of one run."""
    lease = {"holder": "here", "commit": None, "reason": "push"}

    def made(folder, run_id, **settings):
        return store_class(str(folder), run_id, "tester", lease=lease, **settings)

    return made


@pytest.fixture
def push(store):
    """Delivers and proves."""

    def pushed(folder, run_id, *entries, **settings):
        run = store(folder, run_id, **settings)
        result = run.deliver(delivery(*entries))
        run.record_proofs([(entry, "sent") for entry in entries], [])
        return result

    return pushed


def rollback(tokens=None, rotating=(), mails=("Reports", "Relay")):
    return {"tokens": tokens or {}, "rotating": list(rotating), "mails": list(mails)}


def served(folder) -> list:
    return json.loads((folder / "email-servers.json").read_text())["servers"]


def refused(run, wanted) -> tuple[str, str]:
    with pytest.raises(Refusal) as caught:
        run.roll_back(wanted)
    return caught.value.reason, caught.value.message


def test_a_new_generation_with_the_old_content(store, push, folder):
    push(folder, "r1", OLD)
    push(folder, "r2", NEW, RELAY)
    looked = store(folder, "plan").rolled_back(rollback())
    assert looked["state"] == "changed"
    assert served(folder) == [RELAY, NEW]
    result = store(folder, "back").roll_back(rollback())
    assert (result["phase"], result["state"], result["generation"]) == ("rollback", "delivered", 3)
    assert served(folder) == [OLD]
    states = {name: said["state"] for name, said in result["servers"].items()}
    assert states == {"Reports": "changed", "Relay": "removed"}
    assert result["servers"]["Reports"]["values"] == {"/port": [465, 587]}
    assert result["mails_needed"] == ["Reports"]
    assert (folder / "lease.json").exists()
    store(folder, "back").record_proofs([(OLD, "sent")], ["Reports"])
    assert not (folder / "lease.json").exists()
    found = store(folder, "probe").probe()
    assert (found["generation"], found["servers"]["Reports"]["verified"]) == (3, True)


def test_back_and_forth(store, push, folder):
    push(folder, "r1", OLD)
    push(folder, "r2", NEW)
    for number, wanted in enumerate([OLD, NEW, OLD], start=3):
        run = store(folder, f"r{number}")
        assert run.roll_back(rollback())["generation"] == number
        assert served(folder) == [wanted]
        run.record_proofs([(wanted, "sent")], ["Reports"])


def test_what_was_never_proven_is_nothing_to_go_back_to(store, push, folder):
    push(folder, "r1", OLD)
    store(folder, "r2").deliver(delivery(NEW))
    store(folder, "r3").deliver(delivery(changed(NEW, port=2525)))
    store(folder, "r4").roll_back(rollback())
    assert served(folder) == [OLD]


def test_without_a_document_of_before(store, push, folder):
    assert refused(store(folder, "r0"), rollback())[0] == "no_predecessor"
    push(folder, "r1", OLD)
    reason, message = refused(store(folder, "r2"), rollback())
    assert reason == "no_predecessor"
    assert message == "this host has no document of before: there is nothing to go back to"
    assert served(folder) == [OLD]


def test_an_archive_that_was_exchanged(store, push, folder):
    push(folder, "r1", OLD)
    push(folder, "r2", NEW)
    (folder / "email-servers.previous.json").write_text("{}")
    assert refused(store(folder, "r3"), rollback())[0] == "archive"
    assert served(folder) == [NEW]


# -- tokens


def test_of_the_same_sign_in_the_newest_token_is_kept(store, push, folder):
    push(folder, "r1", OLD)
    push(folder, "r2", NEW)
    path = folder / "email-servers.json"
    document = json.loads(path.read_text())
    document["servers"][0]["oauth2"]["token"]["refresh_token"] = "CANARYby MAPS"
    path.write_text(json.dumps(document))
    store(folder, "r3").roll_back(rollback())
    assert served(folder) == [changed(OLD, token__refresh_token="CANARYby MAPS")]


def test_the_controller_s_token_of_that_sign_in_wins(store, push, folder):
    push(folder, "r1", OLD)
    push(folder, "r2", changed(NEW, token__grant_id="grant-2"))
    fresh = {**OLD["oauth2"]["token"], "refresh_token": "CANARYfresh"}
    store(folder, "r3").roll_back(rollback({"reports": fresh}, rotating=["Reports"]))
    assert served(folder) == [changed(OLD, token__refresh_token="CANARYfresh")]


def test_a_token_that_was_replaced_is_never_brought_back(store, push, folder):
    push(folder, "r1", OLD)
    push(folder, "r2", changed(NEW, token__grant_id="grant-2", user_name="other@example.edu"))
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "lock"}
    other = {**OLD["oauth2"]["token"], "grant_id": "grant-2"}
    reason, message = refused(
        store(folder, "r3"), rollback({"Reports": other}, rotating=["REPORTS"])
    )
    assert reason == "dead_token"
    assert message == (
        "the tokens that Reports had then have been replaced since: sign in again, then push"
    )
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "lock"} == before
    # A provider that leaves old tokens alone: the archived one is as good as ever.
    assert store(folder, "r3").roll_back(rollback())["state"] == "delivered"
    assert served(folder) == [OLD]


def test_of_the_same_account_another_sign_in_s_token_is_kept_where_tokens_rotate(
    store, push, folder
):
    newer = changed(NEW, token__grant_id="grant-2", token__refresh_token="CANARYnewer")
    push(folder, "r1", OLD)
    push(folder, "r2", newer)
    assert store(folder, "r3").roll_back(rollback(rotating=["Reports"]))["state"] == "delivered"
    assert served(folder) == [changed(OLD, oauth2__token=newer["oauth2"]["token"])]


# -- applying


def applying(folder, script=""):
    copy = f'{script}\ncp "$1" {folder.parent / "applied"}'
    return {"apply_command": ["sh", "-c", copy, "apply"]}


def test_applied(store, push, folder):
    push(folder, "r1", OLD, **applying(folder))
    push(folder, "r2", NEW, **applying(folder))
    result = store(folder, "r3", **applying(folder)).roll_back(rollback())
    assert (result["state"], result["apply_exit"]) == ("applied", 0)
    document = (folder / "email-servers.json").read_bytes()
    assert (folder.parent / "applied").read_bytes() == document


def test_an_apply_command_that_refuses_the_old_document_gets_the_new_one_again(store, push, folder):
    push(folder, "r1", OLD, **applying(folder))
    push(folder, "r2", NEW, **applying(folder))
    document = (folder / "email-servers.json").read_bytes()
    picky = applying(folder, 'grep -q 587 "$1" && exit 3')
    result = store(folder, "r3", **picky).roll_back(rollback())
    assert (result["state"], result["apply_exit"]) == ("restored", 3)
    assert (folder / "email-servers.json").read_bytes() == document
    assert (folder.parent / "applied").read_bytes() == document


def test_an_apply_command_that_refuses_everything_leaves_it_unknown(store, push, folder):
    push(folder, "r1", OLD)
    push(folder, "r2", NEW)
    result = store(folder, "r3", apply_command=["false"]).roll_back(rollback())
    assert result["state"] == "unknown"

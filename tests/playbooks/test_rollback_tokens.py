"""Which tokens an old document gets: none that its provider takes no more."""

from __future__ import annotations

import pytest

from provisioner.mail.conversation import host_code
from tests.playbooks.samples import changed, delivery, oauth2_entry, password_entry

pytestmark = pytest.mark.long

OLD = oauth2_entry(token__grant_id="first", token__refresh_token="CANARYused0up")
NEW = oauth2_entry(token__grant_id="second", maximum_emails_per_minute=5)


@pytest.fixture(params=["python", "csharp"])
def kept_alive(request):
    """What to give back, and what of it is renewed."""
    if request.param == "python":
        return host_code("maps_rollback").kept_alive
    program = request.getfixturevalue("mono_host")

    def called(archived, current, rotating):
        arguments = {"archived": archived, "current": current, "rotating": rotating}
        return tuple(program.call("store.kept_alive", **arguments))

    return called


def test_a_token_that_rotates_is_the_one_that_lies_there_now(kept_alive):
    [entry], renewed = kept_alive([OLD], [NEW], ["reports"])
    assert renewed == [entry]
    assert entry["oauth2"]["token"] == NEW["oauth2"]["token"]
    assert entry["maximum_emails_per_minute"] is None


@pytest.mark.parametrize(
    "other",
    [
        changed(NEW, user_name="alerts@example.edu"),
        changed(NEW, oauth2__client_id="another"),
        changed(NEW, oauth2__access_token_url="https://login.example.org/token"),
        changed(NEW, oauth2=None),
        changed(NEW, oauth2__token=None),
        changed(NEW, server_name="Alerts"),
    ],
)
def test_a_token_of_another_account_client_or_provider_is_no_use(kept_alive, other):
    assert kept_alive([OLD], [other], ["Reports"]) == ([OLD], [])


def test_what_does_not_rotate_stays_as_it_was(kept_alive):
    old = [password_entry(), OLD]
    assert kept_alive(old, [NEW], []) == (old, [])


@pytest.fixture
def host(tmp_path, store_class):
    """A proven document; what was applied is the file `applied`."""
    copy = f'cp "$1" {tmp_path}/applied; ! grep -q "minute.: 7" "$1"'
    settings = {"apply_command": ["sh", "-c", copy, "apply"]}

    def run(run_id):
        return store_class(str(tmp_path / "host"), run_id, "tester", **settings)

    first = run("first")
    first.deliver(delivery(OLD))
    first.record_proofs([(OLD, "sent")], ["Reports"])
    return run


def test_what_is_given_back_keeps_the_delivered_token_where_it_rotates(host, tmp_path):
    store = host("second")
    store.deliver(delivery(NEW))
    assert store.restore(["Reports"]) == "restored"
    _, generation, [entry] = store.document()
    assert (generation, store.renewed) == (3, ["Reports"])
    assert entry == changed(OLD, oauth2__token=NEW["oauth2"]["token"])
    assert "CANARYused0up" not in (tmp_path / "applied").read_text()
    again = host("third").compared(delivery(entry))
    assert again["servers"]["Reports"]["state"] == "unchanged"
    assert again["mails_needed"] == ["Reports"]


def test_a_failed_apply_does_not_bring_the_old_token_back_either(host, tmp_path):
    store = host("second")
    wanted = {**delivery(changed(NEW, maximum_emails_per_minute=7)), "rotating": ["Reports"]}
    result = store.deliver(wanted)
    assert (result["state"], result["renewed"]) == ("restored", ["Reports"])
    assert "CANARYused0up" not in (tmp_path / "applied").read_text()


def test_a_document_with_another_token_is_one_that_maps_does_not_have(host, store_class, tmp_path):
    store = store_class(str(tmp_path / "host"), "second", "tester", apply_command=["/no/such"])
    result = store.deliver({**delivery(NEW), "rotating": ["Reports"]})
    assert (result["state"], result["renewed"]) == ("restored", ["Reports"])
    entry = store.document()[2][0]
    assert host("third").deliver(delivery(entry))["state"] == "applied"
    assert "CANARYused0up" not in (tmp_path / "applied").read_text()


def test_what_does_not_rotate_is_given_back_byte_for_byte(host):
    store = host("second")
    before = store.document()[0]
    store.deliver(delivery(NEW))
    assert store.restore() == "restored"
    assert store.document()[0] == before

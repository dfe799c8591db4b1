"""What a person entered into MAPS, recorded on a host in memory."""

import pytest

from provisioner.ansible.run_input import EnteredInput
from provisioner.host.protocol import DOCUMENT, STATE, Unreachable
from provisioner.host.result import HostState, InMaps
from tests.unit.deploy.memory_host import MemoryHost
from tests.unit.deploy.runs import APPLY, carry_out, entry, oauth2_entry

TWO = entry("Two")


@pytest.fixture
def host():
    """With the server Reports, delivered and verified; nothing was entered."""
    host = MemoryHost()
    pushed(host, entry())
    return host


def pushed(host, *entries, **changes):
    return carry_out(host, entries, **changes).result


def planned(host, *entries, **changes):
    return carry_out(host, entries, mode="plan", secrets={}, **changes)


def entered(host, *entries, shown=None, servers=(), undo=False, run_id="run-1", **changes):
    """What a person says after they have seen a plan."""
    shown = shown or planned(host, *entries, **changes)
    said = EnteredInput(by="ann", note="CHG 1", servers=list(servers), undo=undo)
    run = {"mode": "entered", "secrets": {}, "run_id": run_id, "entered": said}
    seen = {"expected": shown.result.before or "", "found": shown.found}
    host.calls.clear()
    host.travelled.clear()
    return carry_out(host, entries, **run, **seen, **changes).result


def left(result):
    """What is to be entered; - where that cannot be said."""
    if result.to_enter is None:
        return "-"
    return ", ".join(
        " ".join([one.name, one.change, *(f.pointer for f in one.fields if one.change != "new")])
        for one in result.to_enter
    )


def test_what_is_delivered_is_to_be_entered_until_a_person_did(host):
    before = planned(host, entry()).result
    assert (left(before), before.in_maps) == ("Reports new", InMaps.NEVER_ENTERED)
    document = host.files[DOCUMENT]

    result = entered(host, entry())
    assert (result.state, left(result), result.in_maps) == (HostState.ENTERED, "", InMaps.ENTERED)
    assert [one.name for one in result.recorded] == ["Reports"]
    [said] = result.entered
    assert (said.by, said.note, said.run_id) == ("ann", "CHG 1", "run-1")
    assert host.calls == [["write state"]], "what was shown is not read again"
    assert host.files[DOCUMENT] == document
    assert "password of" not in str(host.travelled)
    assert b"password of" not in host.files[STATE]

    after = pushed(host, entry(port=25))
    assert after.state is HostState.DELIVERED
    assert (left(after), after.in_maps) == ("Reports changed /port", InMaps.TO_BE_ENTERED)
    assert left(pushed(host, entry(port=25))) == "Reports changed /port", "unchanged: as before"


def test_a_secret_that_changed_is_to_be_entered_and_no_token_is(host):
    pushed(host, entry(), oauth2_entry("OAuth"))
    entered(host, entry(), oauth2_entry("OAuth"))
    renewed = oauth2_entry("OAuth", token="2", grant="g2")
    assert left(pushed(host, entry(), renewed)) == ""
    changed = pushed(host, entry(password="another"), renewed)
    assert left(changed) == "Reports changed /password"
    assert "hmac:" not in str(changed)


def test_one_server_of_two(host):
    pushed(host, entry(), TWO)
    assert left(entered(host, entry(), TWO, servers=("TWO",))) == "Reports new"
    assert left(entered(host, entry(), TWO)) == ""
    assert entered(host, entry(), TWO).state is HostState.UNCHANGED, "nothing is left"


def test_a_server_that_goes_is_to_be_removed(host):
    pushed(host, entry(), TWO)
    entered(host, entry(), TWO)
    result = pushed(host, entry(), declared=["Reports"], remove=["Two"])
    assert left(result) == "Two removed"
    assert left(entered(host, entry())) == ""
    assert left(planned(host, entry()).result) == ""


def test_a_rollback_says_what_is_to_be_typed_back(host):
    pushed(host, entry(port=25))
    entered(host, entry(port=25))
    result = pushed(host, entry(port=25), mode="rollback")
    assert (result.state, left(result)) == (HostState.ROLLED_BACK, "Reports changed /port")


def test_an_undo_takes_the_newest_run(host):
    pushed(host, entry(), TWO)
    entered(host, entry(), TWO)
    pushed(host, entry(port=25), TWO)
    host.clock += 60
    entered(host, entry(port=25), TWO, run_id="run-2")
    result = entered(host, entry(port=25), TWO, undo=True)
    assert (result.state, left(result)) == (HostState.UNDONE, "Reports changed /port")
    result = entered(host, entry(port=25), TWO, undo=True, servers=("Two",))
    assert left(result) == "Reports changed /port, Two new"
    result = entered(host, entry(port=25), TWO, undo=True)
    assert (left(result), result.in_maps) == ("Reports new, Two new", InMaps.NEVER_ENTERED)
    assert entered(host, entry(port=25), TWO, undo=True).state is HostState.UNCHANGED


# -- where nothing is to be entered, or nothing can be recorded


def test_where_maps_imports_the_document_nothing_is_to_be_entered(host):
    entered(host, entry())
    result = pushed(host, entry(port=25), settings=APPLY)
    assert (left(result), result.entered, result.in_maps) == ("-", [], InMaps.APPLIED)
    result = entered(host, entry(port=25), settings=APPLY)
    assert (result.state, result.reason) == (HostState.FAILED, "imports_itself")


@pytest.mark.parametrize("changes", [{"port": 25}, {"password": "another"}])
def test_where_a_push_is_due_nothing_can_be_said(host, changes):
    entries = entry(**changes)
    result = planned(host, entries).result
    assert (result.state, left(result)) == (HostState.WOULD_CHANGE, "-")
    result = entered(host, entries)
    assert (result.state, result.reason) == (HostState.FAILED, "push_first")


def test_where_it_is_not_verified_nothing_can_be_said(host):
    result = pushed(host, entry(port=25), checks={"Reports": "none"})
    assert (result.state, left(result)) == (HostState.UNVERIFIED, "-")
    assert left(planned(host, entry(port=25), checks={"Reports": "none"}).result) == "-"
    assert left(carry_out(host, [entry(port=25)], mode="status", secrets={}).result) == "-"


def test_another_vault_key_asks_for_secrets_again(host):
    entered(host, entry())
    host.key = "77" * 32
    assert left(planned(host, entry()).result) == "-"
    assert left(pushed(host, entry())) == "Reports changed /password"


def test_a_host_that_moved_since_it_was_shown(host):
    shown = planned(host, entry())
    pushed(host, entry(port=25), run_id="run-2")
    result = entered(host, entry(), shown=shown)
    assert (result.state, result.reason) == (HostState.DRIFTED, "moved")
    assert b'"entered": {}' in host.files[STATE]


def test_another_person_records_it_meanwhile(host):
    shown = planned(host, entry())
    entered(host, entry(), run_id="run-2")
    result = entered(host, entry(), shown=shown)
    assert (result.state, result.reason) == (HostState.DRIFTED, "moved")
    assert host.calls == [["write state"], ["read"]]
    assert entered(host, entry()).state is HostState.UNCHANGED


def test_a_push_that_verifies_once_more_meanwhile_is_no_matter(host):
    shown = planned(host, entry())
    host.files[STATE] += b" "
    assert entered(host, entry(), shown=shown).state is HostState.ENTERED
    assert host.calls == [["write state"], ["read"], ["write state"]]


@pytest.mark.parametrize(
    ("began", "state"), [(True, HostState.UNKNOWN), (False, HostState.UNREACHABLE)]
)
def test_a_connection_that_breaks(host, began, state):
    shown = planned(host, entry())

    def lost():
        raise Unreachable("connection lost", began=began)

    host.between = lost
    assert entered(host, entry(), shown=shown).state is state


def test_a_lock_and_a_full_disk(host):
    shown = planned(host, entry())
    host.holder = "bert@desk"
    assert entered(host, entry(), shown=shown).state is HostState.LOCKED
    host.holder, host.disk_full_from = None, 0
    result = entered(host, entry(), shown=shown)
    assert (result.state, result.reason) == (HostState.FAILED, "enospc")

"""--prune: only what this tool put there, only with consent, and never many by a slip."""

import json

import pytest

pytestmark = pytest.mark.long


def by_hand(fleet, host):
    """An entry that somebody wrote into the host's document."""
    document = json.loads(fleet.document(host).read_text())
    document["servers"].append({**document["servers"][0], "server_name": "ByHand"})
    fleet.document(host).write_text(json.dumps(document))


def test_what_nobody_declares_any_more_goes_and_what_others_put_there_stays(fleet):
    for name in ("Alerts", "Billing"):
        fleet.declare(name)
    fleet.pushed()
    by_hand(fleet, "maps1")
    for name in ("Alerts", "Billing"):
        fleet.undeclare(name)
    planned = fleet.ends(2, "plan", "--prune").stdout
    assert "- Alerts: removed" in planned
    assert "? ByHand: orphaned" in planned

    refused = fleet.ends(1, "push", "--prune", "--yes").stderr
    assert "removes 2 servers, more than the limit of 1: Alerts, Billing" in refused
    assert "--prune-limit 2" in refused
    refused = fleet.ends(64, "push", "--prune", "--prune-limit", "2").stderr
    assert "this push removes Alerts, Billing from 1 host" in refused
    assert sorted(fleet.served("maps1")) == ["Alerts", "Billing", "ByHand", "Reports"]
    fleet.pushed("--prune", "--prune-limit", "2", "--yes")
    assert sorted(fleet.served("maps1")) == ["ByHand", "Reports"]


def test_a_host_that_lost_its_last_server_is_pruned_too(pushed):
    fleet = pushed
    fleet.write("inventory/more.yml", {"other": {"hosts": {"db1": {}}}})
    fleet.declare("Reports", hosts="mpas")
    refused = fleet.ends(1, "push", "--prune", "--yes").stderr
    assert "the host pattern of Reports matches no host" in refused, "a slip prunes nothing"
    fleet.declare("Reports", hosts="other,mpas")
    assert fleet.ends(1, "push", "--prune", "--yes").stderr == refused, "nor does one in a part"
    fleet.declare("Reports", hosts="other")
    fleet.pushed("--prune", "--yes", "--limit", "maps1")
    assert fleet.served("maps1") == []

"""--prune: only what this tool put there, only with consent, and never many by a slip."""

import json

import pytest

from provisioner.errors import FleetError
from provisioner.fleet.host_result import HostResult, HostState, ServerChange
from provisioner.fleet.removals import refuse_too_many

pytestmark = pytest.mark.long


def by_hand(fleet, host):
    """An entry that somebody wrote into the host's document."""
    document = json.loads(fleet.document(host).read_text())
    document["servers"].append({**document["servers"][0], "server_name": "ByHand"})
    fleet.document(host).write_text(json.dumps(document))


def test_what_nobody_declares_any_more_goes_and_what_others_put_there_stays(fleet):
    fleet.declare("Alerts")
    fleet.ends(0, "push")
    by_hand(fleet, "maps1")
    fleet.undeclare("Alerts")
    assert "? Alerts: orphaned" in fleet.ends(0, "plan").stdout
    planned = fleet.ends(2, "plan", "--prune").stdout
    assert "- Alerts: removed" in planned
    assert "? ByHand: orphaned" in planned

    refused = fleet.ends(64, "push", "--prune").stderr
    assert "this push would remove Alerts from 1 host, and there is no terminal" in refused
    assert sorted(fleet.served("maps1")) == ["Alerts", "ByHand", "Reports"]
    fleet.ends(0, "push", "--prune", "--yes")
    assert sorted(fleet.served("maps1")) == ["ByHand", "Reports"]


def test_a_host_that_lost_its_last_server_is_pruned_too(fleet):
    fleet.set("maps1")
    fleet.write("inventory/more.yml", {"other": {"hosts": {"db1": {}}}})
    fleet.ends(0, "push")
    fleet.declare("Reports", hosts="other")
    fleet.ends(0, "push", "--prune", "--yes", "--limit", "maps1")
    assert fleet.served("maps1") == []


def test_a_pattern_with_a_slip_in_it_prunes_nothing(fleet):
    fleet.declare("Reports", hosts="mpas")
    refused = fleet.ends(1, "push", "--prune", "--yes").stderr
    assert "the host pattern of Reports matches no host" in refused


def removing(host, *names):
    servers = tuple(ServerChange(name, "removed", (), {}, verified=False) for name in names)
    return HostResult(host=host, state=HostState.CHANGES, servers=servers)


def test_more_than_the_ceiling_is_refused_with_the_names():
    refuse_too_many([removing("maps1", "A"), removing("maps2", "A")], 1)
    with pytest.raises(FleetError) as refused:
        refuse_too_many([removing("maps1", "A"), removing("maps2", "B")], 1)
    assert refused.value.message.endswith("remove 2 servers, and the ceiling is 1: A, B")
    with pytest.raises(FleetError, match=r"remove 1 server, and the ceiling is 0: A$"):
        refuse_too_many([removing("maps1", "A")], 0)
    assert "--prune-limit 2" in refused.value.remedy

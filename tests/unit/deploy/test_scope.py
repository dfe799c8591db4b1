"""What a command line says a run is about."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from provisioner.deploy.record import RunRecord
from provisioner.deploy.scope import Scope, concerned
from provisioner.deploy.scope import scoped as scoped_targets
from provisioner.deploy.targets import Targets
from provisioner.errors import FleetError, UsageError
from tests.unit.deploy.pushes import login_entry, run_started

HOSTS = {
    "maps": ("h1", "h2", "h3"),
    "one": ("h1",),
    "two": ("h2",),
    "three": ("h3",),
    "db": ("d1",),
    "gone": (),
}
INVENTORY = SimpleNamespace(
    path=Path("hosts.ini"),
    matching=lambda pattern: HOSTS[pattern],
    no_match=lambda _: "matches no host of hosts.ini",
    groups=lambda: ("maps",),
)


def scoped(scope, declared=None):
    """A goes to h1 and h2, B to h2; h3 has nothing of ours."""
    hosts = {"A": ("h1", "h2"), "B": ("h2",)}
    targets = Targets(
        project=None,
        entries={name: login_entry(name) for name in hosts},
        hosts=hosts,
        declared=declared or hosts,
    )
    return scoped_targets(targets, scope, INVENTORY)


@pytest.mark.parametrize(
    ("scope", "hosts"),
    [
        (Scope(), ("h1", "h2")),
        (Scope(limit="one"), ("h1",)),
        (Scope(hosts=("one",)), ("h1",)),
        (Scope(hosts=("one", "two")), ("h1", "h2")),
        (Scope(prune=True), ("h1", "h2", "h3")),  # an orphan may be anywhere
        (Scope(prune=True, limit="three"), ("h3",)),
    ],
)
def test_which_hosts_are_asked(scope, hosts):
    assert scoped(scope).all_hosts == hosts


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (Scope(limit="gone"), "--limit gone matches no host of hosts.ini"),
        (Scope(limit="db"), "no email server is declared for the hosts of --limit db"),
        (Scope(limit="db", servers=("A",)), "A and --limit db name no common host"),
        (Scope(limit="three", hosts=("one",)), "one and --limit three name no common host"),
        (Scope(hosts=("db",)), "no declared server goes to d1"),
        (Scope(hosts=("maps",)), "no declared server goes to h3"),
        (Scope(hosts=("gone",)), "no declared server goes to gone"),
    ],
)
def test_hosts_that_there_are_not(scope, words):
    with pytest.raises(UsageError) as raised:
        scoped(scope)
    assert raised.value.message == words
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        (Scope(), ["A", "B", "Lost"]),
        (Scope(limit="one"), ["A", "Lost"]),
        (Scope(hosts=("one",)), ["A", "Lost"]),
        (Scope(hosts=("one", "two")), ["A", "B", "Lost"]),
        (Scope(hosts=("two",), limit="one"), ["Lost"]),
    ],
)
def test_which_servers_a_run_needs(scope, names):
    """One that goes to no host may have been meant for these: it stays, and is told."""
    hosts = {"A": ("h1", "h2"), "B": ("h2",), "Lost": ()}
    servers = [SimpleNamespace(server_name=name) for name in hosts]
    targets = Targets(project=None, servers=servers, hosts=hosts)
    assert [s.server_name for s in concerned(targets, scope, INVENTORY).servers] == names


def test_nothing_is_pruned_while_a_pattern_matches_nothing():
    """What hosts have of that server would look like orphans."""
    declared = {"A": ("h1",), "B": ("h2",), "C": ()}
    assert scoped(Scope(), declared).all_hosts == ("h1", "h2")
    with pytest.raises(FleetError, match="the host pattern of C matches no host"):
        scoped(Scope(prune=True), declared)


def test_a_saved_plan_says_itself_what_it_is_about():
    saved = Scope(servers=("A",), limit="maps", prune=True)
    assert Scope().planned(saved) == saved
    for scope in (Scope(servers=("A",)), Scope(limit="maps"), Scope(prune=True)):
        with pytest.raises(UsageError, match="--plan cannot be combined"):
            scope.planned(saved)


def record(options):
    return RunRecord(run_started(**options))


def test_resume_goes_on_with_the_same():
    scope = Scope(servers=("A", "B"), limit="maps")
    earlier = record(scope.options())
    assert Scope().resumed(earlier) == scope
    assert scope.resumed(earlier) == scope
    assert Scope().resumed(record(Scope(prune=True).options())) == Scope(prune=True)
    for other in (Scope(servers=("A",)), Scope(limit="one"), Scope(prune=True)):
        with pytest.raises(UsageError, match="the push run-1 was for other servers"):
            other.resumed(earlier)
    with pytest.raises(FleetError, match="is not of this version"):
        scope.resumed(record({"servers": 5}))

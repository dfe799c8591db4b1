"""A refresh token that rotates strictly goes to one host, once, and is nobody else's then."""

import pytest

from provisioner.errors import ExitCode, FleetError, PersonNeeded, RefreshFailed
from provisioner.fleet.hand_over import GRANT, handing_over, without_handed_over
from provisioner.fleet.host_result import HostResult, HostState, ServerChange
from provisioner.fleet.preparation import Preparation
from provisioner.fleet.rotation import RotationForbids, refuse_shared_rotation, token_provider
from provisioner.hosts.entry import ServerEntry
from provisioner.oauth.refreshing import fresh_tokens
from tests.oauth_samples import keep, kept, oauth_server, project_in, project_secrets, token_set

STRICT = {"sso.example.edu": {"refresh_token_rotation": "strict"}}


class Case:
    """A project with one server, of a provider that rotates as `providers` says."""

    def __init__(self, folder, providers, hosts=("maps1",)):
        self.project = project_in(folder, oauth_server(), providers=providers)
        self.secrets = project_secrets(self.project)
        self.store = self.secrets.store
        self.hosts = hosts
        self.save(token_set())

    def save(self, tokens):
        keep(self.secrets, oauth_server(), tokens)

    @property
    def entry(self):
        return ServerEntry(server=oauth_server(), token_set=kept(self.secrets))

    @property
    def preparation(self):
        return Preparation({"Reports": self.entry}, {"Reports": self.hosts}, ())

    @property
    def owner(self):
        return kept(self.secrets).handed_over_to

    def push(self, state, **facts):
        with handing_over(self.store, self.project, self.preparation, self.hosts) as settle:
            during = self.owner
            settle([HostResult(host=host, state=state, **facts) for host in self.hosts])
        return during


@pytest.fixture
def strict(tmp_path):
    return Case(tmp_path, STRICT)


@pytest.mark.parametrize(
    ("state", "owner"),
    [
        (HostState.APPLIED, "maps1"),
        (HostState.DELIVERED, "maps1"),
        (HostState.UNPROVEN, "maps1"),
        (HostState.UNKNOWN, "maps1"),
        (HostState.RESTORED, None),
        (HostState.FAILED, None),
        (HostState.UNREACHABLE, None),
    ],
)
def test_the_host_that_may_have_it_owns_it(strict, state, owner):
    assert strict.push(state) == "maps1"  # before the host can have it
    assert strict.owner == owner


def test_an_old_entry_that_got_the_new_token_makes_its_host_the_owner(strict):
    strict.push(HostState.RESTORED, renewed=("Reports",))
    assert strict.owner == "maps1"


def test_a_run_that_is_killed_leaves_a_mark_too_many(strict):
    with (
        pytest.raises(KeyboardInterrupt),
        handing_over(strict.store, strict.project, strict.preparation, ["maps1"]),
    ):
        raise KeyboardInterrupt
    assert strict.owner == "maps1"


def test_a_run_that_never_began_leaves_none(strict):
    with (
        pytest.raises(FleetError),
        handing_over(strict.store, strict.project, strict.preparation, ["maps1"]),
    ):
        raise FleetError("ansible-playbook ended before it reached a host")
    assert strict.owner is None


def test_what_a_host_has_had_before_stays_its_own_when_a_push_fails(strict):
    strict.push(HostState.APPLIED)
    strict.push(HostState.RESTORED)
    assert strict.owner == "maps1"


def test_a_sign_in_meanwhile_is_left_alone(strict):
    with handing_over(strict.store, strict.project, strict.preparation, ["maps1"]) as settle:
        strict.save(token_set(grant_id="another"))
        settle([HostResult(host="maps1", state=HostState.RESTORED)])
    assert (kept(strict.secrets).grant_id, strict.owner) == ("another", None)


def test_a_refresh_here_is_refused_from_then_on(strict):
    strict.push(HostState.APPLIED)
    with pytest.raises(RefreshFailed, match="was handed over to maps1"):
        fresh_tokens(strict.secrets, oauth_server(), float("inf"), 1_950_000_000)


@pytest.mark.parametrize("rotation", ["none", "old_stays_valid", "unknown"])
def test_other_tokens_are_handed_over_to_nobody(tmp_path, rotation):
    case = Case(tmp_path, {"sso.example.edu": {"refresh_token_rotation": rotation}})
    assert case.push(HostState.APPLIED) is None
    assert case.owner is None


# -- what is refused


def refused(case):
    provider = token_provider(case.entry, case.project)
    refuse_shared_rotation(case.entry, case.hosts, provider)


def test_one_host_may_have_it(strict):
    refused(strict)
    strict.push(HostState.APPLIED)
    refused(strict)


def test_several_hosts_may_not_share_it_and_the_ways_are_told(tmp_path):
    case = Case(tmp_path, STRICT, hosts=("maps1", "maps2"))
    with pytest.raises(RotationForbids, match="Reports goes to 2 hosts") as caught:
        refused(case)
    assert "declare a server for each host" in caught.value.remedy
    assert "press Authenticate in the MAPS dialog" in caught.value.remedy
    assert "{refresh_token_rotation: old_stays_valid}" in caught.value.remedy


def test_another_host_cannot_have_it_after_the_first(strict):
    strict.push(HostState.APPLIED)
    strict.hosts = ("maps2",)
    with pytest.raises(PersonNeeded, match="handed over to maps1") as caught:
        refused(strict)
    assert "sign in anew for maps2" in caught.value.remedy


def change(*fields, state="changed"):
    return ServerChange("Reports", state, fields, {}, verified=True)


def planned(case, *changes):
    hosts = [HostResult(host="maps1", state=HostState.CHANGES, servers=changes)]
    return without_handed_over(case.preparation, hosts, case.project)


def test_a_change_would_bring_the_used_token_once_more(strict):
    strict.push(HostState.APPLIED)
    [skipped] = planned(strict, change("/port")).skipped
    assert skipped.exit_code is ExitCode.PERSON_NEEDED
    assert "Reports has changed, and its refresh token was handed over to maps1" in skipped.reason


@pytest.mark.parametrize("changes", [(change(GRANT, "/port"),), (change(state="added"),), ()])
def test_a_host_that_has_not_had_it_gets_it(strict, changes):
    strict.push(HostState.APPLIED)
    assert planned(strict, *changes).skipped == ()


def test_a_change_before_the_hand_over_goes_out(strict):
    assert planned(strict, change("/port")).skipped == ()

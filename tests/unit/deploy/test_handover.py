"""A refresh token that rotates strictly goes to one host, once, and is nobody else's then."""

import pytest

from provisioner.deploy.entry import ServerEntry
from provisioner.deploy.handover import hand_over, used_up
from provisioner.deploy.targets import Targets
from provisioner.errors import RefreshFailed
from provisioner.host.result import HostResult, HostState, MailResult
from provisioner.oauth.refreshing import fresh_tokens
from provisioner.smtp.client import SmtpResult
from tests.support.oauth_samples import (
    keep,
    kept,
    oauth_server,
    project_in,
    project_secrets,
    token_set,
)
from tests.unit.deploy.pushes import change

SENT = MailResult(server="Reports", smtp=SmtpResult(outcome="sent", stage="data"))


class Case:
    """A server of a provider whose tokens rotate like that, signed in to."""

    def __init__(self, root, rotation="strict", hosts=("maps1",)):
        providers = {"sso.example.edu": {"refresh_token_rotation": rotation}}
        self.project = project_in(root, oauth_server(), providers=providers)
        self.secrets = project_secrets(self.project)
        self.hosts = tuple(hosts)
        self.sign_in(token_set())

    def sign_in(self, tokens):
        keep(self.secrets, oauth_server(), tokens)

    @property
    def targets(self):
        entry = ServerEntry(server=oauth_server(), token_set=kept(self.secrets))
        return Targets(
            project=self.project, entries={"Reports": entry}, hosts={"Reports": self.hosts}
        )

    @property
    def owner(self):
        tokens = kept(self.secrets)
        return tokens.handed_over_to

    def push(self, state, **facts):
        """-> whose it was meanwhile"""
        settle = hand_over(self.secrets.store, self.targets, self.hosts)
        during = self.owner
        assert not list(settle(HostResult(host="maps1", state=state, **facts)))
        return during


@pytest.fixture
def strict(tmp_path):
    return Case(tmp_path)


HAVE_IT = {
    *(HostState.UNCHANGED, HostState.APPLIED, HostState.DELIVERED, HostState.ROLLED_BACK),
    *(HostState.UNVERIFIED, HostState.UNKNOWN, HostState.WOULD_CHANGE),
    *(HostState.ENTERED, HostState.UNDONE),
}


OWNERS = [
    *((state, {}, "maps1" if state in HAVE_IT else None) for state in HostState),
    (HostState.RESTORED, {"kept_tokens": ["Reports"]}, "maps1"),  # its way back kept it alive
    (HostState.RESTORED, {"kept_tokens": ["Alerts"]}, None),
    (HostState.LOCKED, {"mails": [SENT]}, "maps1"),  # delivered before another run came
]


@pytest.mark.parametrize(("state", "facts", "owner"), OWNERS)
def test_the_host_that_may_have_it_owns_it(strict, state, facts, owner):
    assert strict.push(state, **facts) == "maps1", "before the host can have it"
    assert strict.owner == owner


def test_a_run_that_is_killed_leaves_a_mark_too_many(strict):
    hand_over(strict.secrets.store, strict.targets, ["maps1"])
    assert strict.owner == "maps1"


def test_what_a_host_has_had_before_stays_its_own_when_a_push_fails(strict):
    strict.push(HostState.APPLIED)
    strict.push(HostState.FAILED)
    assert strict.owner == "maps1"


def test_a_batch_without_its_host_marks_nothing(strict):
    hand_over(strict.secrets.store, strict.targets, ["maps2"])
    assert strict.owner is None


@pytest.mark.parametrize("state", [HostState.RESTORED, HostState.APPLIED])
def test_a_sign_in_meanwhile_is_left_alone(strict, state):
    settle = hand_over(strict.secrets.store, strict.targets, ["maps1"])
    strict.sign_in(token_set(grant_id="another"))
    assert not list(settle(HostResult(host="maps1", state=state)))
    assert strict.owner is None


def test_a_sign_in_before_the_mark_is_left_alone(strict):
    targets = strict.targets
    strict.sign_in(token_set(grant_id="another"))
    hand_over(strict.secrets.store, targets, ["maps1"])
    assert strict.owner is None


def test_a_refresh_here_is_refused_from_then_on(strict):
    strict.push(HostState.APPLIED)
    with pytest.raises(RefreshFailed, match="was handed over to maps1"):
        fresh_tokens(strict.secrets, oauth_server(), float("inf"), 1_950_000_000)


@pytest.mark.parametrize("rotation", ["none", "old_stays_valid", "unknown"])
def test_other_tokens_are_handed_over_to_nobody(tmp_path, rotation):
    case = Case(tmp_path, rotation)
    assert case.push(HostState.APPLIED) is None


# -- a second time


@pytest.mark.parametrize(
    ("owner", "changes", "again"),
    [
        ("maps1", [change(fields=["/port"])], True),
        ("maps1", [change(fields=["/oauth2/token", "/port"])], False),  # it has another grant
        ("maps1", [change("added")], False),
        ("maps1", [change("unchanged")], False),
        ("maps1", [], False),
        (None, [change(fields=["/port"])], False),
        ("maps2", [change(fields=["/port"])], False),  # refused by targets.py
    ],
)
def test_a_change_would_bring_a_used_token_once_more(strict, owner, changes, again):
    strict.sign_in(token_set(handed_over_to=owner))
    hosts = [HostResult(host="maps1", state=HostState.WOULD_CHANGE, servers=changes)]
    assert used_up(strict.targets, hosts) == ({("maps1", "Reports")} if again else set())

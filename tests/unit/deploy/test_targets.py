"""Which servers go to which hosts, which cannot go, and what their providers allow."""

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from provisioner.ansible.run_input import MailLimit
from provisioner.deploy.targets import (
    RotationForbids,
    Targets,
    declared,
    declared_targets,
    host_input,
    host_key,
    prepare_rollback,
    prepare_targets,
)
from provisioner.errors import ExitCode, PersonNeeded
from provisioner.model.email_server import SecretReference
from provisioner.security_level import SecurityLevel
from tests.support.oauth_samples import keep, oauth_server, project_in, project_secrets, token_set
from tests.unit.deploy.pushes import KEY, login_entry, login_server

NOW = time.time()
HOSTS = {
    "all": ("maps1", "maps2"),
    "maps": ("maps1", "maps2"),
    "one": ("maps1",),
    "two": ("maps2",),
    "nobody": (),
}


def inventory():
    """Groups of hosts, which are all the patterns there are."""
    return SimpleNamespace(
        path="hosts.ini",
        matching=lambda pattern: HOSTS[pattern],
        no_match=lambda _: "matches no host of hosts.ini",
        groups=lambda: ("maps", "one"),
    )


def password_server(name="Alerts", **changes):
    return login_server(name, password=SecretReference("a password", Path()), **changes)


def strict(rotation="strict"):
    return {"sso.example.edu": {"refresh_token_rotation": rotation}}


def prepared(root, servers, tokens=None, **settings):
    """Targets of these servers, of which Reports is signed in to with these tokens."""
    project = project_in(root, *servers, **settings)
    secrets = project_secrets(project, accepted=frozenset({"Alerts"}))
    if tokens is not None:
        keep(secrets, oauth_server(), tokens)
    return prepare_targets(declared(project, servers, inventory()), inventory(), secrets)


def oauth(hosts="one"):
    return replace(oauth_server(), hosts=hosts)


def test_what_is_wrong_with_a_server_keeps_that_one_back(tmp_path):
    relay = login_server(
        "Relay", user_name=None, smtp_security_level=SecurityLevel.NONE, hosts="one"
    )
    servers = [
        password_server(hosts="maps"),
        oauth(),  # nobody has signed in
        password_server("Gone", hosts="nobody"),
        relay,  # no mailbox to send from
    ]
    targets = prepared(tmp_path, servers)
    assert set(targets.entries) == {"Alerts"}
    assert targets.all_hosts == ("maps1", "maps2")
    codes = {one.server: one.exit_code for one in targets.skipped}
    assert codes["Reports"] == ExitCode.PERSON_NEEDED
    assert set(codes) == {"Reports", "Gone", "Relay"}
    assert targets.declared["Gone"] == (), "prune must know"


@pytest.mark.parametrize(
    ("hosts", "owner", "rotation", "error"),
    [
        ("one", None, "strict", None),
        ("one", "maps1", "strict", None),
        ("two", "maps1", "strict", PersonNeeded),
        ("maps", None, "strict", RotationForbids),
        ("maps", None, "old_stays_valid", None),
    ],
)
def test_a_strictly_rotating_token_has_one_host(tmp_path, hosts, owner, rotation, error):
    tokens = token_set(handed_over_to=owner)
    targets = prepared(tmp_path, [oauth(hosts)], tokens, providers=strict(rotation))
    assert [one.exit_code for one in targets.skipped] == ([error.exit_code] if error else [])
    if error is RotationForbids:
        [skipped] = targets.skipped
        assert "press Authenticate in the MAPS dialog" in skipped.remedy
        assert "{refresh_token_rotation: old_stays_valid}" in skipped.remedy


@pytest.mark.parametrize(
    ("rotation", "refreshes"),
    [("none", True), ("old_stays_valid", True), ("strict", False), ("unknown", False)],
)
def test_a_refresh_is_tried_where_it_ends_no_token(tmp_path, rotation, refreshes):
    targets = prepared(tmp_path, [oauth()], token_set(), providers=strict(rotation))
    url = "https://sso.example.edu/token" if refreshes else None
    assert targets.refresh_url(targets.entries["Reports"]) == url
    assert targets.is_strict(targets.entries["Reports"]) is (rotation == "strict")
    assert targets.refresh_url(login_entry()) is None


def test_several_hosts_with_a_token_nobody_knows_of_are_warned_of(tmp_path):
    said = prepared(tmp_path, [oauth("maps")], token_set(), providers=strict("unknown")).warnings
    assert any("2 hosts share one refresh token" in line for line in said)
    assert not prepared(tmp_path, [oauth()], token_set(), providers=strict("unknown")).warnings


def test_a_token_that_ends_soon_is_warned_of(tmp_path):
    week = {"sso.example.edu": {"maximum_age_days": 90, "refresh_token_rotation": "none"}}
    for days, warned in ((80, True), (70, False)):
        obtained = int(NOW) - days * 86400
        tokens = token_set(obtained_at=obtained, refreshed_at=obtained)
        said = prepared(tmp_path, [oauth()], tokens, providers=week).warnings
        assert bool(said) is warned, days
    unproven = token_set(obtained_at=int(NOW), refreshed_at=int(NOW), unproven="no network")
    [line] = prepared(tmp_path, [oauth()], unproven).warnings
    assert line.endswith("not verified from here: no network")


# -- a rollback, and looking


def test_a_rollback_reads_no_password_and_refreshes_what_may_be_dead(tmp_path, monkeypatch):
    newer = token_set(scope="newer")
    monkeypatch.setattr("provisioner.deploy.targets.fresh_tokens", lambda *_arguments: newer)
    unset = login_server(
        "Alerts", hosts="one", password=SecretReference({"env": "NO_SUCH"}, Path())
    )

    def scope(rotation, **tokens):
        servers = [oauth(), unset]
        project = project_in(tmp_path, *servers, providers=strict(rotation))
        secrets = project_secrets(project)
        keep(secrets, oauth_server(), token_set(**tokens))
        targets = prepare_rollback(declared(project, servers, inventory()), inventory(), secrets)
        assert targets.entries["Alerts"].password is None
        assert targets.warnings == ()
        return targets.entries["Reports"].token_set.scope

    assert scope("old_stays_valid") == "newer"
    assert scope("none") == "smtp"
    assert scope("strict", handed_over_to="maps1") == "smtp"


def test_a_rollback_goes_on_without_a_token(tmp_path):
    project = project_in(tmp_path, oauth())
    secrets = project_secrets(project)
    targets = prepare_rollback(declared(project, [oauth()], inventory()), inventory(), secrets)
    assert targets.entries["Reports"].token_set is None
    assert targets.skipped == ()
    assert len(targets.warnings) == 1


def test_to_look_at_hosts_takes_no_secret(tmp_path):
    servers = [oauth("two"), password_server(hosts="one")]
    project = project_in(tmp_path, *servers)
    targets = declared_targets(declared(project, servers, inventory()), inventory(), None)
    assert (targets.all_hosts, targets.entries) == (("maps1", "maps2"), {})


# -- hosts


def targets_of(hosts, pruned=()):
    project = SimpleNamespace(providers={})
    entries = {name: login_entry(name) for name in hosts}
    return Targets(
        project=project,
        entries=entries,
        hosts=hosts,
        declared=hosts,
        pruned_hosts=frozenset(pruned),
    )


def test_a_limit_leaves_only_its_hosts():
    targets = targets_of({"A": ("h1", "h2"), "B": ("h2",)}, ["h3"])
    assert targets.all_hosts == ("h1", "h2", "h3")
    limited = targets.limited_to(["h2"])
    assert limited.all_hosts == ("h2",)
    assert [entry.name for entry in limited.entries_of("h2")] == ["A", "B"]
    assert limited.declared == targets.declared, "what goes elsewhere is declared all the same"


def test_each_host_has_a_key_and_placeholders_of_its_own():
    targets = targets_of({"A": ("h1", "h2"), "B": ("h2",)})
    hidden = {"A": {"/password": '"secret"'}, "B": {}}
    one, two = (host_input(targets, host, KEY, hidden, {}) for host in ("h1", "h2"))
    assert one.key == host_key(KEY, "h1") != two.key
    assert one.key_id != two.key_id, "one that is renamed has another key"
    assert KEY not in (one.key, one.key_id)
    assert (one.servers, one.declared, two.servers) == (["A"], ["A"], ["A", "B"])
    assert list(one.placeholders) == ["A"]
    assert one.placeholders["A"] != two.placeholders["A"]
    assert host_input(targets, "h1", "j" * 64, hidden, {}).key_id != one.key_id


# -- limits of a mailbox


@pytest.mark.parametrize(
    ("changes", "providers", "limit"),
    [
        ({"host": "smtp.office365.com"}, {}, ("Microsoft/reports@example.edu", 3, 30)),
        ({"host": "smtp-legacy.office365.com"}, {}, ("Microsoft/reports@example.edu", 3, 30)),
        ({"host": "smtp.office365.com", "maximum_emails_per_minute": 5}, {}, (None, 3, 5)),
        ({"host": "smtp.office365.com", "maximum_emails_per_minute": 50}, {}, (None, 3, 30)),
        ({"maximum_emails_per_minute": 7}, {}, (None, None, 7)),
        ({}, {"smtp.example.edu": {"max_connections_per_mailbox": 1}}, (None, 1, None)),
        ({}, {}, None),
        ({"host": "smtp.office365.com", "user_name": None}, {}, None),
    ],
)
def test_what_a_mailbox_may(changes, providers, limit):
    project = SimpleNamespace(providers=providers)
    entry = login_entry(**{"user_name": "Reports@Example.edu", **changes})
    found = Targets(project=project).limit(entry)
    if limit is None:
        assert found is None
        return
    assert isinstance(found, MailLimit)
    assert (found.connections, found.messages_per_minute) == limit[1:]
    assert limit[0] in (None, found.mailbox)

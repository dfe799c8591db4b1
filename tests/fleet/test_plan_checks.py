"""What a plan is held against: the declaration, the sign-ins, the inventory, the hosts."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from msgspec import structs

from provisioner.credentials.store import TokenSet
from provisioner.fleet.host_result import HostResult, HostState, ServerChange
from provisioner.fleet.preparation import Preparation
from provisioner.fleet.saved_plan import (
    PlanRefused,
    SavedPlan,
    held_against,
    require_commit,
    require_same,
    saved_plan,
)
from provisioner.git import Commit
from provisioner.hosts.entry import ServerEntry
from provisioner.model.email_server import (
    EmailServer,
    OAuth2Settings,
    Origin,
    SecretReference,
    SecurityLevel,
)
from provisioner.resources import schema_path
from provisioner.secret import Secret

KEY = "k" * 64
CANARIES = ("access-canary", "refresh-canary", "client-canary")
TOKENS = TokenSet(
    grant_id="grant-1",
    access_token=Secret("access-canary"),
    refresh_token=Secret("refresh-canary"),
    expires_at=1,
    scope="smtp",
    identity=None,
    issuer=None,
    token_endpoint_auth_method="client_secret_post",
    obtained_at=1,
    refreshed_at=1,
)
SERVER = EmailServer(
    server_name="Reports",
    host="smtp.example.edu",
    smtp_security_level=SecurityLevel.OAUTH2,
    oauth2=OAuth2Settings(
        access_token_url="https://login.example.edu/token",
        authorization_url="https://login.example.edu/authorize",
        client_id="client-1",
        client_secret=SecretReference({"env": "SECRET"}, Path()),
        scope_for_authorize="smtp",
    ),
    origin=Origin("servers/reports.yml", 1),
)
ENTRY = ServerEntry(server=SERVER, client_secret=Secret("client-canary"), token_set=TOKENS)


def prepared(entry=ENTRY, hosts=("maps1", "maps2")):
    return Preparation({"Reports": entry}, {"Reports": hosts}, (), declared={"Reports": hosts})


def found(host="maps1", state=HostState.CHANGES, fingerprint="aa", change="added"):
    servers = (ServerChange("Reports", change, (), {}, verified=False),)
    mails = ("Reports",) if state is HostState.CHANGES else ()
    return HostResult(
        host=host, state=state, fingerprint=fingerprint, servers=servers, mails_needed=mails
    )


PLAN = saved_plan(
    [found("maps1"), found("maps2"), found("maps3", HostState.UNCHANGED, change="unchanged")],
    prepared(),
    key=KEY,
    commit=Commit("c" * 40, False),
    options={"servers": [], "limit": None, "prune": False},
    made={"run_id": "run-1", "by": "ann", "version": "1"},
)


def refused(plan=PLAN, preparation=None, key=KEY):
    with pytest.raises(PlanRefused) as error:
        require_same(plan, preparation or prepared(), key=key, remedy="plan again")
    return error.value.message


def test_it_holds_no_secret_and_follows_its_schema():
    text = PLAN.as_text()
    jsonschema.validate(json.loads(text), json.loads(schema_path("plan").read_text()))
    assert not any(canary in text for canary in (*CANARIES, KEY))
    assert list(PLAN.hosts) == ["maps1", "maps2"]


def test_refreshed_tokens_are_no_change():
    newer = structs.replace(
        TOKENS, access_token=Secret("newer"), refresh_token=Secret("n"), expires_at=9
    )
    require_same(PLAN, prepared(replace(ENTRY, token_set=newer)), key=KEY, remedy="")


@pytest.mark.parametrize(
    "entry",
    [
        replace(ENTRY, client_secret=Secret("another")),
        replace(ENTRY, token_set=structs.replace(TOKENS, grant_id="grant-2")),
        replace(ENTRY, server=replace(SERVER, port=587)),
    ],
    ids=["secret", "sign-in", "field"],
)
def test_another_declaration_secret_or_sign_in_is_named(entry):
    assert refused(preparation=prepared(entry)).endswith("since the plan was made: Reports")


def test_other_hosts_another_key_and_an_edited_plan():
    assert "the inventory gives other hosts" in refused(preparation=prepared(hosts=("maps1",)))
    assert "another vault key" in refused(key="j" * 64)
    edited = {**PLAN.content, "hosts": PLAN.content["hosts"][:1]}
    assert refused(SavedPlan(edited)) == "the plan was edited since it was made"


def test_another_commit_is_named():
    require_commit(PLAN, Commit("c" * 40, True))
    with pytest.raises(PlanRefused, match=r"is for commit c{12}, and here is d{12} and changes"):
        require_commit(PLAN, Commit("d" * 40, True))


@pytest.mark.parametrize(
    ("host", "state"),
    [
        (found(), HostState.CHANGES),
        (found(fingerprint="bb"), HostState.MOVED),
        (found(fingerprint=None), HostState.MOVED),
        (found(change="changed"), HostState.MOVED),
        (found(state=HostState.UNCHANGED, change="unchanged"), HostState.MOVED),
        (found(state=HostState.UNREACHABLE), HostState.UNREACHABLE),
        (found(state=HostState.FAILED), HostState.FAILED),
    ],
)
def test_a_host_is_pushed_to_only_if_it_is_as_planned(host, state):
    (held,) = held_against(PLAN, [host])
    assert held.state is state
    assert held.needs_push is (state is HostState.CHANGES)


def test_hosts_beside_the_plan_are_left_out_and_those_begun_may_be_otherwise():
    assert held_against(PLAN, [found("maps9")]) == ()
    begun = found("maps2", HostState.UNCHANGED, fingerprint="new", change="unchanged")
    assert held_against(PLAN, [begun], ["maps2"]) == (begun,)


def test_servers_declared_for_a_host_count_though_they_do_not_go_out_now():
    preparation = replace(prepared(), declared={"Reports": ("maps1",), "Alerts": ("maps1", "x")})
    assert preparation.declared_on("maps1") == ("Alerts", "Reports")
    assert preparation.declared_on("x") == ("Alerts",)
    assert preparation.declared_on("maps2") == ()


def test_a_limit_leaves_only_its_hosts():
    pruned = replace(prepared(), pruned_hosts=frozenset({"maps2", "maps3"}))
    assert pruned.all_hosts == ("maps1", "maps2", "maps3")
    assert pruned.limited_to(["maps2"]).all_hosts == ("maps2",)

"""A saved plan: a push does just that, or leaves the hosts alone that are not as planned."""

import json
import shutil
import subprocess

import jsonschema_rs
import pytest

from tests.cli.fleet.local_fleet import PASSWORD

pytestmark = pytest.mark.long


def test_a_push_from_another_checkout_does_what_the_plan_says(three_hosts, tmp_path):
    fleet = three_hosts
    fleet.commit()
    file = str(tmp_path / "plan.json")
    planned = fleet.ends(2, "plan", "--out", file)
    assert "maps1, maps2, maps3 (3 hosts): would change" in planned.stdout
    assert "to be verified:\n  Reports on 3 hosts" in planned.stdout
    assert PASSWORD not in (tmp_path / "plan.json").read_text()

    mine, fleet.folder = fleet.folder, tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(mine), str(fleet.folder)], check=True)
    fleet.pushed("--limit", "maps2,maps3")  # another run was quicker, then somebody edited one
    document = mine / "maps3" / "email-servers.json"
    document.write_text(document.read_text().replace(f": {fleet.mail.port}", ": 26"))
    ended = fleet.ends(3, "push", "--plan", file)
    states = {"maps1": "delivered, not applied", "maps2": "unchanged", "maps3": "drifted"}
    assert fleet.states() == states
    assert "provisioner plan" in ended.stdout
    plan, started = json.loads((tmp_path / "plan.json").read_text()), fleet.journals()[-1][0]
    assert started["options"]["plan"] == plan["seal"]
    assert started["commit"] == plan["commit"]
    assert b": 26" in document.read_bytes()


def test_a_plan_that_does_not_fit_any_more_is_refused_and_says_why(fleet, home):
    fleet.commit()
    fleet.ends(2, "plan", "--out", "plan.json")
    saved = (fleet.folder / "plan.json").read_text()

    def refused(text=saved, *arguments, code=1, password=PASSWORD):
        (fleet.folder / "plan.json").write_text(text)
        push = ("push", "--plan", "plan.json", *arguments)
        return fleet.ends(code, *push, password=password).stderr

    assert "the plan was edited since it was made" in refused(saved.replace('"added"', '"removed"'))
    assert "(server file, sign-in or hosts): Reports" in refused(password="another one")
    assert "plan.json is not a plan of this version" in refused('{"schema_version": 2}')
    assert "plan.json is not a plan: it is not JSON" in refused("{")
    assert "--plan cannot be combined with SERVER" in refused(saved, "Reports", code=64)
    key, kept = home / ".config/maps-provisioner/vault-key", home / "key"
    shutil.move(key, kept)
    assert "has tokens, but the key that opens them is not at" in refused()
    shutil.move(fleet.folder / "tokens", home / "tokens")  # a machine that has neither
    said = refused()
    assert "the plan was made with another vault key" in said
    assert "generated vault-key" in said
    shutil.rmtree(fleet.folder / "tokens")
    shutil.move(home / "tokens", fleet.folder / "tokens")
    shutil.move(kept, key)
    fleet.declare("Reports", port=26)
    assert "changed since the plan was made" in refused()
    fleet.commit()
    assert "the plan is for commit " in refused()
    assert not fleet.document("maps1").exists()


def test_a_plan_is_read_from_standard_input(fleet):
    fleet.ends(2, "plan", "--out", "plan.json")
    plan = (fleet.folder / "plan.json").read_text()
    schema = jsonschema_rs.Draft202012Validator(json.loads(fleet.ends(0, "schema", "plan").stdout))
    schema.validate(json.loads(plan))
    ended = fleet.run("push", "--plan", "-", given=plan)
    assert ended.returncode == 0, ended.stderr
    assert "maps1: delivered" in ended.stdout
    ended = fleet.run("push", "--plan", "-", given="{")
    assert "standard input is not a plan: it is not JSON" in ended.stderr

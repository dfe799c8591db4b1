"""A saved plan: a push does just that, or leaves the hosts alone that are not as planned."""

import json
import os
import shutil

import jsonschema
import pytest

from provisioner.resources import schema_path


def test_a_push_does_what_the_plan_says_and_leaves_hosts_that_moved(three_hosts):
    fleet = three_hosts
    fleet.commit()
    file = fleet.folder.parent / "plan.json"
    planned = fleet.ends(2, "plan", "--out", str(file))
    assert "maps1, maps2, maps3 (3 hosts): would change" in planned.stdout
    assert "a push would send test emails:\n  Reports: from 3 hosts to reports@" in planned.stdout
    text = file.read_text()
    jsonschema.validate(json.loads(text), json.loads(schema_path("plan").read_text()))
    assert "correct horse" not in text

    fleet.ends(0, "push", "--limit", "maps2")
    ended = fleet.ends(3, "push", "--plan", str(file))
    assert "maps1, maps3 (2 hosts): delivered, not applied" in ended.stdout
    assert "maps2: moved since the plan" in ended.stdout
    assert "See what would change there now: provisioner plan" in ended.stdout
    assert "its document is not the one that it had when the plan was made" in ended.stdout
    last = fleet.journals()[-1]
    assert last[0]["options"]["plan"] == json.loads(text)["seal"]
    assert last[0]["commit"] == json.loads(text)["commit"]

    again = fleet.ends(3, "push", "--plan", str(file))
    assert "maps1, maps2, maps3 (3 hosts): moved since the plan" in again.stdout


def test_a_plan_that_does_not_fit_any_more_is_refused_and_says_why(fleet, home):
    fleet.commit()
    fleet.ends(2, "plan", "--out", "plan.json")
    saved = (fleet.folder / "plan.json").read_text()

    def refused(text=saved, *arguments, code=1):
        (fleet.folder / "plan.json").write_text(text)
        return fleet.ends(code, "push", "--plan", "plan.json", *arguments).stderr

    assert "the plan was edited since it was made" in refused(saved.replace('"added"', '"removed"'))
    assert "plan.json is not a plan of this version" in refused('{"schema_version": 2}')
    assert "plan.json is not a plan: it is not JSON" in refused("{")
    assert "--plan says itself which servers and hosts" in refused(saved, "Reports", code=64)
    key, kept = home / ".config/maps-provisioner/vault-key", home / "key"
    shutil.move(key, kept)
    assert "has tokens, but the key that opens them is not at" in refused()
    shutil.move(fleet.folder / "tokens", home / "tokens")  # a machine that has neither
    said = refused()
    assert "the plan was made with another vault key" in said
    assert "a copy of the generated vault-key" in said
    shutil.rmtree(fleet.folder / "tokens")
    shutil.move(home / "tokens", fleet.folder / "tokens")
    shutil.move(kept, key)
    fleet.declare("Reports", port=26)
    assert "declared, or signed in, otherwise since the plan was made: Reports" in refused()
    fleet.commit()
    assert "the plan is for commit " in refused()
    assert not fleet.document("maps1").exists()


def test_a_pattern_that_matches_nothing_is_named_and_holds_up_no_other_server(fleet):
    fleet.declare("Alerts", hosts="maps_prod")
    ended = fleet.ends(1, "plan")
    assert "Alerts: skipped, what hosts have of it stays" in ended.stdout
    assert "servers/alerts.yml:" in ended.stdout
    assert "Alerts: hosts: the host pattern 'maps_prod' matches no host of" in ended.stdout
    assert "+ Reports: added" in ended.stdout


def test_a_plan_is_read_from_standard_input(fleet):
    fleet.commit()
    fleet.ends(2, "plan", "--out", "plan.json")
    plan = (fleet.folder / "plan.json").read_text()
    ended = fleet.run("push", "--plan", "-", given=plan)
    assert ended.returncode == 0, ended.stderr
    assert "maps1: delivered" in ended.stdout
    ended = fleet.run("push", "--plan", "-", given="{")
    assert "standard input is not a plan: it is not JSON" in ended.stderr


@pytest.mark.parametrize("kind", ["pipe", "folder", "device"])
def test_a_plan_is_read_from_no_pipe_folder_or_device(fleet, tmp_path, kind):
    path = tmp_path / "plan"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    ended = fleet.ends(1, "push", "--plan", str(path))
    assert str(path) in ended.stderr
    assert {
        "pipe": "is no regular file, so no plan is read from it\n  name the file that",
        "folder": "Is a directory",
        "device": "is no regular file",
    }[kind] in ended.stderr

"""plan.yml is the first task of push.yml, which is asked before it is done."""

from __future__ import annotations

from typing import Any

import yaml

from provisioner.resources import playbooks_folder


def play(name: str) -> dict[str, Any]:
    [found] = yaml.safe_load((playbooks_folder() / name).read_text())
    return found


def without(content: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in names}


def test_a_plan_asks_for_what_a_push_does_first():
    plan, push = play("plan.yml"), play("push.yml")
    assert without(plan, "name", "tasks") == without(push, "name", "vars", "tasks")
    [asked], done = plan["tasks"], push["tasks"][0]
    assert without(asked, "timeout") == without(done, "timeout", "register")
    assert asked["timeout"] == 120
    assert "1200" in push["vars"]["maps_longest"]
    assert done["timeout"] == "{{ maps_longest }}"

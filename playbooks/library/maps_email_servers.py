#!/usr/bin/python
"""Ansible module: the email-server document of one MAPS host. Its action plugin calls it."""

from __future__ import annotations

import json

from ansible.module_utils.maps_document import fingerprint
from ansible.module_utils.maps_module import Answer, run, uninterrupted
from ansible.module_utils.maps_store import Store

DOCUMENTATION = r"""
---
module: maps_email_servers
short_description: Email servers of an Evisions MAPS host
description:
  - Brings email-servers.json to the declared state in one transaction, or takes that back.
  - Called by the action plugin of the same name, which reads the delivery on the controller.
author: maps-provisioner
options:
  state:
    description: >
      What to do with the document. C(restored) takes back what this run has delivered,
      C(rolled_back) brings the document before as a new generation; C(probed) only looks.
    choices: [present, restored, rolled_back, probed]
    default: present
    type: str
  directory:
    description: Folder of the document.
    required: true
    type: path
  group:
    description: Group that may read it, e.g. the one of the service account.
    type: str
  document:
    description: JSON of entries, remove, declared and mails (names that have an envelope).
    type: str
  secrets:
    description: Every secret in O(document), so that Ansible masks them.
    type: list
    elements: str
  fingerprint_key:
    description: Key of the fingerprint in the result.
    type: str
  apply_command:
    description: Command (argv) that makes MAPS take the document over; its path is added.
    type: list
    elements: str
  apply_timeout:
    description: Seconds after which that is killed.
    default: 300
    type: int
  lock_wait:
    description: Seconds to wait for another run on the host.
    default: 10
    type: int
  keep_tokens:
    description: >
      For O(state=restored), servers whose refresh tokens rotate; an old document that is given back
      keeps for them the tokens of the one it replaces.
    type: list
    elements: str
    default: []
  run_id:
    required: true
    type: str
  owner:
    required: true
    type: str
"""

_STATES = ["present", "restored", "rolled_back", "probed"]

ARGUMENT_SPEC = {
    "state": {"type": "str", "default": "present", "choices": _STATES},
    "directory": {"type": "path", "required": True},
    "group": {"type": "str"},
    "document": {"type": "str", "no_log": True},
    "secrets": {"type": "list", "elements": "str", "no_log": True},
    "fingerprint_key": {"type": "str", "no_log": True},
    "apply_command": {"type": "list", "elements": "str"},
    "apply_timeout": {"type": "int", "default": 300},
    "lock_wait": {"type": "int", "default": 10},
    "keep_tokens": {"type": "list", "elements": "str", "default": []},
    "run_id": {"type": "str", "required": True},
    "owner": {"type": "str", "required": True},
}

_PHASES = {
    "present": "deliver",
    "restored": "restore",
    "rolled_back": "deliver",
    "probed": "probe",
}


def main():
    """Run as Ansible starts it."""
    run(ARGUMENT_SPEC, _work, lambda params: _PHASES[params["state"]])


def _work(module, params):
    store = _store(params)
    try:
        if params["state"] == "probed":
            return Answer(store.probe())
        if params["state"] == "present":
            return _delivered(module, params, store)
        if params["state"] == "rolled_back":
            return _rolled_back(module, params, store)
        return _restored(module, params, store)
    except Exception as error:
        error.doubtful = store.moved
        raise


def _store(params):
    names = ("directory", "run_id", "owner", "group", "apply_command", "apply_timeout", "lock_wait")
    return Store(**{name: params[name] for name in names})


def _delivered(module, params, store):
    delivery = json.loads(params["document"])
    if module.check_mode:
        maps = store.compared(delivery)
    else:
        with uninterrupted():
            maps = store.deliver(delivery)
    data = maps.pop("data")
    maps["fingerprint"] = fingerprint(data, params["fingerprint_key"]) if data else None
    changed = maps["state"] not in ("unchanged", "refused") or bool(maps["tightened"])
    return Answer(maps, changed, _why_not(maps, store.problem))


def _rolled_back(module, params, store):
    delivery = json.loads(params["document"])
    if module.check_mode:
        maps = store.rollable(delivery)
    else:
        with uninterrupted():
            maps = store.roll_back(delivery)
    data = maps.pop("data")
    maps["fingerprint"] = fingerprint(data, params["fingerprint_key"]) if data else None
    return Answer(maps, True, _why_not(maps, store.problem))


def _why_not(maps, problem):
    """Why a delivery ended otherwise than asked for; empty if it did not."""
    ended = f"maps_apply_command ended with code {maps['apply_exit']}"
    if maps["apply_output"]:
        ended += ", saying: " + " / ".join(maps["apply_output"].splitlines()[-3:])
    if maps["state"] == "restored":
        return ended + "; the host has its old document back"
    if maps["state"] == "refused":
        return ended + "; the document on the host was not changed"
    if maps["state"] == "unknown":
        return ended + "; what MAPS has now is unknown" + (f": {problem}" if problem else "")
    return ""


def _restored(module, params, store):
    if module.check_mode:
        return Answer({"phase": "restore", "state": "unchanged", "fingerprint": None})
    with uninterrupted():
        state, _ = store.restore([], params["keep_tokens"])
    data = store.document()[0]
    known = fingerprint(data, params["fingerprint_key"]) if data else None
    maps = {"phase": "restore", "state": state, "fingerprint": known, "renewed": store.renewed}
    if state == "restored":
        return Answer(maps, True)  # what was wrong is said once the old document is proven, too
    words = "what was delivered was proven wrong, and could not be taken back"
    words += f": {store.problem or 'maps_apply_command failed with it'}"
    return Answer(maps, True, words)


if __name__ == "__main__":
    main()

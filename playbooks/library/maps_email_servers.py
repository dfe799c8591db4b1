#!/usr/bin/python
"""Ansible module: the email-server document of one MAPS host. Its action plugin calls it."""

from __future__ import annotations

import json

from ansible.module_utils.maps_document import fingerprint
from ansible.module_utils.maps_module import Answer, run, uninterrupted
from ansible.module_utils.maps_reader import Reader

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
    description:
      - What to do with the document. C(probed) only looks.
      - C(restored) takes back what this run delivered; C(rolled_back) brings back the document
        before the last one, as a new generation; C(unlocked) ends a lease.
    choices: [present, restored, rolled_back, probed, unlocked]
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
    description:
      - JSON of entries, remove, declared, mails (names that have an envelope) and checked (those
        of them that this run goes on to try; all if it is not there).
      - In check mode it says of a secret only whether it is set.
      - For C(rolled_back), JSON of tokens and mails.
    type: str
  secrets:
    description: Every secret in O(document), so that Ansible masks them.
    type: list
    elements: str
  fingerprint_key:
    description: Key of the fingerprint, and in check mode of the prints of secrets, in the result.
    type: str
  apply_command:
    description: Command (argv) that makes MAPS take the document over; its path is added.
    type: list
    elements: str
  force:
    description: For C(state=unlocked), end a lease that is not our own, too.
    default: false
    type: bool
  apply_timeout:
    description: Seconds after which that is killed.
    default: 300
    type: int
  lock_wait:
    description: Seconds to wait for another run on the host.
    default: 10
    type: int
  rotating:
    description: >
      Servers whose refresh token is dead once it was used; an old document that is given back
      keeps for them the tokens of the one it replaces.
    type: list
    elements: str
    default: []
  lease:
    description: C(holder), C(commit) and C(reason) of the lease that keeps other runs away.
    type: dict
  run_id:
    description: The run that asks.
    required: true
    type: str
  owner:
    description: Who asks, as others read it while they wait.
    required: true
    type: str
"""

ARGUMENT_SPEC = {
    "state": {
        "type": "str",
        "default": "present",
        "choices": ["present", "restored", "rolled_back", "probed", "unlocked"],
    },
    "directory": {"type": "path", "required": True},
    "group": {"type": "str"},
    "document": {"type": "str", "no_log": True},
    "secrets": {"type": "list", "elements": "str", "no_log": True},
    "fingerprint_key": {"type": "str", "no_log": True},
    "apply_command": {"type": "list", "elements": "str"},
    "force": {"type": "bool", "default": False},
    "apply_timeout": {"type": "int", "default": 300},
    "lock_wait": {"type": "int", "default": 10},
    "rotating": {"type": "list", "elements": "str", "default": []},
    "lease": {"type": "dict"},
    "run_id": {"type": "str", "required": True},
    "owner": {"type": "str", "required": True},
}

_PHASES = {
    "present": "deliver",
    "restored": "restore",
    "rolled_back": "rollback",
    "probed": "probe",
    "unlocked": "unlock",
}


def main():
    """Run as Ansible starts it."""
    run(ARGUMENT_SPEC, _work, lambda params: _PHASES[params["state"]])


def _work(module, params):
    compares = params["state"] == "present" and module.check_mode
    store = _reader(params) if compares else _store(params)
    try:
        return (_compared if compares else _WORK[params["state"]])(module, params, store)
    except Exception as error:
        error.doubtful = store.moved
        raise


def _probed(_module, _params, store):
    return Answer(store.probe())


def _unlocked(module, params, store):
    from ansible.module_utils.maps_lease import refusal, shown

    state, lease = ("looked", None) if module.check_mode else store.unlock(params["force"])
    maps = {"phase": "unlock", "state": state, "lease": shown(lease)}
    return Answer(maps, state == "unlocked", refusal(lease).message if state == "held" else "")


def _reader(params):
    names = ("directory", "run_id", "owner", "group", "apply_command")
    return Reader(**{name: params[name] for name in names})


def _store(params):
    # Not above: a check run, which is all that most hosts see, would compile it for nothing.
    from ansible.module_utils.maps_store import Store

    names = ("directory", "run_id", "owner", "group", "apply_command", "apply_timeout")
    names += ("lock_wait", "lease")
    return Store(**{name: params[name] for name in names})


def _compared(_module, params, reader):
    delivery = json.loads(params["document"])
    return _written(reader.compared(delivery, params["fingerprint_key"]), params)


def _delivered(_module, params, store):
    delivery = json.loads(params["document"])
    with uninterrupted():
        return _written(store.deliver(delivery), params, store.problem)


def _rolled_back(module, params, store):
    delivery = json.loads(params["document"])
    if module.check_mode:
        return _written(store.rolled_back(delivery), params)
    with uninterrupted():
        return _written(store.roll_back(delivery), params, store.problem)


def _written(maps, params, problem=""):
    data = maps.pop("data")
    key = params["fingerprint_key"]
    maps["fingerprint"] = fingerprint(data, key) if data and key else None
    changed = maps["state"] not in ("unchanged", "refused") or bool(maps["tightened"])
    return Answer(maps, changed, _why_not(maps, problem))


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
        state = store.restore(params["rotating"])
    data = store.document()[0]
    known = fingerprint(data, params["fingerprint_key"]) if data else None
    maps = {"phase": "restore", "state": state, "fingerprint": known, "renewed": store.renewed}
    if state == "restored":
        return Answer(maps, True)  # what was wrong is said once the old document is proven, too
    words = "what was delivered was proven wrong, and could not be taken back"
    words += f": {store.problem or 'maps_apply_command failed with it'}"
    return Answer(maps, True, words)


_WORK = {
    "present": _delivered,
    "restored": _restored,
    "rolled_back": _rolled_back,
    "probed": _probed,
    "unlocked": _unlocked,
}

if __name__ == "__main__":
    main()

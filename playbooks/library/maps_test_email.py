#!/usr/bin/python
"""Ansible module: a real test email from a MAPS host, with the document that lies there."""

from __future__ import annotations

from ansible.module_utils import maps_command
from ansible.module_utils.maps_document import account, key_of, secrets_of
from ansible.module_utils.maps_message import test_message
from ansible.module_utils.maps_module import Answer, run
from ansible.module_utils.maps_oauth import prove_refresh
from ansible.module_utils.maps_refusal import Refusal
from ansible.module_utils.maps_smtp import converse
from ansible.module_utils.maps_store import Store

DOCUMENTATION = r"""
---
module: maps_test_email
short_description: Test email from an Evisions MAPS host
description:
  - Sends a mail for each named server, with settings, secrets and tokens read from the document
    on the host, and records there which of them were proven.
  - The mails are sent by this module. MAPS itself sends only with O(test_command).
author: maps-provisioner
options:
  directory:
    description: Folder of the document.
    required: true
    type: path
  group:
    description: Group that may read it.
    type: str
  mails:
    description: Envelopes, server_name to C(from) and C(to).
    required: true
    type: dict
  prove_refresh:
    description: Servers whose token is to be refreshed, as a trial, from this host.
    type: list
    elements: str
  test_command:
    description: Command (argv) that makes MAPS itself send a test email.
    type: list
    elements: str
  test_timeout:
    description: Seconds after which that is killed.
    default: 300
    type: int
  timeout:
    description: Seconds for each step of an SMTP conversation.
    default: 30
    type: int
  lock_wait:
    description: Seconds to wait for another run on the host.
    default: 10
    type: int
  ca_file:
    description: A private CA, beside the system's.
    type: path
  lease:
    description: C(holder), C(commit) and C(reason) of the lease that keeps other runs away.
    type: dict
  run_id:
    required: true
    type: str
  owner:
    required: true
    type: str
"""

ARGUMENT_SPEC = {
    "directory": {"type": "path", "required": True},
    "group": {"type": "str"},
    "mails": {"type": "dict", "required": True},
    "prove_refresh": {"type": "list", "elements": "str"},
    "test_command": {"type": "list", "elements": "str"},
    "test_timeout": {"type": "int", "default": 300},
    "timeout": {"type": "int", "default": 30},
    "lock_wait": {"type": "int", "default": 10},
    "ca_file": {"type": "path"},
    "lease": {"type": "dict"},
    "run_id": {"type": "str", "required": True},
    "owner": {"type": "str", "required": True},
}


def main():
    """Run as Ansible starts it."""
    run(ARGUMENT_SPEC, _work, lambda _params: "mail")


def _work(module, params):
    if module.check_mode:
        return Answer({"phase": "mail", "mails": [], "wrong": [], "maps_test_command": None})
    names = ("directory", "run_id", "owner", "group", "lock_wait", "lease")
    store = Store(**{name: params[name] for name in names})
    store.renew_lease()
    entries = _entries(store, params["mails"])
    module.no_log_values.update(secrets_of(entries))
    before = store.predecessor()
    mails = [_mailed(entry, before.get(key_of(entry)), params) for entry in entries]
    wrong = [mail["server"] for mail in mails if _is_wrong(mail)]
    command = None if wrong else _maps_itself(params, store.document()[2])
    maps = {"phase": "mail", "mails": mails, "wrong": wrong, "maps_test_command": command}
    return _recorded(store, entries, maps)


def _entries(store, mails):
    there = {key_of(entry): entry for entry in store.document()[2]}
    missing = [name for name in mails if name.casefold() not in there]
    if missing:
        words = f"the document on the host has no server {', '.join(missing)} any more"
        raise Refusal("changed", words + ": push again")
    return [there[name.casefold()] for name in mails]


def _mailed(entry, before, params):
    envelope = _named(params["mails"], entry)
    message = test_message(entry, envelope["from"], envelope["to"], params["run_id"])
    facts = converse(account(entry, params["ca_file"]), message, params["timeout"])
    if facts["outcome"] == "unreachable" and _worked_elsewhere(entry, before, params):
        place = "{host}:{port}".format(**before)
        facts = dict(facts, outcome="wrong", worked_before=place)
    refresh = None
    if facts["outcome"] == "sent" and key_of(entry) in _keys(params["prove_refresh"]):
        refresh = prove_refresh(entry, params["ca_file"], params["timeout"])
    mail = dict(facts, server=entry["server_name"], refresh=refresh)
    return dict(mail, proof=_proof(entry, mail))


def _worked_elsewhere(entry, before, params):
    """Whether nobody answers because this delivery looks for the mail server in a new place."""
    if before is None or all(before[name] == entry[name] for name in ("host", "port", "use_tls")):
        return False
    facts = converse(account(before, params["ca_file"]), None, params["timeout"])
    return facts["stage"] == "auth"  # it answers there: a mistake of ours, and no outage


def _named(mails, entry):
    return next(e for name, e in mails.items() if name.casefold() == key_of(entry))


def _keys(names):
    return {name.casefold() for name in names or ()}


def _is_wrong(mail):
    return "wrong" in (mail["outcome"], (mail["refresh"] or {}).get("outcome"))


def _maps_itself(params, entries):
    """Let MAPS send, too; only once our own mails say that nothing is wrong."""
    if not params["test_command"]:
        return None
    ended = maps_command.run(params["test_command"], params["test_timeout"], secrets_of(entries))
    return {"exit": ended.code, "output": ended.output}


def _recorded(store, entries, maps):
    command = maps["maps_test_command"]
    maps_failed = command is not None and command["exit"] != 0
    outcomes = [None if maps_failed else mail["proof"] for mail in maps["mails"]]
    proofs = [(entry, outcome) for entry, outcome in zip(entries, outcomes) if outcome]
    try:
        # Until all is proven, the document before stays the one to go back to.
        store.record_proofs(proofs, settled=all(outcomes), last=not maps["wrong"])
    except Refusal as refusal:
        if maps["wrong"]:
            return Answer(maps)  # the old document is to be given back, recorded or not
        words = f"the test emails went out, but that could not be recorded: {refusal.message}"
        return Answer(maps, False, words)
    return Answer(maps)


def _proof(entry, mail):
    """What the mail has proven: "sent", "unprovable" (only MAPS speaks that level), or None."""
    reached = (mail["outcome"], mail["stage"]) == ("inconclusive", "auth")
    if entry["smtp_security_level"] == "cram_sha1" and reached:
        return "unprovable"
    refresh = (mail["refresh"] or {}).get("outcome", "proven")
    return "sent" if mail["outcome"] == "sent" and refresh == "proven" else None


if __name__ == "__main__":
    main()

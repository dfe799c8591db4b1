#!/usr/bin/python
"""Ansible module: a real test email from a MAPS host, with the document that lies there."""

from __future__ import annotations

from contextlib import suppress

from ansible.module_utils import maps_command
from ansible.module_utils.maps_document import fingerprint, key_of, secrets_of
from ansible.module_utils.maps_module import Answer, run
from ansible.module_utils.maps_post_check import PostCheck, is_wrong
from ansible.module_utils.maps_refusal import Refusal
from ansible.module_utils.maps_store import Store

DOCUMENTATION = r"""
---
module: maps_test_email
short_description: Test email from an Evisions MAPS host
description:
  - Sends a mail for each named server, or only signs in, with settings, secrets and tokens read
    from the document on the host, and records there which of them were proven.
  - The mails are sent by this module. MAPS itself sends only with O(test_command).
author: maps-provisioner
options:
  phase:
    description: What is proven. C(mail) is what was delivered, C(baseline) an old document.
    choices: [mail, baseline]
    default: mail
    type: str
  directory:
    description: Folder of the document.
    required: true
    type: path
  group:
    description: Group that may read it.
    type: str
  fingerprint:
    description: Of the document that this run has left there; nothing is sent with another one.
    type: str
  fingerprint_key:
    description: The key of that fingerprint.
    type: str
  mails:
    description: >
      Envelopes, server_name to C(from) (null is the entry's own mailbox) and C(to); null instead
      of an envelope signs in and sends nothing.
    required: true
    type: dict
  needed:
    description: Servers whose proofs the delivery waits for.
    type: list
    elements: str
    default: []
  accepted:
    description: Proofs that count, of C(sent), C(authenticated) and C(unprovable).
    type: list
    elements: str
    default: [sent, unprovable]
  refreshable:
    description: >
      Servers whose token may be refreshed, as a trial, from this host, with the endpoint that
      takes it.
    type: dict
    default: {}
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
  more:
    description: Whether this run has more to prove on the host once this is done.
    type: bool
    default: false
  retries:
    description: Whether this run tries again what was put off.
    type: bool
    default: false
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
    "phase": {"type": "str", "default": "mail", "choices": ["mail", "baseline"]},
    "directory": {"type": "path", "required": True},
    "group": {"type": "str"},
    "fingerprint": {"type": "str"},
    "fingerprint_key": {"type": "str", "no_log": True},
    "mails": {"type": "dict", "required": True},
    "needed": {"type": "list", "elements": "str", "default": []},
    "accepted": {"type": "list", "elements": "str", "default": ["sent", "unprovable"]},
    "refreshable": {"type": "dict", "default": {}},
    "test_command": {"type": "list", "elements": "str"},
    "test_timeout": {"type": "int", "default": 300},
    "timeout": {"type": "int", "default": 30},
    "lock_wait": {"type": "int", "default": 10},
    "ca_file": {"type": "path"},
    "more": {"type": "bool", "default": False},
    "retries": {"type": "bool", "default": False},
    "lease": {"type": "dict"},
    "run_id": {"type": "str", "required": True},
    "owner": {"type": "str", "required": True},
}


def main():
    """Run as Ansible starts it."""
    run(ARGUMENT_SPEC, _work, lambda params: params["phase"])


def _work(module, params):
    if module.check_mode:
        return Answer(_facts(params, []))
    names = ("directory", "run_id", "owner", "group", "lock_wait", "lease")
    store = Store(**{name: params[name] for name in names})
    store.renew_lease()
    try:
        return _proven(module, params, store)
    except BaseException:
        with suppress(Refusal):  # what went wrong first is what is to be said
            store.release_lease()
        raise


def _proven(module, params, store):
    entries, document = _entries(store, params)
    module.no_log_values.update(secrets_of(entries))
    check = PostCheck(
        params["mails"], params["run_id"], document, params["ca_file"], params["timeout"]
    )
    prove = _delivered if params["phase"] == "mail" else _earlier
    mails = prove(store, params, entries, check)
    maps = _facts(params, mails, _maps_itself(params, mails, store.document()[2]))
    return _recorded(store, params, entries, maps)


def _delivered(store, params, entries, check):
    before, may_refresh = store.predecessor(), _by_key(params["refreshable"])
    return [
        check.delivered(entry, before.get(key_of(entry)), key_of(entry) in may_refresh)
        for entry in entries
    ]


def _earlier(_store, params, entries, check):
    refresh_at = _by_key(params["refreshable"])
    return [check.given_back(entry, refresh_at.get(key_of(entry))) for entry in entries]


def _facts(params, mails, command=None):
    return {
        "phase": params["phase"],
        "mails": mails,
        "wrong": [mail["server"] for mail in mails if is_wrong(mail)],
        "maps_test_command": command,
    }


def _entries(store, params):
    """(the entries to prove, which document they are from); never another run's document."""
    data, generation, entries = store.document()
    there = {key_of(entry): entry for entry in entries}
    known = fingerprint(data or b"", params["fingerprint_key"] or "")
    if params["fingerprint"] and params["fingerprint"] != known:
        words = "the document on the host is not the one that this run has left there: push again"
        raise Refusal("changed", words)
    names = [name for name in params["mails"] if name.casefold() in there]
    missing = [name for name in params["mails"] if name not in names]
    if missing and params["phase"] == "mail":
        words = f"the document on the host has no server {', '.join(missing)} any more"
        raise Refusal("changed", words + ": push again")
    which = f"generation {generation}" + (f", {known}" if params["fingerprint"] else "")
    return [there[name.casefold()] for name in names], which


def _by_key(named):
    return {name.casefold(): value for name, value in (named or {}).items()}


def _maps_itself(params, mails, entries):
    """Let MAPS send, too; only where our own mails went out."""
    sends = any(params["mails"].values()) and all(mail["proof"] for mail in mails)
    if not params["test_command"] or not sends:
        return None
    ended = maps_command.run(params["test_command"], params["test_timeout"], secrets_of(entries))
    return {"exit": ended.code, "output": ended.output}


def _is_last(params, maps):
    """Whether the run does nothing more here: it takes nothing back, and tries nothing again."""
    taken_back = maps["wrong"] and params["phase"] == "mail"
    tried_again = params["more"] or (params["retries"] and any(m["passing"] for m in maps["mails"]))
    return not taken_back and not tried_again


def _recorded(store, params, entries, maps):
    command = maps["maps_test_command"]
    maps_failed = command is not None and command["exit"] != 0
    outcomes = [None if maps_failed else mail["proof"] for mail in maps["mails"]]
    proofs = [(entry, outcome) for entry, outcome in zip(entries, outcomes) if outcome]
    needed = [*params["needed"], *params["mails"]]
    try:
        store.record_proofs(proofs, needed, params["accepted"], last=_is_last(params, maps))
    except Refusal as refusal:
        if maps["wrong"]:
            return Answer(maps)  # the old document is to be given back, recorded or not
        words = f"the test emails went out, but that could not be recorded: {refusal.message}"
        return Answer(maps, False, words)
    return Answer(maps)


if __name__ == "__main__":
    main()

"""Action plugin: has a host prove its document; the host reads its secrets from that document.

The provider's limits, and the patience with what passes by itself, are kept here: on the
controller, where all hosts meet.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from types import ModuleType

from ansible.errors import AnsibleConnectionFailure

_PACKAGE = "_provisioner_playbooks"


def _plugin_util(name):
    """Ansible has no import name for what lies beside a playbook: it gets one here."""
    if _PACKAGE not in sys.modules:
        package = ModuleType(_PACKAGE)
        package.__path__ = [os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir)]
        sys.modules[_PACKAGE] = package
    return importlib.import_module(f"{_PACKAGE}.plugin_utils.{name}")


maps_call = _plugin_util("maps_call")
maps_mail_turns = _plugin_util("maps_mail_turns")

_GIVEN_BACK = "what was delivered was proven wrong; the host has its old document back"


class ActionModule(maps_call.CallingAction):
    """Task arguments: servers (those to prove), phase (mail, baseline), fingerprint (of the
    document there), given_back (the old document is back because the new one was wrong: the task
    fails in any case), timeout, test_timeout, lock_wait."""

    ALLOWED = (
        *("servers", "phase", "fingerprint", "given_back"),
        *("timeout", "test_timeout", "lock_wait"),
    )

    def result(self, call):
        """The task's result."""
        return _Checks(call, self._task.check_mode).result()


class _Checks:
    """The calls of one task, in rounds, and what they have said together."""

    def __init__(self, call, check_mode):
        self._call, self._check_mode = call, check_mode
        self._phase = call.arguments.get("phase", "mail")
        self._given_back = bool(call.arguments.get("given_back"))
        self._limits = call.delivery.get("mail_limits", {})
        self._budget = call.delivery.get("mail_budget_seconds", 0)
        self._mails, self._command = {}, None

    def result(self):
        """The task's result: all mails, each as it ended at last."""
        servers = self._servers()
        attempt, paused = 1, 0.0  # a wait for one's turn is no patience with the mail server
        while True:
            pause = maps_mail_turns.pause_before_retry(attempt, paused, self._budget)
            groups = maps_mail_turns.rounds(servers, self._limits)
            for group in groups:
                goes_on = {"more": group is not groups[-1], "retries": pause is not None}
                problem = self._checked(group, attempt, goes_on)
                if problem or self._wrong():
                    return problem or self._summed_up()
            servers = [s for s in servers if self._mails.get(s, {}).get("passing")]
            if not servers or pause is None:
                return self._summed_up()
            time.sleep(pause)
            attempt, paused = attempt + 1, paused + pause

    def _servers(self):
        """The envelope's names, so that they are found in what the host says of them, too."""
        wanted = {name.casefold() for name in self._call.arguments.get("servers", [])}
        return [name for name in self._call.checked() if name.casefold() in wanted]

    def _checked(self, servers, attempt, goes_on):
        """Let the host prove these; -> the result of a call that failed, else None."""
        limits = [self._limits[name] for name in servers if self._limits.get(name)]
        mails = {name: self._envelope(name) for name in servers}
        folder = self._call.delivery.get("mail_turns_folder")
        try:
            with maps_mail_turns.turn(folder, limits, messages=any(mails.values())):
                arguments = dict(self._arguments(mails), **goes_on)
                result = self._call.result("maps_test_email", arguments)
        except AnsibleConnectionFailure:
            if attempt == 1:
                raise
            return None  # it answered before: what it said then stays said
        if result.get("failed"):
            return result
        with maps_call.taken_with_care():
            maps = result["maps"]
            self._mails.update({m["server"]: dict(m, attempts=attempt) for m in maps["mails"]})
            self._command = maps["maps_test_command"] or self._command
        return None

    def _envelope(self, name):
        """None: sign in only. In a document given back the mailbox may have been another one."""
        delivery = self._call.delivery
        if delivery.get("checks", {}).get(name, "mail") != "mail":
            return None
        envelope = delivery["mails"][name]
        entry = next((e for e in delivery["entries"] if e["server_name"] == name), {})
        own = self._phase != "mail" and envelope["from"] == entry.get("user_name")
        return dict(envelope, **{"from": None}) if own else envelope

    def _arguments(self, mails):
        delivery = self._call.delivery
        arguments = dict(
            self._call.host_arguments(),
            phase=self._phase,
            mails=mails,
            needed=list(self._call.arguments.get("servers", [])),
            refreshable=self._refreshable(),
            fingerprint_key=delivery.get("fingerprint_key"),
            **self._call.given("fingerprint", "timeout", "test_timeout", "lock_wait"),
        )
        if delivery.get("accepted"):
            arguments["accepted"] = delivery["accepted"]
        if not self._given_back and self._call.applies:
            arguments["test_command"] = self._call.command("maps_test_command")
        return arguments

    def _refreshable(self):
        """Server -> the endpoint where a refresh leaves the old refresh token valid."""
        delivery = self._call.delivery
        names = set(delivery.get("prove_refresh", []))
        oauth2 = {e["server_name"]: e["oauth2"] for e in delivery["entries"] if e["oauth2"]}
        return {
            name: settings.get("refresh_token_url") or settings["access_token_url"]
            for name, settings in oauth2.items()
            if name in names
        }

    def _wrong(self):
        with maps_call.taken_with_care():
            return [name for name, mail in self._mails.items() if _is_wrong(mail)]

    def _summed_up(self):
        maps = {
            "phase": self._phase,
            "mails": list(self._mails.values()),
            "wrong": self._wrong(),
            "maps_test_command": self._command,
        }
        result = {"changed": False, "maps": maps}
        fails = self._given_back and not self._check_mode
        return dict(result, failed=True, msg=_GIVEN_BACK) if fails else result


def _is_wrong(mail):
    return "wrong" in (mail["outcome"], (mail["refresh"] or {}).get("outcome"))

"""Action plugin: hands a host its delivery, and nothing of it to a log, a file or a result."""

from __future__ import annotations

import importlib
import json
import os
import sys
from types import ModuleType

_PACKAGE = "_provisioner_playbooks"


def _plugin_util(name):
    """Ansible has no import name for what lies beside a playbook: it gets one here."""
    if _PACKAGE not in sys.modules:
        package = ModuleType(_PACKAGE)
        package.__path__ = [os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir)]
        sys.modules[_PACKAGE] = package
    return importlib.import_module(f"{_PACKAGE}.plugin_utils.{name}")


maps_call = _plugin_util("maps_call")
maps_cluster_turns = _plugin_util("maps_cluster_turns")

_WRITES = {"present", "rolled_back"}
_APPLIES = {"present": "deliver", "rolled_back": "rollback", "restored": "restore"}


class ActionModule(maps_call.CallingAction):
    """Task arguments: state (present, restored, rolled_back, probed, unlocked), force,
    apply_timeout, lock_wait."""

    ALLOWED = ("state", "force", "apply_timeout", "lock_wait")

    def result(self, call):
        """The task's result, and `to_prove`: the servers that the run goes on to prove."""
        result = self._called(call, _arguments(call))
        if result.get("failed"):
            return result
        with maps_call.taken_with_care():
            if not self._task.check_mode:
                result = _with_canaries(result, call.delivery)
            return dict(result, to_prove=_to_prove(result["maps"], call.checked()))

    def _called(self, call, arguments):
        cluster = call.cluster()
        if cluster is None or self._task.check_mode or not _may_apply(arguments):
            return call.result("maps_email_servers", arguments)
        return _in_turn(call, arguments, cluster)


def _may_apply(arguments):
    applies = arguments["apply_command"] or arguments.get("service")
    return bool(applies) and arguments["state"] in _APPLIES


def _in_turn(call, arguments, cluster):
    """The result, while no other host of the cluster applies anything."""
    folder, run_id = call.delivery["mail_turns_folder"], call.delivery["run_id"]
    with maps_cluster_turns.turn(folder, cluster, run_id, call.host) as turn:
        other = turn.failed_before()
        if other and arguments["state"] in _WRITES:
            return _refused(_APPLIES[arguments["state"]], other, cluster)
        result = call.result("maps_email_servers", arguments)
        if result.get("failed") and (result.get("maps") or {}).get("state") != "refused":
            turn.failed()
        return result


def _refused(phase, other, cluster):
    """Two machines down at once would be the end of the cluster."""
    words = f"{other} of the same maps_cluster ({cluster}) did not do well, so this host was left "
    maps = {"phase": phase, "state": "refused", "reason": "cluster"}
    return {"failed": True, "changed": False, "maps": maps, "msg": words + "as it was"}


def _to_prove(maps, checked):
    wanted = {name.casefold() for name in maps.get("mails_needed", [])}
    return [name for name in checked if name.casefold() in wanted]


def _with_canaries(result, delivery):
    """A canary mail is due even where the host itself takes its sign-in for proof enough."""
    maps, chosen = result["maps"], delivery.get("canaries", [])
    if maps.get("phase") != "deliver" or not chosen:
        return result
    needed = sorted({*maps["mails_needed"], *chosen}, key=str.casefold)
    return dict(result, maps=dict(maps, mails_needed=needed))


def _arguments(call):
    state = call.arguments.get("state", "present")
    arguments = dict(
        call.host_arguments(),
        state=state,
        **call.applying(),
        secrets=call.delivery.get("secrets", []),
        fingerprint_key=call.delivery.get("fingerprint_key"),
        rotating=call.delivery.get("rotating", []),
        **call.given("force", "apply_timeout", "lock_wait"),
    )
    del arguments["ca_file"]  # no connection is opened by this one
    if state in _WRITES:
        document = _document if state == "present" else _rollback
        content = dict(document(call.delivery), checked=call.checked())
        arguments["document"] = json.dumps(content)
    return arguments


def _document(delivery):
    return {
        "entries": delivery["entries"],
        "remove": delivery.get("remove", []),
        "prune": delivery.get("prune", False),
        "declared": delivery.get("declared"),
        "accepted": delivery.get("accepted"),
        "rotating": delivery.get("rotating", []),
        "mails": sorted(delivery.get("mails", {})),
    }


def _rollback(delivery):
    return {
        "tokens": delivery.get("tokens", {}),
        "rotating": delivery.get("rotating", []),
        "mails": sorted(delivery.get("mails", {})),
    }

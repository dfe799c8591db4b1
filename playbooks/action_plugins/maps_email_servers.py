"""Action plugin: hands a host its delivery, and nothing of it to a log, a file or a result."""

from __future__ import annotations

import importlib.util
import json
import os


def _plugin_util(name):
    here = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(here, os.pardir, "plugin_utils", name + ".py")
    spec = importlib.util.spec_from_file_location("_provisioner_" + name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


maps_call = _plugin_util("maps_call")

_WRITES = {"present", "rolled_back"}


class ActionModule(maps_call.CallingAction):
    """Task arguments: state (present, restored, rolled_back, probed, unlocked), force,
    apply_timeout, lock_wait."""

    ALLOWED = ("state", "force", "apply_timeout", "lock_wait")

    def result(self, call):
        """The task's result."""
        result = call.result("maps_email_servers", _arguments(call))
        return result if self._task.check_mode else _with_canaries(result, call.delivery)


def _with_canaries(result, delivery):
    """A canary mail is due even where the host itself takes its sign-in for proof enough."""
    maps = result.get("maps") or {}
    chosen = delivery.get("canaries", [])
    if maps.get("phase") != "deliver" or result.get("failed") or not chosen:
        return result
    needed = sorted({*maps["mails_needed"], *chosen}, key=str.casefold)
    return dict(result, maps=dict(maps, mails_needed=needed))


def _arguments(call):
    state = call.arguments.get("state", "present")
    arguments = dict(
        call.host_arguments(),
        state=state,
        apply_command=call.command("maps_apply_command"),
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

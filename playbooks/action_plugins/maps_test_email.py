"""Action plugin: has a host send test emails; the host reads its secrets from its own document."""

from __future__ import annotations

import importlib.util
import os

from ansible.plugins.action import ActionBase


def _plugin_util(name):
    here = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(here, os.pardir, "plugin_utils", name + ".py")
    spec = importlib.util.spec_from_file_location("_provisioner_" + name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


maps_call = _plugin_util("maps_call")

_ALLOWED = ("servers", "timeout", "test_timeout", "lock_wait")


class ActionModule(ActionBase):
    """Task arguments: servers (those that need a mail), timeout, test_timeout, lock_wait."""

    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Run as Ansible calls it."""
        super().run(tmp, task_vars)
        try:
            call = maps_call.Call(self, task_vars, _ALLOWED)
            return call.result("maps_test_email", _arguments(call))
        except maps_call.CannotCall as error:
            return {"failed": True, "msg": str(error)}


def _arguments(call):
    names = {name.casefold() for name in call.arguments.get("servers", [])}
    envelopes = call.delivery.get("mails", {})
    return dict(
        call.host_arguments(),
        mails={name: e for name, e in envelopes.items() if name.casefold() in names},
        prove_refresh=call.delivery.get("prove_refresh", []),
        test_command=call.command("maps_test_command"),
        **call.given("timeout", "test_timeout", "lock_wait"),
    )

"""What both action plugins do on the controller: read a delivery, call the module, pass it on."""

from __future__ import annotations

import gc
import glob
import hashlib
import json
import os
import signal
from contextlib import contextmanager, suppress

from _provisioner_playbooks.module_utils import maps_prints
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from . import call_safety, host_platform, maps_answer

# Ansible loads this before it forks a process for each host: what is there by then is no garbage,
# and need not be copied to be looked at. https://docs.python.org/3/library/gc.html#gc.freeze
gc.freeze()

taken_with_care = maps_answer.taken_with_care


class CannotCall(Exception):
    """The module is not called; the text says why and what to do. It holds no secret."""


class CallingAction(ActionBase):
    """What an action plugin of ours begins with; `result(call)` and ALLOWED are its own."""

    _supports_check_mode = True

    def run(self, tmp=None, task_vars=None):
        """Run as Ansible calls it."""
        super().run(tmp, task_vars)
        try:
            return self.result(Call(self, task_vars, self.ALLOWED))
        except CannotCall as error:
            return {"failed": True, "msg": str(error)}
        except maps_answer.Nonsense:
            return {"failed": True, "nonsense": True, "msg": "the host answered nonsense"}

    def _parse_returned_data(self, res, *others):
        """Ansible's own prints what follows the answer as a warning, whatever it holds."""
        answer = maps_answer.answer_line(res.get("stdout") or "")
        return super()._parse_returned_data(dict(res, stdout=answer), *others)


class Call:
    """One call of a module on one host, from a task whose arguments are among `allowed`."""

    def __init__(self, action, task_vars, allowed):
        self._action = action
        self._connection = action._connection
        self._templar = action._templar
        self._task_vars = task_vars
        self.arguments = dict(action._task.args)
        self._platform = host_platform.platform_of(self._connection._shell)
        self._refuse_unknown(allowed)
        self._refuse_unsafe()
        self.delivery = self._read_delivery()
        if action._task.check_mode and "prints" not in self.delivery:
            self.delivery = maps_prints.without_secrets(self.delivery)

    # -- what is given

    def given(self, *names):
        """Those of these arguments that the delivery gives, or else the task."""
        found = dict(self.arguments, **{n: v for n, v in self.delivery.items() if v is not None})
        return {name: found[name] for name in names if name in found}

    def host_arguments(self):
        """The arguments that host variables give, the same for every call."""
        directory = self._variable("maps_directory") or self._platform.default_directory
        return {
            "directory": self._fitting(self._platform.directory, directory),
            "group": self._variable("maps_group") or None,
            "ca_file": self._fitting(
                self._platform.ca_file, self._variable("maps_ca_file") or None
            ),
            "run_id": self.delivery["run_id"],
            "owner": self.delivery["owner"],
            "lease": self.delivery.get("lease"),
        }

    def applying(self):
        """How a document is made known to MAPS: apply_command, and service where there is one."""
        command = self.command("maps_apply_command")
        service = self._fitting(self._platform.service, self._variable("maps_service"))
        if service is None:
            return {"apply_command": command}
        if not self.applies:
            return {"apply_command": None}
        return {"apply_command": command, "service": service}

    @property
    def applies(self):
        """Whether what is delivered may be applied here: without a restart MAPS has the old one."""
        return self.delivery.get("restart", True) or not self._variable("maps_service")

    @property
    def host(self):
        """The inventory's name of the host."""
        return self._task_vars["inventory_hostname"]

    def cluster(self):
        """The name of the host's cluster, of which one host at a time applies; None if in none."""
        name = self._variable("maps_cluster")
        if name is not None and not (isinstance(name, str) and name):
            raise CannotCall("maps_cluster is not a text: give the hosts of a cluster one name")
        return name

    def command(self, name):
        """A host variable that is a command: a list, so that no shell reads it."""
        argv = self._variable(name)
        if argv is None or argv == []:
            return None
        if not isinstance(argv, list) or not all(isinstance(a, str) and a for a in argv):
            raise CannotCall(f"{name} is not a list of texts: write it as [program, argument, ...]")
        return argv

    def checked(self):
        """The servers whose mails, or sign-ins, this run tries: those with an envelope."""
        checks = self.delivery.get("checks", {})
        return [name for name in self.delivery.get("mails", {}) if checks.get(name) != "none"]

    def _fitting(self, check, value):
        try:
            return check(value)
        except host_platform.Unfit as error:
            raise CannotCall(str(error)) from None

    def _variable(self, name):
        return self._templar.template(self._task_vars.get(name))

    # -- the call

    def result(self, module, arguments):
        """Call it; -> the task's result, of which nothing but our own facts is passed on."""
        data = self._said(module, arguments)
        result = maps_answer.opened(data, self.delivery)
        facts = data.get("ansible_facts") or {}
        found = {k: v for k, v in facts.items() if k.startswith("discovered_interpreter_")}
        return dict(result, ansible_facts=found) if found else result

    def _said(self, module, arguments):
        """What Ansible makes of the module's output. Exceptions may quote that: of theirs the first
        line is passed on, without secrets."""
        try:
            with _unshown(self._connection), _nothing_left():
                return self._action._execute_module(
                    module_name=self._platform.module(module),
                    module_args=self._platform.arguments(arguments),
                    task_vars=self._task_vars,
                )
        except AnsibleConnectionFailure as error:
            words = maps_answer.hidden(str(error), self.delivery)
        except Exception as error:  # noqa: BLE001  whatever a plugin's library raises
            return {"msg": str(error).strip().split("\n", 1)[0]}
        raise AnsibleConnectionFailure(words)  # outside of `except`: Ansible tells all the causes

    # -- what must be so first

    def _refuse_unknown(self, allowed):
        """By name, never by value: Ansible itself would quote it."""
        unknown = sorted(set(self.arguments) - set(allowed))
        if unknown:
            raise CannotCall("unknown argument: " + ", ".join(unknown))

    def _refuse_unsafe(self):
        is_windows = isinstance(self._platform, host_platform.Windows)
        why = call_safety.why_unsafe(self._action, is_windows)
        if why:
            raise CannotCall(why)
        call_safety.insist_on_host_key(self._connection)

    def _read_delivery(self):
        folder = self._variable("maps_run_folder")
        if not folder:
            raise CannotCall("maps_run_folder is not set: run `provisioner push`")
        name = hashlib.sha256(self.host.encode("utf-8")).hexdigest() + ".json"
        path = os.path.join(folder, "deliveries", name)
        try:
            with open(path, encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            raise CannotCall(f"there is nothing to deliver to {self.host}: no {path}") from None
        except (OSError, ValueError) as error:
            raise CannotCall(f"cannot read {path}: {type(error).__name__}") from None


@contextmanager
def _unshown(connection):
    """Keep what the host says out of the verbose output: a broken interpreter says back all that
    it was given. no_log of the task would also hide the answer that we give in its place."""
    context = getattr(connection, "_play_context", None)
    before = getattr(context, "no_log", None)
    if context is None:
        yield
        return
    context.no_log = True
    try:
        yield
    finally:
        context.no_log = before


@contextmanager
def _nothing_left():
    """A task's time-out ends the wait, and not the ssh that hangs. What runs on the host stays: it
    finishes its transaction."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ == "TaskTimeoutError":  # where it is defined varies by version
            _end_children()
        raise


def _end_children():
    """Ours is a process of this task alone (Linux; elsewhere no child is found)."""
    for path in glob.glob("/proc/self/task/*/children"):
        with open(path, encoding="ascii") as file:
            for pid in file.read().split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGTERM)

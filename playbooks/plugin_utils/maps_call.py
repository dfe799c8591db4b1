"""What both action plugins do on the controller: read a delivery, call the module, open its answer.

Loaded by path: Ansible has no import name for what lies beside a playbook.
"""

from __future__ import annotations

import gc
import glob
import hashlib
import importlib.util
import json
import os
import signal
from contextlib import contextmanager, suppress

from ansible import constants
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

# Ansible loads this before it forks a process for each host: what is there by then is no garbage,
# and need not be copied to be looked at. https://docs.python.org/3/library/gc.html#gc.freeze
gc.freeze()

_HERE = os.path.dirname(os.path.abspath(__file__))


def _loaded(folder, name):
    path = os.path.join(_HERE, os.pardir, folder, name + ".py")
    spec = importlib.util.spec_from_file_location("_provisioner_" + name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_sealed = _loaded("module_utils", "maps_sealed")
_redaction = _loaded("module_utils", "maps_redaction")
_prints = _loaded("module_utils", "maps_prints")
_verification = _loaded("plugin_utils", "host_verification")
_windows_verification = _loaded("plugin_utils", "windows_verification")
_platforms = _loaded("plugin_utils", "host_platform")


class CannotCall(Exception):
    """The module is not called; the text says why and what to do. It holds no secret."""


class Nonsense(Exception):
    """What a host answered has not the shape of an answer."""


@contextmanager
def taken_with_care():
    """Read a host's answer: in strange hands it may have said anything, of any shape."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError):
        raise Nonsense from None


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
        except Nonsense:
            return {"failed": True, "nonsense": True, "msg": "the host answered nonsense"}

    def _parse_returned_data(self, res, *others):
        """Ansible's own prints what follows the answer as a warning, whatever it holds."""
        answer = _answer_line(res.get("stdout") or "")
        return super()._parse_returned_data(dict(res, stdout=answer), *others)


class Call:
    """One call of a module on one host, from a task whose arguments are among `allowed`."""

    def __init__(self, action, task_vars, allowed):
        self._action = action
        self._connection = action._connection
        self._templar = action._templar
        self._task_vars = task_vars
        self.arguments = dict(action._task.args)
        self._platform = _platforms.platform_of(self._connection._shell)
        self._refuse_unknown(allowed)
        self._refuse_other_shells()
        self._refuse_traces()
        self._verify_transport()
        self._verify_host_key()
        self.delivery = self._read_delivery()
        if action._task.check_mode and "prints" not in self.delivery:
            self.delivery = _prints.without_secrets(self.delivery)

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
        except _platforms.Unfit as error:
            raise CannotCall(str(error)) from None

    def _variable(self, name):
        return self._templar.template(self._task_vars.get(name))

    # -- the call

    def result(self, module, arguments):
        """Call it; -> the task's result, of which nothing but our own facts is passed on."""
        data = self._said(module, arguments)
        result = self._opened(data)
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
            words = self._hidden(str(error))
        except Exception as error:  # noqa: BLE001  whatever a plugin's library raises
            return {"msg": str(error).strip().split("\n", 1)[0]}
        raise AnsibleConnectionFailure(words)  # outside of `except`: Ansible tells all the causes

    def _opened(self, data):
        try:
            facts = _sealed.opened(data["maps_sealed"])
            maps, words = facts["maps"], facts["msg"]
        except (KeyError, TypeError, ValueError, RecursionError):
            return {"failed": True, "msg": self._crash(data)}
        if not isinstance(maps, dict):
            raise Nonsense
        result = {"changed": bool(data.get("changed")), "maps": maps}
        if data.get("failed"):
            return dict(result, failed=True, msg=words)
        return self._compared(result) if _is_comparison(maps, self.delivery) else result

    def _compared(self, result):
        """The result of a check run, whose secrets only we can compare."""
        with taken_with_care():
            maps = _prints.finished(result["maps"], self.delivery["prints"])
        return dict(result, changed=result["changed"] or maps["state"] == "changed", maps=maps)

    def _crash(self, data):
        texts = (str(data.get(name) or "") for name in ("msg", "module_stderr", "module_stdout"))
        last = (text.strip().splitlines()[-1:] for text in texts)
        words = " / ".join(line for lines in last for line in lines)
        return "the module gave no answer: " + (self._hidden(words) or "what it said is none")

    def _hidden(self, words):
        hidden = _redaction.redacted(words, self.delivery.get("secrets", []))
        return _redaction.one_line(hidden, 400)

    # -- what must be so first

    def _refuse_unknown(self, allowed):
        """By name, never by value: Ansible itself would quote it."""
        unknown = sorted(set(self.arguments) - set(allowed))
        if unknown:
            raise CannotCall("unknown argument: " + ", ".join(unknown))

    def _refuse_other_shells(self):
        """What a connection prefers to run is what it can run: Python, or PowerShell."""
        runs_powershell = self._connection.module_implementation_preferences[0] == ".ps1"
        if runs_powershell != isinstance(self._platform, _platforms.Windows):
            name = self._connection.transport
            raise CannotCall(
                f"ansible_shell_type does not fit the connection {name}: reach a Windows host by "
                "winrm, psrp, or ssh with ansible_shell_type=powershell (or cmd), and no other "
                "host so"
            )
        become = self._connection.become
        if runs_powershell and become and become.name != "runas":
            words = f"the become method {become.name} is none of Windows: "
            raise CannotCall(words + "set ansible_become_method=runas")

    def _verify_transport(self):
        transport = self._connection.transport
        why = _windows_verification.why_unverified(transport, self._connection_option)
        if why:
            raise CannotCall(why)

    def _refuse_traces(self):
        """A module carries secrets: it may lie on no disk, and be printed nowhere."""
        if constants.DEFAULT_DEBUG:
            raise CannotCall("ANSIBLE_DEBUG prints arguments, secrets included: unset it")
        # The action's own question: connections answer another one, which varies by version.
        piped = self._action._is_pipelining_enabled("new")
        if not piped or constants.DEFAULT_KEEP_REMOTE_FILES:
            raise CannotCall(
                "without pipelining a file with secrets would lie on the host's disk: "
                + self._why_no_pipelining()
            )

    def _verify_host_key(self):
        why = _verification.why_unverified(self._connection_option)
        if why:
            raise CannotCall(why)
        extra = self._connection_option("ssh_extra_args")
        if extra is not None and _verification.STRICT not in extra:
            self._connection.set_option("ssh_extra_args", f"{extra} {_verification.STRICT}")

    def _connection_option(self, name):
        try:
            return self._connection.get_option(name)
        except KeyError:  # this connection plugin has none of that name
            return None

    def _why_no_pipelining(self):
        become = self._connection.become
        if constants.DEFAULT_KEEP_REMOTE_FILES:
            return "unset ANSIBLE_KEEP_REMOTE_FILES"
        if not self._connection.has_pipelining:
            return "the connection plugin of this host has none, use ssh"
        if become and not become.pipelining:
            return f"the become method {become.name} has none, use sudo"
        return (
            "set ANSIBLE_PIPELINING=True, or `pipelining = True` under [defaults] of ansible.cfg, "
            "and let ssh ask for no terminal (-t, RequestTTY)"
        )

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


def _answer_line(output):
    """The line with a module's answer, else the last one, for that says what went wrong."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    answers = (line for line in lines if line.startswith("{") and line.endswith("}"))
    return next(answers, lines[-1] if lines else "")


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


def _is_comparison(maps, delivery):
    return "prints" in delivery and maps.get("phase") == "deliver"

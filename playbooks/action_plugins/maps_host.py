"""Action plugin: does one host's part of a run in Ansible's worker, as provisioner.host.worker
decides. All that comes of it goes to the run folder; the task's result has nothing of it.

The task has no arguments; the host variable maps_run_folder is the path of the run folder.
"""

from __future__ import annotations

import gc
import json
import os
import re
import resource
import signal
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from ansible.plugins.action import ActionBase

try:
    import msgspec

    from provisioner import __version__
    from provisioner.ansible import connection_safety, run_folder, run_input
    from provisioner.ansible.unreachable import why_unreached
    from provisioner.host import protocol, worker
    from provisioner.secret import Secret
    from provisioner.text import foreign
except Exception as error:  # noqa: BLE001  Ansible would end the whole run as "probably a bug"
    _not_importable = f"{type(error).__name__}: {error}"
else:
    _not_importable = ""

# Ansible loads this before it forks a process for each host: what is there by then is no garbage,
# and need not be copied to be looked at. https://docs.python.org/3/library/gc.html#gc.freeze
gc.freeze()

_OTHER_VERSION = (
    "Ansible and the command `provisioner` run different installations of maps-provisioner ({}): "
    "install it once, in the environment of ansible-core"
)
_MEMORY = 512 * 1024 * 1024  # bytes beside the worker's own; Ansible itself needs 256 MiB at times
_RESULT = ("changed", "answers", "crash", "failed", "msg")  # all that is taken of a module's result
_CRASH = re.compile(r"[A-Za-z0-9_`]{1,80}:[0-9]{1,6}")  # type and line, and no words
_OVERHEAD = 60  # seconds of a call beside its operations: a slow connection, the start of Python


class ActionModule(ActionBase):
    """As Ansible calls it: `run` once, in a process of its own for each host."""

    def run(self, tmp=None, task_vars=None):
        """The task's result: why the host was not begun, or nothing."""
        super().run(tmp, task_vars)
        self._task_vars = task_vars
        try:
            why = self._do_part()
        except Exception as error:  # noqa: BLE001  its words could quote a secret
            why = f"bug in maps-provisioner: {_place(error)}"
        return {"failed": True, "changed": False, "msg": why} if why else {"changed": False}

    def _do_part(self):
        """Do the host's part; -> why it was not begun, else empty."""
        if _not_importable:
            return _OTHER_VERSION.format(_not_importable)
        folder = Path("/", self._variable("maps_run_folder") or "")
        try:
            work = run_input.decoded((folder / "run.json").read_bytes())
        except OSError as error:
            words = f"cannot read run.json in maps_run_folder: {error.strerror}"
            return f"{words}; run `provisioner push`, which makes that folder"
        except msgspec.MsgspecError:
            return _OTHER_VERSION.format("run.json has another format")
        if work.version != __version__:
            return _OTHER_VERSION.format(f"{__version__} and {work.version}")
        for token in (token for tokens in work.secrets.values() for token in tokens.values()):
            Secret(str(json.loads(token)))  # so that `foreign` masks it in the words of a host
        host = json.loads(json.dumps(self._task_vars["inventory_hostname"]))  # a plain str
        if host not in work.hosts:
            return f"{host} is not a host of this run: a host and a group have the same name"
        platform = self._platform()
        try:
            connection_safety.secure(self)
            with run_folder.begin(folder, host) as begun:
                _limit_memory()
                worker.answer(work, host, self._variable, platform, self._caller, begun)
        except (connection_safety.UnsafeConnection, run_folder.NotBegun) as error:
            return str(error)
        return ""

    def _variable(self, name):
        """The value of a host variable, as JSON has it; None if it is not set."""
        try:
            value = self._templar.template(self._task_vars.get(name))
            return json.loads(json.dumps(value))  # Ansible's own types carry marks of their origin
        except Exception as error:  # noqa: BLE001  a template may call anything
            words = foreign(str(error))
        raise protocol.VariableUnusable(f"{name}: {words}")

    def _platform(self):
        return connection_safety.platform_of(self._connection)

    # -- calls

    def _caller(self, settings):
        return lambda operations: self._call(settings, operations)

    def _call(self, settings, operations):
        """The answers of one call. Raises outside of `except`: a context would quote the host."""
        call = {**asdict(settings), "operations": list(operations)}
        seconds = protocol.longest(operations) + settings.lock_wait + _OVERHEAD
        try:
            with _time_limit(seconds):
                result = self._module_result(call)
        except _TimedOut:
            failure = protocol.CallTimeout(f"no answer within {seconds:.0f} s")
        except (MemoryError, RecursionError) as error:
            what = "too long" if isinstance(error, MemoryError) else "nested too deeply"
            failure = protocol.InvalidResponse(f"it is {what}")
        except Exception as error:  # noqa: BLE001  whatever a connection's library raises
            why = why_unreached(str(error))
            failure = protocol.Unreachable(why.words, why.began, why.kind, why.remedy)
        else:
            return _answers(result, operations)
        raise failure

    def _module_result(self, call):
        windows = self._platform() == "windows"
        name = "win_maps_host" if windows else "maps_host"
        arguments = {"call": _signed(call) if windows else json.dumps(call)}
        return self._execute_module(name, arguments, task_vars=self._task_vars)

    def _low_level_execute_command(self, *arguments, **options):
        """Keep what a host says to a call out of the verbose output: it may say the call back.

        If the whole task had no_log, Ansible would hide why a host is unreachable.
        """
        context = self._connection._play_context
        before, context.no_log = context.no_log, options.get("in_data") is not None
        try:
            return super()._low_level_execute_command(*arguments, **options)
        finally:
            context.no_log = before

    def _parse_returned_data(self, res, *others):
        """Ansible's own prints what follows the answer as a warning, whatever it is, and newer ones
        the warnings within it, too."""
        lines = (line.strip() for line in (res.get("stdout") or "").splitlines())
        answer = next((line for line in lines if line[:1] == "{" and line[-1:] == "}"), "")
        with suppress(ValueError, RecursionError):
            given = json.loads(answer)
            answer = json.dumps({name: given[name] for name in _RESULT if name in given})
        return super()._parse_returned_data(dict(res, stdout=answer), *others)


def _answers(result, operations):
    """The answers in a module's result; without any, the reason may be known."""
    if "answers" in result:
        return protocol.decoded(result["answers"], operations)
    where = result.get("crash")
    if isinstance(where, str) and _CRASH.fullmatch(where):
        raise protocol.Crashed(where)
    why = why_unreached("\n".join(str(result.get(name, "")) for name in ("msg", "module_stderr")))
    if why.kind == "other":
        raise protocol.InvalidResponse("no answer")
    began = True  # a host's own words prove nothing
    raise protocol.Unreachable(why.words, began, why.kind, why.remedy)


def _signed(value):
    """Each text with a sign before it: PowerShell takes some texts for dates (ConvertFrom-Json)."""
    if isinstance(value, str):
        return "=" + value
    if isinstance(value, dict):
        return {name: _signed(inner) for name, inner in value.items()}
    return [_signed(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def _place(error):
    """Type, file and line of an exception."""
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    file = os.path.basename(trace.tb_frame.f_code.co_filename)
    return f"{type(error).__name__} in {file}:{trace.tb_lineno}"


def _limit_memory():
    """Let an endless answer end in a MemoryError. Not on macOS, which has no such limit."""
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        size = pages * resource.getpagesize() + _MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (size, resource.getrlimit(resource.RLIMIT_AS)[1]))


class _TimedOut(BaseException):
    """Not an Exception: libraries of connections catch those, and go on."""


@contextmanager
def _time_limit(seconds):
    """Raise _TimedOut after so many seconds, and end an ssh that hangs. The host finishes."""

    def end(_number, _frame):
        raise _TimedOut

    signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds, 5)  # again, should something have caught it
    try:
        yield
    except _TimedOut:
        if os.getpgrp() == os.getpid():  # Ansible gives each worker a group of its own
            handler = signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.killpg(0, signal.SIGTERM)
            signal.signal(signal.SIGTERM, handler)
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)

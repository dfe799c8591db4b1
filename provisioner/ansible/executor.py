"""Run one playbook over hosts, and yield what their workers answer. Decides nothing.

The only importer of ansible_runner. Which host was begun, lives or has answered, the run folder
says; Ansible's events are only heard for the words of hosts that it could not even begin.
"""

from __future__ import annotations

import re
import shlex
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Literal

from provisioner.ansible.environment import NO_PROMPTS
from provisioner.ansible.run_folder import ENDED, Phase, RunFolder, run_folder, write_private
from provisioner.ansible.signals import Signals
from provisioner.secret import Secret
from provisioner.text import foreign

_TICK_SECONDS = 1
_ENDING_SECONDS = 5.0  # for Ansible to end by itself, once each host has answered
_SILENT_SECONDS = 120.0  # longer than the variables of a host take: a worker died before it began

# Events of Ansible after which a host that was not started never will be.
_LAST_EVENTS = ("runner_on_ok", "runner_on_failed", "runner_on_unreachable", "runner_on_skipped")


# Ansible ends when its terminal does, which is this process's: ansible-runner has it ignore that.
# Its workers have sessions of their own, so hosts at work finish.
_PLAYBOOK = (
    sys.executable,
    "-ISc",
    """import os, signal, sys
signal.signal(signal.SIGHUP, signal.SIG_DFL)
os.execvp("ansible-playbook", ["ansible-playbook", *sys.argv[1:]])""",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorOptions:
    """How Ansible is run. `verbosity`: as many -v."""

    forks: int
    verbosity: int = 0
    become_password: Secret | None = None
    vault_password_files: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a host: each has exactly one.

    answered: `content` is what its worker left. died: its worker ended before it answered; `error`
    may say why. not started: nothing was done with it; `error` is what Ansible said of it, or at
    last of itself, and empty after a stop.
    """

    host: str
    state: Literal["answered", "died", "not started"]
    content: bytes | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """What Ansible printed: only for who wants to see more (-v)."""

    text: str


class Executor:
    """Runs `playbooks`/hosts.yml; inside of `ansible_environment`."""

    def __init__(
        self, playbooks: Path, inventory: Path, options: ExecutorOptions, signals: Signals
    ) -> None:
        self._playbook, self._inventory = playbooks / "hosts.yml", inventory.absolute()
        self._options, self._signals = options, signals
        self._stopping = False

    def stop(self) -> None:
        """Begin no further host of this run; those at work finish."""
        self._stopping = True

    def run(self, content: bytes, hosts: Sequence[str]) -> Iterator[Answer | Phase | Output]:
        """Give `content` to the workers, as run.json; an Answer for each of `hosts`.

        FleetError before anything is touched. The first signal stops it as `stop` does, the second
        one kills Ansible.
        """
        self._stopping = False
        if not hosts:
            return
        with (
            run_folder(content, self._options.forks) as folder,
            self._started(folder, hosts) as ansible,
            self._signals.passed_to(ansible.wake),
        ):
            states = set()
            for item in self._answers(folder, ansible, dict.fromkeys(hosts)):
                if isinstance(item, Answer):
                    states.add(item.state)
                yield item
            is_ending = (
                not self._stopping and "died" not in states
            )  # it waits for a dead one forever
            ansible.end(_ENDING_SECONDS if is_ending else 0)
            yield from ansible.outputs(0)

    def _answers(
        self, folder: RunFolder, ansible: _Ansible, waiting: dict[str, None]
    ) -> Iterator[Answer | Phase | Output]:
        try:
            while waiting and not (folder.is_stopped and folder.is_idle):
                yield from ansible.outputs(_TICK_SECONDS)
                self._stop_if_due(folder, ansible)
                yield from self._finished(folder, ansible, waiting)
            yield from self._finished(folder, ansible, waiting)  # those that ended since
        except FileNotFoundError:  # a logout may empty /dev/shm (RemoveIPC= in logind.conf(5))
            for host in waiting:
                yield Answer(host, "died", error=f"{folder.path} was removed during the run")
            return
        yield from ansible.outputs(0)
        error = "" if self._stopping else ansible.last_error
        for host in waiting:
            yield Answer(host, "not started", error=ansible.words.get(host, error))

    def _finished(
        self, folder: RunFolder, ansible: _Ansible, waiting: dict[str, None]
    ) -> Iterator[Answer | Phase]:
        given_up = waiting.keys() & ansible.words.keys()  # before a look at which were begun
        begun = folder.begun(waiting)
        yield from folder.progress()
        for host, is_at_work in begun.items():
            if not is_at_work:
                del waiting[host]
                content = folder.take_answer(host)
                said = ansible.words.get(host, "") if content is None else ""
                yield Answer(host, "died" if content is None else "answered", content, said)
        for host in given_up - begun.keys():
            del waiting[host]
            yield Answer(host, "not started", error=ansible.words[host])

    def _stop_if_due(self, folder: RunFolder, ansible: _Ansible) -> None:
        self._signals.announce()
        is_interrupted = bool(self._signals.first)
        self._stopping = self._stopping or is_interrupted
        is_stuck = folder.is_idle and ansible.is_silent(_SILENT_SECONDS)
        if self._stopping or ansible.is_over or is_stuck:
            folder.stop(interrupted=is_interrupted)
        if self._signals.count > 1:
            ansible.kill()
            folder.kill_workers()

    @contextmanager
    def _started(self, folder: RunFolder, hosts: Sequence[str]) -> Iterator[_Ansible]:
        limit = folder.path / "limit"
        options = ["--forks", str(self._options.forks), str(self._playbook)]
        write_private(limit, "".join(f"{_pattern(host)}\n" for host in hosts).encode())
        for file in self._options.vault_password_files:
            options += ["--vault-password-file", str(file.absolute())]
        if self._options.become_password:
            password = folder.path / "become-password"
            write_private(password, self._options.become_password.reveal().encode())
            options += ["--become-password-file", str(password)]
        ansible = _Ansible(
            private_data_dir=str(folder.path),
            binary=_PLAYBOOK[0],
            inventory=str(self._inventory),
            limit=f"@{limit}",
            extravars={"maps_run_folder": str(folder.path)},
            envvars={"ANSIBLE_LOCAL_TEMP": str(folder.path / "tmp"), **NO_PROMPTS},
            cmdline=shlex.join([*_PLAYBOOK[1:], *options]),
            verbosity=self._options.verbosity or None,
        )
        try:
            yield ansible
        finally:
            ansible.end(0)


class _Ansible:
    """ansible-playbook, run by ansible-runner in a thread of its own.

    What it says crosses over in a SimpleQueue, whose `put` may be called by a signal handler.
    """

    def __init__(self, **arguments: Any) -> None:
        self.words: dict[str, str] = {}  # of hosts that Ansible has done with
        self.last_error = ""
        self.is_over = False
        self._is_killed = self._has_begun = False
        self._heard = time.monotonic()
        self._said: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, args=(arguments,), daemon=True)
        self._thread.start()

    def outputs(self, seconds: float) -> Iterator[Output]:
        """Wait that long for it to say something; what it has printed."""
        events = []
        with suppress(Empty):
            events.append(self._said.get(timeout=seconds) if seconds else self._said.get_nowait())
            while True:
                events.append(self._said.get_nowait())
        for event in filter(None, events):
            self._note(event)
            if text := event.get("stdout"):
                yield Output(text.replace("\r", ""))  # it prints to a terminal

    def is_silent(self, seconds: float) -> bool:
        """Whether it has begun the playbook, and said nothing for so long."""
        return self._has_begun and time.monotonic() - self._heard > seconds

    def wake(self) -> None:
        """End the wait for something to be said."""
        self._said.put({})

    def kill(self) -> None:
        """Have it killed within about a second; its workers are processes apart."""
        self._is_killed = True

    def end(self, seconds: float) -> None:
        """Wait that long for it to end, then kill it."""
        self._thread.join(seconds)
        self.kill()
        self._thread.join()

    def _run(self, arguments: dict[str, Any]) -> None:
        try:
            import ansible_runner

            ansible_runner.run(
                **arguments,
                settings={"pexpect_timeout": _TICK_SECONDS, "suppress_output_file": True},
                quiet=True,
                event_handler=self._take,
                cancel_callback=lambda: self._is_killed,
            )
        except Exception as error:  # noqa: BLE001  whatever it raises, hosts are asked after
            self._said.put({"event": "error", "stdout": f"ansible-runner: {error}"})
        finally:
            self.is_over = True
            self.wake()

    def _take(self, event: dict[str, Any]) -> bool:
        self._said.put(event)
        return False  # runner writes no event to disk

    def _note(self, event: dict[str, Any]) -> None:
        self._heard = time.monotonic()
        kind, data = event.get("event"), event.get("event_data") or {}
        if kind == "playbook_on_start":
            self._has_begun, self.last_error = True, ""
        if kind == "error" or (kind == "verbose" and not self._has_begun):
            self.last_error = _words(event.get("stdout")) or self.last_error
        if kind in _LAST_EVENTS:
            self.words[data.get("host", "")] = _words((data.get("res") or {}).get("msg"))


def _words(text: object) -> str:
    """The first line of what Ansible says: those after it quote files, secrets too."""
    line = text.strip().partition("\n")[0] if isinstance(text, str) else ""
    line = re.sub(r"^(\[?ERROR\]?: |Task failed: )+", "", line)
    return "" if line == ENDED else foreign(line)


def _pattern(host: str) -> str:
    """A line of a limit file that means a host of this name, whatever signs are in it."""
    if re.fullmatch(r"[\w.-]+", host):
        return host
    return "~" + re.sub(r"[^\w-]", lambda sign: f"\\U{ord(sign[0]):08x}", host) + r"\Z"

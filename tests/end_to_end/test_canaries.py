"""Secrets of a push at full verbosity are found in the store and in host documents only: not even
in what a host answers."""

import os
import re
import shutil
import signal
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.end_to_end.project import succeeded
from tests.end_to_end.test_main_job import kept_tokens
from tests.support.ansible_processes import ansible_processes, wait_until

pytestmark = pytest.mark.long

DOCUMENT = "/etc/maps-provisioner/email-servers.json"
OWN = re.compile(r"/etc/maps-provisioner/email-servers(\.before-[0-9]+)?\.json")


class Watcher(threading.Thread):
    """Looks into each process's argv and environment, and into the run folder, while a run lasts.

    An answer is removed as soon as it is read: a second link keeps it for `answers`.
    """

    def __init__(self, needles, started, ignore_pids, own):
        super().__init__(daemon=True)
        self.own = own  # names of files in the run folder that may hold secrets
        self.needles = [needle.encode() for needle in needles]
        self.started = Path(f"/proc/{started}/cmdline")  # for a moment, that of who starts it
        self.ignored = {started, *ignore_pids}
        self.found = set()
        self.run_folders = set()
        self.commands = set()
        self.links = Path(tempfile.mkdtemp(prefix="links-", dir="/dev/shm"))
        self.ended = threading.Event()

    @property
    def answers(self):
        """What hosts answered, one text for each that was begun."""
        return [content(link) for link in self.links.iterdir()]

    def run(self):
        while not self.ended.is_set():
            self._look_at_processes()
            self._look_at_run_folders()
            time.sleep(0.01)

    def _look_at_processes(self):
        for process in Path("/proc").glob("[0-9]*"):
            if int(process.name) in self.ignored:
                continue
            environment, command = content(process / "environ"), content(process / "cmdline")
            if command == content(self.started):
                continue  # forked a moment ago, not yet become what it is to be
            program = command.split(b"\0")[:2]  # the second is what an interpreter runs
            self.commands |= {os.fsdecode(part.rsplit(b"/", 1)[-1]) for part in program}
            self._search(command, f"arguments of {command!r}")
            self._search(environment, f"environment of {command!r}")

    def _look_at_run_folders(self):
        for folder in Path("/dev/shm").glob("maps-provisioner-*"):
            self.run_folders.add(folder)
            for top, _folders, names in os.walk(folder):
                for name in names:
                    file = Path(top, name)
                    if name not in self.own:
                        self._search(content(file), str(file))
                    if file.parent.name.startswith("hosts"):
                        with suppress(OSError):  # linked before, or taken
                            (self.links / f"{folder.name}-{name}").hardlink_to(file)

    def _search(self, data, where):
        if any(needle in data for needle in self.needles):
            self.found.add(where)


def content(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


STARTED, FINISHED = "/var/tmp/apply-started", "/var/tmp/apply-finished"
APPLY = ["/bin/sh", "-c", f"touch {STARTED}; sleep 3; touch {FINISHED}"]
ENDS = {
    "well": 0,
    "refused": 3,
    "unreachable": 3,
    "interrupted": 130,
    "variable refused": 3,
    "argument check": 4,
    "crash": 4,
}
HEARD = {"unreachable": ("host1",), "variable refused": ()}  # what no connection was opened to
INTERPRETER = "/usr/local/bin/interpreter"
# Leaves plans alone: only a call that writes holds secrets.
INTERPRETERS = {
    "argument check": "text = re.sub(r'(\"\\\\*)?\\bcall(\\\\*\":)', r'\\1cell\\2', text)",
    "crash": "sys.exit(text)",  # on standard error
}
PROGRAM = """\
#!/usr/bin/python3
import re, subprocess, sys
text = sys.stdin.read()
if re.search(r'"write\\\\*"', text):
    {change}
sys.exit(subprocess.run([sys.executable, *sys.argv[1:]], input=text, text=True).returncode)
"""
SAYS = {
    "argument check": "unknown",
    "crash": "unknown",
    "variable refused": "maps_apply_command",
}


def variables_for(ends, fleet, canary):
    """The host variables with which a push ends so."""
    if ends == "interrupted":
        return {"maps_apply_command": APPLY}
    if ends == "variable refused":
        return {"maps_apply_command": f"apply --password {canary}"}
    if ends not in INTERPRETERS:
        return {}
    for host in ("host1", "host2"):
        fleet.write(host, INTERPRETER, PROGRAM.format(change=INTERPRETERS[ends]), mode=0o755)
    return {"ansible_python_interpreter": INTERPRETER}


class Traces:
    """Where a run may leave secrets, whatever its user has set; looked at while it runs, too."""

    def __init__(self, project, fleet, needles, tmp_path):
        self.project, self.fleet, self.needles = project, fleet, needles
        self.log, self.temporary = tmp_path / "ansible.log", tmp_path / "tmp"
        self.temporary.mkdir()
        project.environment |= {
            "ANSIBLE_LOG_PATH": str(self.log),
            "ANSIBLE_KEEP_REMOTE_FILES": "1",
            "ANSIBLE_DEBUG": "1",
            "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1",
            "ANSIBLE_NO_TARGET_SYSLOG": "0",
            "TMPDIR": str(self.temporary),
        }

    def run(self, *arguments, exit_code, beside=lambda _running: None):
        """Run it at full verbosity, with `beside` at its side; -> all that it printed."""
        running = self.project.start(*arguments, "-vvvv")
        own = () if arguments[0] == "plan" else ("run.json",)  # what is to be written on hosts
        watcher = Watcher(self.needles, running.pid, lab_processes(), own)
        watcher.start()
        threading.Thread(target=beside, args=(running,), daemon=True).start()
        output = "".join(running.communicate(timeout=180))
        watcher.ended.set()
        watcher.join()
        self.answers = watcher.answers
        shutil.rmtree(watcher.links)
        assert running.returncode == exit_code, output
        assert "PLAY [" in output, "the verbose output is what is searched"
        assert {"ssh", "ansible-playbook"} & watcher.commands
        assert watcher.run_folders, "the run folder was seen while it was there"
        assert watcher.found == set()
        assert not any(folder.exists() for folder in watcher.run_folders)
        return output

    def require_none(self, output, hosts, own=()):
        """Fail where a secret is found, but in a host's documents and in files of the `own`."""
        assert not any(needle in output for needle in self.needles)
        assert not any(needle.encode() in said for said in self.answers for needle in self.needles)
        for place in (self.temporary, self.project.folder, Path(os.environ["HOME"])):
            for path in place.rglob("*"):
                assert path in own or not leaks(path, self.needles), path
        assert not leaks(self.log, self.needles)
        for host in hosts:
            assert not any(needle in self.fleet.syslog(host) for needle in self.needles)
            assert "sshd" in self.fleet.syslog(host)
            leaking = [p for p in self.fleet.own_files(host) if leaks(p, self.needles)]
            assert all(OWN.fullmatch(host_path(p)) for p in leaking), leaking


@pytest.mark.parametrize("ends", ENDS)
def test_a_push_at_full_verbosity_leaks_nothing(
    project, user, provider, mail, fleet, chromium, tmp_path, ends
):
    project.declare("Reports", provider, mail.server("oauth"), user=user)
    password = f"password-{os.urandom(12).hex()}" if ends == "refused" else mail.password
    project.declare_relay(mail, user=user, password=password)
    fleet.reset()
    canary = f"canary-{os.urandom(12).hex()}"
    inventory = project.folder / "inventory" / "hosts.yml"
    fleet.inventory(2, variables_for(ends, fleet, canary), path=inventory)
    succeeded(project.authenticate("Reports", chromium.person(user)))
    needles = [*secrets_of(project, provider, password), canary]
    traces = Traces(project, fleet, needles, tmp_path)

    hosts = HEARD.get(ends, ("host1", "host2"))
    if ends == "unreachable":
        fleet.stop("host2")

    def beside(running):
        if ends == "interrupted":
            interrupt(running, fleet)

    output = traces.run("push", exit_code=ENDS[ends], beside=beside)
    assert SAYS.get(ends, "") in output
    (journal,) = (project.folder / ".provisioner" / "runs").iterdir()
    assert not any(needle in journal.read_text() for needle in needles)
    traces.require_none(output, hosts, own=(inventory,))
    if ends == "interrupted":
        wait_until(lambda: all(fleet.exists(host, FINISHED) for host in hosts), timeout=30)
        assert not ansible_processes(project.folder), "nothing of the run is left"
    if ends == "well":
        assert all(answer.startswith(b"answered") for answer in traces.answers)
        assert len(traces.answers) == 4, "a plan and a push of two hosts"
        project.change("Reports", maximum_emails_per_minute=20)
        output = traces.run("plan", exit_code=2)
        assert all(b"hmac:" in answer for answer in traces.answers), "documents come back masked"
        assert len(traces.answers) == 2
        traces.require_none(output, hosts, own=(inventory,))


def test_a_rollback_that_brings_tokens_along_leaks_nothing(
    project, user, provider, mail, fleet, chromium, tmp_path
):
    project.declare("Reports", provider, mail.server("oauth"), user=user)
    fleet.reset()
    fleet.inventory(1, path=project.folder / "inventory" / "hosts.yml")
    succeeded(project.authenticate("Reports", chromium.person(user)))
    succeeded(project.run("push"))
    needles = set(secrets_of(project, provider))
    succeeded(project.run("refresh", "Reports"))
    project.change("Reports", maximum_emails_per_minute=20)
    succeeded(project.run("push"))
    latest = secrets_of(project, provider)
    needles.update(latest)
    assert len(needles) > len(latest)
    traces = Traces(project, fleet, needles, tmp_path)

    output = traces.run("rollback", "--yes", exit_code=0)
    assert "host1: rolled back" in output
    traces.require_none(output, ("host1",))
    document = fleet.read("host1", DOCUMENT).decode()
    assert all(secret in document for secret in latest)
    assert '"maximum_emails_per_minute": null' in document


def interrupt(running, fleet):
    """Ctrl-C once both hosts are in the middle of it."""
    while running.poll() is None:
        if all(fleet.exists(host, STARTED) for host in ("host1", "host2")):
            running.send_signal(signal.SIGINT)
            return
        time.sleep(0.05)


def secrets_of(project, provider, *more):
    """The tokens that are kept, the client's secret, and `more`."""
    tokens = kept_tokens(project)
    client_secret = provider.clients["native"].secret
    return [tokens["access_token"], tokens["refresh_token"], client_secret, *more]


def lab_processes():
    """The lab's own processes know the secrets: its provider, its mail servers, this test run."""
    return [
        os.getpid(),
        *(
            int(p.name)
            for p in Path("/proc").glob("[0-9]*")
            if b"maps-lab" in content(p / "cmdline")
        ),
    ]


def leaks(path, needles):
    return path.is_file() and any(needle.encode() in content(path) for needle in needles)


def host_path(path):
    return "/" + str(path).split("/upper/", 1)[-1].lstrip("/")

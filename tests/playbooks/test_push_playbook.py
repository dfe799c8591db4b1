"""push.yml through the real ansible-playbook, on hosts that are folders of this machine."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from provisioner.demo.mail_server import Failure, MailServer
from provisioner.demo.provider import DemoProvider
from provisioner.demo.provider_grants import Grant
from provisioner.mail.conversation import host_code
from provisioner.resources import playbooks_folder
from tests.mail_samples import ELSEWHERE, MAILBOX, PASSWORD, TOKEN, behaviour
from tests.playbooks.samples import (
    FINGERPRINT_KEY,
    changed,
    oauth2_entry,
    password_entry,
    secrets_of,
    write_delivery,
)

pytestmark = pytest.mark.long

sealed = host_code("maps_sealed").sealed

CANARY = re.compile(r"CANARY|Q0FOQVJZ|NBTkFSW|DQU5BUl")  # and as base64, at each offset


class Fleet:
    """A host `maps1`, what is pushed to it, and what Ansible said."""

    def __init__(self, tmp_path: Path, certificate) -> None:
        self.tmp_path = tmp_path
        self.variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "maps_directory": str(tmp_path / "maps1"),
            "maps_ca_file": str(certificate.ca_file),
        }
        self.environment = {"ANSIBLE_PIPELINING": "True"}
        self.output = ""
        self._runs = 0

    def push(self, *entries, arguments=(), playbook="push.yml", **changes) -> list[dict]:
        """Run the playbook; -> the results of its tasks, none of which may be skipped: that
        takes a process on the controller for each host."""
        self._runs += 1
        run_id = changes.pop("run_id", f"run-{self._runs}")
        write_delivery(self.tmp_path / "run", "maps1", *entries, run_id=run_id, **changes)
        inventory = {"all": {"hosts": {"maps1": self.variables}}}
        (self.tmp_path / "inventory.json").write_text(json.dumps(inventory))
        results = self.tmp_path / "results"
        results.unlink(missing_ok=True)
        done = subprocess.run(
            [
                str(Path(sys.executable).parent / "ansible-playbook"),
                *("-i", str(self.tmp_path / "inventory.json")),
                *("-e", f"maps_run_folder={self.tmp_path / 'run'}"),
                str(playbooks_folder() / playbook),
                *arguments,
            ],
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env={
                **os.environ,
                "HOME": str(self.tmp_path),
                "ANSIBLE_LOCALHOST_WARNING": "False",
                "ANSIBLE_NOCOLOR": "True",
                "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
                "ANSIBLE_CALLBACKS_ENABLED": "results_file",
                "RESULTS_FILE": str(results),
                **self.environment,
            },
        )
        self.output = done.stdout + done.stderr
        self.code = done.returncode
        assert not CANARY.search(self.output)
        assert results.exists(), self.output
        assert not CANARY.search(results.read_text())
        lines = [json.loads(line) for line in results.read_text().splitlines()]
        assert "skipped" not in {line["outcome"] for line in lines}
        return lines

    @property
    def folder(self) -> Path:
        return self.tmp_path / "maps1"

    @property
    def document(self) -> Path:
        return self.folder / "email-servers.json"


@pytest.fixture
def fleet(tmp_path, certificate) -> Fleet:
    return Fleet(tmp_path, certificate)


def facts(results):
    """(task's outcome, maps) of each task."""
    return [(line["outcome"], line["result"].get("maps")) for line in results]


def states(results):
    return [(outcome, maps["phase"], maps.get("state")) for outcome, maps in facts(results)]


def test_delivered_mailed_and_left_alone(fleet, mail_server):
    entry = oauth2_entry(port=mail_server.port)
    results = fleet.push(entry)
    assert states(results) == [("ok", "deliver", "delivered"), ("ok", "mail", None)]
    [(_, delivered), (_, mailed)] = facts(results)
    key = FINGERPRINT_KEY.encode()
    import hmac

    digest = hmac.new(key, fleet.document.read_bytes(), hashlib.sha256).hexdigest()[:16]
    assert delivered["fingerprint"] == digest
    assert delivered["servers"]["Reports"]["state"] == "added"
    assert mailed["mails"][0]["server"] == "Reports"
    assert mailed["mails"][0]["outcome"] == "sent"
    assert mailed["mails"][0]["refresh"] is None
    assert json.loads(fleet.document.read_text())["servers"] == [entry]
    mail = mail_server.received[0]
    assert (mail.sender, mail.recipients, mail.user) == (MAILBOX, (ELSEWHERE,), MAILBOX)
    assert mail.message["X-Maps-Provisioner-Run"] == "run-1"
    assert mail.message["Subject"] == 'Test email of the MAPS email server "Reports"'
    assert socket.gethostname() in mail.message.get_content()
    assert "sent by maps-provisioner and not by MAPS" in mail.message.get_content()
    before = fleet.document.stat()
    refreshed = changed(entry, token__access_token="CANARYrefreshed", token__expires_at=2**31)
    results = fleet.push(refreshed)
    assert states(results) == [("ok", "deliver", "unchanged")]
    assert results[0]["result"]["changed"] is False
    assert fleet.document.stat() == before
    assert len(mail_server.received) == 1
    assert fleet.code == 0


def test_a_refused_mail_gives_the_old_document_back(fleet, mail_server):
    entry = oauth2_entry(port=mail_server.port)
    fleet.push(entry)
    old = fleet.document.read_bytes()
    revoked = changed(entry, token__grant_id="grant-2", token__access_token="CANARYrevoked")
    results = fleet.push(revoked)
    assert states(results) == [
        ("ok", "deliver", "delivered"),
        ("ok", "mail", None),
        ("ok", "restore", "restored"),
        ("failed", "baseline", None),
    ]
    mail, baseline = facts(results)[1][1], facts(results)[3][1]
    assert (mail["wrong"], mail["mails"][0]["code"]) == (["Reports"], 535)
    assert [(m["server"], m["outcome"]) for m in baseline["mails"]] == [("Reports", "sent")]
    assert results[3]["result"]["msg"] == (
        "what was delivered was proven wrong; the host has its old document back"
    )
    assert fleet.document.read_bytes() == old
    assert len(mail_server.received) == 2  # the first push's, and the one of the old document
    assert fleet.code == 2
    assert states(fleet.push(entry)) == [("ok", "deliver", "unchanged")]


def test_a_refused_mail_of_a_first_document_removes_it(fleet, mail_server):
    results = fleet.push(oauth2_entry(port=mail_server.port, token__access_token="CANARYbad"))
    assert states(results)[2:] == [("ok", "restore", "restored"), ("failed", "baseline", None)]
    assert facts(results)[3][1]["mails"] == []
    assert not fleet.document.exists()


def test_what_passes_by_itself_takes_nothing_back(fleet, mail_server):
    mail_server.behaviour.failures["auth"] = Failure("454 4.7.0 Too many logins", times=1)
    entry = oauth2_entry(port=mail_server.port)
    results = fleet.push(entry)
    assert facts(results)[1][1]["mails"][0]["outcome"] == "inconclusive"
    assert states(results)[-1] == ("ok", "mail", None)
    results = fleet.push(entry)
    assert states(results) == [("ok", "deliver", "unchanged"), ("ok", "mail", None)]
    assert facts(results)[0][1]["mails_needed"] == ["Reports"]
    assert len(mail_server.received) == 1
    assert states(fleet.push(entry)) == [("ok", "deliver", "unchanged")]


def test_every_server_is_judged_by_itself(fleet, mail_server, certificate):
    offered = ("PLAIN", "CRAM-MD5")
    with MailServer(certificate, behaviour(mechanisms=offered)) as relay:
        entries = [
            oauth2_entry(port=mail_server.port),
            password_entry("Relay", port=relay.port, password=PASSWORD),
            password_entry("Old", relay.port, password=PASSWORD, smtp_security_level="cram_sha1"),
        ]
        results = fleet.push(*entries)
        outcomes = {m["server"]: m["outcome"] for m in facts(results)[1][1]["mails"]}
        assert outcomes == {"Reports": "sent", "Relay": "sent", "Old": "unprovable"}
        results = fleet.push(*entries)
        assert states(results) == [("ok", "deliver", "unchanged")]
        assert facts(results)[0][1]["servers"]["Old"]["verified"] is False
        # A mail goes out only for what has changed.
        results = fleet.push(*entries[:1], changed(entries[1], maximum_emails_per_minute=5))
        assert [m["server"] for m in facts(results)[1][1]["mails"]] == ["Relay"]


def test_a_refresh_that_fails_from_the_host_takes_back_what_mail_let_pass(fleet, mail_server):
    with DemoProvider() as provider:
        grant = Grant(provider.client_id, MAILBOX, "smtp")
        good = oauth2_entry(
            port=mail_server.port,
            oauth2__access_token_url=provider.token_url,
            oauth2__client_id=provider.client_id,
            oauth2__client_secret=provider.client_secret.reveal(),
            token__refresh_token=provider.grants.refresh_token(grant),
        )
        results = fleet.push(good, prove_refresh=["Reports"])
        assert facts(results)[1][1]["mails"][0]["refresh"]["outcome"] == "proven"
        old = fleet.document.read_bytes()
        results = fleet.push(
            changed(good, oauth2__client_secret="CANARYsecret0id"), prove_refresh=["Reports"]
        )
    mail = facts(results)[1][1]["mails"][0]
    assert (mail["outcome"], mail["refresh"]["error"]) == ("sent", "invalid_client")
    assert states(results)[2] == ("ok", "restore", "restored")
    assert fleet.document.read_bytes() == old


# -- the host's own commands


def test_applied_and_exercised(fleet, mail_server, tmp_path):
    fleet.variables["maps_apply_command"] = ["cp", "-t", str(tmp_path / "applied")]
    (tmp_path / "applied").mkdir()
    exercise = f"echo 'token {TOKEN}'; touch {tmp_path}/exercised"
    fleet.variables["maps_test_command"] = ["sh", "-c", exercise]
    results = fleet.push(oauth2_entry(port=mail_server.port))
    assert states(results) == [("ok", "deliver", "applied"), ("ok", "mail", None)]
    assert facts(results)[0][1]["apply_exit"] == 0
    assert facts(results)[1][1]["maps_test_command"] == {"exit": 0, "output": "token ***"}
    assert (tmp_path / "exercised").exists()
    copy = tmp_path / "applied" / "email-servers.json"
    assert copy.read_bytes() == fleet.document.read_bytes()


def test_maps_own_test_that_fails_proves_nothing(fleet, mail_server):
    fleet.variables["maps_test_command"] = ["sh", "-c", "echo MAPS is down; exit 4"]
    entry = oauth2_entry(port=mail_server.port)
    results = fleet.push(entry)
    assert facts(results)[1][1]["maps_test_command"] == {"exit": 4, "output": "MAPS is down"}
    assert facts(fleet.push(entry))[0][1]["mails_needed"] == ["Reports"]


def test_a_failed_apply_is_a_failure_with_its_reason(fleet, mail_server):
    entry = oauth2_entry(port=mail_server.port)
    script = 'grep -q \'"maximum_emails_per_minute": 5\' "$1" && { echo no five; exit 3; }; true'
    fleet.variables["maps_apply_command"] = ["sh", "-c", script, "apply"]
    fleet.push(entry)
    old = fleet.document.read_bytes()
    results = fleet.push(changed(entry, maximum_emails_per_minute=5))
    assert states(results) == [("failed", "deliver", "restored")]
    assert results[0]["result"]["msg"] == (
        "maps_apply_command ended with code 3, saying: no five; the host has its old document back"
    )
    assert fleet.document.read_bytes() == old


# -- looking only


def test_check_mode_writes_nothing(fleet, mail_server):
    entry = oauth2_entry(port=mail_server.port)
    results = fleet.push(entry, arguments=["--check"])
    assert states(results) == [("ok", "deliver", "changed")]
    assert results[0]["result"]["changed"] is True
    assert not fleet.folder.exists()
    fleet.push(entry)
    before = hashes(fleet.folder)
    results = fleet.push(changed(entry, port=465), arguments=["--check", "--diff"])
    assert states(results) == [("ok", "deliver", "changed")]
    said = facts(results)[0][1]["servers"]["Reports"]
    assert said["values"] == {"/port": [mail_server.port, 465]}
    results = fleet.push(entry, arguments=["--check"])
    assert states(results) == [("ok", "deliver", "unchanged")]
    assert hashes(fleet.folder) == before
    assert len(mail_server.received) == 1


def test_a_plan_sends_the_host_no_secret(fleet, mail_server, tmp_path):
    """The host is whoever the inventory says: it may be somebody's who wants to know them."""
    entry = oauth2_entry(port=mail_server.port)
    fleet.push(entry)
    listening, heard = tmp_path / "listening", tmp_path / "heard"
    listening.write_text(f'#!/bin/sh\ntee -a {heard} | exec {sys.executable} "$@"\n')
    listening.chmod(0o755)
    fleet.variables["ansible_python_interpreter"] = str(listening)
    heard.touch()
    changes = [changed(entry, oauth2__client_secret="CANARYnew0secret"), password_entry()]
    results = fleet.push(*changes, arguments=["--check"])
    [(outcome, maps)] = facts(results)
    assert (outcome, maps["state"]) == ("ok", "changed")
    assert maps["servers"]["Reports"]["fields"] == ["/oauth2/client_secret"]
    assert maps["servers"]["Relay"]["state"] == "added"
    assert b"Reports" in heard.read_bytes()
    key = "the key"  # of this host, and it opens nothing
    assert not CANARY.search(heard.read_text().replace(FINGERPRINT_KEY, key))
    fleet.push(*changes)
    assert "CANARYnew0secret" in heard.read_text()


def hashes(folder: Path) -> dict:
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in folder.iterdir()
    }


def test_probe_says_what_is_there(fleet, mail_server):
    fleet.push(oauth2_entry(port=mail_server.port))
    before = hashes(fleet.folder)
    [(outcome, maps)] = facts(fleet.push(playbook="probe.yml"))
    assert (outcome, maps["phase"], maps["generation"]) == ("ok", "probe", 1)
    assert maps["servers"]["Reports"]["verified"]
    assert maps["delivery"]["owner"] == "tester@workstation"
    assert hashes(fleet.folder) == before


def test_rolled_back_and_proven(fleet, mail_server):
    entry = oauth2_entry(port=mail_server.port)
    other = changed(entry, maximum_emails_per_minute=5)
    fleet.push(entry)
    fleet.push(other)
    fresh = {"Reports": {**entry["oauth2"]["token"], "refresh_token": "CANARYrotated"}}
    given = {"tokens": fresh, "rotating": ["Reports"], "secrets": ["CANARYrotated"]}
    before = hashes(fleet.folder)
    [(outcome, maps)] = facts(
        fleet.push(entry, playbook="rollback.yml", arguments=["--check"], **given)
    )
    assert (outcome, maps["phase"], maps["state"]) == ("ok", "rollback", "changed")
    assert hashes(fleet.folder) == before
    results = fleet.push(entry, playbook="rollback.yml", **given)
    assert states(results) == [("ok", "rollback", "delivered"), ("ok", "baseline", None)]
    assert facts(results)[0][1]["generation"] == 3
    assert facts(results)[1][1]["mails"][0]["outcome"] == "sent"
    [served] = json.loads(fleet.document.read_text())["servers"]
    assert served == changed(entry, token__refresh_token="CANARYrotated")
    assert len(mail_server.received) == 3


def test_unlocked(fleet, mail_server):
    terms = {"holder": "another checkout", "commit": "0123456789ab", "reason": "push"}
    entry = oauth2_entry(port=mail_server.port)
    fleet.push(entry)
    lease = {
        **terms,
        "owner": "ann@ws",
        "run_id": "r9",
        "since": int(time.time()),
        "expires": int(time.time()) + 600,
    }
    path = fleet.folder / "lease.json"
    path.write_text(json.dumps(lease))
    locked = fleet.push(changed(entry, port=1), lock_wait=0)
    assert facts(locked)[0][1] == {"phase": "deliver", "state": "refused", "reason": "locked"}
    assert "ann@ws works on this host since" in locked[0]["result"]["msg"]
    results = fleet.push(playbook="unlock.yml")
    assert states(results) == [("failed", "unlock", "held")]
    assert path.exists()
    results = fleet.push(playbook="unlock.yml", force=True)
    assert states(results) == [("ok", "unlock", "unlocked")]
    assert facts(results)[0][1]["lease"]["owner"] == "ann@ws"
    assert not path.exists()


# -- no secret anywhere


@contextmanager
def syslog() -> Iterator[list[bytes]]:
    """What is logged to syslog meanwhile."""
    place, seen = Path("/dev/log").resolve(), []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        try:
            receiver.bind(str(place))
        except OSError as error:
            pytest.skip(f"syslog's socket cannot be had here: {error.strerror}")
        receiver.settimeout(0.1)
        over = threading.Event()

        def receive():
            while not over.is_set():
                with suppress(TimeoutError):
                    seen.append(receiver.recv(65536))

        thread = threading.Thread(target=receive)
        thread.start()
        try:
            yield seen
        finally:
            over.set()
            thread.join()
            place.unlink()


def test_no_secret_in_output_log_syslog_or_temporary_files(fleet, mail_server, tmp_path):
    fleet.environment["ANSIBLE_LOG_PATH"] = str(tmp_path / "ansible.log")
    fleet.environment["TMPDIR"] = str(tmp_path / "tmp")
    (tmp_path / "tmp").mkdir()
    with syslog() as seen:
        entry = oauth2_entry(port=mail_server.port)
        fleet.push(entry, arguments=["-vvvv", "--diff"])
        fleet.push(changed(entry, token__grant_id="2", token__access_token="CANARYbad"),
                   arguments=["-vvvv"])  # fmt: skip
        fleet.push(changed(entry, maximum_emails_per_minute=5))
        rotated = {"Reports": {**entry["oauth2"]["token"], "refresh_token": "CANARYrotated"}}
        rolled_back = fleet.push(
            entry, playbook="rollback.yml", arguments=["-vvvv"], tokens=rotated,
            rotating=["Reports"], secrets=["CANARYrotated"],
        )  # fmt: skip
    assert states(rolled_back)[0] == ("ok", "rollback", "delivered")
    assert "CANARYrotated" in fleet.document.read_text()
    assert "Using module file" in fleet.output
    assert "AnsiballZ_" not in fleet.output  # the name of a module that is written to a file
    text = b"\n".join(seen).decode()
    assert "document=NOT_LOGGING_PARAMETER" in text
    assert "secrets=NOT_LOGGING_PARAMETER" in text
    assert not CANARY.search(text)
    log = (tmp_path / "ansible.log").read_text()
    assert "Deliver the email servers" in log
    assert not CANARY.search(log)
    documents = {"email-servers.json", "email-servers.previous.json"}
    expected = documents | {p.name for p in (tmp_path / "run").rglob("*.json")}
    found = {p.name for p in tmp_path.rglob("*") if p.is_file() and b"CANARY" in p.read_bytes()}
    assert found <= expected


def test_ordinary_words_that_are_a_password_spoil_no_result(fleet, certificate):
    from provisioner.secret import Secret

    known = {MAILBOX: Secret("delivered")}
    with MailServer(certificate, behaviour(mechanisms=("PLAIN",), passwords=known)) as relay:
        entry = password_entry("delivered-reports", port=relay.port, password="delivered")
        results = fleet.push(entry)
    assert states(results) == [("ok", "deliver", "delivered"), ("ok", "mail", None)]
    assert facts(results)[1][1]["mails"][0]["server"] == "delivered-reports"
    assert facts(results)[1][1]["mails"][0]["outcome"] == "sent"


def test_a_module_that_crashes_says_where_and_nothing_more(fleet, mail_server):
    results = fleet.push({**oauth2_entry(port=mail_server.port), "server_name": 5}, mails={},
                         declared=[])  # fmt: skip
    message = results[0]["result"]["msg"]
    assert re.fullmatch(r"this is our bug: AttributeError at maps_document\.py:\d+", message), (
        message
    )
    assert facts(results)[0][1] == {"phase": "deliver", "state": "refused", "reason": "bug"}
    assert not fleet.document.exists()


def test_a_module_that_cannot_even_start(fleet, mail_server):
    fleet.variables["ansible_python_interpreter"] = "/bin/cat"  # says back all that it is given
    results = fleet.push(oauth2_entry(port=mail_server.port))
    assert results[0]["outcome"] == "failed"
    assert results[0]["result"]["msg"].startswith("the module gave no answer: ")
    assert set(results[0]["result"]) <= {"failed", "msg", "changed", "exception", "_ansible_no_log"}


@pytest.mark.parametrize("first", [":", "echo '{}'", "echo '{'"])
@pytest.mark.parametrize("code", [0, 1, 255])
def test_a_host_that_says_back_all_it_is_told_does_not_fill_the_output(
    fleet, tmp_path, code, first
):
    echo = tmp_path / "ssh"
    said = f"cat > {tmp_path}/heard; {first}; cat {tmp_path}/heard; echo; exit {code}"
    echo.write_text(f'#!/bin/sh\ncase "$*" in *python*) {said};; esac\n')
    echo.chmod(0o755)
    fleet.variables.update(
        ansible_connection="ssh", ansible_ssh_executable=str(echo), ansible_ssh_retries=0
    )
    results = fleet.push(oauth2_entry(port=1), arguments=["-vvvv"])
    assert [line["outcome"] for line in results] == ["unreachable" if code == 255 else "failed"]
    assert "ESTABLISH SSH CONNECTION" in fleet.output
    assert CANARY.search((tmp_path / "heard").read_text())
    assert "Reports" not in fleet.output


def answers(fleet, *answered, **beside):
    """Let the host answer its calls so, one after the other, with this beside."""
    for number, maps in enumerate(answered):
        said = {"changed": True, "maps_sealed": sealed({"maps": maps, "msg": ""}), **beside}
        (fleet.tmp_path / f"answer{number}").write_text(json.dumps(said))
    calls = fleet.tmp_path / "calls"
    calls.write_text("")
    said = f"cat > /dev/null; n=$(wc -l < {calls}); echo >> {calls}; cat {fleet.tmp_path}/answer$n"
    strange = fleet.tmp_path / "ssh"
    strange.write_text(f'#!/bin/sh\ncase "$*" in *python*) {said};; esac\n')
    strange.chmod(0o755)
    fleet.variables.update(ansible_connection="ssh", ansible_ssh_executable=str(strange))


DELIVERED = {"phase": "deliver", "fingerprint": "0", "mails_needed": ["Reports"]}


@pytest.mark.parametrize(
    "answered",
    [
        (["CANARY"],),
        ({"phase": "deliver"},),
        ({"phase": "deliver", "mails_needed": None},),
        ({"phase": "deliver", "mails_needed": [{}, 5, ["CANARY"]]},),
        (DELIVERED, {"phase": "mail"}),
        (DELIVERED, {"phase": "mail", "mails": [5], "maps_test_command": None}),
        (DELIVERED, {"phase": "mail", "mails": [{"server": ["a"]}], "maps_test_command": None}),
        (DELIVERED, {"phase": "mail", "mails": [{"server": "a"}], "maps_test_command": None}),
    ],
)
def test_a_host_that_answers_nonsense(fleet, answered):
    answers(fleet, *answered)
    results = fleet.push(oauth2_entry(port=1), arguments=["-vvvv"], canaries=["Reports"])
    assert [line["outcome"] for line in results] == ["ok"] * (len(answered) - 1) + ["failed"]
    last = results[-1]["result"]
    assert (last["msg"], last["nonsense"]) == ("the host answered nonsense", True)


def test_a_host_whose_facts_ansible_stumbles_over(fleet):
    answers(fleet, DELIVERED, ansible_facts="CANARY")
    [line] = fleet.push(oauth2_entry(port=1), arguments=["-vvvv"])
    assert line["outcome"] == "failed"
    assert line["result"]["msg"].startswith("the module gave no answer: ")


def test_an_argument_of_the_wrong_kind_quotes_no_other(fleet):
    results = fleet.push(oauth2_entry(port=1), arguments=["-vvvv"], lock_wait="soon")
    assert results[0]["result"]["msg"].startswith("the module gave no answer: argument 'lock_wait'")
    assert not fleet.document.exists()


# -- what is refused before a secret leaves


@pytest.mark.parametrize(
    ("environment", "variables", "words"),
    [
        (
            {"ANSIBLE_PIPELINING": "False"},
            {},
            "set ANSIBLE_PIPELINING=True, or `pipelining = True`",
        ),
        ({"ANSIBLE_KEEP_REMOTE_FILES": "True"}, {}, "unset ANSIBLE_KEEP_REMOTE_FILES"),
        (
            {},
            {"ansible_become": True, "ansible_become_method": "su"},
            "the become method su has none, use sudo",
        ),
        (
            {},
            {"ansible_shell_type": "powershell"},
            "ansible_shell_type does not fit the connection local",
        ),
        ({}, {"ansible_connection": "winrm", "ansible_shell_type": "sh"}, "connection winrm"),
        ({}, {"maps_directory": "relative/path"}, "maps_directory is not an absolute path"),
        ({}, {"maps_apply_command": "reload now"}, "maps_apply_command is not a list of texts"),
        ({}, {"maps_apply_command": ["a", 1]}, "maps_apply_command is not a list of texts"),
        ({}, {"maps_service": "MAPS"}, "maps_service restarts a Windows service"),
    ],
)
def test_refused_on_the_controller(fleet, mail_server, environment, variables, words):
    fleet.environment.update(environment)
    fleet.variables.update(variables)
    results = fleet.push(oauth2_entry(port=mail_server.port))
    assert [line["outcome"] for line in results] == ["failed"]
    assert words in results[0]["result"]["msg"]
    assert not fleet.folder.exists()


def test_refused_while_ansible_prints_arguments(fleet, mail_server):
    fleet.environment["ANSIBLE_DEBUG"] = "True"
    results = fleet.push(oauth2_entry(port=mail_server.port))
    assert "ANSIBLE_DEBUG prints arguments" in results[0]["result"]["msg"]
    assert not fleet.folder.exists()


def test_nothing_to_deliver(fleet, mail_server):
    entry = oauth2_entry(port=mail_server.port)
    fleet.push(entry)
    shutil.rmtree(fleet.tmp_path / "run")
    results = fleet.push(entry, arguments=["-e", f"maps_run_folder={fleet.tmp_path}/elsewhere"])
    assert "there is nothing to deliver to maps1: no " in results[0]["result"]["msg"]


def test_an_unknown_argument_is_named_but_not_quoted(fleet, tmp_path, mail_server):
    for folder in ("action_plugins", "library", "module_utils", "plugin_utils"):
        (tmp_path / folder).symlink_to(playbooks_folder() / folder)
    task = {"maps_email_servers": {"state": "present", "pasword": "CANARYtyped"}}
    play = [{"hosts": "all", "gather_facts": False, "tasks": [task]}]
    (tmp_path / "own.yml").write_text(json.dumps(play))
    results = fleet.push(oauth2_entry(port=mail_server.port), playbook=str(tmp_path / "own.yml"))
    assert results[0]["result"]["msg"] == "unknown argument: pasword"


def test_become(fleet, mail_server):
    if not shutil.which("sudo") or subprocess.run(["sudo", "-n", "true"], check=False).returncode:
        pytest.skip("sudo cannot be used here without a password")
    fleet.variables["ansible_become"] = True
    results = fleet.push(oauth2_entry(port=mail_server.port))
    assert states(results) == [("ok", "deliver", "delivered"), ("ok", "mail", None)]


def test_the_samples_hold_their_secrets(mail_server):
    entries = [oauth2_entry(), password_entry()]
    assert all(secret.startswith("CANARY") for secret in secrets_of(*entries))

"""Rows of `provisioner doctor` for what no test can have a real host say."""

import pytest

from provisioner.errors import ExitCode, ProvisionerError
from provisioner.host.result import Examination, HostResult, HostState, Way
from provisioner.reports.doctor import (
    CheckState,
    doctor_json,
    doctor_text,
    failed,
    host_checks,
    ok,
    skipped,
)
from provisioner.reports.layout import laid_out

WELL = {
    "windows": True,
    "directory": r"C:\ProgramData\maps-provisioner",
    "account": "svc-ansible",
    "writable": True,
    "free": 10**10,
    "skew": 2.0,
}
URL = "https://login.example.edu/token"


def rows(seen, **result):
    facts = {"host": "maps1", "state": HostState.UNCHANGED, **result}
    examined = None if seen is None else Examination(**{**WELL, **seen})
    return {check.name: check for check in host_checks(HostResult(**facts), examined, {})}


def endpoint(**facts):
    return {"ways": [Way(place=URL, servers=["Reports"], **facts)]}


@pytest.mark.parametrize(
    ("seen", "name", "state", "code", "said"),
    [
        ({}, "Python/PowerShell", "ok", 0, "PowerShell"),
        ({}, "become", "ok", 0, "svc-ansible"),
        ({"logged": True}, "folder", "failed", 3, "PowerShell on the host logs"),
        ({"writable": False}, "folder", "failed", 3, "may not write"),
        ({"reason": "eacces", "about": "/x"}, "folder", "failed", 3, "no permission for /x"),
        ({"reason": "eacces"}, "disk", "skipped", 0, "folder failed"),
        ({"reason": "eacces"}, "clock", "skipped", 0, "folder failed"),
        ({"free": 10**6}, "disk", "warning", 0, "1 MB free"),
        ({"free": None}, "disk", "skipped", 0, "does not tell"),
        ({"skew": 3600.0}, "clock", "warning", 0, "ahead by 60 minutes"),
        ({"skew": None}, "clock", "skipped", 0, "does not tell"),
        (endpoint(status=400), "token endpoint", "ok", 0, "answers"),
        (endpoint(status=401), "token endpoint", "ok", 0, "answers"),
        (endpoint(status=404), "token endpoint", "warning", 0, "HTTP 404"),
        (endpoint(status=503), "token endpoint", "warning", 0, "HTTP 503"),
        (endpoint(error="timeout"), "token endpoint", "failed", 1, "timeout"),
        (endpoint(error="certificate"), "token endpoint", "failed", 3, "certificate"),
        (endpoint(), "token endpoint", "failed", 1, "no answer"),
    ],
)
def test_rows(seen, name, state, code, said):
    found = rows(seen)[name]
    assert (found.state, found.exit_code) == (state, code)
    assert said in found.message
    assert bool(found.remedy) or state in ("ok", "skipped") or name == "clock"


@pytest.mark.parametrize(
    ("state", "reason", "at", "well"),
    [
        (HostState.UNREACHABLE, "timeout", "connection", ["host variables"]),
        (HostState.FAILED, "timeout", "connection", []),
        (HostState.FAILED, "worker_died", "connection", []),
        (HostState.FAILED, "not_begun", "connection", []),
        (HostState.FAILED, "invalid_variable", "host variables", []),
        (HostState.UNREACHABLE, "sudo_password", "become", ["host variables", "connection"]),
        (HostState.FAILED, "crash", "Python/PowerShell", ["host variables", "connection"]),
    ],
)
def test_no_check_is_ok_that_was_not_made(state, reason, at, well):
    found = rows(None, state=state, reason=reason, about="why")
    assert [name for name, check in found.items() if check.state is CheckState.OK] == well
    assert [name for name, check in found.items() if check.state is CheckState.FAILED] == [at]
    assert found[at].exit_code == ExitCode.HOSTS_BEHIND


def test_an_interrupted_host_has_no_failed_check():
    found = rows(None, state=HostState.NOT_STARTED, reason="interrupted")
    assert {check.state for check in found.values()} == {CheckState.SKIPPED}


def test_words_of_a_host_steer_no_terminal():
    seen = {"account": "a\x1b[2Jb", "holder": "c\nok  forged", "directory": "/x\u202e"}
    checks = list(rows(seen).values())
    text = doctor_text(checks) + doctor_json(checks, ExitCode.DONE)
    assert not {"\x1b", "\u202e"} & set(text)
    assert "\nok  forged" not in text


def test_many_equal_hosts_are_one_row():
    checks = [
        check
        for number in range(1000)
        for check in host_checks(
            HostResult(host=f"maps{number}", state=HostState.UNCHANGED), Examination(**WELL), {}
        )
    ]
    lines = laid_out(doctor_text(checks), width=60).splitlines()
    assert len(lines) < 30
    assert max(map(len, lines)) <= 60
    assert "maps0, maps1, maps2, maps3 +996 more" in " ".join(" ".join(lines).split())


def test_each_host_in_trouble_is_named():
    hosts = [
        HostResult(host=f"maps{number}", state=HostState.UNREACHABLE, reason="lost")
        for number in range(30)
    ]
    text = doctor_text([check for host in hosts for check in host_checks(host, None, {})])
    assert ", ".join(host.host for host in hosts) in text


COMMAND = "provisioner authenticate 'Registrar of all Campuses' --select-account"


@pytest.mark.parametrize("width", [60, 80, 200])
def test_rows_are_wrapped_in_their_column_and_commands_are_whole(width):
    error = ProvisionerError("the sign-in of this account has expired", remedy=f"run: {COMMAND}")
    text = doctor_text([failed("sign-in", error, "Registrar"), ok("token endpoint", "answers")])
    first, *lines = laid_out(text, width=width).splitlines()
    assert first.startswith("failed  sign-in         Registrar: the sign-in of this")
    assert any(line.endswith(COMMAND) for line in lines)
    if width == 60:
        assert lines[0] == " " * 24 + "account has expired"
        assert lines[1] == "        -> run:"
        assert lines[2] == " " * 16 + COMMAND


def test_states_have_colors():
    text = doctor_text([ok("token endpoint", "answers"), skipped("hosts", "--no-hosts")])
    assert laid_out(text, colored=True).splitlines()[:2] == [
        "\x1b[32mok\x1b[0m       token endpoint  answers",
        "\x1b[33mskipped\x1b[0m  hosts           --no-hosts",
    ]

"""WinRM over real TLS: ansible-core's plugin and pywinrm as they are, a WS-Management server."""

import json

import pytest

from provisioner.demo.certificates import make_certificate
from tests.fleet.local_fleet import PASSWORD
from tests.playbooks.windows.fleet import windows_fleet
from tests.playbooks.windows.machine import Machine
from tests.playbooks.windows.wsman import WinRmServer, trusting

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

USER, WINDOWS_PASSWORD = r"EXAMPLE\maps-push", "CANARYwindows0password"


@pytest.fixture
def fleet(tmp_path, certificate):
    with windows_fleet(tmp_path, 1, certificate, wire=True) as found:
        yield found


@pytest.fixture
def server(fleet, certificate):
    machine = Machine("maps1", fleet.machines)
    with WinRmServer(machine, certificate, USER, WINDOWS_PASSWORD) as found:
        yield found


def test_delivered_and_proven(fleet, server, certificate):
    reached = trusting(certificate.ca_file, server.port, USER, WINDOWS_PASSWORD)
    fleet.reached("maps1", "winrm", **reached)
    ended = fleet.ends(0, "push", "-vvvv")
    assert "1 host: 1 changed; 1 delivered, not applied" in ended.stdout
    [entry] = json.loads(fleet.document("maps1").read_text())["servers"]
    assert entry["password"] == PASSWORD
    assert len(fleet.mail.received) == 1
    assert "EXEC (via pipeline wrapper)" in ended.stderr
    for secret in (PASSWORD, WINDOWS_PASSWORD):
        assert secret not in ended.stdout + ended.stderr
    assert [PASSWORD in call["stdin"] for call in server.machine.calls()] == [False, True, False]


def test_a_machine_that_is_not_the_one_that_it_says_gets_nothing(fleet, server, tmp_path):
    (tmp_path / "other").mkdir()
    other = make_certificate(tmp_path / "other")
    reached = trusting(other.ca_file, server.port, USER, WINDOWS_PASSWORD)
    fleet.reached("maps1", "winrm", **reached)
    ended = fleet.ends(3, "push")
    assert "maps1: unreachable" in ended.stdout
    assert "certificate verify failed" in ended.stdout
    assert "ansible_winrm_ca_trust_path" in ended.stdout
    assert server.connections == 0  # no password, and no secret


def test_an_empty_name_of_the_ca_lets_nobody_answer_in_its_place(fleet, server, certificate):
    reached = trusting(certificate.ca_file, server.port, USER, WINDOWS_PASSWORD)
    fleet.reached("maps1", "winrm", **{**reached, "ansible_winrm_ca_trust_path": ""})
    ended = fleet.ends(3, "plan")
    assert server.connections == 0  # no password, and no secret
    assert "ansible_winrm_ca_trust_path is empty" in ended.stdout


def test_a_wrong_password_is_told_without_it(fleet, server, certificate):
    reached = trusting(certificate.ca_file, server.port, USER, "CANARYwrong")
    fleet.reached("maps1", "winrm", **reached)
    ended = fleet.ends(3, "plan")
    assert "the specified credentials were rejected by the server" in ended.stdout
    assert "CANARY" not in ended.stdout + ended.stderr
    assert server.machine.calls() == []


def test_a_machine_that_breaks_off_and_says_back_what_it_was_given(fleet, server, certificate):
    reached = trusting(certificate.ca_file, server.port, USER, WINDOWS_PASSWORD)
    fleet.reached("maps1", "winrm", **reached)
    server.machine.echo.parent.mkdir(parents=True, exist_ok=True)
    server.machine.echo.write_text("1")  # the one before is of the plan, and brings no secret
    server.breaks_off_from = 1
    ended = fleet.ends(4, "push", "-vvvv")
    assert "the module gave no answer: winrm send_input failed" in ended.stdout
    assert "ERROR DURING WINRM SEND INPUT" in ended.stderr
    assert PASSWORD in server.machine.calls()[1]["stdin"]
    for secret in (PASSWORD, WINDOWS_PASSWORD, "smtp_security_level"):
        assert secret not in ended.stdout + ended.stderr

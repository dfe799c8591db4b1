"""push, rollback and the rest on Windows hosts by WinRM, PSRP and ssh, as far as no Windows can be
had: ansible-core's own connection plugins, and what they send, taken apart and run by Mono."""

import json

import pytest

from tests.fleet.local_fleet import PASSWORD
from tests.playbooks.windows.fleet import WAYS, windows_fleet

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

SERVICE = "Evisions MAPS Service"


@pytest.fixture
def fleet(tmp_path, certificate):
    with windows_fleet(tmp_path, 1, certificate) as found:
        yield found


@pytest.fixture
def mixed(tmp_path, certificate):
    """A host for each way to Windows, and one that is none."""
    with windows_fleet(tmp_path, len(WAYS) + 1, certificate) as found:
        found.ways = dict(zip(found.hosts, WAYS, strict=False))
        found.by_host = {host: found.reached(host, way) for host, way in found.ways.items()}
        yield found


def payload(call):
    """(name of the module, its arguments) of what came to a machine."""
    manifest = json.loads(call["stdin"].split("\n\0\0\0\0\n")[1])
    action = manifest["actions"][-1]["params"]
    [given] = [v["Value"] for v in action["Variables"] if v["Name"] == "complex_args"]
    arguments = {name: v for name, v in given.items() if not name.startswith("_ansible_")}
    return action["Script"].split(".")[-2], arguments


def test_a_mixed_fleet_from_plan_to_unlock(mixed):
    planned = mixed.ends(2, "plan")
    assert "+ Reports: added" in planned.stdout
    pushed = mixed.ends(0, "push", "--batches", "100%")
    number = len(mixed.hosts)
    assert f"{number} hosts: {number} changed; {number} delivered, not applied" in pushed.stdout
    assert len(mixed.mail.received) == number
    documents = {mixed.document(host).read_bytes() for host in mixed.hosts}
    assert len(documents) == 1  # the same bytes, whichever the host

    again = mixed.ends(0, "push")
    assert f"{number} hosts: 0 changed; {number} unchanged" in again.stdout
    assert len(mixed.mail.received) == number
    assert {mixed.document(host).read_bytes() for host in mixed.hosts} == documents

    status = mixed.ends(0, "status", "--hosts")
    for host in mixed.hosts:
        assert host in status.stdout
    unlocked = mixed.ends(0, "unlock", "--hosts")
    assert "maps1" in unlocked.stdout + unlocked.stderr

    for host, way in mixed.ways.items():
        check_what_came(mixed.by_host[host].calls(), way)


def check_what_came(calls, way):
    """plan, push (asked, delivered, mailed), again (asked), status and unlock, in this order."""
    names = [payload(call)[0] for call in calls]
    looks = "win_maps_email_servers"
    assert names == [looks, looks, looks, "win_maps_test_email", looks, looks, looks]
    assert {call["way"] for call in calls} == {"ssh" if way == "cmd" else way}
    planned, asked, delivered, mailed, *_ = (payload(call)[1] for call in calls)
    assert "secrets" not in delivered
    assert PASSWORD in delivered["document"]
    assert delivered["directory"] == r"C:\ProgramData\maps-provisioner"
    assert json.loads(delivered["lease"])["reason"] == "push"
    assert json.loads(mailed["mails"]).keys() == {"Reports"}
    assert mailed["ca_file"] == r"C:\ca.pem"
    for arguments in (planned, asked, mailed):
        assert PASSWORD not in json.dumps(arguments)
    for call in calls:
        assert call["command"].startswith("PowerShell -NoProfile") or call["way"] == "psrp"
        assert PASSWORD not in call["command"]
        assert not [name for name, value in call["environment"].items() if PASSWORD in value]
        assert call["stdin"].count(PASSWORD) == (1 if call is calls[2] else 0)


def test_a_refused_mail_gives_the_old_document_back(fleet):
    machine = fleet.reached("maps1", "winrm", maps_service=SERVICE)
    fleet.ends(0, "push")
    old = fleet.document("maps1").read_bytes()
    assert machine.restarts.read_text() == f"{SERVICE} within 300 s\n"
    fleet.declare("Reports", user_name="nobody@example.edu")
    ended = fleet.ends(3, "push")
    assert "maps1: restored" in ended.stdout
    assert "what was delivered was proven wrong; the host has its old document back" in ended.stdout
    assert fleet.document("maps1").read_bytes() == old
    assert len(machine.restarts.read_text().splitlines()) == 3  # and back again
    assert len(fleet.mail.received) == 2  # the old document's proof is the second
    assert not ({path.name for path in fleet.document("maps1").parent.iterdir()}
                - {"email-servers.json", "state.json", "lock"})  # fmt: skip


def test_rolled_back(fleet):
    fleet.reached("maps1", "psrp")
    fleet.ends(0, "push")
    fleet.declare("Reports", maximum_emails_per_minute=5)
    fleet.ends(0, "push")
    ended = fleet.ends(0, "rollback", "--yes")
    assert "maps1: delivered, not applied, generation 3\n  back from generation 2" in ended.stdout
    [entry] = json.loads(fleet.document("maps1").read_text())["servers"]
    assert entry["maximum_emails_per_minute"] is None
    assert len(fleet.mail.received) == 3


def test_the_service_is_restarted_after_a_change_and_only_then(fleet):
    become = {"become": True, "become_method": "runas", "become_user": "SYSTEM"}
    variables = {f"ansible_{name}": value for name, value in become.items()}
    machine = fleet.reached("maps1", "ssh", maps_service=SERVICE, **variables)
    waiting = fleet.ends(0, "push", "--no-restart")
    assert "maps1: delivered, not applied" in waiting.stdout
    assert "--no-restart left maps_service alone" in waiting.stdout
    assert not machine.restarts.exists()
    assert "unchanged" in fleet.ends(0, "push", "--no-restart").stdout
    assert "maps1" in fleet.ends(2, "plan").stdout
    assert "maps1: applied" in fleet.ends(0, "push").stdout
    assert machine.restarts.read_text() == f"{SERVICE} within 300 s\n"
    manifest = json.loads(machine.calls()[0]["stdin"].split("\n\0\0\0\0\n")[1])
    assert [a["name"] for a in manifest["actions"]] == ["become_wrapper.ps1", "module_wrapper.ps1"]
    assert "unchanged" in fleet.ends(0, "push").stdout
    assert len(machine.restarts.read_text().splitlines()) == 1
    assert len(fleet.mail.received) == 1


def test_a_service_that_does_not_come_back(fleet):
    machine = fleet.reached("maps1", "winrm", maps_service=SERVICE)
    fleet.ends(0, "push")
    old = fleet.document("maps1").read_bytes()
    said = "it runs, but TCP port 27467 of this host did not answer in time"
    machine.service.write_text(json.dumps({"code": 1, "output": said}))
    fleet.declare("Reports", maximum_emails_per_minute=5)
    ended = fleet.ends(4, "push")
    assert (
        f"the restart of {SERVICE} failed, saying: {said}; what MAPS has now is unkn"
        in ended.stdout
    )
    assert fleet.document("maps1").read_bytes() == old


@pytest.mark.parametrize("way", ["winrm", "ssh"])
def test_a_machine_that_says_back_all_it_is_given(fleet, way):
    machine = fleet.reached("maps1", way)
    machine.echo.write_text("1")  # once it was asked, which brings it no secret
    ended = fleet.ends(4, "push", "-vvvv")
    assert "the module gave no answer: " in ended.stdout
    assert PASSWORD in machine.calls()[1]["stdin"]
    assert PASSWORD not in ended.stdout + ended.stderr
    assert "smtp_security_level" not in ended.stdout + ended.stderr
    assert "CANARYwindows0password" not in ended.stdout + ended.stderr


REFUSED = [
    ("winrm", {"ansible_port": 5985}, "ansible_winrm_message_encryption is not `always`"),
    (
        "winrm",
        {"ansible_winrm_server_cert_validation": "ignore"},
        "ansible_winrm_server_cert_validation is not `validate`; whoever answers in place of",
    ),
    ("psrp", {"ansible_psrp_cert_validation": "ignore"}, "ansible_psrp_cert_validation is"),
    ("psrp", {"ansible_psrp_protocol": "http", "ansible_psrp_auth": "basic"}, "seals no"),
    ("ssh", {"ansible_host_key_checking": False}, "host_key_checking is off"),
    ("winrm", {"maps_directory": "/etc/maps"}, "is not an absolute path of a local drive"),
    ("winrm", {"maps_service": "Evisions*"}, "maps_service is not the name of one service"),
    ("ssh", {"ansible_become": True}, "the become method sudo is none of Windows"),
]


def test_refused_before_anything_leaves(tmp_path, certificate):
    with windows_fleet(tmp_path, len(REFUSED), certificate) as fleet:
        machines = {}
        for host, (way, variables, _) in zip(fleet.hosts, REFUSED, strict=True):
            machines[host] = fleet.reached(host, way, **variables)
        ended = fleet.ends(3, "plan", "--format", "json")
    said = {h["host"]: (h["state"], h["message"]) for h in json.loads(ended.stdout)["hosts"]}
    for host, (_, _, words) in zip(fleet.hosts, REFUSED, strict=True):
        state, message = said[host]
        assert state == "failed", host
        assert words in message
        assert not machines[host].sent.exists()

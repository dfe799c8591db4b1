"""The module that sends test emails from a host, in both languages: parameters in, answer out."""

from __future__ import annotations

import json
import socket

import pytest

from tests.mail_samples import ELSEWHERE, MAILBOX
from tests.playbooks.host_modules import CSharpModules, PythonModules
from tests.playbooks.samples import FINGERPRINT_KEY, delivery, oauth2_entry, password_entry

pytestmark = pytest.mark.long

ENVELOPE = {"from": MAILBOX, "to": ELSEWHERE}


class Host:
    """A host with its folder: deliveries, and mails from there."""

    def __init__(self, modules, folder, certificate):
        self._modules, self._certificate = modules, certificate
        self.folder = folder
        self._place = {"directory": str(folder), "owner": "me@ws"}

    def deliver(self, *entries, run_id="run-1"):
        """Bring entries there; the fingerprint of the document."""
        content = {"prune": False, "accepted": None, "rotating": [], **delivery(*entries)}
        answer = self._modules.email_servers(
            {
                **self._place,
                "run_id": run_id,
                "state": "present",
                "document": json.dumps(content),
                "fingerprint_key": FINGERPRINT_KEY,
            }
        )
        assert not answer["failed"], answer
        return answer["maps"]["fingerprint"]

    def send(self, fingerprint=None, check=False, **parameters):
        """Test emails; no answer may hold a secret."""
        answer = self._modules.test_email(
            {
                **self._place,
                "run_id": "run-1",
                "mails": {"Reports": ENVELOPE},
                "ca_file": str(self._certificate.ca_file),
                "fingerprint": fingerprint,
                "fingerprint_key": FINGERPRINT_KEY,
                "timeout": 10,
                **parameters,
            },
            check,
        )
        assert "CANARY" not in json.dumps(answer)
        return answer

    def record(self):
        """What is remembered of the proofs."""
        return json.loads((self.folder / "state.json").read_text())


@pytest.fixture(params=["python", "csharp"])
def host(request, tmp_path, certificate):
    if request.param == "python":
        modules = PythonModules()
    else:
        modules = CSharpModules(request.getfixturevalue("mono_host"))
    return Host(modules, tmp_path / "maps", certificate)


def outcomes(answer):
    return [(mail["server"], mail["outcome"], mail["proof"]) for mail in answer["maps"]["mails"]]


def test_a_mail_goes_out_and_is_remembered(host, mail_server):
    fingerprint = host.deliver(oauth2_entry(port=mail_server.port))
    answer = host.send(fingerprint)
    assert (answer["changed"], answer["failed"], answer["msg"]) == (False, False, "")
    assert outcomes(answer) == [("Reports", "sent", "sent")]
    assert (answer["maps"]["phase"], answer["maps"]["wrong"]) == ("mail", [])
    content = mail_server.received[0].message.get_content()
    assert f"Document:  generation 1, {fingerprint}" in content
    proof = host.record()["servers"]["reports"]["proof"]
    assert (proof["outcome"], proof["run_id"]) == ("sent", "run-1")


def test_in_check_mode_nothing_goes_out(host, mail_server):
    host.deliver(oauth2_entry(port=mail_server.port))
    before = (host.folder / "state.json").read_bytes()
    answer = host.send(check=True)
    assert answer["maps"] == {
        **{"phase": "mail", "mails": [], "wrong": []},
        "maps_test_command": None,
    }
    assert mail_server.transcript == []
    assert (host.folder / "state.json").read_bytes() == before


def test_another_run_s_document_is_not_used(host, mail_server):
    fingerprint = host.deliver(oauth2_entry(port=mail_server.port))
    host.deliver(oauth2_entry(port=mail_server.port, user_name=ELSEWHERE), run_id="run-2")
    answer = host.send(fingerprint)
    assert (answer["failed"], answer["maps"]["reason"]) == (True, "changed")
    assert answer["msg"] == (
        "the document on the host is not the one that this run has left there: push again"
    )
    assert mail_server.transcript == []


def test_a_server_that_is_not_there_any_more(host, mail_server):
    fingerprint = host.deliver(oauth2_entry(port=mail_server.port))
    mails = {"Reports": ENVELOPE, "Gone": None, "Lost": None}
    answer = host.send(fingerprint, mails=mails)
    assert answer["msg"] == (
        "the document on the host has no server Gone, Lost any more: push again"
    )
    old = host.send(phase="baseline", mails=mails)
    assert outcomes(old) == [("Reports", "sent", "sent")]


def test_names_are_compared_whatever_their_case(host, mail_server):
    fingerprint = host.deliver(oauth2_entry("STRASSE", port=mail_server.port))
    answer = host.send(fingerprint, mails={"straße": ENVELOPE})
    assert outcomes(answer) == [("STRASSE", "sent", "sent")]


def test_a_wrong_token_is_no_proof(host, mail_server):
    entry = oauth2_entry(port=mail_server.port, token__access_token="CANARYwrong0token")
    answer = host.send(host.deliver(entry))
    assert outcomes(answer) == [("Reports", "wrong", None)]
    assert answer["maps"]["wrong"] == ["Reports"]
    assert host.record()["servers"]["reports"]["proof"] is None


def test_a_server_that_answers_only_where_it_was_is_wrong(host, mail_server):
    entry = oauth2_entry(port=mail_server.port)
    host.send(host.deliver(entry))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = listener.getsockname()[1]
    fingerprint = host.deliver(oauth2_entry(port=nobody), run_id="run-2")
    answer = host.send(fingerprint, run_id="run-2")
    [mail] = answer["maps"]["mails"]
    assert (mail["outcome"], mail["stage"]) == ("wrong", "connect")
    assert mail["worked_before"] == f"localhost:{mail_server.port}"


def test_maps_itself_sends_where_our_mails_went_out(host, mail_server, tmp_path):
    fingerprint = host.deliver(oauth2_entry(port=mail_server.port))
    script = f"echo sent by MAPS with CANARYclient0secret; touch {tmp_path}/ran"
    answer = host.send(fingerprint, test_command=["sh", "-c", script])
    assert answer["maps"]["maps_test_command"] == {"exit": 0, "output": "sent by MAPS with ***"}
    assert (tmp_path / "ran").exists()


def test_maps_that_cannot_send_proves_nothing(host, mail_server):
    fingerprint = host.deliver(oauth2_entry(port=mail_server.port))
    answer = host.send(fingerprint, test_command=["sh", "-c", "echo no; exit 3"])
    assert answer["maps"]["maps_test_command"] == {"exit": 3, "output": "no"}
    assert host.record()["servers"]["reports"]["proof"] is None


@pytest.mark.parametrize("mails", [{"Reports": None}, {"Reports": ENVELOPE, "Relay": ENVELOPE}])
def test_maps_is_not_asked_unless_every_mail_went_out(host, mail_server, tmp_path, mails):
    relay = password_entry(port=mail_server.port)
    fingerprint = host.deliver(oauth2_entry(port=mail_server.port), relay)
    answer = host.send(fingerprint, mails=mails, test_command=["touch", str(tmp_path / "ran")])
    assert answer["maps"]["maps_test_command"] is None
    assert not (tmp_path / "ran").exists()


def test_a_proof_that_is_not_accepted_leaves_the_delivery_open(host, mail_server):
    fingerprint = host.deliver(oauth2_entry(port=mail_server.port))
    signed_in = host.send(fingerprint, mails={"Reports": None})
    assert outcomes(signed_in) == [("Reports", "authenticated", "authenticated")]
    assert not host.record()["delivery"]["settled"]
    host.send(fingerprint, mails={"Reports": None}, accepted=["authenticated"])
    assert host.record()["delivery"]["settled"]


def test_a_run_that_goes_on_keeps_its_lease(host, mail_server):
    lease = {"holder": "here", "commit": "0123456789ab", "reason": "push"}
    fingerprint = host.deliver(oauth2_entry(port=mail_server.port))
    host.send(fingerprint, lease=lease, more=True)
    assert (host.folder / "lease.json").exists()
    host.send(fingerprint, lease=lease)
    assert not (host.folder / "lease.json").exists()


def test_a_run_that_fails_ends_its_lease(host, mail_server):
    lease = {"holder": "here", "commit": None, "reason": "push"}
    fingerprint = host.deliver(oauth2_entry(port=mail_server.port))
    answer = host.send(fingerprint, lease=lease, more=True, mails={"Gone": None})
    assert answer["maps"]["reason"] == "changed"
    assert not (host.folder / "lease.json").exists()


def test_a_wrong_mail_of_an_old_document_is_the_last_call(host, mail_server):
    lease = {"holder": "here", "commit": None, "reason": "push"}
    entry = oauth2_entry(port=mail_server.port, token__access_token="CANARYwrong0token")
    fingerprint = host.deliver(entry)
    host.send(fingerprint, lease=lease)
    assert (host.folder / "lease.json").exists()  # it is to be taken back
    answer = host.send(lease=lease, phase="baseline", retries=True)
    assert answer["maps"]["wrong"] == ["Reports"]
    assert not (host.folder / "lease.json").exists()


def test_an_accident_says_its_type_and_place_only(host, mail_server):
    host.deliver(oauth2_entry(port=mail_server.port, use_tls=None))
    answer = host.send(phase="baseline", mails={"Reports": {"to": 5}})
    assert answer["failed"]
    assert (answer["maps"]["reason"], answer["maps"]["state"]) == ("bug", "unknown")
    assert answer["msg"].startswith("this is our bug: ")

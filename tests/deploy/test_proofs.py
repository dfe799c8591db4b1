"""What mail servers said to tokens, and what `status` says of it."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from provisioner.credentials.expiry import LastProof
from provisioner.demo.mail_server import Failure
from provisioner.deploy.proofs import (
    SignInProof,
    note_accepted,
    note_proofs,
    note_refused,
    read_proofs,
    sign_in_proofs,
)
from provisioner.fleet.host_result import HostResult, HostState
from provisioner.fleet.mail_proof import MailProof
from provisioner.hosts.entry import ServerEntry
from provisioner.model.project import Project
from provisioner.secret import Secret
from provisioner.smtp.client import SmtpResult
from tests.fleet.signed_in_fleet import signed_in_fleet
from tests.fleet.test_plan_checks import SERVER, TOKENS
from tests.oauth_samples import kept

FOLDER = Path("/nowhere")
PROJECT = Project(root=FOLDER, servers_path=FOLDER, inventory_path=FOLDER, tokens_path=FOLDER)

SENT = SmtpResult(outcome="sent", stage="data")
SIGNED_IN = SmtpResult(outcome="authenticated", stage="auth")
REFUSED = SmtpResult(outcome="wrong", stage="auth", code=535, reply="no")
AWAY = SmtpResult(outcome="unreachable", stage="connect")
NO_SENDER = SmtpResult(outcome="wrong", stage="mail", code=550, reply="no")


def proofs(*results):
    """(host, whether the token was refused) of each proof, each result from a host of its own."""
    hosts = [
        HostResult(
            host=f"maps{number}",
            state=HostState.DELIVERED,
            mails=(MailProof("Reports", result, None, None),),
        )
        for number, result in enumerate(results, 1)
    ]
    entries = {"Reports": ServerEntry(server=SERVER, token_set=TOKENS)}
    found = sign_in_proofs(hosts, entries, PROJECT)
    assert all(proof.grant_id == TOKENS.grant_id for proof in found)
    return [(proof.host, bool(proof.refused)) for proof in found]


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([SENT], [("maps1", False)]),
        ([SIGNED_IN], [("maps1", False)]),
        ([REFUSED], [("maps1", True)]),
        ([REFUSED, SENT, REFUSED], [("maps2", False)]),
        ([AWAY], []),
        ([AWAY, REFUSED], [("maps2", True)]),
        ([NO_SENDER], []),
    ],
)
def test_a_mail_taken_anywhere_proves_and_only_a_refused_token_is_one(results, expected):
    assert proofs(*results) == expected


def test_a_server_without_tokens_has_no_sign_in():
    host = HostResult(
        host="maps1", state=HostState.DELIVERED, mails=(MailProof("Reports", SENT, None, "sent"),)
    )
    assert sign_in_proofs([host], {"Reports": ServerEntry(server=SERVER)}, PROJECT) == ()


# What is noted.


def test_a_refusal_is_noted_until_a_host_proves_it(tmp_path):
    note_refused(tmp_path, "Reports", "a", "refused by maps1")
    assert read_proofs(tmp_path)["Reports"] == LastProof(grant_id="a", refused="refused by maps1")
    note_accepted(tmp_path, "Reports", "a", at=5.5, by="maps2")
    taken = LastProof(grant_id="a", at=5, by="maps2")
    assert read_proofs(tmp_path)["Reports"] == taken
    note_refused(tmp_path, "Reports", "a", "refused by maps1")
    assert read_proofs(tmp_path)["Reports"] == replace(taken, refused="refused by maps1")


def test_what_was_said_to_another_grant_is_forgotten_and_another_servers_is_not(tmp_path):
    note_accepted(tmp_path, "Reports", "a", at=5, by="maps2")
    note_accepted(tmp_path, "Alerts", "c", at=6, by=None)
    note_refused(tmp_path, "Reports", "b", "refused")
    assert read_proofs(tmp_path) == {
        "Reports": LastProof(grant_id="b", refused="refused"),
        "Alerts": LastProof(grant_id="c", at=6),
    }


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"Reports": {"at": "soon"}}', b"\xff"])
def test_a_damaged_file_proves_nothing_and_is_written_anew(tmp_path, content):
    (tmp_path / ".provisioner").mkdir()
    (tmp_path / ".provisioner/proofs.json").write_bytes(content)
    assert read_proofs(tmp_path) == {}
    note_accepted(tmp_path, "Reports", "a", at=5, by=None)
    assert read_proofs(tmp_path) == {"Reports": LastProof(grant_id="a", at=5)}


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path):
    (tmp_path / ".provisioner").mkdir()
    os.mkfifo(tmp_path / ".provisioner/proofs.json")
    assert read_proofs(tmp_path) == {}


def test_what_cannot_be_noted_is_a_warning(tmp_path):
    (tmp_path / ".provisioner").write_text("no folder")
    told = note_proofs(tmp_path, [SignInProof("Reports", "a", "maps1")], at=1.0)
    [warning] = told
    assert warning.startswith("Reports: `status` will not know of this push: ")


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    with signed_in_fleet(tmp_path, monkeypatch) as fleet:
        yield fleet


@pytest.mark.long
def test_status_says_from_which_host_a_token_was_taken_or_refused(fleet):
    fleet.pushed(password=fleet.secret)
    status = fleet.run("status", "Reports").stdout
    assert "the mail server took the token on " in status
    assert ", from maps1" in status

    fleet.limit_to(5)
    secrets = fleet.secrets
    tokens = replace(kept(secrets), handed_over_to=None)  # as a new sign-in would leave it
    secrets.save(secrets.project.servers[0], Secret(fleet.secret), tokens)
    fleet.mail.behaviour.failures["auth"] = Failure("535 5.7.3 Authentication unsuccessful")
    said = fleet.pushed(password=fleet.secret, exit_code=4)
    assert "wrong at auth 535" in said
    status = fleet.run("status", "Reports").stdout
    assert ", from maps1" in status
    assert "not proven any more: the mail server refuses the token: localhost, asked by" in status

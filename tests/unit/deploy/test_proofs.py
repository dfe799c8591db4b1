"""What mail servers said to tokens, as it is noted for `status`."""

import os
from pathlib import Path
from threading import Thread

import pytest

from provisioner.credentials.proofs import LastProof, Refused, note_mail, note_refresh, read_proofs
from provisioner.deploy.entry import ServerEntry
from provisioner.deploy.push import note_or_warn, sign_in_proofs
from provisioner.host.result import HostResult, HostState, MailResult
from provisioner.model.project import Project
from provisioner.smtp.client import SmtpResult
from tests.support.oauth_samples import oauth_server, token_set

TOKENS = token_set()
FOLDER = Path("/nowhere")
PROJECT = Project(root=FOLDER, servers_path=FOLDER, inventory_path=FOLDER, tokens_path=FOLDER)

SENT = SmtpResult(outcome="sent", stage="data")
SIGNED_IN = SmtpResult(outcome="authenticated", stage="auth")
REFUSED = SmtpResult(outcome="wrong", stage="auth", code=535, reply="no")
AWAY = SmtpResult(outcome="unreachable", stage="connect")
NO_SENDER = SmtpResult(outcome="wrong", stage="mail", code=550, reply="no")


def proofs(*results, tokens=TOKENS):
    """What is known of Reports once each result has come from a host of its own."""
    hosts = [
        HostResult(
            host=f"maps{number}",
            state=HostState.DELIVERED,
            mails=[MailResult(server="Reports", smtp=result)],
        )
        for number, result in enumerate(results, 1)
    ]
    entries = {"Reports": ServerEntry(server=oauth_server(), token_set=tokens)}
    return sign_in_proofs(hosts, entries, PROJECT, at=5.5).get("Reports")


@pytest.mark.parametrize(
    ("results", "taken_by", "refused_by"),
    [
        ([SENT], "maps1", None),
        ([SIGNED_IN], "maps1", None),
        ([REFUSED], None, "maps1"),
        ([REFUSED, SENT, REFUSED], "maps2", None),
        ([AWAY, REFUSED], None, "maps2"),
    ],
)
def test_a_mail_taken_anywhere_proves_and_only_a_refused_token_is_one(
    results, taken_by, refused_by
):
    proof = proofs(*results)
    assert (proof.grant_id, proof.by) == (TOKENS.grant_id, taken_by)
    assert proof.at == (5 if taken_by else None)
    assert refused_by in proof.mail.said if refused_by else proof.mail is None


@pytest.mark.parametrize("result", [AWAY, NO_SENDER])
def test_what_says_nothing_of_a_token_is_no_proof(result):
    assert proofs(result) is None


def test_a_server_without_tokens_has_no_sign_in():
    assert proofs(SENT, tokens=None) is None


# What is noted.

NO = Refused(said="no", at=5)
TAKEN, ANOTHER = LastProof(grant_id="a", at=5, by="maps2"), LastProof(grant_id="c", at=6)
REFUSED_A, REFUSED_B = (LastProof(grant_id=grant, mail=NO) for grant in "ab")


@pytest.mark.parametrize(
    ("proof", "known"),
    [
        (TAKEN, TAKEN),
        (REFUSED_A, LastProof(grant_id="a", at=5, by="maps2", mail=NO)),
        (REFUSED_B, REFUSED_B),
    ],
)
def test_a_refusal_lasts_until_it_is_proven_and_another_grants_proof_is_forgotten(
    tmp_path, proof, known
):
    note_mail(tmp_path, {"Reports": REFUSED_A, "Alerts": ANOTHER})
    note_mail(tmp_path, {"Reports": TAKEN})
    note_mail(tmp_path, {"Reports": proof})
    assert read_proofs(tmp_path) == {"Reports": known, "Alerts": ANOTHER}


def test_a_refused_refresh_lasts_until_one_is_granted_whatever_mail_servers_say(tmp_path):
    note_mail(tmp_path, {"Reports": TAKEN})
    note_refresh(tmp_path, "Reports", "a", NO)
    assert read_proofs(tmp_path)["Reports"] == LastProof(grant_id="a", at=5, by="maps2", refresh=NO)
    note_mail(tmp_path, {"Reports": TAKEN})
    assert read_proofs(tmp_path)["Reports"].refresh == NO
    note_refresh(tmp_path, "Reports", "a", None)
    assert read_proofs(tmp_path) == {"Reports": TAKEN}
    note_refresh(tmp_path, "Reports", "b", NO)
    note_mail(tmp_path, {"Reports": TAKEN})
    assert read_proofs(tmp_path) == {"Reports": TAKEN}, "another grant's"


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b'{"Reports": {"at": "soon"}}', b"\xff"),
        # Times that no calendar has.
        b'{"Reports": {"grant_id": "a", "at": 1000000000000000000}}',
        b'{"Reports": {"grant_id": "a", "mail": {"said": "no", "at": -1000000000000000000}}}',
    ],
)
def test_a_damaged_file_proves_nothing_and_is_written_anew(tmp_path, content):
    (tmp_path / ".provisioner").mkdir()
    (tmp_path / ".provisioner/proofs.json").write_bytes(content)
    assert read_proofs(tmp_path) == {}
    note_mail(tmp_path, {"Reports": TAKEN})
    assert read_proofs(tmp_path) == {"Reports": TAKEN}


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path):
    (tmp_path / ".provisioner").mkdir()
    os.mkfifo(tmp_path / ".provisioner/proofs.json")
    assert read_proofs(tmp_path) == {}


def test_what_cannot_be_noted_is_a_warning(tmp_path):
    (tmp_path / ".provisioner").write_text("no folder")
    [warning] = note_or_warn(tmp_path, {"Reports": TAKEN, "Alerts": ANOTHER})
    assert warning.startswith("Reports, Alerts: `status` will not know of this push: ")
    assert note_or_warn(tmp_path, {}) == []


def test_two_runs_lose_nothing_of_each_other(tmp_path, monkeypatch):
    other = Thread(target=note_refresh, args=(tmp_path, "Alerts", "a", NO))

    def read_while_another_notes(root):
        monkeypatch.undo()
        known = read_proofs(root)
        other.start()
        other.join(timeout=0.2)
        return known

    monkeypatch.setattr("provisioner.credentials.proofs.read_proofs", read_while_another_notes)
    note_refresh(tmp_path, "Reports", "a", NO)
    other.join()
    assert read_proofs(tmp_path).keys() == {"Alerts", "Reports"}

"""What a module of a host says once something is wrong that nobody has thought of."""

from __future__ import annotations

import json
import re

import pytest

from tests.playbooks.host_modules import CSharpModules, PythonModules
from tests.playbooks.samples import FINGERPRINT_KEY, delivery, oauth2_entry


@pytest.fixture(params=["python", "csharp"])
def run(request, tmp_path):
    """Run maps_email_servers with these parameters."""
    if request.param == "python":
        modules = PythonModules()
    else:
        modules = CSharpModules(request.getfixturevalue("mono_host"))
    where = {"directory": str(tmp_path / "maps-provisioner"), "run_id": "r1", "owner": "tester"}

    def answered(check=False, **parameters):
        given = {**where, "fingerprint_key": FINGERPRINT_KEY, **parameters}
        return modules.email_servers(given, check)

    return answered


@pytest.mark.parametrize(
    "document",
    [
        '{"entries": "CANARY',
        '["CANARY"]',
        '{"entries": [{"server_name": "CANARY"}]}',
        '{"entries": ["CANARY"], "remove": [], "declared": null, "mails": []}',
        '{"entries": [{"CANARY": "CANARY"}], "remove": [], "declared": null, "mails": []}',
    ],
)
@pytest.mark.parametrize("state", ["present", "rolled_back"])
def test_a_bug_tells_its_type_and_place_and_none_of_the_document(run, state, document):
    if state == "rolled_back":
        run(document=json.dumps(delivery(oauth2_entry(), mails=[])))
        run(document=json.dumps(delivery(oauth2_entry(port=465), mails=[])))
    said = run(state=state, document=document)
    phase = "deliver" if state == "present" else "rollback"
    assert said["maps"] == {"phase": phase, "state": "refused", "reason": "bug"}
    assert (said["failed"], said["changed"]) == (True, False)
    place = r"[A-Z]\w+(Error|Exception) (at \w+\.py:\d+|in \w+\.\S+)"
    assert re.fullmatch(f"this is our bug: {place}", said["msg"]), said["msg"]
    assert "CANARY" not in json.dumps(said)


def test_what_goes_wrong_once_the_document_was_replaced_leaves_doubts(run, tmp_path):
    block = 'mkdir -p "$(dirname "$1")/state.json.new/x"'
    wanted = json.dumps(delivery(oauth2_entry(), mails=[]))
    said = run(document=wanted, apply_command=["sh", "-c", block, "apply"])
    assert said["failed"]
    assert (said["maps"]["phase"], said["maps"]["state"]) == ("deliver", "unknown")
    assert said["maps"]["reason"] in ("eisdir", "eperm")
    assert "cannot write" in said["msg"]
    assert str(tmp_path / "maps-provisioner" / "state.json.new") in said["msg"]
    assert "CANARY" not in json.dumps(said)

"""A host in strange hands can answer anything: it is neither believed nor printed."""

import copy
import json
import time

import pytest

from provisioner.errors import ExitCode
from provisioner.fleet.host_answer import NONSENSE, checked_answer
from provisioner.fleet.host_result import HostState, host_result
from provisioner.fleet.progress_line import progress_line
from provisioner.fleet.runner import TaskResult
from provisioner.mail.conversation import host_code
from provisioner.secret import Secret
from tests.playbooks.samples import delivery, oauth2_entry, password_entry

DELIVERED = {
    "phase": "deliver",
    "generation": 2,
    "state": "delivered",
    "servers": {
        "Reports": {
            "state": "changed",
            "fields": ["/port"],
            "values": {"/port": [25, 587]},
            "verified": False,
        }
    },
    "apply_exit": 3,
    "apply_output": "two\nlines",
    "mails_needed": ["Reports"],
    "restorable": True,
    "edited_by_hand": False,
    "tightened": [],
    "fingerprint": "0" * 16,
}
MAILED = {
    "phase": "mail",
    "wrong": [],
    "maps_test_command": {"exit": 0, "output": "a\nb"},
    "mails": [
        {
            "server": "Reports",
            "outcome": "sent",
            "stage": "data",
            "code": 250,
            "enhanced": None,
            "reply": "queued",
            "seconds": 0.5,
            "challenge": None,
            "refresh": {"outcome": "proven", "error": None},
            "proof": "sent",
        }
    ],
}
ESCAPE, TURNED = "\x1b[2J", "\u202egpj.exe"


def put(maps, path, value):
    """A copy of `maps` with one thing in it exchanged."""
    changed = copy.deepcopy(maps)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


NONSENSES = [
    "text",
    [],
    {},
    {"phase": 5},
    {"phase": "deliver", "servers": 5},
    put(DELIVERED, ["state"], None),
    put(DELIVERED, ["generation"], "2"),
    put(DELIVERED, ["generation"], True),
    put(DELIVERED, ["generation"], 10**400),
    put(DELIVERED, ["generation"], float("nan")),
    put(DELIVERED, ["fingerprint"], ["0"]),
    put(DELIVERED, ["servers", "Reports"], None),
    put(DELIVERED, ["servers", "Reports", "state"], {}),
    put(DELIVERED, ["servers", "Reports", "fields"], "port"),
    put(DELIVERED, ["servers", "Reports", "values"], {"/port": 5}),
    put(DELIVERED, ["servers", "Reports", "values"], {"/port": [1, 2, 3]}),
    put(DELIVERED, ["servers", "Reports", "values"], {"/port": [{}, []]}),
    put(DELIVERED, ["servers"], {ESCAPE: {"state": "changed"}}),
    put(DELIVERED, ["servers", "Reports", "values"], {"/host": ["a", ESCAPE]}),
    put(DELIVERED, ["servers", "Reports", "values"], {"/host": ["a", TURNED]}),
    put(DELIVERED, ["mails_needed"], ["\ud800"]),
    put(DELIVERED, ["mails_needed"], [None]),
    put(DELIVERED, ["apply_output"], ESCAPE),
    put(DELIVERED, ["state"], "two\nlines"),
    put(DELIVERED, ["tightened"], ["x" * 30_000]),
    put(DELIVERED, ["tightened"], ["x"] * 30_000),
    put(DELIVERED, ["restorable"], "yes"),
    put(MAILED, ["mails"], {}),
    put(MAILED, ["mails", 0], "sent"),
    put(MAILED, ["mails", 0, "server"], None),
    put(MAILED, ["mails", 0, "reply"], f"250 {ESCAPE}"),
    put(MAILED, ["mails", 0, "code"], "250"),
    put(MAILED, ["mails", 0, "challenge"], {"status": {}}),
    put(MAILED, ["mails", 0, "refresh"], "fine"),
    put(MAILED, ["maps_test_command"], {"output": "no exit"}),
    {"phase": "probe", "delivery": {"owner": 5, "run_id": "r"}},
    {"phase": "probe", "lease": {"owner": "ann"}},
    {"phase": "probe", "servers": {"Reports": {"verified": True, "proof": {"at": 5}}}},
]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("maps", NONSENSES, ids=range(len(NONSENSES)))
def test_nonsense_makes_the_host_s_state_unknown(maps, check):
    outcome, answer = checked_answer("ok", {"maps": maps, "changed": False})
    assert outcome == NONSENSE
    assert answer["msg"].startswith("the host answered nonsense: its answer ")
    assert set(answer) == {"msg"}
    result = TaskResult("maps1", "Deliver", outcome, answer)
    judged = host_result("maps1", [result], check=check)
    assert (judged.state, judged.exit_code) == (HostState.UNKNOWN, ExitCode.HOST_UNKNOWN)
    assert "Do not trust it" in judged.message
    assert progress_line(result, check=check) == "maps1: nonsense"


def test_something_nested_without_end_is_nonsense():
    nested = []
    for _ in range(5000):
        nested = [nested]
    assert checked_answer("ok", {"maps": put(DELIVERED, ["tightened"], nested)})[0] == NONSENSE


@pytest.mark.parametrize("maps", [DELIVERED, MAILED])
def test_an_answer_passes_as_it_is(maps):
    outcome, answer = checked_answer("ok", {"maps": maps, "changed": True})
    assert (outcome, answer["maps"], answer["changed"]) == ("ok", maps, True)


def test_what_the_module_itself_answers_is_no_nonsense(tmp_path):
    store = host_code("maps_store").Store(
        str(tmp_path / "host"), "r1", "me", lease={"holder": "h", "commit": None, "reason": "push"}
    )
    wanted = delivery(oauth2_entry(), password_entry())
    answers = [store.compared(wanted), store.deliver(wanted), store.probe()]
    document = tmp_path / "host" / "email-servers.json"
    edited = json.loads(document.read_text())
    strange = {"client_name": ESCAPE + TURNED, "port": [1, {}], "use_tls": 10**30}
    edited["servers"][1].update(strange, user_name=float("inf"))
    document.write_text(json.dumps(edited))
    answers += [store.compared(wanted), store.probe(), store.deliver(wanted)]
    assert len(answers[3]["servers"]["Reports"]["values"]) == 4
    for maps in answers:
        maps.pop("data", None)
        outcome, answer = checked_answer("ok", {"maps": maps})
        assert outcome == "ok", answer


def test_words_of_ansible_and_of_ssh_are_one_line_without_control_characters():
    banner = f"Welcome\r\n{ESCAPE}{TURNED}\x9b31m\u2028!"
    for outcome in ("unreachable", "failed"):
        said = checked_answer(outcome, {"msg": banner})
        assert said == (outcome, {"msg": "Welcome [2J gpj.exe 31m !"})
    assert len(checked_answer("failed", {"msg": "x" * 10_000})[1]["msg"]) == 2_000


def test_words_that_a_host_passes_on_hold_no_secret_of_the_run():
    secret = Secret("k9-relay password").reveal()
    delivered = put(
        DELIVERED, ["apply_output"], f"got {secret}\nand base64 azktcmVsYXkgcGFzc3dvcmQ="
    )
    _, answer = checked_answer("ok", {"maps": delivered, "msg": f"no {secret[:9]}!"})
    assert answer["maps"]["apply_output"].startswith("got ***\nand base64 ***")
    assert answer["msg"] == "no ***!"
    mailed = put(MAILED, ["mails", 0, "challenge"], {"scope": f"not {secret}"})
    mailed = put(mailed, ["mails", 0, "reply"], f"who is {secret}?")
    _, answer = checked_answer("ok", {"maps": put(mailed, ["maps_test_command", "output"], secret)})
    assert "k9" not in json.dumps(answer)
    assert answer["maps"]["mails"][0]["server"] == "Reports"


def test_a_large_honest_answer_is_checked_in_no_time():
    servers = {f"Server {n}": DELIVERED["servers"]["Reports"] for n in range(500)}
    began = time.process_time()
    assert checked_answer("ok", {"maps": {**DELIVERED, "servers": servers}})[0] == "ok"
    assert time.process_time() - began < 5

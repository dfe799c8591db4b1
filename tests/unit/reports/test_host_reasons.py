"""Each word that the code has for why a host has its state, has a sentence and a remedy."""

import ast
import errno
import re

import pytest

from provisioner.ansible.unreachable import REMEDIES
from provisioner.host.result import CommandResult, HostResult, HostState
from provisioner.reports.host_reasons import COMMANDS, REASONS, command_words, why
from tests.support.paths import ROOT

DEPLOY = [
    file
    for name in ("host", "deploy")
    for file in sorted((ROOT / "provisioner" / name).glob("*.py"))
]
POSIX_MODULE = ROOT / "playbooks" / "library" / "maps_host.py"
WINDOWS_MODULE = ROOT / "playbooks" / "library" / "win_maps_host.ps1"
WINDOWS_PARTS = ("Operations", "Folder", "Masking", "Windows")

# Calls that are given a reason, and names that hold one.
GIVEN = {"Ending", "HostResult", "LostHost", "NoTurn", "NotDone", "Unusable", "_ended", "_result"}
WORD = re.compile(r"[a-z][a-z0-9_]+\Z")


def words_in(tree):
    for node in ast.walk(tree):
        values = []
        if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            values += node.args if name in GIVEN else []
            values += [k.value for k in node.keywords if k.arg == "reason"]
        elif isinstance(node, ast.Assign):
            targets = [part for target in node.targets for part in ast.walk(target)]
            if any(isinstance(part, ast.Name) and part.id == "reason" for part in targets):
                values.append(node.value)
        for value in values:
            yield from texts_of(value)


def texts_of(value):
    """The texts that an expression may become: of a condition, its two ends."""
    if isinstance(value, ast.IfExp):
        yield from (*texts_of(value.body), *texts_of(value.orelse))
    elif isinstance(value, (ast.BoolOp, ast.Tuple)):
        for part in value.values if isinstance(value, ast.BoolOp) else value.elts:
            yield from texts_of(part)
    elif isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value


def words_of_hosts():
    found = set(words_in(ast.parse(POSIX_MODULE.read_text(encoding="utf-8"))))
    if WINDOWS_MODULE.exists():
        parts = ROOT / "playbooks" / "module_utils"
        files = [WINDOWS_MODULE, *(parts / f"Ansible.Maps.{name}.cs" for name in WINDOWS_PARTS)]
        for file in files:
            text = file.read_text(encoding="utf-8-sig")
            found |= set(re.findall(r"(?:new Refusal\(\"|throw ')([a-z_0-9]+)[\"']", text))
    return found


def test_no_word_lacks_a_row():
    words = set()
    for file in DEPLOY:
        words |= set(words_in(ast.parse(file.read_text(encoding="utf-8"))))
    words = {word for word in words | words_of_hosts() if WORD.match(word)}
    assert {"apply_failed", "cluster", "crash", "locked", "no_archive", "no_result"} <= words
    assert words - set(REASONS) - set(COMMANDS) == set()


@pytest.mark.parametrize("reason", [*REASONS, *map(str.lower, errno.errorcode.values())])
def test_each_has_a_sentence(reason):
    host = HostResult(host="maps1", state=HostState.FAILED, reason=reason, about="/etc/x {y}")
    sentence, _ = why(host)
    assert not re.match(r"e[a-z0-9]+:", sentence), "a name of an error is no sentence"
    assert "{about}" not in sentence
    assert sentence.strip()


def test_ansibles_own_causes_have_their_words_with_them():
    host = HostResult(
        host="maps1", state=HostState.UNREACHABLE, reason="timeout", about="timed out", remedy="do"
    )
    assert why(host) == ("timed out", "do")
    lost = HostResult(host="maps1", state=HostState.UNKNOWN, reason="lost", about="it was lost")
    assert why(lost) == ("it was lost", REMEDIES["lost"])


def test_a_reason_within_another_is_told_in_words():
    host = HostResult(host="a", state=HostState.UNVERIFIED, reason="not_heard", about="moved")
    assert why(host).text == f"{REASONS['not_heard'].text}: {REASONS['moved'].text}"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (CommandResult(exit=7), "exit code 7"),
        (CommandResult(), "no end within its time limit"),
        (CommandResult(reason="no_service"), COMMANDS["no_service"]),
        (CommandResult(reason="error_5"), "error_5"),
        (
            CommandResult(reason="not_started", about="/no/such"),
            "the program could not be started: /no/such",
        ),
    ],
)
def test_how_a_command_ended(result, words):
    assert command_words(result) == words

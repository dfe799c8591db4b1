"""The POSIX module as Ansible runs it: arguments and results on their way, and what logs see."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.resources import playbooks_folder
from tests.hosts.operation_cases import (
    DOCUMENT,
    HIDDEN,
    LIES,
    OLD,
    READ,
    STATE,
    D,
    digest,
    run,
    shown,
    text,
    write,
)
from tests.hosts.posix_host import PosixHost


def ansible(place: Path, call: str) -> tuple[dict, str]:
    """The module's result, and all that Ansible said with -vvvv."""
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("ansible")), "localhost", "-vvvv"),
            *("-m", "maps_host", "-a", json.dumps({"call": call})),
            *("-e", f"ansible_python_interpreter={sys.executable}"),
        ],
        check=True,
        capture_output=True,
        text=True,
        env={
            **{"HOME": str(place), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            "ANSIBLE_LIBRARY": str(playbooks_folder() / "library"),
            "ANSIBLE_MODULE_UTILS": str(playbooks_folder() / "module_utils"),
        },
    )
    return json.loads(done.stdout[done.stdout.index("localhost | SUCCESS => ") + 23 :]), done.stdout


@pytest.fixture
def host(host: PosixHost) -> PosixHost:
    host.put(LIES)
    return host


def test_a_call_through_ansible(host):
    state = "é{}" * 1_000_000  # a large answer, too
    written = write(text(DOCUMENT, D), text(STATE, "{}"), expect={DOCUMENT: digest(D)})
    (host.folder / STATE).write_text(state, encoding="utf-8")
    call = host.call_text(READ, run(b"hidden-old-one {}"), written, READ)
    result, said = ansible(host.place, call)
    assert result.pop("invocation", {}) == {}  # newer ansible-core leaves it out
    assert sorted(result) == ["answers", "changed"]
    answers = result["answers"]
    assert answers[0]["files"][DOCUMENT]["text"] == shown(OLD)
    assert answers[0]["files"][STATE]["text"] == state
    assert answers[1]["output"] == "*** {}"
    assert (answers[2]["done"], host.files()) == (True, {DOCUMENT: D, STATE: b"{}"})
    assert HIDDEN not in said


def test_a_crash_through_ansible_has_no_words(tmp_path):
    result, said = ansible(tmp_path, '{"hidden-1')
    assert result.pop("invocation", {}) == {}
    assert sorted(result) == ["changed", "crash"]
    assert result["crash"].startswith("JSONDecodeError:")
    assert HIDDEN not in said

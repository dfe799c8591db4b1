"""Many files, by several processes: the same verdict, in little memory."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.config.files import files_at
from provisioner.lint import workers
from provisioner.lint.selection import EVERYTHING
from provisioner.lint.verdict import Verdict
from provisioner.reports import findings_text

SERVER = (
    "server_name: Server {number}\nhost: relay.example.edu\nport: {port}\n"
    "smtp_security_level: none\n# a comment\nhosts: maps\n"
)


@pytest.fixture(autouse=True)
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for number in range(1200):
        port = "x" if number % 20 == 7 else "25"
        text = SERVER.format(number=number % 1100, port=port)
        Path(f"s{number:04}.yml").write_text(text + f"---\n{text}" * (number % 100 == 3))
    return tmp_path


def verdict_by(processes: int, monkeypatch: pytest.MonkeyPatch) -> Verdict:
    monkeypatch.setattr(workers, "_processes", lambda files: processes)
    return workers.verdict_on(list(files_at(["."])), [], EVERYTHING)


def test_more_processes_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = verdict_by(1, monkeypatch)
    assert findings_text.render(verdict_by(3, monkeypatch)) == findings_text.render(alone)
    assert (alone.files, alone.servers) == (1200, 1212)
    rules = [finding.rule for finding in alone.findings]
    assert rules.count("wrong-type") == 60
    assert rules.count("duplicate-server-name") == 112
    assert gc.isenabled()


def test_a_worker_that_is_killed_is_an_error_and_no_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "part_of", lambda *_, **__: os.kill(os.getpid(), 9))
    with pytest.raises(Exception, match="terminated abruptly"):
        verdict_by(2, monkeypatch)


def test_findings_stand_in_the_order_of_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    places = [(f.file, f.line, f.column) for f in verdict_by(2, monkeypatch).findings]
    assert places == sorted(places)


_MEASURE = """
import json, re, sys
from provisioner.config.files import documents_at
from provisioner.lint.verdict import reach_verdict
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
reach_verdict(documents_at(["s0000.yml"]))
before = peak()
verdict = reach_verdict(documents_at(["."]))
print(json.dumps([before, peak(), verdict.servers]))
"""


def test_documents_are_not_all_in_memory(many: Path) -> None:
    for number in range(600):
        text = SERVER.format(number=f"x{number}", port=25) + "# " + "x" * 100_000 + "\n"
        (many / f"big{number}.yml").write_text(text)
    run = subprocess.run(
        [sys.executable, "-c", _MEASURE], capture_output=True, text=True, check=True
    )
    before, after, servers = json.loads(run.stdout)
    assert servers == 1812
    assert after - before < 20_000  # kB; the texts alone are 60,000

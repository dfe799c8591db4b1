"""What a push costs where nothing is to be done, in counts: times would depend on the machine."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

# Each of ours that a host imports is compiled there anew, at each call: this list is short.
COMPARING = {
    *("maps_comparison", "maps_document", "maps_folder", "maps_journal", "maps_module"),
    *("maps_prints", "maps_reader", "maps_record", "maps_refusal", "maps_sealed"),
}
LARGE = {"ssl", "http.client", "urllib.request", "email.message", "smtplib", "asyncio"}


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def watched(fleet, tmp_path):
    """A fleet that has been pushed to; from now on it is seen what ssh and Python do for it."""
    fleet.ends(0, "push")
    ssh = f'echo call >> {tmp_path}/calls; for command; do :; done; exec sh -c "$command"'
    python = f'exec {sys.executable} -X importtime "$@" 2>> {tmp_path}/imports'
    fleet.set(
        ansible_connection="ssh",
        ansible_ssh_executable=str(script(tmp_path / "ssh", ssh)),
        ansible_python_interpreter=str(script(tmp_path / "python", python)),
    )
    return fleet


@pytest.mark.parametrize("command", ["plan", "push"])
def test_an_unchanged_host_is_asked_once_and_compiles_what_compares(watched, tmp_path, command):
    ended = watched.ends(0, command)
    assert "1 unchanged" in ended.stdout
    assert (tmp_path / "calls").read_text().split() == ["call"]
    lines = (tmp_path / "imports").read_text().splitlines()
    imported = {
        line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")
    }
    ours = {name.rpartition(".")[2] for name in imported if re.search(r"\.maps_\w+$", name)}
    assert ours == COMPARING
    assert imported & LARGE == set()


def test_git_is_asked_once_for_all_hosts(three_hosts, tmp_path, monkeypatch):
    three_hosts.commit()
    (tmp_path / "bin").mkdir()
    script(
        tmp_path / "bin" / "git", f'echo "$4" >> {tmp_path}/asked; exec {shutil.which("git")} "$@"'
    )
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    assert "3 hosts: 3 changed" in three_hosts.ends(0, "push").stdout
    asked = (tmp_path / "asked").read_text().split()
    assert asked.count("status") == 3  # for the lock, the journal and the plan

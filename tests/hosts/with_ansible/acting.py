"""The action plugin in a real Ansible: hosts in, what came of each out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner import __version__
from provisioner.ansible.run_input import HostInput, RunInput, encoded

PLAYBOOK = Path(__file__).parent / "plugin" / "hosts.yml"
SECRET = "CANARY+s3cret/of=the run"
WRITE = [{"op": "write", "files": [{"name": "email-servers.json", "text": SECRET}], "expect": {}}]
READ: list[dict[str, Any]] = [{"op": "read"}]


@dataclass
class Acted:
    """What one run of Ansible left: its output, each host's result, each host's answer."""

    output: str
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)


def host(calls: Any = (READ,), **variables: Any) -> dict[str, Any]:
    """A host on this machine. `calls`, `read` (variables), `bug`: the script of its worker."""
    script = {"calls": list(calls), "variables": variables.pop("read", [])}
    script["bug"] = variables.pop("bug", False)
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    return {"script": script, **local, "maps_directory": "good", **variables}


def act(
    tmp_path: Path, hosts: dict[str, dict[str, Any]], *arguments: str, version: str = __version__,
    **environment: str,
) -> Acted:  # fmt: skip
    """Run the playbook on them."""
    folder, results = tmp_path / "run", tmp_path / "results"
    folder.mkdir(exist_ok=True)
    results.write_text("")
    scripts = {name: variables.pop("script") for name, variables in hosts.items()}
    inputs = {name: _input(script) for name, script in scripts.items()}
    run = RunInput(
        version=version, mode="push", run_id="run-1", owner="me", commit=None, servers={},
        secrets={"Reports": {"/password": json.dumps(SECRET)}}, turns=str(tmp_path), hosts=inputs,
    )  # fmt: skip
    (folder / "run.json").write_bytes(encoded(run))
    inventory = {"all": {"hosts": hosts, "vars": {"maps_run_folder": str(folder)}}}
    (tmp_path / "inventory.json").write_text(json.dumps(inventory))
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-f", "4", *arguments,
         "-i", str(tmp_path / "inventory.json"), str(PLAYBOOK)],
        check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
        env={**os.environ, "HOME": str(tmp_path), "ANSIBLE_PIPELINING": "True",
             "RESULTS": str(results), **environment},
    )  # fmt: skip
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    files = {name: folder / f"{name}.json" for name in hosts}
    return Acted(
        done.stdout + done.stderr,
        {line["host"]: line["result"] for line in lines},
        {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()},
    )


def _input(script: dict[str, Any]) -> HostInput:
    return HostInput(
        key="00" * 32, key_id="k", servers=[], placeholders={}, declared=[], found=script
    )

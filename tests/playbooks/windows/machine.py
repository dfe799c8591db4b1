"""A Windows machine that is a folder: it runs what Ansible sends to PowerShell, by Mono.

What is sent is the script of ansible-core's bootstrap_wrapper.ps1 on the command line and, on
standard input, the manifest with the module, its C# and its arguments. That C# is compiled and run;
what the module's own PowerShell does around it is done here, as Ansible.Basic does it.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import ntpath
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from ansible.plugins.shell.powershell import ShellModule

from tests.playbooks.windows.module_spec import module_spec

MACHINES = "PRETEND_WINDOWS_MACHINES"  # the environment variable: the folder of all machines
_HERE = Path(__file__).parent
_ROOT = _HERE.parents[2]
_END = "\0\0\0\0"
_RUNS = {"win_maps_email_servers": "EmailServersRun.cs", "win_maps_test_email": "TestEmailRun.cs"}
_PATHS = ("directory", "ca_file")


class Machine:
    """The machine of that name. `sent` is a folder with what came: N.json each."""

    def __init__(self, name: str, machines: Path | None = None) -> None:
        self.folder = (machines or Path(os.environ[MACHINES])) / name
        self.sent = self.folder / "sent"
        self.restarts = self.folder / "restarts"
        self.service = self.folder / "service.json"  # how a restart ends: code, output
        self.echo = self.folder / "echo"  # from which call on it says back all that it is given

    def place(self, path: str) -> Path:
        """Where a path of the machine lies here."""
        drive, rest = ntpath.splitdrive(path)
        return self.folder / drive.rstrip(":") / rest.replace("\\", "/").lstrip("/")

    def run(self, way: str, command: str, stdin: bytes) -> tuple[int, bytes, bytes]:
        """(exit code, standard output, standard error) of a command that came by `way`."""
        return self.run_script(way, _decoded(command), stdin, command=command)

    def run_script(
        self, way: str, script: str, stdin: bytes, command: str = ""
    ) -> tuple[int, bytes, bytes]:
        """The same of a script."""
        number = self._record(way, command or script, stdin)
        if self.echo.exists() and number >= int(self.echo.read_text()):
            return 1, stdin, stdin
        if script != _decoded(ShellModule().build_module_command("", "#!powershell", "")):
            return 1, b"", b"this machine runs Ansible's bootstrap_wrapper.ps1 and nothing else"
        _, manifest = stdin.decode("utf-8").split(f"\n{_END}\n")
        result = self._result(json.loads(manifest))
        return int(bool(result.get("failed"))), json.dumps(result).encode(), b""

    def calls(self) -> list[dict[str, Any]]:
        """What came: way, command, stdin, environment."""
        files = sorted(self.sent.glob("*.json"), key=lambda path: int(path.stem))
        return [json.loads(file.read_text()) for file in files]

    def _record(self, way: str, command: str, stdin: bytes) -> int:
        self.sent.mkdir(parents=True, exist_ok=True)
        number = len(list(self.sent.iterdir()))
        call = {"way": way, "command": command, "stdin": stdin.decode()}
        call["environment"] = dict(os.environ)
        (self.sent / f"{number}.json").write_text(json.dumps(call))
        return number

    # -- as the module's PowerShell

    def _result(self, manifest: dict[str, Any]) -> dict[str, Any]:
        action = manifest["actions"][-1]["params"]
        script = action["Script"]
        [given] = [v["Value"] for v in action["Variables"] if v["Name"] == "complex_args"]
        spec = module_spec(base64.b64decode(manifest["scripts"][script]["script"]))
        try:
            arguments = basic_arguments(spec, given)
        except ValueError as error:
            return {"failed": True, "changed": False, "msg": str(error), "invocation": {}}
        sources = {
            name: base64.b64decode(manifest["scripts"][name]["script"])
            for name in action["CSharpModules"]
            if name.startswith("Ansible.Maps.")
        }
        said = self._run(compiled(sources, _RUNS[script.split(".")[-2]]), arguments, spec,
                         given["_ansible_check_mode"])  # fmt: skip
        result = {"changed": said["changed"], "maps_sealed": said["maps_sealed"], "invocation": {}}
        failure = {"failed": True, "msg": said["failure"]} if said["failure"] else {}
        return {**result, **failure}

    def _run(
        self, program: Path, arguments: dict[str, Any], spec: dict[str, Any], check_mode: bool
    ) -> dict[str, Any]:
        here = {n: str(self.place(arguments[n])) for n in _PATHS if arguments.get(n)}
        (self.folder / "C").mkdir(parents=True, exist_ok=True)
        restart = {"code": 0, "output": ""}
        if self.service.exists():
            restart = json.loads(self.service.read_text())
        call = {
            "given": {**arguments, **here},
            "json": [name for name, o in spec["options"].items() if o["type"] == "json"],
            "check_mode": check_mode,
            "restart": {**restart, "log": str(self.restarts)},
        }
        done = subprocess.run(
            ["mono", "--debug", str(program)],
            input=json.dumps(call).encode(),
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr.decode())
        return dict(json.loads(done.stdout))


def _decoded(command: str) -> str:
    """What follows -EncodedCommand, see about_PowerShell_exe."""
    return base64.b64decode(command.rsplit(" ", 1)[-1]).decode("utf-16-le")


def basic_arguments(spec: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """What a module gets of its arguments, as Ansible.Basic.cs checks them (CheckArguments)."""
    options = spec["options"]
    wanted = {name: value for name, value in given.items() if not name.startswith("_ansible_")}
    if unknown := sorted(set(wanted) - set(options)):
        raise ValueError(f"Unsupported parameters for module: {', '.join(unknown)}")
    defaults = {n: o["default"] for n, o in options.items() if o.get("default") is not None}
    found = {**dict.fromkeys(options), **defaults, **wanted}
    missing = [n for n, o in options.items() if o.get("required") and n not in wanted]
    if missing:
        raise ValueError(f"missing required arguments: {', '.join(missing)}")
    return {name: _converted(options[name], name, value) for name, value in found.items()}


def _converted(option: dict[str, Any], name: str, value: Any) -> Any:
    if value is None:
        return None
    if option["type"] == "bool" and not isinstance(value, bool):
        raise ValueError(f"argument for {name} is no bool")
    if option["type"] == "int":
        return int(value)
    if option["type"] == "list":
        return [str(element) for element in value]
    if option["type"] in ("str", "path", "json") and not isinstance(value, str):
        raise ValueError(f"argument for {name} is of type {type(value).__name__}")
    if "choices" in option and value not in option["choices"]:
        raise ValueError(f"value of {name} must be one of: {', '.join(option['choices'])}")
    return value


def compiled(sources: dict[str, bytes], run: str) -> Path:
    """The program of a module whose C# came as `sources`; compiled once per content."""
    ours = [_HERE / run, _HERE / "ModuleRun.cs"]
    ours += [p for p in (_HERE.parent / "mono").glob("*.cs") if _is_of_hosts(p)]
    digest = hashlib.sha256()
    for name, content in sorted({**sources, **{p.name: p.read_bytes() for p in ours}}.items()):
        digest.update(name.encode() + b"\0" + content + b"\0")
    folder = _ROOT / ".lab" / "mono"
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / f"module-{digest.hexdigest()[:16]}.exe"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists():
            _compile(sources, ours, program)
    return program


def _is_of_hosts(path: Path) -> bool:
    """Whether it stands for Windows, and not for the program that tests call C# by."""
    return not path.stem.endswith("Calls") and "MapsHost" not in path.read_text()


def _compile(sources: dict[str, bytes], ours: list[Path], program: Path) -> None:
    from tests.playbooks.mono_host import COMPILER

    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        for name, content in sources.items():
            (Path(folder) / name).write_bytes(content)
        built = Path(folder) / program.name
        files = [str(path) for path in (*Path(folder).glob("*.cs"), *ours)]
        argv = [*COMPILER, "-r:System.dll", "-r:System.Core.dll", f"-out:{built}", *files]
        done = subprocess.run(argv, capture_output=True, check=False, text=True)
        if done.returncode:  # an Exception, since others would end Ansible's worker without a word
            raise RuntimeError(done.stdout + done.stderr)
        for file in sorted(Path(folder).glob(f"{program.name}*"), reverse=True):  # .exe last
            shutil.move(file, program.parent / file.name)

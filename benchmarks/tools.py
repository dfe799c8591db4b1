"""The commands that are compared: ours, and the peers, installed into a cache folder."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SCHEMA = Path(__file__).parents[1] / "schemas" / "email-server.schema.json"
OURS = "provisioner"


@dataclass(frozen=True, slots=True)
class Tool:
    """`argv` gets the names of the files; it runs in the folder that holds `servers/`.

    `judges`: whether it checks against the schema at all, so that its verdict can be looked at.
    """

    name: str
    version: str
    argv: Callable[[list[str]], list[str]]
    judges: bool = True


class NotInstalledError(Exception):
    """A tool that cannot be had, and why."""


def ours(command: Path) -> Tool:
    """The installed command."""
    version = _output([str(command), "--version"]).split()[-1]
    return Tool(OURS, version, lambda _: [str(command), "validate"])


def check_jsonschema(cache: Path) -> Tool:
    """All errors are its default. It takes files only: 10,000 short names fit in a command line."""
    python, version = _from_pypi(cache, "check-jsonschema")
    start = [str(python.with_name("check-jsonschema")), "--schemafile", str(SCHEMA)]
    return Tool("check-jsonschema", version, lambda files: [*start, *files])


def yamllint(cache: Path) -> Tool:
    """Takes a folder. It knows no schema: it says what reading YAML with care costs."""
    python, version = _from_pypi(cache, "yamllint")
    argv = [str(python.with_name("yamllint")), "-d", "relaxed", "servers"]
    return Tool("yamllint", version, lambda _: argv, judges=False)


def ajv(cache: Path) -> Tool:
    """Takes a glob; stops at a file's first error without --all-errors."""
    program, version = _from_npm(cache, "ajv-cli", "ajv")
    options = ["--spec=draft2020", "--strict=false", "--all-errors", "-s", str(SCHEMA)]
    argv = [str(program), "validate", *options, "-d", "servers/*.yml"]
    return Tool("ajv-cli", version, lambda _: argv)


def sourcemeta(cache: Path) -> Tool:
    """Takes a folder; stops at the first invalid file without --continue."""
    program, version = _from_npm(cache, "@sourcemeta/jsonschema", "jsonschema")
    argv = [str(program), "validate", str(SCHEMA), "servers", "--extension", ".yml", "--continue"]
    return Tool("@sourcemeta/jsonschema", version, lambda _: argv)


PEERS: dict[str, Callable[[Path], Tool]] = {
    "check-jsonschema": check_jsonschema,
    "yamllint": yamllint,
    "ajv-cli": ajv,
    "@sourcemeta/jsonschema": sourcemeta,
}


def installed(names: list[str], cache: Path) -> Iterator[Tool | str]:
    """Each peer, or a sentence that says why there is none."""
    for name in names:
        try:
            yield PEERS[name](cache)
        except NotInstalledError as error:
            yield f"{name}: {error}"


def _from_pypi(cache: Path, package: str) -> tuple[Path, str]:
    python = cache / "venv" / "bin" / "python"
    if not python.exists():
        _output([sys.executable, "-m", "venv", str(cache / "venv")])
    _output([str(python), "-m", "pip", "install", "--quiet", package])
    ask = f"import importlib.metadata as m; print(m.version({package!r}))"
    return python, _output([str(python), "-c", ask]).strip()


def _from_npm(cache: Path, package: str, program: str) -> tuple[Path, str]:
    options = ["--no-audit", "--no-fund", "--ignore-scripts"]
    _output(["npm", "install", "--prefix", str(cache), *options, package])
    modules = cache / "node_modules"
    described = json.loads((modules / package / "package.json").read_text())
    return modules / ".bin" / program, described["version"]


def _output(argv: list[str]) -> str:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    except OSError as error:
        raise NotInstalledError(f"{argv[0]} cannot be run: {error.strerror}") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing was said").splitlines()
        raise NotInstalledError(f"{' '.join(argv[:4])} failed: {said[-1]}")
    return done.stdout

"""A printed install command is one for the environment that this program runs in."""

import sys
import tomllib

import pytest

from provisioner import installation
from provisioner.ansible.unreachable import REMEDIES
from tests.support.paths import ROOT


@pytest.fixture
def prefix(tmp_path, monkeypatch):
    """An environment of its own, with an interpreter of this name."""
    folder = tmp_path / "maps-provisioner"
    (folder / "bin").mkdir(parents=True)
    monkeypatch.setattr(sys, "prefix", str(folder))
    monkeypatch.setattr(sys, "executable", "/opt/our tools/bin/python")
    return folder


def test_pipx_injects_into_its_environment(prefix):
    (prefix / "pipx_metadata.json").touch()
    assert installation.install_command("a", "b[c]") == "pipx inject maps-provisioner a 'b[c]'"


@pytest.mark.parametrize(
    ("has_pip", "command"),
    [
        (True, "'/opt/our tools/bin/python' -m pip install keyring"),
        (False, "uv pip install --python '/opt/our tools/bin/python' keyring"),
    ],
)
@pytest.mark.usefixtures("prefix")
def test_otherwise_the_interpreter_is_named(monkeypatch, has_pip, command):
    monkeypatch.setattr(installation, "find_spec", lambda _name: object() if has_pip else None)
    assert installation.install_command("keyring") == command


def test_the_packages_that_are_printed_are_those_of_the_extras():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [entry.split(">")[0] for entry in project["optional-dependencies"]["windows"]]
    assert f" {' '.join(named)} (" in REMEDIES["no_library"]

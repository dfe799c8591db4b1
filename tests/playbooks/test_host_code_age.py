"""What runs on hosts is Python 3.8 and needs nothing that is not there."""

from __future__ import annotations

import ast
import sys

import pytest

from provisioner.resources import playbooks_folder

FILES = sorted(playbooks_folder().rglob("*.py"))
ON_HOSTS = [file for file in FILES if file.parent.name in ("library", "module_utils")]
# Modules that Python 3.8 does not have yet.
TOO_NEW = {"tomllib", "zoneinfo", "graphlib"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_python_3_8_can_read_it(file):
    ast.parse(file.read_text(encoding="utf-8"), filename=str(file), feature_version=(3, 8))


def imported(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module


@pytest.mark.parametrize("file", ON_HOSTS, ids=lambda file: file.name)
def test_it_imports_the_standard_library_and_ansible_s_own_only(file):
    known = sys.stdlib_module_names - TOO_NEW
    foreign = [n for n in imported(file) if n.split(".")[0] not in known]
    assert [n for n in foreign if not n.startswith("ansible.module_utils")] == []


def test_there_is_something_to_look_at():
    names = {file.name for file in ON_HOSTS}
    assert {"maps_email_servers.py", "maps_test_email.py", "maps_host.py", "maps_smtp.py"} <= names


def test_arguments_and_documentation_agree():
    """The options that a module documents are those that it takes."""
    import yaml

    for name in ("maps_email_servers", "maps_test_email", "maps_host"):
        source = (playbooks_folder() / "library" / f"{name}.py").read_text()
        values = {
            target.id: node.value
            for node in ast.parse(source).body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        options = yaml.safe_load(ast.literal_eval(values["DOCUMENTATION"]))["options"]
        spec = ast.literal_eval(values["ARGUMENT_SPEC"])
        for option, given in spec.items():
            documented = options[option]
            for key in ("type", "required", "default", "choices", "elements"):
                assert documented.get(key) == given.get(key), (name, option, key)
        assert set(options) == set(spec)

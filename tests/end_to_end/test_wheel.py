"""The wheel in a fresh virtual environment outside the checkout: it validates and pushes."""

import os
import subprocess
import sys
import zipfile

import pytest

from tests.cli.fleet.local_fleet import PASSWORD, local_fleet
from tests.support.paths import ROOT

pytestmark = pytest.mark.long

SERVER = """\
server_name: Relay
host: relay.example.edu
smtp_security_level: none
test_email: {from: maps@example.edu}
"""


WANTED = (
    "schemas/email-server.schema.json",
    "playbooks/hosts.yml",
    "playbooks/action_plugins/maps_host.py",
    "playbooks/library/maps_host.py",
    "playbooks/module_utils/maps_masking.py",
    "playbooks/module_utils/maps_smtp.py",
    "py.typed",
    "advice/catalogue.md",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "--wheel-dir", str(folder)]
    subprocess.run([*pip, str(ROOT)], check=True)
    return next(folder.glob("maps_provisioner-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    environment = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    pip = [str(environment / "bin" / "pip"), "install", "--quiet", str(wheel)]
    subprocess.run(pip, check=True)
    return environment / "bin" / "provisioner"


def run(command, *arguments, cwd, **environment):
    return subprocess.run(
        [str(command), *arguments],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": os.environ["HOME"], "LANG": "C.UTF-8", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_schemas_playbooks_and_rule_pages_travel_inside(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"provisioner/{name}" for name in WANTED} <= names
    inside = {name.removeprefix("provisioner/") for name in names}
    kept = {name for name in inside if name.startswith(("playbooks/", "schemas/"))}
    assert kept == files_of("playbooks", "schemas"), "all of them, and nothing else"
    assert any(name.endswith("plaintext_secret.md") for name in names)
    assert {"page.css", "page.html.j2", "page.js"} <= {name.split("/")[-1] for name in names}
    assert "provisioner/oauth/callback_page.html" in names
    assert not any(name.startswith("tests/") for name in names)


def files_of(*folders):
    """The files of the checkout in these folders, less what Python compiled."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    files = (path for path in found if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(ROOT).as_posix() for path in files}


def test_validate_from_the_wheel(installed, tmp_path):
    (tmp_path / "servers").mkdir()
    file = tmp_path / "servers" / "relay.yml"
    file.write_text(SERVER)
    assert run(installed, "validate", cwd=tmp_path).returncode == 0
    file.write_text(SERVER + "prot: 25\n")
    ended = run(installed, "validate", cwd=tmp_path)
    assert ended.returncode == 1
    assert "servers/relay.yml:5:1" in ended.stdout + ended.stderr


def test_a_push_from_the_wheel(installed, tmp_path):
    with local_fleet(tmp_path) as fleet:
        arguments = fleet.command("push")[1:]
        ended = run(installed, *arguments, cwd=fleet.folder, MAIL_PASSWORD=PASSWORD)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "test email of Reports: sent" in ended.stdout
        assert fleet.served("maps1") == ["Reports"]

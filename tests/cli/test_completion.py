"""What a shell is offered for the word that is being typed. Hosts: fleet/test_batches.py."""

import shutil
import subprocess

import pytest

from provisioner.lint.checks import EVERYTHING, OPTIONAL
from tests.cli.frozen.conftest import HERE
from tests.cli.frozen.program import PROVISIONER

RUNS = ("20261124T131500-0a1b2c", "20261124T140000-3d4e5f", "20261201T080000-6a7b8c")


@pytest.fixture
def project(tmp_path):
    folder = shutil.copytree(HERE / "clean", tmp_path / "project")
    declared = next(folder.glob("servers/*.yml"))
    for name in ("Alerts", "New Reports"):
        text = declared.read_text().replace("server_name: Reports", f"server_name: {name}")
        (folder / "servers" / f"{name}.yml").write_text(text)
    (folder / "servers" / "broken.yml").write_text("a: [")
    journals = folder / ".provisioner" / "runs"
    journals.mkdir(parents=True)
    for run in RUNS:
        (journals / f"{run}.jsonl").write_text("no journal")
    return folder


def offered(folder, typed):
    words = f"provisioner {typed}"
    ended = subprocess.run(
        [PROVISIONER],
        cwd=folder,
        env={
            "HOME": str(folder),
            "_PROVISIONER_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ended.stderr == ""
    return set(ended.stdout.split("\n")) - {""}


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("authenticate ", {"Alerts", "New\\ Reports", "Reports"}),
        ("authenticate Re", {"Reports"}),
        ("authenticate Reports A", {"Alerts"}),
        ("worksheet Alerts ", {"New\\ Reports", "Reports"}),
        ("refresh X", set()),
        ("push --accept-destination A", {"Alerts"}),
        ("push Alerts --accept-destination A", {"Alerts"}),
        ("history ", {*RUNS}),
        ("history 20261124", {*RUNS[:2]}),
        ("rules ", {*EVERYTHING}),
        ("rules plaintext", {"plaintext-secret"}),
        ("validate --select wrong-p", {"wrong-port"}),
        ("validate --ignore ", {*OPTIONAL}),
    ],
)
def test_names_are_completed(project, typed, names):
    assert offered(project, typed) == names


def test_outside_of_a_project_nothing_is_offered(tmp_path):
    assert offered(tmp_path, "history ") == offered(tmp_path, "push ") == set()

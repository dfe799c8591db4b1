"""`validate --fix`: before, after and difference as files. Nothing else changes."""

import random
import shutil
from pathlib import Path

import pytest

from provisioner.config.document import FoundFile
from provisioner.lint.checks import EVERYTHING
from provisioner.lint.fixes import fixed_files
from provisioner.reports.findings.text import difference
from tests.support.damage import damaged
from tests.support.paths import EXAMPLES
from tests.support.strategies.effort import FACTOR
from tests.unit.lint.test_canaries import CANARIES, SECRETS, TEMPLATES

FIXES = EXAMPLES / "fixes"
CASES = sorted(path.name for path in FIXES.glob("*.before.*"))
DECLARED = [path for path in EXAMPLES.rglob("*.yml") if FIXES not in path.parents]
SECRET = "hunter2CANARY"


@pytest.mark.parametrize("name", CASES)
def test_what_is_mechanical_is_mended(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = name.replace(".before", "")
    shutil.copy(FIXES / name, file)
    (fixed,) = fixed_files([FoundFile(file)], [], EVERYTHING)
    assert fixed.after == (FIXES / name.replace(".before", ".after")).read_bytes()
    assert difference(fixed) + "\n" == (FIXES / f"{file}.diff").read_text(encoding="utf-8")
    Path(file).write_bytes(fixed.after)
    assert list(fixed_files([FoundFile(file)], [], EVERYTHING)) == []


@pytest.mark.parametrize(
    "text",
    [
        f"user_name: &shared 'reports '\npassword: *shared\nclient_name: {SECRET}\n",
        "hosts: maps\n \xa0# no comment, but part of the text above\n",
    ],
    ids=["a value that a secret shares", "a text that would become a comment"],
)
def test_what_would_change_more_than_is_named_is_left_alone(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    server = "server_name: A\nhost: smtp.example.edu\nsmtp_security_level: login\nuse_tls: true\n"
    Path("a.yml").write_text(server + text, encoding="utf-8")
    assert list(fixed_files([FoundFile("a.yml")], [], EVERYTHING)) == []


def test_nothing_else_changes(tmp_path, monkeypatch):
    """Comments, lines, their ends and secrets stay, whatever else is wrong with a file."""
    monkeypatch.chdir(tmp_path)
    chance, count = random.Random(1), 0
    texts = [path.read_bytes() for path in sorted(DECLARED)]
    for _ in range(400 * FACTOR):
        lines = chance.choice(texts).decode("utf-8", "replace").splitlines()
        secret = f"password: {SECRET}\xa0  # a comment"
        text = "\r\n".join([*damaged(lines, chance), secret]) + "\r\n"
        Path("a.yml").write_bytes(text.encode())
        for fixed in fixed_files([FoundFile("a.yml")], [], EVERYTHING):
            count += 1
            after = fixed.after.decode()
            assert after.count("\r\n") == after.count("\n") == text.count("\n")
            assert after.endswith(f"{secret}\r\n")
            assert SECRET not in difference(fixed)
            changed = sum(a != b for a, b in zip(text.split("\n"), after.split("\n"), strict=True))
            assert changed == len({change.line for change in fixed.changes})
    assert count > 20


def test_no_secret_is_shown_or_touched(tmp_path, monkeypatch):
    """All the wrong ways in which a secret may stand, beside what is to be fixed."""
    monkeypatch.chdir(tmp_path)
    count = 0
    for template in TEMPLATES.values():
        for secret in SECRETS.values():
            text = template.replace("SECRET", secret).replace("use_tls: true", "use_tsl: 'yes '")
            Path("a.yml").write_text(text, encoding="utf-8")
            for fixed in fixed_files([FoundFile("a.yml")], [], EVERYTHING):
                count += 1
                after = fixed.after.decode()
                for canary in CANARIES:
                    assert canary not in difference(fixed)
                for line in set(after.splitlines()) ^ set(text.splitlines()):
                    assert not any(canary in line for canary in CANARIES), line
    assert count > 50

"""examples/: the scripts, the timer and the crontab of a scheduler, run as it runs them."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.git import Commit
from provisioner.state_dir import project_lock
from tests.end_to_end.ci.job_project import EXAMPLES, SECRET_NAME, JobProject, git, job_project

pytestmark = pytest.mark.long

UNITS = sorted((EXAMPLES / "systemd").iterdir())
CRONTAB = EXAMPLES / "cron" / "maps-provisioner"
INSTALLED = Path("usr/local/lib/maps-provisioner")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[JobProject]:
    with job_project(tmp_path) as project:
        yield project


@pytest.fixture
def clone(project: JobProject) -> Path:
    return project.clone("scheduled")


def run(
    project: JobProject, clone: Path, *command: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A command in a clone, as a scheduler runs it; a variable that is empty is not set."""
    given = {name: value for name, value in project.environment(**environment).items() if value}
    return subprocess.run(
        command, cwd=clone, env=given, capture_output=True, text=True, timeout=120, check=False
    )


def daily(
    project: JobProject, clone: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    script = str(EXAMPLES / "provisioner-daily")
    return run(project, Path("/"), script, str(clone), *arguments, **environment)


def keep_tokens(
    project: JobProject, clone: Path, *command: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return run(project, clone, str(EXAMPLES / "keep-tokens"), *command, **environment)


# -- provisioner-daily


def test_a_rotated_token_is_pushed_and_nothing_is_printed(project: JobProject, clone: Path) -> None:
    before = project.refresh_token()
    done = daily(project, clone)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert project.refresh_token() != before
    assert project.subjects()[0] == "Update tokens [skip ci]"
    commits = len(project.subjects())
    assert daily(project, clone).returncode == 0
    assert len(project.subjects()) == commits, "nothing was due"


def test_hosts_that_differ_are_reported(project: JobProject, clone: Path) -> None:
    done = daily(project, clone, "plan")
    assert done.returncode == 2
    assert "1 host: 1 would change" in done.stdout
    assert done.stdout.endswith("provisioner plan: exit code 2\n")


def test_a_missing_secret_is_named(project: JobProject, clone: Path) -> None:
    done = daily(project, clone, **{SECRET_NAME: ""})
    assert done.returncode == 1
    assert f"the environment variable {SECRET_NAME} is not set" in done.stdout
    assert done.stdout.endswith("provisioner refresh: exit code 1\n")


KEY = "ANSIBLE_VAULT_PASSWORD_FILE"
# What is missing, the commands of docs/how-to/scheduled.md, their exit code and their words there.
MISSING = [
    ("secret", ("refresh", "plan", "push"), 1, "the environment variable {secret} is not set"),
    ("secret", ("plan", "push"), 1, "Reports: skipped; hosts keep their copy"),
    ("key", ("refresh", "status"), 1, "no vault key: /run/keys/vault-key does not exist"),
    ("key", ("plan", "push"), 1, "/run/keys/vault-key: cannot read a vault password from it"),
    ("name of the key", ("refresh",), 1, "no vault key: "),
    ("mode", ("refresh", "plan", "push"), 1, "can be read by other users"),
    (
        "right key",
        ("refresh", "plan", "push"),
        1,
        "cannot be opened: the vault password is not the",
    ),
    ("acceptance", ("refresh", "plan", "push"), 6, "nothing was sent"),
    ("acceptance", ("refresh", "plan", "push"), 6, "provisioner accept Reports"),
    ("sign-in", ("status", "push"), 6, "not signed in"),
    ("sign-in", ("status", "push"), 6, "provisioner authenticate Reports"),
]


def test_what_is_missing_is_named_as_the_page_says(project: JobProject, clone: Path) -> None:
    page = (EXAMPLES.parent / "docs" / "how-to" / "scheduled.md").read_text()
    open_key, wrong_key = project.folder / "open-key", project.folder / "wrong-key"
    open_key.write_text(project.key)
    wrong_key.write_text("another\n")
    wrong_key.chmod(0o600)
    environments = {
        "secret": {SECRET_NAME: ""},
        "key": {KEY: "/run/keys/vault-key"},
        "name of the key": {KEY: ""},
        "mode": {KEY: str(open_key)},
        "right key": {KEY: str(wrong_key)},
    }
    arguments = {"refresh": ["refresh", "--due"], "push": ["push", "--yes"]}
    for missing, commands, code, words in MISSING:
        if missing == "acceptance":
            server = clone / "servers" / "reports.yml"
            server.write_text(server.read_text().replace("maps-demo", "another"))
        if missing == "sign-in":
            shutil.rmtree(clone / "tokens", ignore_errors=True)
        assert words.format(secret="REPORTS_CLIENT_SECRET") in page
        for name in commands:
            command = ["provisioner", *arguments.get(name, [name])]
            done = run(project, clone, *command, **environments.get(missing, {}))
            assert done.returncode == code, (missing, name, done.stdout + done.stderr)
            assert words.format(secret=SECRET_NAME) in done.stdout + done.stderr, (missing, name)
    assert not (project.fleet.folder / "maps1").exists()


def test_a_rejected_refresh_needs_a_person(project: JobProject, clone: Path) -> None:
    project.provider.grants.revoke_all()
    done = daily(project, clone)
    assert done.returncode == 6
    assert "again: provisioner authenticate Reports" in done.stdout


def test_wrong_usage() -> None:
    for script in ("provisioner-daily", "keep-tokens"):
        done = subprocess.run([EXAMPLES / script], capture_output=True, text=True, check=False)
        assert done.returncode == 64
        assert done.stderr.startswith(f"usage: {script} ")


# -- keep-tokens


def test_tokens_are_pushed_even_if_the_command_fails(project: JobProject, clone: Path) -> None:
    before = project.refresh_token()
    done = keep_tokens(project, clone, "sh", "-c", "provisioner refresh; exit 3")
    assert done.returncode == 3, done.stderr
    assert project.refresh_token() != before


def test_a_token_that_was_handed_over_to_a_host_is_marked(project: JobProject, clone: Path) -> None:
    done = keep_tokens(project, clone, "provisioner", "push", "--yes")
    assert done.returncode == 0, done.stderr
    assert project.published().handed_over_to == "maps1"


def test_commits_of_others_are_kept(project: JobProject, clone: Path) -> None:
    """One before the command, and one while it runs."""
    other = project.clone("other")
    git(other, "commit", "--quiet", "--allow-empty", "--message", "Earlier")
    git(other, "push", "--quiet")
    script = f"provisioner refresh; git -C {other} commit -q --allow-empty -m Meanwhile;"
    script += f"git -C {other} push -q"
    done = keep_tokens(project, clone, "sh", "-c", script)
    assert done.returncode == 0, done.stderr
    assert project.subjects()[:3] == ["Update tokens [skip ci]", "Meanwhile", "Earlier"]


def test_two_refreshes_at_once_are_merged(project: JobProject, clone: Path) -> None:
    other = project.clone("other")
    script = f'provisioner refresh; cd {other}; "{EXAMPLES}/keep-tokens" provisioner accept'
    script += " --accept-destination=Reports; provisioner refresh; git commit -aqm Other; git push"
    project.provider.behavior = type(project.provider.behavior)()  # old ones stay valid
    done = keep_tokens(project, clone, "sh", "-c", script)
    assert done.returncode == 0, done.stderr
    assert git(clone, "status", "--porcelain", "--", "tokens") == ""
    assert "Other" in project.subjects()
    assert run(project, clone, "provisioner", "status", "--check").returncode == 0


def test_without_a_repository_to_push_to_nothing_is_refreshed(
    project: JobProject, clone: Path
) -> None:
    before = project.refresh_token()
    project.origin.rename(project.origin.with_name("gone"))
    done = keep_tokens(project, clone, "provisioner", "refresh")
    assert done.returncode == 1
    assert done.stderr.endswith(
        "keep-tokens: cannot pull and push this checkout; did not run: provisioner refresh\n"
    )
    project.origin.with_name("gone").rename(project.origin)
    assert project.refresh_token() == before


def test_tokens_that_could_not_be_pushed_are_pushed_by_the_next_run(
    project: JobProject, clone: Path
) -> None:
    before = project.refresh_token()
    hook = project.origin / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    done = keep_tokens(project, clone, "provisioner", "refresh")
    assert done.returncode == 1
    assert "cannot push tokens/" in done.stderr
    assert "Exit code of the command: 0" in done.stderr
    hook.unlink()
    assert project.refresh_token() == before
    assert keep_tokens(project, clone, "true").returncode == 0
    assert project.refresh_token() != before


def test_a_canceled_run_keeps_its_tokens(project: JobProject, clone: Path) -> None:
    before, begun = project.refresh_token(), clone.parent / "begun"
    script = f"provisioner refresh; touch {begun}; sleep 2; exit 7"
    with subprocess.Popen(
        [EXAMPLES / "keep-tokens", "sh", "-c", script], cwd=clone, env=project.environment()
    ) as running:
        while not begun.exists():
            time.sleep(0.05)
        running.send_signal(signal.SIGTERM)
    assert running.returncode == 7
    assert project.refresh_token() != before


def test_a_push_that_runs_already_is_named(project: JobProject, clone: Path) -> None:
    with project_lock(clone, Commit("", False), wait_seconds=0):
        done = keep_tokens(project, clone, "provisioner", "push", "--yes")
    assert done.returncode == 5, done.stderr


# -- cron


def test_the_line_of_cron(project: JobProject, clone: Path, tmp_path: Path) -> None:
    """As cron(8): variables as they are written, and the rest of the line to the shell."""
    lines = [line for line in CRONTAB.read_text().splitlines() if line and not line.startswith("#")]
    variables = dict(line.split("=", 1) for line in lines[:-1])
    *when, account, command = lines[-1].split(maxsplit=6)
    assert (when, account) == (["17", "5", "*", "*", "*"], "maps")
    assert "%" not in command, "a line break for cron"
    secrets = tmp_path / "secrets.env"
    secrets.write_text(f"{SECRET_NAME}='{project.secret}'\n")
    variables |= {
        "PATH": f"{project.bin}:{variables['PATH']}",
        "SECRETS": str(secrets),
        "ANSIBLE_VAULT_PASSWORD_FILE": str(project.key_file),
    }
    project.with_ansible()
    command = command.replace("/srv/mail-config", str(clone))
    command = command.replace(f"/{INSTALLED}", str(EXAMPLES))
    before = project.refresh_token()
    done = subprocess.run(
        [variables["SHELL"], "-c", command],
        env={"HOME": str(tmp_path), "LOGNAME": "maps", **variables},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert project.refresh_token() != before


# -- systemd


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The files of a machine on which docs/how-to/scheduled.md was followed."""
    for folder in (INSTALLED, Path("etc/systemd/system"), Path("bin"), Path("usr/lib/systemd")):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copytree("/usr/lib/systemd/system", tmp_path / "usr/lib/systemd/system", symlinks=True)
    shutil.copy("/bin/sh", tmp_path / "bin")
    shutil.copy(EXAMPLES / "provisioner-daily", tmp_path / INSTALLED)
    for unit in UNITS:
        shutil.copy(unit, tmp_path / "etc/systemd/system")
    return tmp_path


def verified(machine: Path) -> str:
    units = [unit.name for unit in UNITS]
    done = subprocess.run(
        ["systemd-analyze", "verify", f"--root={machine}", *units],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_systemd_finds_nothing_wrong(machine: Path) -> None:
    assert verified(machine) == ""
    service = machine / "etc/systemd/system/maps-provisioner.service"
    service.write_text(service.read_text().replace("ProtectHome=", "ProtectHomes="))
    assert "Unknown key 'ProtectHomes'" in verified(machine)


def test_the_service_is_hardened() -> None:
    """0 is best, 10 worst; a service without settings has 9.6."""
    service = EXAMPLES / "systemd" / "maps-provisioner.service"
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=15", str(service)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-500:]


def test_the_timer_runs_daily() -> None:
    settings = (EXAMPLES / "systemd" / "maps-provisioner.timer").read_text()
    calendar = settings.partition("OnCalendar=")[2].partition("\n")[0]
    done = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=2", calendar],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("05:17:00") >= 2

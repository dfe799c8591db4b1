"""`init`: a definition that validates, written whole or not at all, by options or by answers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from provisioner.errors import ExitCode
from provisioner.providers.all_providers import PROVIDERS
from tests.support.terminal import CTRL_C, Terminal

PROVISIONER = Path(sys.executable).with_name("provisioner")
TENANT = "7c3a9e52-1d4b-4f68-a2c7-5b9e0d6f8a13"
GUID = "3d1b1f0c-6a0e-4c53-9b5e-0a8f4c7e2d11"
MAILBOX = ("--mailbox", "reports@uni.edu")
MICROSOFT = ("--provider", "microsoft", *MAILBOX, "--tenant", TENANT, "--client-id", GUID)
OTHER = (
    "--provider",
    "other",
    *MAILBOX,
    *("--host", "smtp.uni.edu", "--scope", "smtp offline_access", "--client-id", "maps"),
    *("--authorization-url", "https://sso.uni.edu/a", "--access-token-url"),
    "https://sso.uni.edu/t",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROVISIONER, *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def files(folder: Path) -> dict[str, str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in paths}


def options_for(provider: str) -> tuple[str, ...]:
    client_id = "123-ab.apps.googleusercontent.com" if provider == "google" else GUID
    mailbox = "reports@outlook.com" if provider == "outlook.com" else "reports@uni.edu"
    options = ("--provider", provider, "--mailbox", mailbox, "--client-id", client_id)
    if provider.startswith("microsoft"):
        options += ("--tenant", TENANT)
    return options + (("--scope", "ZohoMail.smtp") if provider == "zoho" else ())


def test_a_new_project_validates_without_a_finding(folder: Path) -> None:
    finished = run(folder, "init", *MICROSOFT)
    assert finished.returncode == ExitCode.DONE, finished.stderr
    assert finished.stdout.startswith(
        "Wrote servers/reports.yml\nWrote inventory/hosts.ini\nWrote .gitignore\n"
        "Wrote tokens/.gitattributes\n"
        "\nRegistration card: Reports, at Microsoft 365\n"
    )
    assert finished.stdout.endswith(
        "  read -rs REPORTS_CLIENT_SECRET; export REPORTS_CLIENT_SECRET   "
        "# paste the client secret, Enter\n"
        "  provisioner validate\n"
        "  provisioner authenticate Reports\n"
    )
    assert set(files(folder)) == {
        "servers/reports.yml",
        "inventory/hosts.ini",
        ".gitignore",
        "tokens/.gitattributes",
    }
    declared = yaml.safe_load(files(folder)["servers/reports.yml"])
    assert declared["oauth2"]["client_secret"] == {"env": "REPORTS_CLIENT_SECRET"}
    assert declared["user_name"] == "reports@uni.edu"
    assert declared["maximum_emails_per_minute"] == 30
    validated = run(folder, "validate", "--strict")
    assert validated.returncode == ExitCode.DONE, validated.stdout
    assert run(folder, "status").returncode == ExitCode.PERSON_NEEDED


@pytest.mark.parametrize("provider", [provider.name for provider in PROVIDERS])
def test_each_provider(folder: Path, provider: str) -> None:
    finished = run(folder, "init", *options_for(provider))
    assert finished.returncode == ExitCode.DONE, finished.stderr
    validated = run(folder, "validate", "--strict")
    assert validated.returncode == ExitCode.DONE, validated.stdout


def test_a_provider_that_is_not_known(folder: Path) -> None:
    finished = run(folder, "init", *OTHER, "--name", "Büro: 100 % #1", "--port", "465")
    assert finished.returncode == ExitCode.DONE, finished.stderr
    [(name, text)] = [(n, t) for n, t in files(folder).items() if n.startswith("servers/")]
    assert name == "servers/b-ro-100-1.yml"
    declared = yaml.safe_load(text)
    assert declared["server_name"] == "Büro: 100 % #1"
    assert declared["port"] == 465
    assert run(folder, "validate", "--strict").returncode == ExitCode.DONE


def test_nothing_is_overwritten_and_a_second_server_joins(folder: Path) -> None:
    run(folder, "init", *MICROSOFT)
    (folder / "inventory/hosts.ini").write_text("[maps]\nmine\n")
    (folder / ".gitignore").write_text("mine\n")
    before = files(folder)
    again = run(folder, "init", *OTHER)
    assert again.returncode == ExitCode.USAGE
    assert "servers/reports.yml is there already; nothing was written" in again.stderr
    assert files(folder) == before
    second = run(folder, "init", *OTHER, "--name", "Alerts")
    assert second.returncode == ExitCode.DONE, second.stderr
    after = files(folder)
    assert after.pop("servers/alerts.yml")
    assert after == before


def test_a_name_that_another_file_declares(folder: Path) -> None:
    run(folder, "init", *MICROSOFT)
    (folder / "servers/reports.yml").rename(folder / "servers/other.yml")
    finished = run(folder, "init", *OTHER, "--name", "reports")
    assert finished.returncode == ExitCode.USAGE
    assert "server_name: " in finished.stderr
    assert "nothing was written" in finished.stderr
    assert [name for name in files(folder) if "servers" in name] == ["servers/other.yml"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((*MICROSOFT, "--client-id", "not-a-guid"), "oauth2.client_id: a client id of Microsoft"),
        ((*MICROSOFT, "--tenant", "TENANT"), "this value contains a placeholder"),
        ((*MICROSOFT, "--tenant", "common"), "oauth2.authorization_url: common serves only apps"),
        ((*MICROSOFT, "--mailbox", "reports"), "user_name: "),
        ((*MICROSOFT, "--scope", "SMTP.Send"), "oauth2.scope_for_authorize: "),
        ((*MICROSOFT, "--name", "a\nb"), "server_name: "),
        ((*OTHER, "--access-token-url", "http://sso.uni.edu/t"), "oauth2.access_token_url: "),
    ],
)
def test_what_would_not_validate_is_not_written(
    folder: Path, options: tuple[str, ...], said: str
) -> None:
    finished = run(folder, "init", *options)
    assert finished.returncode == ExitCode.USAGE, finished.stdout
    assert said in finished.stderr
    assert files(folder) == {}


def test_what_is_missing_is_told_at_once(folder: Path) -> None:
    nothing = run(folder, "init")
    assert nothing.returncode == ExitCode.USAGE
    assert "nobody is here to be asked, and these options are missing" in nothing.stderr
    for option in ("--provider", "--mailbox", "--client-id"):
        assert f"  {option}  " in nothing.stderr
    assert "--host" not in nothing.stderr
    other = run(folder, "init", "--provider", "other")
    for option in ("--host", "--authorization-url", "--access-token-url", "--scope"):
        assert f"  {option}  " in other.stderr
    unknown = run(folder, "init", "--provider", "gogle")
    assert unknown.returncode == ExitCode.USAGE
    assert "there is no provider named 'gogle'\n  providers: google, microsoft" in unknown.stderr
    assert files(folder) == {}


def test_a_folder_of_its_own_is_made(tmp_path: Path) -> None:
    finished = run(tmp_path, "init", *MICROSOFT, "-C", "new/project")
    assert finished.returncode == ExitCode.DONE, finished.stderr
    assert (tmp_path / "new/project/servers/reports.yml").is_file()
    assert "provisioner validate new/project\n" in finished.stdout
    assert "provisioner authenticate Reports -C new/project\n" in finished.stdout


def test_the_places_that_the_settings_name(folder: Path) -> None:
    (folder / "provisioner.yml").write_text("servers: mail\ninventory: hosts.yml\n")
    assert run(folder, "init", *MICROSOFT).returncode == ExitCode.DONE
    assert set(files(folder)) == {
        "provisioner.yml",
        "mail/reports.yml",
        ".gitignore",
        "tokens/.gitattributes",
    }


def test_broken_settings_come_first(folder: Path) -> None:
    (folder / "provisioner.yml").write_text("servers: [\n")
    finished = run(folder, "init", *MICROSOFT)
    assert finished.returncode == ExitCode.FAILURE
    assert "provisioner.yml has errors; nothing was written" in finished.stderr
    assert set(files(folder)) == {"provisioner.yml"}


def test_a_broken_server_beside_it_is_no_obstacle(folder: Path) -> None:
    (folder / "servers").mkdir()
    (folder / "servers/broken.yml").write_text("a: [\n")
    assert run(folder, "init", *MICROSOFT).returncode == ExitCode.DONE


def test_a_place_where_nothing_can_be_written(folder: Path) -> None:
    (folder / "file").touch()
    (folder / "provisioner.yml").write_text("servers: file/servers\n")
    finished = run(folder, "init", *MICROSOFT)
    assert finished.returncode == ExitCode.FAILURE, finished.stderr
    assert "file/servers/reports.yml cannot be written: Not a directory" in finished.stderr
    assert set(files(folder)) == {"file", "provisioner.yml"}


def test_a_dangling_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (folder / "servers").mkdir()
    (folder / "servers/reports.yml").symlink_to(tmp_path / "elsewhere")
    finished = run(folder, "init", *MICROSOFT)
    assert finished.returncode == ExitCode.USAGE
    assert not (tmp_path / "elsewhere").exists()


# At a terminal.


def at_terminal(folder: Path, *arguments: str) -> Terminal:
    return Terminal([PROVISIONER, "init", *arguments], folder=folder, environment=os.environ)


def test_answers_at_a_terminal(folder: Path) -> None:
    with at_terminal(folder) as terminal:
        terminal.wait_for("Providers: google, microsoft, ")
        terminal.answer("Provider: ", "gogle")
        terminal.wait_for(r"  not in the list; is it google\?\n")
        terminal.answer("Provider: ", "qq")
        terminal.wait_for("  not in the list; other asks for all it needs\n")
        terminal.answer("Provider: ", "Microsoft")
        terminal.answer("Address of the mailbox: ", "reports")
        terminal.wait_for("  an address has an @")
        terminal.answer("Address of the mailbox: ", "reports@uni.edu")
        terminal.answer("Name of the email server in MAPS [Reports]: ", "")
        terminal.answer("directory (tenant): ", "common")
        terminal.wait_for("  common serves only apps")
        terminal.answer("directory (tenant): ", TENANT)
        terminal.wait_for("Registration card: Reports, at Microsoft 365")
        terminal.wait_for(rf"/{TENANT}/adminconsent\?client_id=CLIENT_ID")
        terminal.answer("Client id, as the app registration shows it: ", "not-a-guid")
        terminal.wait_for("  a client id of Microsoft 365 is a GUID; copy the Application")
        terminal.answer("Client id, as the app registration shows it: ", GUID)
        assert terminal.ends() == ExitCode.DONE
        assert "Wrote servers/reports.yml" in terminal.output
        assert "Registration card" not in terminal.output  # once is enough
    assert run(folder, "validate", "--strict").returncode == ExitCode.DONE


def test_nothing_is_asked_that_an_option_says(folder: Path) -> None:
    with at_terminal(folder, *MICROSOFT, "--name", "Alerts") as terminal:
        assert terminal.ends() == ExitCode.DONE
        assert "Registration card: Alerts" in terminal.output


def test_ctrl_c_at_a_question_writes_nothing(folder: Path) -> None:
    with at_terminal(folder) as terminal:
        terminal.wait_for("Provider: ")
        terminal.type(CTRL_C)
        assert terminal.ends() == ExitCode.INTERRUPTED
    assert files(folder) == {}

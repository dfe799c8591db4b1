"""`init`: a server file that validates, written completely or not at all."""

import json
import os
import re
import shlex
import ssl
import subprocess
from pathlib import Path

import pytest
import trustme
import yaml

from provisioner.cli.app import run as run_in_process
from provisioner.errors import ExitCode
from provisioner.providers.all_providers import PROVIDERS
from tests.support.project_folder import PROVISIONER
from tests.support.scripted_http import json_answer, scripted_server
from tests.support.terminal import CTRL_C, CTRL_D, Terminal

TENANT = "7c3a9e52-1d4b-4f68-a2c7-5b9e0d6f8a13"
GUID = "3d1b1f0c-6a0e-4c53-9b5e-0a8f4c7e2d11"
MAILBOX = ("--mailbox", "reports@uni.edu")
MICROSOFT = ("--provider", "microsoft", *MAILBOX, "--tenant", TENANT, "--client-id", GUID)
OTHER = (
    *("--provider", "other", *MAILBOX, "--host", "smtp.uni.edu", "--client-id", "maps"),
    *("--authorization-url", "https://sso.uni.edu/a", "--access-token-url"),
    *("https://sso.uni.edu/t", "--scope", "smtp offline_access"),
)
PASSWORD = ("--provider", "password", "--mailbox", "reports", "--host", "smtp.uni.edu")
RELAY = ("--provider", "relay", *MAILBOX, "--host", "192.0.2.25", "--tls", "no")
NEW = {"servers/reports.yml", "inventory/hosts.ini", ".gitignore", "tokens/.gitattributes"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(folder, capfd):
    def run(*arguments):
        code = run_in_process([*arguments])
        return subprocess.CompletedProcess(arguments, code, *capfd.readouterr())

    return run


def files(folder):
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in paths}


def declared(folder, name="reports"):
    return yaml.safe_load((folder / f"servers/{name}.yml").read_text())


def options_for(provider):
    client_id = "123-ab.apps.googleusercontent.com" if provider == "google" else GUID
    mailbox = "reports@outlook.com" if provider == "outlook.com" else "reports@uni.edu"
    options = ("--provider", provider, "--mailbox", mailbox, "--client-id", client_id)
    if provider.startswith("microsoft"):
        options += ("--tenant", TENANT)
    return options + (("--scope", "ZohoMail.smtp") if provider == "zoho" else ())


# -- what is written


def test_a_new_project_validates_without_a_finding(folder, run):
    finished = run("init", *MICROSOFT)
    assert finished.returncode == ExitCode.DONE, finished.stderr
    assert finished.stdout.startswith(
        "Wrote servers/reports.yml\nWrote inventory/hosts.ini\nWrote .gitignore\n"
        "Wrote tokens/.gitattributes\n\nRegistration card: Reports, at Microsoft 365\n"
    )
    assert finished.stdout.endswith(
        "Then:\n  # add your hosts to inventory/hosts.ini\n"
        "  # the next line reads the secret: paste it, press Enter\n"
        "  read -rs REPORTS_CLIENT_SECRET; export REPORTS_CLIENT_SECRET\n"
        "  provisioner validate\n  provisioner authenticate Reports\n"
    )
    assert set(files(folder)) == NEW
    assert "$schema" not in files(folder)["servers/reports.yml"]
    assert declared(folder)["oauth2"]["client_secret"] == {"env": "REPORTS_CLIENT_SECRET"}
    assert declared(folder)["maximum_emails_per_minute"] == 30
    assert run("validate", "--strict").returncode == ExitCode.DONE
    assert run("status").returncode == ExitCode.PERSON_NEEDED


@pytest.mark.parametrize("provider", [provider.name for provider in PROVIDERS])
def test_each_provider(run, provider):
    finished = run("init", *options_for(provider))
    assert finished.returncode == ExitCode.DONE, finished.stderr
    assert run("validate", "--strict").returncode == ExitCode.DONE


@pytest.mark.parametrize(
    ("words", "host"),
    [
        ("office365 o365 M365 microsoft365 Exchange outlook", "smtp.office365.com"),
        ("gmail Workspace google-workspace", "smtp.gmail.com"),
        ("hotmail", "smtp-mail.outlook.com"),
        ("Yahoo", "smtp.mail.yahoo.com"),
    ],
)
def test_names_that_people_use(folder, run, words, host):
    for number, word in enumerate(words.split()):
        mailbox = "r@outlook.com" if word == "hotmail" else f"r{number}@uni.edu"
        options = ("--provider", word, "--mailbox", mailbox, "--name", f"N{number}")
        tenant = ("--tenant", TENANT) if host == "smtp.office365.com" else ()
        assert run("init", *options, *tenant).returncode == ExitCode.DONE
        assert declared(folder, f"n{number}")["host"] == host


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (MICROSOFT[:-2], "the Application (client) ID of the app registration"),
        (("--provider", "google", *MAILBOX), "the Client ID from the page of the client in Google"),
        (("--provider", "yahoo", *MAILBOX), "the client id that your provider shows"),
    ],
)
def test_an_open_client_id_is_what_validate_finds(run, options, name):
    finished = run("init", *options)
    assert finished.returncode == ExitCode.DONE, finished.stderr
    assert "# replace CLIENT_ID in servers/reports.yml" in finished.stdout
    validated = run("validate")
    assert validated.stdout.count("placeholder-left") == 1
    assert f"    write {name}" in validated.stdout
    assert "1 error" in validated.stdout


def test_names_with_signs(folder, run):
    finished = run("init", *OTHER, "--name", "Büro: 100 % #1", "--port", "465")
    assert finished.returncode == ExitCode.DONE, finished.stderr
    assert declared(folder, "buro-100-1")["server_name"] == "Büro: 100 % #1"
    assert declared(folder, "buro-100-1")["port"] == 465
    assert run("validate", "--strict").returncode == ExitCode.DONE


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            PASSWORD,
            {
                "port": 587,
                "smtp_security_level": "login",
                "use_tls": True,
                "user_name": "reports",
                "password": {"env": "REPORTS_PASSWORD"},
            },
        ),
        (
            (*PASSWORD, "--auth", "cram_md5", "--password-from", "file:secrets/a #1", "--port=465"),
            {
                "port": 465,
                "smtp_security_level": "cram_md5",
                "use_tls": True,
                "user_name": "reports",
                "password": {"file": "secrets/a #1"},
            },
        ),
        (
            RELAY,
            {
                "port": 25,
                "smtp_security_level": "none",
                "use_tls": False,
                "test_email": {"from": "reports@uni.edu", "to": "reports@uni.edu"},
            },
        ),
    ],
)
def test_servers_without_oauth2(folder, run, options, expected):
    finished = run("init", *options)
    assert finished.returncode == ExitCode.DONE, finished.stderr
    assert "Registration card" not in finished.stdout
    names = {"server_name": "Reports", "host": options[options.index("--host") + 1]}
    assert declared(folder) == expected | names
    assert run("validate", "--strict").returncode == ExitCode.DONE


def test_nothing_is_overwritten_and_a_second_server_joins(folder, run):
    run("init", *MICROSOFT)
    (folder / "inventory/hosts.ini").write_text("[maps]\nmine\n")
    (folder / ".gitignore").write_text("mine\n")
    before = files(folder)
    again = run("init", *OTHER)
    assert again.returncode == ExitCode.USAGE
    assert "servers/reports.yml already exists; nothing was written" in again.stderr
    assert files(folder) == before
    assert run("init", *OTHER, "--name", "Alerts").returncode == ExitCode.DONE
    after = files(folder)
    assert after.pop("servers/alerts.yml")
    assert after == before


def test_the_project_of_an_option_and_its_schema(tmp_path, folder, run):
    (folder / "new/schemas").mkdir(parents=True)
    run("schema")
    (folder / "new/schemas/email-server.schema.json").write_text("{}")
    finished = run("init", *MICROSOFT, "-C", "new")
    assert finished.returncode == ExitCode.DONE, finished.stderr
    first = (folder / "new/servers/reports.yml").read_text().partition("\n")[0]
    assert first == "# yaml-language-server: $schema=../schemas/email-server.schema.json"
    assert "provisioner validate -C new\n" in finished.stdout
    assert "provisioner authenticate -C new Reports\n" in finished.stdout


def test_the_places_that_the_settings_name(folder, run):
    (folder / "provisioner.yml").write_text("servers: mail\ninventory: hosts.yml\n")
    assert run("init", *MICROSOFT).returncode == ExitCode.DONE
    rest = {"provisioner.yml", ".gitignore", "tokens/.gitattributes"}
    assert set(files(folder)) == {"mail/reports.yml", *rest}


def test_a_broken_server_beside_it_is_no_obstacle(folder, run):
    (folder / "servers").mkdir()
    (folder / "servers/broken.yml").write_text("a: [\n")
    assert run("init", *MICROSOFT).returncode == ExitCode.DONE


def test_the_example_inventory_asks_for_hosts(run):
    run("init", *RELAY)
    planned = run("plan")
    assert planned.returncode == ExitCode.FAILURE
    assert re.search(r"add your hosts to \S*inventory/hosts.ini\n", planned.stdout)


# -- what is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((*MICROSOFT, "--client-id", "not-a-guid"), "oauth2.client_id: a client id of Microsoft"),
        ((*MICROSOFT, "--tenant", "TENANT"), "this value contains a placeholder"),
        ((*MICROSOFT, "--tenant", "common"), "oauth2.authorization_url: common serves only apps"),
        ((*MICROSOFT, "--mailbox", "reports"), "user_name: "),
        ((*MICROSOFT, "--scope", "SMTP.Send"), "oauth2.scope_for_authorize: "),
        ((*MICROSOFT, "--name", "a\nb"), "server_name: "),
        ((*MICROSOFT, "--port", "x"), "port: "),
        ((*OTHER, "--access-token-url", "http://sso.uni.edu/t"), "oauth2.access_token_url: "),
        ((*OTHER, "--client-id", "TODO"), "oauth2.client_id: this value contains a placeholder"),
        ((*PASSWORD, "--auth", "oauth"), "--auth: write one of login, plain, "),
        ((*PASSWORD, "--auth", "oauth2"), "--auth: write one of login, plain, "),
        ((*PASSWORD, "--tls", "maybe"), "--tls: write yes or no"),
        ((*PASSWORD, "--password-from", "hunter2-CANARY"), "--password-from: write env:NAME"),
        (("--provider", "gogle"), "did you mean google?\n  providers: google, microsoft"),
    ],
)
def test_what_would_not_validate_is_not_written(folder, run, options, message):
    finished = run("init", *options)
    assert finished.returncode == ExitCode.USAGE, finished.stdout
    assert message in finished.stderr
    assert "comment" not in finished.stderr  # in which file?
    assert "CANARY" not in finished.stdout + finished.stderr
    assert files(folder) == {}


def test_a_name_that_another_file_declares(folder, run):
    run("init", *MICROSOFT)
    (folder / "servers/reports.yml").rename(folder / "servers/other.yml")
    finished = run("init", *OTHER, "--name", "reports")
    assert finished.returncode == ExitCode.USAGE
    assert "server_name: " in finished.stderr
    assert [name for name in files(folder) if "servers" in name] == ["servers/other.yml"]


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ((), "provider mailbox"),
        (("--provider", "other"), "issuer mailbox host authorization-url access-token-url scope"),
        (("--provider", "microsoft"), "mailbox tenant"),
        (("--provider", "smtp"), "mailbox host"),
        (("--provider", "relay"), "mailbox host"),
    ],
)
def test_all_missing_options_are_reported_at_once(folder, run, options, missing):
    finished = run("init", *options)
    assert finished.returncode == ExitCode.USAGE
    first, *rest = finished.stderr.splitlines()
    assert first == "Error: missing options (no terminal to prompt on)"
    assert [line.split()[0] for line in rest] == [f"--{name}" for name in missing.split()]
    assert files(folder) == {}


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({"provisioner.yml": "servers: [\n"}, "provisioner.yml has errors; nothing was written"),
        (
            {"file": "", "provisioner.yml": "servers: file/servers\n"},
            "cannot write file/servers/reports.yml: Not a directory",
        ),
        ({"servers": ""}, "declared in the file servers"),
        ({"tokens": ""}, "cannot write tokens"),
    ],
)
def test_a_place_where_nothing_can_be_written(folder, run, made, message):
    for name, text in made.items():
        (folder / name).write_text(text)
    finished = run("init", *MICROSOFT)
    assert finished.returncode in (ExitCode.FAILURE, ExitCode.USAGE), finished.stderr
    assert message in finished.stderr
    assert files(folder) == made


def test_a_dangling_link_is_not_followed(folder, tmp_path, run):
    (folder / "servers").mkdir()
    (folder / "servers/reports.yml").symlink_to(tmp_path / "elsewhere")
    assert run("init", *MICROSOFT).returncode == ExitCode.USAGE
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_of_another_process_is_left_alone(folder, run, monkeypatch):
    def written_meanwhile(path, *arguments, **options):
        if path.name == "hosts.ini":
            path.write_bytes(b"theirs")
        return before(path, *arguments, **options)

    before = Path.open
    monkeypatch.setattr(Path, "open", written_meanwhile)
    monkeypatch.setattr(Path, "write_bytes", lambda path, data: os.write(_made(path), data))
    finished = run("init", *MICROSOFT)
    assert finished.returncode == ExitCode.DONE, finished.stderr
    assert files(folder)["inventory/hosts.ini"] == "theirs"
    assert "hosts.ini\n" not in finished.stdout.partition("Then:")[0]


def _made(path):
    return os.open(path, os.O_CREAT | os.O_WRONLY, 0o644)


# -- discovery


def metadata(issuer, /, **changed):
    members = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "revocation_endpoint": f"{issuer}/revoke",
        "device_authorization_endpoint": f"{issuer}/device",
        "scopes_supported": ["openid", "mail.smtp", "offline_access"],
        "authorization_response_iss_parameter_supported": True,
    }
    return members | changed


DISCOVERED = ("--provider", "other", *MAILBOX, "--host", "smtp.uni.edu", "--client-id", "maps")


def discover(run, answer, *more, path=""):
    with scripted_server([]) as server:
        issuer = f"http://127.0.0.1:{server.port}{path}"
        server.answers.append(answer(issuer))
        return run("init", *DISCOVERED, "--issuer", issuer, *more), server, issuer


def test_discovery_fills_in_the_endpoints(folder, run):
    finished, server, issuer = discover(
        run, lambda issuer: json_answer(json.dumps(metadata(issuer))), path="/realm"
    )
    assert finished.returncode == ExitCode.DONE, finished.stderr
    assert server.requests[0].startswith(
        b"GET /realm/.well-known/openid-configuration HTTP/1.1\r\n"
    )
    oauth2 = declared(folder)["oauth2"]
    assert oauth2["authorization_url"] == f"{issuer}/authorize"
    assert oauth2["access_token_url"] == f"{issuer}/token"
    assert oauth2["scope_for_authorize"] == "mail.smtp offline_access"
    assert yaml.safe_load(files(folder)["provisioner.yml"]) == {
        "providers": {
            "127.0.0.1": {
                "issuer": issuer,
                "authorization_response_iss_parameter_supported": True,
                "revocation_url": f"{issuer}/revoke",
                "device_authorization_url": f"{issuer}/device",
            }
        }
    }
    assert run("validate", "--strict").returncode == ExitCode.DONE


def test_an_endpoint_that_is_null_is_one_that_is_not_there(folder, run):
    finished, *_ = discover(
        run, lambda issuer: json_answer(json.dumps(metadata(issuer, revocation_endpoint=None)))
    )
    assert finished.returncode == ExitCode.DONE, finished.stderr
    assert "revocation_url" not in files(folder)["provisioner.yml"]


def test_existing_settings_are_left_and_the_facts_printed(folder, run):
    (folder / "provisioner.yml").write_text("# mine\ninventory: inventory\n")
    finished, *_ = discover(run, lambda issuer: json_answer(json.dumps(metadata(issuer))))
    assert finished.returncode == ExitCode.DONE, finished.stderr
    assert files(folder)["provisioner.yml"] == "# mine\ninventory: inventory\n"
    block = yaml.safe_load(finished.stdout.partition("Add to provisioner.yml:\n")[2])
    assert "revocation_url" in block["providers"]["127.0.0.1"]


def test_discovery_trusts_the_authorities_of_the_settings(folder, run, tmp_path):
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    for ca_file, code in (("", ExitCode.FAILURE), ("ca_file: ca.pem\n", ExitCode.DONE)):
        authority.cert_pem.write_to_path(folder / "ca.pem")
        (folder / "provisioner.yml").write_text(ca_file)
        with scripted_server([], tls=context) as server:
            issuer = f"https://localhost:{server.port}"
            server.answers.append(json_answer(json.dumps(metadata(issuer))))
            finished = run("init", *DISCOVERED, "--issuer", issuer)
        assert finished.returncode == code, finished.stderr
    assert declared(folder)["oauth2"]["access_token_url"] == f"{issuer}/token"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"issuer": "https://evil.example"}, "it is of the issuer 'https://evil.example'"),
        ({"issuer": None}, "it is of the issuer "),
        ({"token_endpoint": "http://uni.edu/t"}, "token_endpoint is not https"),
        ({"token_endpoint": "https://evil.example/t"}, "token_endpoint is at another host"),
        ({"revocation_endpoint": "https://evil.example/t"}, "revocation_endpoint is at another"),
        ({"token_endpoint": ["x"]}, "token_endpoint is not a URL"),
        ({"token_endpoint": "http://127.0.0.1/\x1b[2J"}, "token_endpoint is not a URL"),
        ({"token_endpoint": "http://127.0.0.1/" + "a" * 3000}, "token_endpoint is not a URL"),
        ({"token_endpoint": "http://u:p@127.0.0.1/"}, "token_endpoint is not a URL with a host"),
        ({"token_endpoint": ""}, "token_endpoint is missing"),
        ({"scopes_supported": "smtp"}, "scopes_supported is not a list"),
        ({"scopes_supported": ["smtp\nx"]}, "scopes_supported is not a list"),
        ({"authorization_response_iss_parameter_supported": "yes"}, "neither true nor false"),
    ],
)
def test_hostile_documents(folder, run, changed, message):
    finished, *_ = discover(
        run, lambda issuer: json_answer(json.dumps(metadata(issuer, **changed)))
    )
    assert finished.returncode == ExitCode.FAILURE, finished.stderr
    assert message in finished.stderr
    assert "\x1b" not in finished.stderr
    assert files(folder) == {}


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (json_answer("[]"), "it is not a JSON object"),
        (json_answer("[" * 50_000), "it is not a JSON object"),
        (json_answer("{}", status="404 Not Found"), "the answer is HTTP 404"),
        (
            json_answer("{}", status="302 Found", headers="Location: http://127.0.0.1/\r\n"),
            "the answer is HTTP 302",
        ),
        (json_answer(" " * 300_000), "more than 192 KiB"),
        (b"", "closed the connection"),
    ],
)
def test_answers_that_are_no_document(folder, run, answer, message):
    finished, server, _ = discover(run, lambda _: answer)
    assert finished.returncode == ExitCode.FAILURE, finished.stderr
    assert message in finished.stderr
    assert "pass --authorization-url and --access-token-url instead" in finished.stderr
    assert len(server.requests) == 1
    assert files(folder) == {}


@pytest.mark.parametrize(
    ("issuer", "message"),
    [
        ("http://sso.uni.edu", "the issuer is not https"),
        ("sso.uni.edu", "the issuer is not a URL with a host"),
        ("https://sso.uni.edu/?a=b", "the issuer is not a URL without query and fragment"),
    ],
)
def test_issuers_that_are_not_contacted(run, issuer, message):
    finished = run("init", *DISCOVERED, "--issuer", issuer)
    assert finished.returncode == ExitCode.FAILURE
    assert message in finished.stderr


# -- at a terminal


def at_terminal(folder, *arguments):
    return Terminal([PROVISIONER, "init", *arguments], folder=folder, environment=os.environ)


def test_answers_at_a_terminal(folder, run):
    with at_terminal(folder) as terminal:
        terminal.wait_for("Providers: google, microsoft, ")
        terminal.answer("Provider: ", "gogle")
        terminal.wait_for(r"unknown provider; did you mean google\?")
        terminal.answer("Provider: ", "Office 365")
        terminal.answer("Address of the mailbox: ", "reports")
        terminal.wait_for("  Microsoft 365 ")
        terminal.answer("Address of the mailbox: ", "reports@uni.edu")
        terminal.answer("Name of the email server in MAPS [Reports]: ", "")
        terminal.answer("Port of the mail server [587]: ", "x")
        terminal.wait_for("  write a whole number, such as 587\n")
        terminal.answer("Port of the mail server [587]: ", "465")
        terminal.wait_for("\n    set port: 587\n")
        terminal.answer("Port of the mail server [587]: ", "")
        terminal.answer("directory (tenant): ", "common")
        terminal.wait_for("\n    write the ID of your directory in all URLs\n")
        terminal.answer("directory (tenant): ", TENANT)
        terminal.wait_for("Registration card: Reports, at Microsoft 365")
        terminal.wait_for(rf"/{TENANT}/adminconsent\?client_id=CLIENT_ID")
        terminal.answer("Client id, as the app registration shows it [later]: ", "not-a-guid")
        terminal.wait_for("  a client id of Microsoft 365 is a GUID\n    copy the Application")
        terminal.answer("Client id, as the app registration shows it [later]: ", GUID)
        assert terminal.ends() == ExitCode.DONE
        assert "Wrote servers/reports.yml" in terminal.output
        assert "Registration card" not in terminal.output
    assert run("validate", "--strict").returncode == ExitCode.DONE


def test_nothing_is_asked_that_an_option_answers(folder):
    options = (*MICROSOFT, "--name", "Alerts", "--port", "587")
    with at_terminal(folder, *options) as terminal:
        assert terminal.ends() == ExitCode.DONE
        assert "Registration card: Alerts" in terminal.output


def test_a_wrong_option_is_asked_again(folder):
    with at_terminal(folder, *PASSWORD, "--password-from", "hunter2-CANARY") as terminal:
        terminal.answer("Sign-in method", "")
        terminal.answer("Name of the email server", "")
        terminal.answer("Port", "")
        terminal.answer("TLS", "")
        terminal.wait_for("--password-from: write env:NAME")
        assert "CANARY" not in terminal.output
        terminal.answer("[env:REPORTS_PASSWORD]: ", "keyring:smtp/reports")
        assert terminal.ends() == ExitCode.DONE
    assert declared(folder)["password"] == {"keyring": "smtp/reports"}


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
def test_an_interrupted_dialog_prints_the_command_that_continues(folder, key):
    with at_terminal(folder, "-C", "a b", "--client-id", GUID) as terminal:
        terminal.answer("Provider: ", "office 365")
        terminal.answer("Address of the mailbox: ", "reports@uni.edu")
        terminal.answer("Name of the email server in MAPS [Reports]: ", "It's: #1")
        terminal.wait_for(r"Port of the mail server \[587\]: ")
        terminal.type(key)
        assert terminal.ends() == ExitCode.INTERRUPTED
        command = terminal.output.partition("to continue, run: ")[2].strip()
    assert files(folder) == {}
    program, *arguments = shlex.split(command)
    assert program == "provisioner"
    assert arguments[1:] == [
        *("-C", "a b"),
        f"--client-id={GUID}",
        "--provider=microsoft",
        "--mailbox=reports@uni.edu",
        "--name=It's: #1",
    ]
    with Terminal([PROVISIONER, *arguments], folder=folder, environment=os.environ) as terminal:
        terminal.answer("Port of the mail server [587]: ", "")
        terminal.answer("(tenant): ", TENANT)
        assert terminal.ends() == ExitCode.DONE
    assert set(files(folder / "a b")) == {"servers/it-s-1.yml", *NEW - {"servers/reports.yml"}}


def test_an_interrupted_dialog_prints_no_password(folder):
    with at_terminal(folder, *PASSWORD, "--password-from", "hunter2-CANARY") as terminal:
        terminal.wait_for("Sign-in method")
        terminal.type(CTRL_C)
        assert terminal.ends() == ExitCode.INTERRUPTED
        assert "to continue, run: provisioner init --provider=password" in terminal.output
        assert "CANARY" not in terminal.output


def test_the_merge_driver_of_a_checkout(folder, run):
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    refused = run("init", "--merge-driver")
    assert refused.returncode == ExitCode.FAILURE
    assert not (folder / "tokens").exists(), "there is no project yet"
    assert "run this in the project folder, or pass --project" in refused.stderr
    (folder / "servers").mkdir()
    assert run("init", "--merge-driver").returncode == ExitCode.DONE
    assert "merge-credentials" in (folder / ".git/config").read_text()
    assert (folder / "tokens/.gitattributes").is_file()


def test_an_issuer_of_a_known_provider_is_refused(run, folder):
    finished = run("init", *MICROSOFT, "--issuer", "https://sso.example.edu")
    assert finished.returncode == ExitCode.USAGE
    assert "--issuer cannot be combined with --provider microsoft" in finished.stderr
    assert files(folder) == {}

"""Bad input gets a clear error and an exit code, and nothing is written anywhere."""

import socket

import pytest

from tests.end_to_end.project import succeeded

pytestmark = pytest.mark.long

DOCUMENT = "/etc/maps-provisioner/email-servers.json"


@pytest.fixture
def declared(project, user, provider, mail):
    project.declare("Reports", provider, mail.server("oauth"), user=user)
    return project


@pytest.fixture
def signed_in(declared, user, chromium):
    succeeded(declared.authenticate("Reports", chromium.person(user)))
    return declared


def test_a_wrong_vault_password(signed_in, fleet, tmp_path):
    fleet.reset()
    fleet.inventory(1, path=signed_in.folder / "inventory" / "hosts.yml")
    wrong = tmp_path / "wrong-password"
    wrong.write_text("not the one\n")
    wrong.chmod(0o600)
    before = signed_in.snapshot()
    ended = signed_in.run("push", environment={"ANSIBLE_VAULT_PASSWORD_FILE": str(wrong)})
    assert ended.returncode == 1
    assert "Reports: skipped" in ended.stdout
    assert "the vault password is not the one it was encrypted with" in ended.stdout
    assert "Traceback" not in ended.stderr
    assert without_lock(signed_in.snapshot()) == before
    assert not fleet.exists("host1", DOCUMENT)


def test_a_missing_inventory(signed_in):
    (signed_in.folder / "inventory").rmdir()
    before = signed_in.snapshot()
    ended = signed_in.run("push")
    assert ended.returncode == 1
    assert f"no inventory at {signed_in.folder / 'inventory'}" in ended.stderr
    assert without_lock(signed_in.snapshot()) == before


def test_an_empty_inventory_folder_and_a_pattern_that_matches_nothing(signed_in, fleet):
    fleet.inventory(1, path=signed_in.folder / "inventory" / "hosts.yml")
    signed_in.change("Reports", hosts="maps_production")
    ended = signed_in.run("plan")
    assert ended.returncode == 1
    assert "the host pattern 'maps_production' matches no host of" in ended.stdout
    assert "groups there: maps" in ended.stdout


@pytest.mark.parametrize("command", ["authenticate", "push", "plan", "test-email", "refresh"])
def test_an_unknown_server_name(declared, command):
    before = declared.snapshot()
    ended = declared.run(command, "Raports")
    assert ended.returncode == 64
    assert "no server named 'Raports' is declared in" in ended.stderr
    assert "declared servers: Reports" in ended.stderr
    assert without_lock(declared.snapshot()) == before


def test_a_server_nobody_signed_in_to_is_skipped(declared, fleet):
    fleet.reset()
    fleet.inventory(1, path=declared.folder / "inventory" / "hosts.yml")
    ended = declared.run("push")
    assert ended.returncode == 6
    assert "not signed in: Reports" in ended.stdout
    assert "provisioner authenticate" in ended.stdout
    assert not fleet.exists("host1", DOCUMENT)


def test_a_callback_port_in_use(declared, user, chromium):
    before = declared.snapshot()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = declared.run(
            "authenticate", "Reports", "--port", str(port), sign_in=chromium.person(user)
        )
    assert ended.returncode == 1
    assert f"port {port}" in ended.stderr
    assert "in use" in ended.stderr
    assert declared.snapshot() == before or only_private_files_are_new(declared, before)


def test_no_refresh_token_in_the_answer(project, user, provider, mail, chromium):
    project.declare(
        "Reports",
        provider,
        mail.server("oauth"),
        user=user,
        client=provider.clients["without_refresh"],
    )
    person = chromium.person(user)
    ended = project.authenticate("Reports", person)
    assert ended.returncode == 1
    assert "refresh token" in ended.stderr
    assert "offline_access" in ended.stderr
    assert "Reports: not signed in" in person.page()["text"]
    assert not list((project.folder / "tokens").glob("*.yml"))


def test_the_user_cancels(signed_in, user, chromium):
    tokens = next((signed_in.folder / "tokens").glob("*.yml"))
    before = tokens.read_bytes()
    ended = signed_in.authenticate("Reports", chromium.person(user, cancel=True))
    assert ended.returncode == 6
    assert "access_denied" in ended.stderr
    assert tokens.read_bytes() == before


def test_somebody_else_signs_in(signed_in, user, chromium):
    tokens = next((signed_in.folder / "tokens").glob("*.yml"))
    before = tokens.read_bytes()
    person = chromium.person(f"{user}-other")
    ended = signed_in.authenticate("Reports", person)
    assert ended.returncode == 6
    assert "535" in ended.stderr
    assert "compare user_name with the account that signed in" in ended.stderr
    assert "Reports: not signed in" in person.page()["text"]
    assert tokens.read_bytes() == before


def test_a_file_with_a_mistake_stops_push_before_anything_is_opened(signed_in):
    signed_in.change("Reports", prot=587)
    ended = signed_in.run("push")
    assert ended.returncode == 1
    assert "servers/reports.yml:" in ended.stderr + ended.stdout
    assert "prot" in ended.stderr + ended.stdout


def without_lock(snapshot):
    return {name: digest for name, digest in snapshot.items() if ".provisioner/" not in name}


def only_private_files_are_new(project, before):
    """Lock files of the token store are no tokens."""
    return {n: d for n, d in project.snapshot().items() if "tokens/.working/" not in n} == before

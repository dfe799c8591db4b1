"""`accept` asks what any command would ask, and sends nothing."""

import socket

import pytest

from provisioner.errors import ExitCode
from tests.cli.checkout import Checkout
from tests.support.oauth_samples import token_set
from tests.support.terminal import CTRL_C


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path / "mail-config")


@pytest.mark.parametrize(("answer", "code"), [("y", ExitCode.DONE), ("n", ExitCode.PERSON_NEEDED)])
def test_a_terminal_is_asked_and_nothing_is_sent(checkout, answer, code):
    with socket.create_server(("127.0.0.1", 0)) as mail_server:
        port = mail_server.getsockname()[1]
        checkout.relay(port=port)
        with checkout.at_terminal("accept") as terminal:
            terminal.answer("Accept this destination? [y/N] ", answer)
            assert terminal.ends() == code
        assert ("nothing to accept" in checkout.run("accept").stdout) == (answer == "y")
        mail_server.setblocking(False)
        with pytest.raises(BlockingIOError):
            mail_server.accept()


def test_ctrl_c_at_a_question_asks_no_other(checkout):
    checkout.relay()
    checkout.relay("Alerts", password="{env: ALERTS}")
    with checkout.at_terminal("accept") as terminal:
        terminal.wait_for(r"Accept this destination\? \[y/N\] ")
        terminal.type(CTRL_C)
        assert terminal.ends() == ExitCode.INTERRUPTED
        assert "Relay" not in terminal.output
    assert not (checkout.folder / "tokens").exists()


def test_ctrl_c_at_the_question_of_a_push_ends_it(checkout):
    checkout.relay()
    checkout.write("inventory/hosts.ini", "[maps]\nmaps1 ansible_connection=local\n")
    with checkout.at_terminal("push") as terminal:
        terminal.wait_for(r"Accept this destination\? \[y/N\] ")
        terminal.type(CTRL_C)
        assert terminal.ends() == ExitCode.INTERRUPTED
        assert "nothing was changed on a host: interrupted" in terminal.output
    assert not (checkout.folder / "tokens").exists()


def test_without_a_terminal_it_lists_every_change_and_accepts_by_name(checkout):
    checkout.relay()
    checkout.relay("Alerts", password="{env: ALERTS}")
    nobody = checkout.run("accept")
    assert nobody.returncode == ExitCode.PERSON_NEEDED
    for name in ("Relay", "Alerts"):
        source = f"{{env: {name.upper()}}}"
        assert f"{name}: password ({source}) would be sent for the first time" in nobody.stderr
    assert not (checkout.folder / "tokens").exists()
    one = checkout.run("accept", "--accept-destination", "Relay")
    assert (one.returncode, one.stdout) == (ExitCode.PERSON_NEEDED, "Relay: accepted\n")
    assert checkout.does("accept", "Relay") == "Relay: nothing to accept\n"
    checkout.relay(port=10)
    assert "port changed from 9 to 10" in checkout.run("accept", "Relay").stderr


def test_a_server_that_nobody_has_signed_in_to(checkout):
    checkout.oauth2()
    said = checkout.does("accept", "Reports", "--accept-destination", "Reports")
    assert "the sign-in accepts its destinations: provisioner authenticate Reports" in said
    checkout.keep(token_set())
    assert checkout.does("accept", "--accept-destination", "Reports") == "Reports: accepted\n"


def test_a_renamed_project(checkout):
    checkout.git("init", "-q")
    checkout.git("remote", "add", "origin", "https://example.edu/mail-config.git")
    checkout.relay()
    checkout.oauth2()
    checkout.keep(token_set())
    names = ("--accept-destination", "Relay", "--accept-destination", "Reports")
    checkout.does("accept", *names)
    assert "has not been renamed" in checkout.does("accept", "--renamed")
    checkout.git("remote", "set-url", "origin", "git@example.edu:maps.git")
    refused = checkout.run("test-email", "Relay")
    assert refused.returncode == ExitCode.PERSON_NEEDED
    assert "run: provisioner accept --renamed" in refused.stderr
    assert "PROVISIONER_PROJECT" in refused.stderr
    named = checkout.run("test-email", "Relay", PROVISIONER_PROJECT="mail-config")
    assert "unreachable" in named.stderr, "a copy without .git says by itself what it is"
    nobody = checkout.run("accept", "--renamed")
    assert nobody.returncode == ExitCode.PERSON_NEEDED
    assert "2 servers accepted in mail-config; this is maps" in nobody.stderr
    assert checkout.does("accept", "--renamed", "--yes") == (
        "Relay: kept; accepted in maps\nReports: kept; accepted in maps\n"
    )
    assert "unreachable" in checkout.run("test-email", "Relay").stderr
    assert checkout.tokens() == token_set()
    assert checkout.run("accept", "--yes").returncode == ExitCode.USAGE

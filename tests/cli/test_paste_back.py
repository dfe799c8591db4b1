"""The redirect URL of a browser on another machine, pasted into a real terminal."""

import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request

import pytest

from provisioner.errors import ExitCode
from tests.cli.desk import BROWSER, Desk
from tests.support.scripted_provider import ScriptedAnswer, ScriptedProvider
from tests.support.terminal import CTRL_C, IN_FOREGROUND_AT_FIRST

pytestmark = pytest.mark.long

PASTE = "Or paste the final address of the browser here"


@pytest.fixture
def desk(tmp_path):
    with ScriptedProvider() as provider:
        desk = Desk(tmp_path / "project", provider)
        desk.environment |= {"BROWSER": "true %s"}
        yield desk


def _start(desk, *options, **terminal):
    return desk.at_terminal("authenticate", "Reports", "--no-smtp-check", *options, **terminal)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def _end_of_browser(terminal):
    """Sign in elsewhere: the address on which a browser ends that reaches no listener of ours."""
    address = terminal.wait_for(r"  (http://localhost:\d+/authorize\S+)\n").group(1)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
    with pytest.raises(urllib.error.HTTPError) as caught, opener.open(address, timeout=20):
        pass
    with caught.value as redirect:
        return str(redirect.headers["Location"])


def _code(address):
    return address.partition("code=")[2].partition("&")[0]


def test_property_20_a_pasted_address_signs_in_and_the_terminal_is_as_before(desk):
    with _start(desk, "--no-browser") as terminal:
        port = terminal.wait_for(r"Waiting at http://localhost:(\d+) for up to 300 s").group(1)
        terminal.wait_until_unseen()
        address = _end_of_browser(terminal)
        assert terminal.modes() != terminal.modes_before
        terminal.type(address + "\r")
        assert terminal.ends() == ExitCode.DONE, terminal.output
        assert f"ssh -L {port}:localhost:{port} {socket.gethostname()}\n" in terminal.output
        assert "The pasted address is accepted." in terminal.output
        assert "Reports: signed in as reports@example.edu" in terminal.output
        assert terminal.modes() == terminal.modes_before
    assert _code(address)
    assert _code(address) not in terminal.output
    assert len(desk.token_files()) == 1


def test_property_19_wrong_pastes_are_explained_and_the_wait_goes_on(desk):
    with _start(desk) as terminal:
        terminal.wait_for(PASTE)
        terminal.wait_until_unseen()
        address = _end_of_browser(terminal)
        code = _code(address)
        request = terminal.wait_for(r"  (http://localhost:\d+/authorize\S+)\n").group(1)
        for wrong, words in (
            ("", None),
            (address.replace("state=", "state=x"), "belongs to another sign-in"),
            (address.partition("&state")[0], "has no state"),
            (address.replace("code=", "cod="), "neither a code nor an error"),
            (request, "is the address to open"),
            (code, "a code alone"),
            ("https://login.example.edu/error?error=x", "before the end of the sign-in"),
            ("http://localhost/?" + "x" * 70_000, "too long for an address"),
        ):
            terminal.type(wrong + "\r")
            if words:
                terminal.wait_for(f"Not accepted: that [^\n]*{words}[^\n]*Still waiting")
        terminal.type("AADSTS50011: The redirect URI specified in the request\r")
        terminal.wait_for("AADSTS50011: the redirect address is not registered[^\n]*who must act")
        terminal.type(f'rubbish\x15xx\x7f\x08"{address}"\r')
        assert terminal.ends() == ExitCode.DONE, terminal.output
        assert terminal.modes() == terminal.modes_before
    assert terminal.output.count("Not accepted") == 7
    assert code not in terminal.output


@pytest.mark.parametrize("columns", [80, 20_000])
def test_property_19_longer_than_a_line_and_broken_by_the_terminal(desk, columns):
    with _start(desk, "--no-browser") as terminal:
        terminal.wait_for(PASTE)
        terminal.wait_until_unseen()
        address = _end_of_browser(terminal)
        long = address.replace("?", "?session_state=" + "s" * 12_000 + "&", 1)
        broken = "\r".join(long[start : start + columns] for start in range(0, len(long), columns))
        terminal.type(broken + "\r")
        assert terminal.ends() == ExitCode.DONE, terminal.output
    assert _code(address) not in terminal.output
    assert "sssss" not in terminal.output


def test_property_11_a_pasted_refusal_ends_it_as_one_at_the_listener_does(desk):
    desk.behave(callback_error="access_denied")
    with _start(desk, "--no-browser") as terminal:
        terminal.wait_until_unseen()
        terminal.type(_end_of_browser(terminal) + "\r")
        assert terminal.ends() == ExitCode.PERSON_NEEDED
        assert "the sign-in page at localhost: access_denied" in terminal.output
        assert terminal.modes() == terminal.modes_before
    assert desk.token_files() == []


def test_property_33_what_the_provider_echoes_of_a_pasted_code_is_hidden(desk):
    seen = []

    def echo(path, parameters, _):
        if path == "/token":
            seen.extend([parameters["code"], parameters["code_verifier"]])
            said = {"error": "invalid_grant", "error_description": f"no good: {' '.join(seen)}"}
            desk.behave(scripted_answers=(ScriptedAnswer(400, json.dumps(said)),))

    desk.provider.observe = echo
    with _start(desk, "--no-browser") as terminal:
        terminal.wait_until_unseen()
        terminal.type(_end_of_browser(terminal) + "\r")
        assert terminal.ends() == ExitCode.PERSON_NEEDED
        assert 'It says: "no good: *** ***"' in terminal.output
    assert len(seen) == 2
    assert not [secret for secret in seen if secret in terminal.output]


def test_property_20_the_browser_is_faster(desk):
    desk.environment["BROWSER"] = f"{sys.executable} {BROWSER} %s"
    with _start(desk) as terminal:
        terminal.wait_for(PASTE)
        assert terminal.ends() == ExitCode.DONE, terminal.output
        assert terminal.modes() == terminal.modes_before


def test_a_signal_that_comes_while_it_is_stopped(desk):
    """The system may give it to any thread then."""
    with _start(desk, "--no-browser") as terminal:
        terminal.wait_until_unseen()
        os.kill(terminal.process.pid, signal.SIGSTOP)
        terminal.type("http://localhost:1/?code=CANARY\r")
        os.kill(terminal.process.pid, signal.SIGTERM)
        os.kill(terminal.process.pid, signal.SIGCONT)
        assert terminal.ends() == ExitCode.INTERRUPTED, terminal.output
        assert terminal.modes() == terminal.modes_before
    assert "CANARY" not in terminal.output


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM", "SIGHUP"])
def test_an_interrupt_saves_nothing_closes_the_port_restores_the_terminal(desk, how):
    with _start(desk) as terminal:
        port = int(terminal.wait_for(r"Waiting at http://localhost:(\d+)").group(1))
        terminal.wait_until_unseen()
        terminal.type("half an addr")
        if how == "Ctrl-C":
            terminal.type(CTRL_C)
        else:
            os.kill(terminal.process.pid, getattr(signal, how))
        assert terminal.ends() == ExitCode.INTERRUPTED, terminal.output
        assert "Error: Reports: the sign-in was interrupted; nothing was saved" in terminal.output
        assert terminal.modes() == terminal.modes_before
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
    assert desk.token_files() == []


def test_a_terminal_that_hangs_up_ends_it(desk):
    with _start(desk) as terminal:
        port = int(terminal.wait_for(r"Waiting at http://localhost:(\d+)").group(1))
        terminal.wait_until_unseen()
        terminal.hang_up()
        assert terminal.ends() == ExitCode.INTERRUPTED
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
    assert desk.token_files() == []


def test_the_time_runs_out_and_the_terminal_is_as_before(desk):
    with _start(desk, "--timeout", "1") as terminal:
        assert terminal.ends() == ExitCode.FAILURE
        assert "no response at http://localhost:" in terminal.output
        assert terminal.modes() == terminal.modes_before


def test_after_a_stop_the_paste_is_unseen_again(desk):
    """A shell sets the terminal as it likes when a job is stopped, and not back at `fg`."""
    with _start(desk, "--no-browser") as terminal:
        terminal.wait_for(PASTE)
        terminal.wait_until_unseen()
        address = _end_of_browser(terminal)
        os.kill(terminal.process.pid, signal.SIGSTOP)
        time.sleep(0.1)
        terminal.set_modes(terminal.modes_before)
        os.kill(terminal.process.pid, signal.SIGCONT)
        terminal.wait_until_unseen()
        terminal.type(address + "\r")
        assert terminal.ends() == ExitCode.DONE, terminal.output
    assert _code(address) not in terminal.output


def test_a_terminal_that_others_have_by_now_is_left_alone(desk):
    """After Ctrl-Z and `bg`: to touch it would stop us, and what is typed is for the shell."""
    with _start(desk, "--no-browser", launcher=IN_FOREGROUND_AT_FIRST) as terminal:
        terminal.wait_until_unseen()
        address = _end_of_browser(terminal)
        os.kill(terminal.process.pid, signal.SIGUSR1)
        time.sleep(0.2)
        terminal.set_modes(terminal.modes_before)
        terminal.type("for the shell\n")
        time.sleep(1.2)
        assert terminal.shows_what_is_typed()
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=20):
            pass
        assert terminal.ends() == ExitCode.DONE, terminal.output
        assert terminal.modes() == terminal.modes_before


def test_in_the_background_of_a_shell_nothing_is_asked_and_nothing_stops(desk):
    desk.environment["BROWSER"] = f"{sys.executable} {BROWSER} %s"
    with _start(desk, in_foreground=False) as terminal:
        assert terminal.ends() == ExitCode.DONE, terminal.output
        assert terminal.modes() == terminal.modes_before
    assert PASTE not in terminal.output
    assert "Reports: signed in as" in terminal.output


def test_without_a_terminal_there_is_no_prompt(desk):
    finished = desk.ends(
        ExitCode.FAILURE, "authenticate", "Reports", "--no-smtp-check", "--timeout", "1"
    )
    assert "Waiting at http://localhost:" in finished.stderr
    assert "paste" not in finished.stderr.lower().partition("error:")[0]

"""The action plugin in a real Ansible, on this machine and on pretended Windows hosts."""

from __future__ import annotations

import json
import time
from pathlib import Path

from provisioner import __version__
from provisioner.host import protocol
from tests.hosts.with_ansible.acting import READ, SECRET, WRITE, act, host
from tests.hosts.with_ansible.pretended_windows import HOSTS, write_connections


def raised(answer):
    """What each call of a host's worker raised."""
    return [call.get("raised") if isinstance(call, dict) else None for call in answer["calls"]]


def all_is_quiet(acted):
    """Nothing of any call is in what Ansible says, prints, or hands to its callbacks."""
    assert "CANARY" not in acted.output + json.dumps(acted.results)
    for result in acted.results.values():
        assert {name for name in result if not name.startswith("_ansible_")} == {"changed"}
        assert result["changed"] is False


def test_answers_go_to_the_run_folder_and_nowhere_else(tmp_path):
    behaviors = ("good", "crashes", "raises", "echoes", "lies", "adds", "floods", "forges")
    behaviors += ("nests", "tells")
    hosts = {name: host([WRITE, READ], maps_directory=name) for name in behaviors}
    acted = act(tmp_path, hosts, "-vvvv")
    all_is_quiet(acted)
    assert {name: raised(answer) for name, answer in acted.answers.items()} == {
        "good": [None, None],
        "adds": [None, None],
        "crashes": ["Crashed", "Crashed"],
        "raises": ["InvalidResponse", "InvalidResponse"],
        "echoes": ["InvalidResponse", "InvalidResponse"],
        "lies": ["InvalidResponse", "InvalidResponse"],
        "floods": ["InvalidResponse", None],
        "forges": ["Unreachable", "Unreachable"],
        "nests": ["InvalidResponse", "InvalidResponse"],
        "tells": ["InvalidResponse", "InvalidResponse"],
    }
    assert [answer["op"] for [answer] in acted.answers["good"]["calls"]] == ["write", "read"]
    assert acted.answers["crashes"]["calls"][0]["words"] == "KeyError:12"
    assert acted.answers["forges"]["calls"][0]["began"]  # its own words do not count
    flooded = acted.answers["floods"]
    assert flooded["calls"][0]["words"] == "it is too long"
    assert flooded["peak"] < 900  # MiB; some 2,000 without a limit


def test_a_module_that_sleeps_is_ended_and_the_worker_goes_on(tmp_path):
    run = [{"op": "run", "argv": ["CANARY"], "timeout": 1, "else": READ}]
    started = time.monotonic()
    acted = act(tmp_path, {"a": host([run, READ], maps_directory="sleeps")}, "-vvvv", OVERHEAD="8")
    all_is_quiet(acted)
    assert raised(acted.answers["a"]) == ["CallTimeout", None]
    assert acted.answers["a"]["calls"][0]["words"] == "no answer within 9 s"
    assert time.monotonic() - started < 60
    left = [p for p in Path("/proc").glob("[0-9]*/environ") if str(tmp_path) in environment(p)]
    assert left == []


def test_a_call_may_take_as_long_as_all_of_its_operations():
    restart = protocol.restart("MAPS", 100)
    apply = protocol.run(["apply"], 10, instead=[restart])
    smtp = {"op": "smtp", "timeout": 30}
    assert protocol.longest([protocol.read(), apply, smtp]) == 10 + 2 * 100 + 6 * 30


def environment(path):
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def said(acted):
    return {name: result["msg"] for name, result in acted.results.items() if "msg" in result}


def test_what_a_worker_gets_and_how_it_may_end(tmp_path):
    variables = {
        "maps_name": "{{ inventory_hostname }}!",
        "maps_list": ["{{ 1 + 1 }}", {"a": "{{ maps_directory }}"}],
        "maps_wrong": "{{ nonesuch.name }}",
    }
    hosts = {
        "a": host(read=[*variables, "maps_missing"], **variables),
        "bug": host(bug=True),
        "no folder": host(maps_run_folder=None),
        "stopped": host(),
    }
    acted = act(tmp_path, hosts, "-vvvv")
    assert "CANARY" not in acted.output
    assert set(acted.answers) == {"a"}
    name, listed, wrong, missing = acted.answers["a"]["variables"]
    assert (name, listed, missing) == ("a!", [2, {"a": "good"}], None)
    assert wrong["raised"] == "VariableUnusable"
    assert wrong["words"] == "maps_wrong: 'nonesuch' is undefined"
    assert said(acted) == {
        "bug": "bug in maps-provisioner: KeyError in worker.py:12",
        "no folder": "cannot read run.json in maps_run_folder: No such file or directory; run "
        "`provisioner push`, which makes that folder",
        "stopped": "the run has ended",
    }


def test_another_installation_begins_no_host(tmp_path):
    acted = act(tmp_path, {"a": host(), "b": host()}, version="0.0.9")
    assert acted.answers == {}
    assert set(said(acted)) == {"a", "b"}
    assert f"({__version__} and 0.0.9): install it once" in said(acted)["a"]

    acted = act(tmp_path, {"a": host(), "b": host()}, WITHOUT_WORKER="1")
    assert acted.answers == {}
    assert set(said(acted)) == {"a", "b"}
    assert "install it once, in the environment of ansible-core" in said(acted)["b"]
    assert "provisioner.host.worker" in said(acted)["b"]


def test_windows_hosts_get_a_dictionary_with_signs(tmp_path):
    (tmp_path / "connections").mkdir()
    environment = write_connections(tmp_path / "connections")
    hosts = {
        name: {**host([WRITE], maps_directory=r"C:\ProgramData"), **variables}
        for name, variables in HOSTS.items()
    }
    for variables in hosts.values():
        del variables["ansible_python_interpreter"]
    acted = act(tmp_path, hosts, "-vvvvvv", **environment)
    all_is_quiet(acted)
    for name in hosts:
        assert acted.answers[name]["platform"] == "windows", acted.output
        assert raised(acted.answers[name]) == [None], acted.answers[name]
        came = json.loads((tmp_path / "connections" / f"{name}.json").read_text())
        assert came["module"].endswith("win_maps_host.ps1")
        assert "CANARY" not in came["command"]
        assert came["call"] == {
            "directory": r"=C:\ProgramData",
            "group": None,
            "key": "=" + "00" * 32,
            "who": "=CANARYwho",
            "lock_wait": 0,
            "keys": ["=a", "=2026-12-01"],
            "shown": [],
            "operations": [
                {
                    "op": "=write",
                    "files": [{"name": "=email-servers.json", "text": "=" + SECRET}],
                    "expect": {},
                }
            ],
        }


UNSAFE = {
    "winrm": ({"ansible_connection": "winrm", "ansible_winrm_server_cert_validation": "ignore"},
              "ansible_winrm_server_cert_validation is not `validate`"),
    "psrp": ({"ansible_connection": "psrp", "ansible_psrp_cert_validation": "ignore"},
             "ansible_psrp_cert_validation is `ignore`"),
    "shell": ({"ansible_shell_type": "powershell"}, "ansible_shell_type does not fit the connecti"),
    "ssh": ({"ansible_connection": "ssh", "ansible_host_key_checking": False},
            "host_key_checking is False"),
    "become": ({"ansible_become": True, "ansible_become_method": "su"},
               "the become method su has none"),
}  # fmt: skip


def test_unsafe_connections_begin_no_host(tmp_path):
    hosts = {name: {**host(), **variables} for name, (variables, _) in UNSAFE.items()}
    acted = act(tmp_path, hosts)
    assert acted.answers == {}
    assert set(said(acted)) == set(hosts)
    for name, (_, words) in UNSAFE.items():
        assert words in said(acted)[name]

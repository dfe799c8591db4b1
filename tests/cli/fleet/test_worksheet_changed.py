"""`worksheet --changed`: what a person has to type into MAPS, by what hosts say."""

import json
import re
import stat

import pytest

from provisioner.secret import Secret
from tests.cli.fleet.local_fleet import PASSWORD, USER

pytestmark = pytest.mark.long

NEW = "CANARY~another password"


def enter(fleet, *hosts):
    """A person has typed in what is to be entered on these hosts, and says so."""
    fleet.ends(0, "entered", *hosts, "--yes")


def titles(text):
    return re.findall(r"^MAPS email servers of (.*)$", text, re.M)


def test_looking(pushed):
    """All that a person may see of one push, in turn: nothing here changes the host."""
    fleet = pushed
    document, journals = fleet.document().read_bytes(), fleet.journals()
    ended = fleet.ends(0, "worksheet", "--host", "maps1", "--changed")
    assert titles(ended.stdout) == ["maps1"]
    assert "New: add this server, with all its fields." in ended.stdout
    assert "  Port                       " + str(fleet.mail.port) in ended.stdout
    assert "Client Name                (leave empty)" in ended.stdout
    assert "Password                   ***" in ended.stdout
    assert "read from {env: MAIL_PASSWORD}" in ended.stdout
    assert PASSWORD not in ended.stdout + ended.stderr
    assert "  provisioner entered maps1 --server Reports\n" in ended.stdout
    assert (fleet.document().read_bytes(), fleet.journals()) == (document, journals)
    assert fleet.mail.received == []
    fleet.ends(64, "worksheet", "--host", "nowhere", "--changed")
    fleet.ends(64, "worksheet", "--forks", "2")

    with fleet.with_ansible().at_a_terminal("worksheet", "--changed") as terminal:
        terminal.wait_for("checking|maps1")
        terminal.type("\x03")
        assert terminal.ends() == 130
    assert "MAPS email servers" not in terminal.output, "an interrupted look prints nothing"

    fleet.declare("Other", password={"env": "NO_SUCH_VARIABLE"})
    ended = fleet.without_ansible().ends(1, "worksheet", "--changed")
    assert "Error: servers/other.yml:2: Other: password: " in ended.stderr
    assert "NO_SUCH_VARIABLE" in ended.stderr
    assert "Reports  (" in ended.stdout, "the others are as they are"

    fleet.undeclare("Other")
    (fleet.folder / "maps1" / "state.json").write_text(json.dumps({"schema_version": 9}))
    ended = fleet.ends(3, "worksheet", "--changed")
    assert ended.stdout == ""
    assert "Error: maps1: failed: " in ended.stderr


def test_a_host_that_push_has_to_see_first_has_no_page(three_hosts):
    fleet = three_hosts
    fleet.run("push", "--limit", "maps1")
    ended = fleet.ends(3, "worksheet", "--changed")
    assert titles(ended.stdout) == ["maps1"]
    for host in ("maps2", "maps3"):
        said = f"Error: {host}: failed: a push would change this host, or verify it\n"
        assert f"{said}  run: provisioner push\n" in ended.stderr
    out = fleet.folder / "a.html"
    ended = fleet.ends(3, "worksheet", "--host", "maps2", "--changed", "--output", str(out))
    assert not out.exists()
    fleet.run("push", "--limit", "maps2", "--mail", "none")
    ended = fleet.ends(3, "worksheet", "--host", "maps2", "--changed")
    assert "maps2: failed: a push would change this host, or verify it" in ended.stderr
    fleet.set("maps3", maps_apply_command=["/bin/true"])
    fleet.run("push", "--limit", "maps3")
    ended = fleet.ends(0, "worksheet", "--host", "maps3", "--changed")
    assert ended.stdout == ""
    assert "imported by maps_apply_command or maps_service: maps3\n" in ended.stderr


def test_equal_hosts_share_a_page_with_what_has_changed(three_hosts):
    fleet = three_hosts
    fleet.declare("Old")
    fleet.run("push")
    enter(fleet, *fleet.hosts)
    ended = fleet.ends(0, "worksheet", "--changed")
    assert ended.stdout == ""
    assert "nothing to be entered: maps1, maps2, maps3\n" in ended.stderr
    fleet.undeclare("Old")
    fleet.declare("Reports", client_name="maps.example.edu")
    fleet.declare("More", hosts="maps3")
    fleet.run("push", "--prune", "--yes", "--prune-limit", "3")
    text = fleet.ends(0, "worksheet", "--changed").stdout
    assert titles(text) == ["maps1, maps2", "maps3"]
    shared, alone = text.split("MAPS email servers of maps3")
    assert "Old\n===\nRemoved: delete this server in MAPS.\n" in shared
    assert "Changed: only these fields differ" in shared
    assert "  Client Name  maps.example.edu\n               (was empty)\n" in shared
    assert "Port" not in shared
    assert "provisioner entered maps1 maps2 --server Old" in shared
    assert "New: add this server" in alone
    page = fleet.ends(0, "worksheet", "Reports", "--changed", "--format", "html").stdout
    assert page.count("<h1>") == 1, "of this server all hosts have the same"
    assert "maps1, maps2, maps3</h1>" in page
    assert "Old" not in page


def test_a_changed_secret_is_shown_only_when_asked_for(pushed):
    fleet = pushed
    enter(fleet, "maps1")
    fleet.mail.behavior.passwords[USER] = Secret(NEW)
    fleet.run("push", password=NEW)
    text = fleet.ends(0, "worksheet", "--changed", password=NEW).stdout
    assert "Password  ***\n            (read from {env: MAIL_PASSWORD}; changed)\n" in text
    assert len(re.findall("  ", text.split("Security\n")[1].splitlines()[0])) == 2, "no other row"
    ended = fleet.ends(64, "worksheet", "--changed", "--reveal", password=NEW)
    assert "refusing to write secrets to standard output" in ended.stderr
    out = fleet.folder / "changed.html"
    ended = fleet.ends(0, "worksheet", "--changed", "--reveal", "--output", str(out), password=NEW)
    assert NEW in out.read_text()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert NEW not in ended.stdout + ended.stderr
    first = re.search('data-digest="(.*?)"', out.read_text())[1]
    fleet.declare("Reports", client_name="a.example.edu")
    fleet.run("push", "--mail", "none", password=NEW)
    fleet.declare("Reports")
    fleet.run("push", password=NEW)
    fleet.ends(0, "worksheet", "--changed", "--output", str(out), password=NEW)
    page = out.read_text()
    assert "Client Name" not in page
    assert NEW not in page
    assert PASSWORD not in page
    assert re.search('data-digest="(.*?)"', page)[1] != first, "a later document: ticks begin anew"

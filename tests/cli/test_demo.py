"""`provisioner demo` from beginning to end; its story checks each step itself."""

import os
import re
import subprocess
import sys

from provisioner.cli.app import run
from provisioner.demo import story
from tests.support.paths import ROOT
from tests.support.project_folder import PROVISIONER
from tests.support.terminal import Terminal

CHAPTERS = [f"{number}. {title}" for number, title in enumerate(story.CHAPTERS, 1)]
COMMAND = re.compile(r"^\$ (provisioner .*)$", re.M)
CLICKING_BROWSER = """
import html, re, sys, urllib.request
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
page = direct.open(sys.argv[1], timeout=20).read().decode()
accept = re.search('<a href="([^"]+)">Accept</a>', page).group(1)
direct.open(sys.argv[1].partition("/authorize")[0] + html.unescape(accept), timeout=20).read()
"""


def provisioner(*arguments, folder, **environment):
    ended = subprocess.run(
        [PROVISIONER, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout


def test_the_project_that_it_keeps_works(tmp_path):
    # A proxy that no one serves: loopback does without it.
    proxy = {"http_proxy": "http://localhost:9", "https_proxy": "http://localhost:9"}
    (tmp_path / ".git").mkdir()  # in CI, TMPDIR may be inside of a checkout
    temporary = tmp_path / "t"  # short: a socket of Ansible is in it
    temporary.mkdir()
    code, text = provisioner("demo", "--keep", folder=tmp_path, TMPDIR=str(temporary), **proxy)
    assert code == 0, text
    assert [line for line in text.splitlines() if line in CHAPTERS] == CHAPTERS
    assert not re.search("deprecat|warning|traceback|bug in", text, re.I)
    [folder] = temporary.iterdir()
    assert f"cd {folder / 'project'}\n" in text
    key = {"XDG_CONFIG_HOME": str(folder / "config")}
    assert f"export XDG_CONFIG_HOME={key['XDG_CONFIG_HOME']} " in text
    named = re.findall(rf"^  {re.escape(str(PROVISIONER))} (.*)$", text, re.M)
    assert named == ["validate", "status", "plan"]
    for command in named:
        code, said = provisioner(command, folder=folder / "project", **key)
        assert code == 0, said


def test_the_picture_in_the_readme_shows_its_chapters_and_commands():
    picture = re.sub(r"<[^>]+>", "", (ROOT / "docs" / "demo.svg").read_text(encoding="utf-8"))
    for expected in (*CHAPTERS, "provisioner validate --fix", "provisioner demo --keep"):
        assert expected.replace(" ", "&#160;") in picture


def test_a_person_signs_in(tmp_path):
    """`--browser` opens the browser of the person, on a page that asks."""
    browser = tmp_path / "browser.py"
    browser.write_text(CLICKING_BROWSER)
    environment = {
        **os.environ,
        "TMPDIR": str(tmp_path),
        "BROWSER": f"{sys.executable} {browser} %s &",
    }
    command = [str(PROVISIONER), "demo", "--browser"]
    with Terminal(command, folder=tmp_path, environment=environment) as terminal:
        terminal.wait_for(r"/authorize\?\S{80,}")  # complete, for a browser elsewhere
        terminal.wait_for("signed in")
        terminal.type("\x03")
        assert terminal.ends() == 130
    assert list(tmp_path.iterdir()) == [browser], "its folder is removed"


def test_a_step_that_ends_otherwise_fails_the_demo(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    wrong = story.FILES[story.SERVER_FILE] + "port: 25\n"
    monkeypatch.setitem(story.FILES, story.SERVER_FILE, wrong)
    assert run(["demo"]) == 1
    assert "the demo expected exit code 0 of `provisioner validate --fix`, not 1" in (
        capsys.readouterr().err
    )
    assert list(tmp_path.iterdir()) == [], "its folder is removed"

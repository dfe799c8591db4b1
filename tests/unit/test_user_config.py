"""The user's config.yml: what it gives, and what of it is refused without a word of its content."""

import os
import subprocess

import pytest

from provisioner.errors import FileUnusable
from provisioner.user_config import UserConfig, configuration_folder, read_user_config

CANARY = "canary-3f9c"
PROJECTS = """\
vault_password: {file: /keys/all}
projects:
  mail-config/prod: {vault_password: {env: PROD}, inventory: ~/hosts, tokens: /srv/tokens}
  mail-config/test: {}
"""


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    (folder / ".config" / "maps-provisioner").mkdir(parents=True)
    (folder / "project").mkdir()
    return folder


def config_of(home):
    return home / ".config" / "maps-provisioner" / "config.yml"


def read(home, text=None, identity="mail-config/prod"):
    if text is not None:
        config_of(home).write_text(text)
        config_of(home).chmod(0o600)
    return read_user_config({"HOME": str(home)}, identity, home / "project")


def test_the_projects_own_entry_wins(home):
    found = read(home, PROJECTS)
    assert found.vault_password == {"env": "PROD"}
    assert (found.inventory, str(found.tokens)) == (home / "hosts", "/srv/tokens")
    assert read(home, identity="mail-config/test") == UserConfig(
        vault_password={"file": "/keys/all"}
    )


def test_no_entry_is_that_of_a_project_without_identity(home):
    assert read(home, "projects: {'': {inventory: /srv}}", identity="").inventory is None


@pytest.mark.parametrize("text", [None, "", "# nothing\n", "{}"])
def test_no_file_or_an_empty_one_says_nothing(home, text):
    assert read(home, text) == UserConfig()


def test_the_folder_is_the_xdg_one():
    assert configuration_folder({"HOME": "/h"}).as_posix() == "/h/.config/maps-provisioner"
    assert configuration_folder({"HOME": "/h", "XDG_CONFIG_HOME": "x"}).parts[:2] == ("/", "h")
    assert configuration_folder({"XDG_CONFIG_HOME": "/x"}).as_posix() == "/x/maps-provisioner"
    assert configuration_folder({}) is None
    assert configuration_folder({"HOME": ""}) is None


BROKEN = {
    "key": (f"# x\n{CANARY}: 1\n", 2),
    "project-key": (f"projects:\n  a:\n    {CANARY}: 1\n", 3),
    "no-mapping": (f"\n- {CANARY}\n", 2),
    "project-no-mapping": (f"projects:\n  a: {CANARY}\n", 2),
    "twice": (f"vault_password: {CANARY}\nvault_password: {CANARY}\n", 2),
    "list": (f"vault_password:\n  [{CANARY}]\n", 2),
    "tag": (f"vault_password: !vault |\n  {CANARY}\n", 1),
    "python": (f"vault_password: !!python/object/apply:os.system [{CANARY}]\n", 1),
    "number": (f"vault_password: 7 # {CANARY}\n", 1),
    "relative": (f"projects:\n  a:\n    tokens: ../{CANARY}\n", 3),
    "path-type": ("projects: {a: {inventory: [/srv]}}\n", 1),
    "yaml": (f"vault_password: '{CANARY}\n", 2),
    "colon": (f"vault_password: {CANARY}: x\n", 1),
    "control": (f"vault_password: \x07{CANARY}\n", 1),
    "deep": ("[" * 1000, 1),
}


@pytest.mark.parametrize(("text", "line"), BROKEN.values(), ids=BROKEN)
def test_a_mistake_is_told_by_its_line_alone(home, text, line):
    with pytest.raises(FileUnusable) as refused:
        read(home, text)
    said = refused.value.message + refused.value.remedy
    assert said.startswith(f"{config_of(home)}:{line}: ")
    assert CANARY not in said


@pytest.mark.parametrize(
    ("mode", "owner", "text", "problem"),
    [
        (0o620, 0, PROJECTS, "can be written by other users"),
        (0o602, 0, PROJECTS, "can be written by other users"),
        (0o644, 0, f"vault_password: {CANARY}\n", "can be read by other users"),
        (0o600, 1234, PROJECTS, "belongs to another user"),
    ],
)
def test_what_others_have_a_hand_in_is_refused_until_the_command_that_is_named(
    home, mode, owner, text, problem
):
    if owner and os.geteuid():
        pytest.skip("only root can give a file away")
    unharmed = read(home, text)
    assert CANARY not in repr(unharmed)
    config_of(home).chmod(mode)
    if owner:
        os.chown(config_of(home), owner, owner)
    with pytest.raises(FileUnusable, match=problem) as refused:
        read(home)
    subprocess.run(refused.value.remedy.partition(": ")[2], shell=True, check=True)
    assert read(home) == unharmed


def test_it_may_be_a_link_and_what_it_leads_to_is_judged(home, tmp_path):
    real = tmp_path / "dotfiles.yml"
    real.write_text(PROJECTS)
    real.chmod(0o644)
    config_of(home).symlink_to(real)
    assert read(home).tokens, "it holds no password in clear"
    real.chmod(0o666)
    with pytest.raises(FileUnusable, match="can be written by other"):
        read(home)


def test_one_in_the_checkout_is_refused_unless_the_checkout_is_the_home_folder(home, tmp_path):
    read(home, PROJECTS)
    (home / ".git").mkdir()
    assert read(home).tokens
    (tmp_path / ".git").mkdir()
    (home / ".git").rmdir()
    with pytest.raises(FileUnusable, match="is part of the project"):
        read(home)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_file_is_refused_at_once(home, make):
    make(config_of(home))
    with pytest.raises(FileUnusable):
        read(home)

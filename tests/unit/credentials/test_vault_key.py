"""Where the vault password comes from: never from a checkout, and from no file others can read."""

import os
import re
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provisioner.credentials.vault_key import KeySearch, expanded
from provisioner.errors import ProvisionerError, SecretUnavailable


class User:
    """A user with a home, and a checkout with a project in it."""

    def __init__(self, folder):
        self.home, self.checkout, self.root = (
            folder / name for name in ("home", "checkout", "checkout/prod")
        )
        for path in (self.home, self.checkout / ".git", self.root):
            path.mkdir(parents=True)
        self.configuration = self.home / ".config/maps-provisioner"
        self.environment = {"HOME": str(self.home), "PATH": os.environ["PATH"]}

    def password(self, *, create=False, **environment):
        search = KeySearch(
            root=self.root,
            tokens_path=self.root / "tokens",
            identity="mail-config/prod",
            environment=self.environment | {k: str(v) for k, v in environment.items()},
        )
        return search.find(create=create).password.reveal()

    def refused(self, **environment):
        with pytest.raises(ProvisionerError) as caught:
            self.password(create=True, **environment)
        return caught.value

    def config(self, text):
        self.configuration.mkdir(parents=True, exist_ok=True)
        (self.configuration / "config.yml").write_text(text)

    def key_file(self, name="key", text="from-a-file\n", mode=0o600):
        path = self.home / name
        path.write_text(text)
        path.chmod(mode)
        return path


@pytest.fixture
def user(tmp_path):
    return User(tmp_path)


def test_a_key_is_generated_on_demand_alone(user):
    with pytest.raises(SecretUnavailable, match="no vault key") as caught:
        user.password()
    assert "provisioner authenticate" in caught.value.remedy
    assert not user.configuration.exists()
    made = user.password(create=True)
    path = user.configuration / "vault-key"
    assert re.fullmatch(r"[0-9a-f]{64}\n", path.read_text())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert user.password() == user.password(create=True) == made


def test_the_order_of_places(user):
    user.password(create=True)
    user.config(f"vault_password: {{file: {user.key_file('for-all', 'for-all')}}}\n")
    assert user.password() == "for-all"
    named = user.key_file("named", "named  \n\n")  # ansible-vault strips it
    assert user.password(ANSIBLE_VAULT_PASSWORD_FILE=named) == "named"
    user.config(
        "vault_password: {env: FOR_ALL}\n"
        "projects: {mail-config/prod: {vault_password: {command: [echo, for-this]}}}\n"
    )
    assert user.password(ANSIBLE_VAULT_PASSWORD_FILE=named) == "for-this"
    user.config("vault_password: {env: FOR_ALL}\nprojects: {other/prod: {vault_password: x}}\n")
    assert user.password(FOR_ALL="by-env") == "by-env"


def test_an_executable_password_file_runs_as_with_ansible(user):
    script = user.key_file("script", "#!/bin/sh\necho from-a-script\n", 0o755)
    assert user.password(ANSIBLE_VAULT_PASSWORD_FILE=script) == "from-a-script"
    script.chmod(0o775)
    refused = user.refused(ANSIBLE_VAULT_PASSWORD_FILE=script)
    assert refused.remedy == f"chmod go-w {script}"


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o620])
def test_a_key_that_others_can_read_or_write_is_refused(user, mode):
    path = user.key_file(mode=mode)
    refused = user.refused(ANSIBLE_VAULT_PASSWORD_FILE=path)
    others_can = "read" if mode == 0o604 else "written"
    assert f"the vault key {path} can be {others_can} by other users" in refused.message
    assert f"chmod 600 {path}\n" in refused.remedy
    # A CI job that may not change the file copies it, as printed.
    copy = re.search(r"\(umask 077;.*$", refused.remedy, re.MULTILINE)
    assert copy
    script = f"{copy[0]}; echo $ANSIBLE_VAULT_PASSWORD_FILE"
    copied = subprocess.check_output(["sh", "-c", script], env=user.environment, text=True)
    assert user.password(ANSIBLE_VAULT_PASSWORD_FILE=copied.strip()) == "from-a-file"


def test_the_generated_key_and_one_of_config_yml_are_judged_alike(user):
    user.password(create=True)
    (user.configuration / "vault-key").chmod(0o644)
    assert "can be read by other users" in user.refused().message
    user.config(f"vault_password: {{file: {user.key_file(mode=0o622)}}}\n")
    assert "can be written by other users" in user.refused().message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_of_other_owners_only_root_is_trusted(user):
    """Secrets of containers and of systemd are root's, and their group reads them."""
    path = user.key_file(mode=0o640)
    assert user.password(ANSIBLE_VAULT_PASSWORD_FILE=path) == "from-a-file"
    os.chown(path, 12345, -1)
    refused = user.refused(ANSIBLE_VAULT_PASSWORD_FILE=path)
    assert "belongs to another user" in refused.message
    assert refused.remedy.startswith("copy it: (umask 077; cat")


def test_a_link_is_judged_by_what_it_leads_to(user):
    """As secrets of containers are mounted."""
    link = user.home / "link"
    link.symlink_to(user.key_file())
    assert user.password(ANSIBLE_VAULT_PASSWORD_FILE=link) == "from-a-file"
    user.key_file(mode=0o606)
    assert "other users" in user.refused(ANSIBLE_VAULT_PASSWORD_FILE=link).message


@pytest.mark.parametrize(
    "config",
    [
        "",
        "vault_password: {file: PATH}",
        "projects: {mail-config/prod: {vault_password: {file: PATH}}}",
    ],
)
@pytest.mark.parametrize("kind", ["file", "program", "link out", "link in"])
def test_nothing_in_the_checkout_is_a_key(user, config, kind):
    path = user.checkout / "key"
    if kind == "link out":
        path.symlink_to(user.key_file())
    else:
        path.write_text("#!/bin/sh\ntouch ran; echo known\n")
        path.chmod(0o700 if kind == "program" else 0o600)
    if kind == "link in":
        (user.home / "key").symlink_to(path)
        path = user.home / "key"
    user.config(config.replace("PATH", str(path)))
    refused = user.refused(**({} if config else {"ANSIBLE_VAULT_PASSWORD_FILE": path}))
    assert "inside the checkout" in refused.message
    assert not list(user.home.parent.rglob("ran"))


def test_a_generated_key_is_not_made_in_the_checkout(user):
    refused = user.refused(XDG_CONFIG_HOME=user.checkout / "config")
    assert "inside the checkout" in refused.message
    assert list(user.checkout.rglob("vault-key")) == []


def test_a_home_folder_in_git_is_not_a_checkout_of_somebody_else(user):
    """Dotfiles: the configuration folder there is the user's own; a key elsewhere is refused."""
    (user.home / ".git").mkdir()
    user.root = user.home / "mail"
    user.root.mkdir()
    assert user.password(create=True) == user.password()
    refused = user.refused(ANSIBLE_VAULT_PASSWORD_FILE=user.key_file())
    assert "inside the checkout" in refused.message


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_key_is_not_a_key(user, text):
    assert "is empty" in user.refused(ANSIBLE_VAULT_PASSWORD_FILE=user.key_file(text=text)).message
    assert "not a regular file" in user.refused(ANSIBLE_VAULT_PASSWORD_FILE=user.home).message
    user.config("vault_password: {env: BLANK}\n")
    assert "in config.yml" in user.refused(BLANK=text).message


@pytest.mark.parametrize(
    "value", ["{nothing: x}", "{env: 5}", "{command: []}", "{env: A, file: B}"]
)
def test_what_is_no_source_is_an_error_of_config_yml(user, value):
    user.config(f"vault_password: {value}\n")
    assert "in config.yml is not a secret source" in user.refused().message


def test_the_vault_password_cannot_be_vault_text(user):
    user.config("vault_password: |\n  $ANSIBLE_VAULT;1.1;AES256\n  00\n")
    (user.configuration / "config.yml").chmod(0o600)
    assert "cannot be one" in user.refused().message


def test_no_key_is_made_beside_tokens_of_another_one(user):
    (user.root / "tokens").mkdir()
    (user.root / "tokens" / "reports-dacca3cb.yml").touch()
    refused = user.refused()
    assert "the key that opens them is not at" in refused.message
    assert "copy the vault-key file" in refused.remedy
    assert not user.configuration.exists()


def test_without_a_home_only_making_a_key_fails(user):
    del user.environment["HOME"]
    assert user.password(ANSIBLE_VAULT_PASSWORD_FILE=user.key_file()) == "from-a-file"
    assert "HOME is not set" in user.refused().message


def test_the_home_of_an_unknown_user_is_no_bug(user):
    named = "~no-such-user/key"
    assert f"{named} does not exist" in user.refused(ANSIBLE_VAULT_PASSWORD_FILE=named).message
    assert expanded(Path(named)) == Path.cwd() / named


def test_runs_that_start_together_make_one_key(user):
    with ThreadPoolExecutor(6) as runs:  # each run opens the lock by itself
        made = set(runs.map(lambda _: user.password(create=True), range(6)))
    assert len(made) == 1
    assert len(made.pop()) == 64

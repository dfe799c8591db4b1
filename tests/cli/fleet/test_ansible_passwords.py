"""Passwords that Ansible itself wants: of sudo, and of vault text in the inventory."""

import json

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.support.terminal import CTRL_C

pytestmark = pytest.mark.long

SUDO = """\
#!/bin/sh
# sudo -H -S -p PROMPT -u maps COMMAND: asks as sudo does, and notes what it is told.
while [ "$1" != -u ]; do
    [ "$1" = -p ] && prompt=$2
    shift
done
shift 2
printf '%%s' "$prompt" >&2
read -r password
echo "$password" >> %s
exec "$@"
"""


def test_the_password_of_sudo_is_asked_for_at_once_or_not_at_all(fleet, tmp_path):
    sudo, told = tmp_path / "sudo", tmp_path / "told"
    sudo.write_text(SUDO % told)
    sudo.chmod(0o755)
    fleet.with_ansible().set(
        ansible_become=True, ansible_become_user="maps", ansible_become_exe=str(sudo)
    )
    refused = fleet.ends(6, "push", "-K").stderr
    assert "ANSIBLE_BECOME_PASSWORD_FILE" in refused
    (fleet.folder / "ansible.cfg").write_text("[privilege_escalation]\nbecome_ask_pass = yes\n")
    assert "there is no terminal" in fleet.ends(6, "plan").stderr
    assert not told.exists()

    (fleet.folder / "ansible.cfg").unlink()
    with fleet.at_a_terminal("push", "-K") as terminal:
        terminal.wait_for("BECOME password: ")
        terminal.type(CTRL_C)
        assert terminal.ends() == 130, "nothing is at work that had to finish"
        assert "\nError: nothing was changed on a host: interrupted" in terminal.output
    with fleet.at_a_terminal("push", "-K", "--yes") as terminal:
        terminal.wait_for("BECOME password: ")
        terminal.wait_until_unseen()
        terminal.type("CANARYsudo\n")
        assert terminal.ends() == 0, terminal.output
        assert "CANARY" not in terminal.output
    assert told.read_text().split() == ["CANARYsudo", "CANARYsudo"]
    assert "CANARY" not in json.dumps(fleet.journals())
    assert fleet.served("maps1") == ["Reports"]


def test_vault_text_of_the_inventory_is_opened_or_holds_up_its_host_alone(fleet, tmp_path):
    fleet = fleet.of(2).with_ansible()
    secret = VaultLib().encrypt(str(tmp_path / "hidden"), secret=VaultSecret(b"horse")).decode()
    (fleet.folder / "inventory" / "host_vars").mkdir()
    (fleet.folder / "inventory" / "host_vars" / "maps2.json").write_text(
        json.dumps({"ansible_remote_tmp": {"__ansible_vault": secret}})
    )
    said = fleet.pushed(exit_code=3)
    assert fleet.states() == {"maps1": "delivered, not applied", "maps2": "failed"}
    assert "no vault password opens this" in said
    assert "vault-password" in said

    password = tmp_path / "password"
    password.write_text("horse")
    fleet.pushed("--resume", "--vault-password-file", str(password))
    assert fleet.states() == {"maps2": "delivered, not applied"}

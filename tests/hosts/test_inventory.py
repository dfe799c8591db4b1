"""Host patterns, read as Ansible reads them."""

import os

import pytest

from provisioner.errors import FleetError
from provisioner.fleet.environment import ansible_environment
from provisioner.hosts.inventory import read_inventory
from tests.fleet.local_fleet import local_fleet


@pytest.fixture(autouse=True)
def _ansible(tmp_path):
    with ansible_environment(tmp_path):
        yield


@pytest.fixture
def one_host(tmp_path):
    with local_fleet(tmp_path) as fleet:
        yield fleet


@pytest.fixture
def inventory(tmp_path):
    path = tmp_path / "hosts.ini"
    path.write_text("[maps]\nmaps[1:3]\n[test]\nmaps3\n[db]\ndb1\n")
    return path


def test_groups_hosts_and_patterns(inventory):
    read = read_inventory(inventory)
    assert read.matching("maps") == ("maps1", "maps2", "maps3")
    assert read.matching("maps:!test") == ("maps1", "maps2")
    assert read.matching("db1") == ("db1",)


@pytest.mark.parametrize("pattern", ["!", "&", "~(a"])
def test_a_pattern_that_is_none_is_said_to_be_none(inventory, pattern):
    with pytest.raises(FleetError, match="is not a host pattern"):
        read_inventory(inventory).matching(pattern)


def test_a_pattern_that_matches_nothing_has_no_hosts(inventory):
    read = read_inventory(inventory)
    assert read.matching("maps_prod") == ()
    assert read.groups() == ("db", "maps", "test")


def test_a_missing_inventory_says_what_to_write(tmp_path):
    with pytest.raises(FleetError) as error:
        read_inventory(tmp_path / "inventory")
    assert error.value.message == f"there is no inventory at {tmp_path / 'inventory'}"
    assert "a group `maps`" in error.value.remedy


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "hosts.yml",
            "maps:\n  hosts:\n    maps1: {key: hunter2}\n   maps2: hunter2\n",
            "{file}:4: Ansible cannot read the inventory: this line does not fit into the list or "
            "mapping around it",
        ),
        ("hosts.json", '{"maps": {"hosts": "hunter2"', "{file}:1: Ansible cannot read the"),
        ("hosts.yml", "- hunter2\n", "{file}: Ansible cannot read the inventory"),
        (
            "hosts.ini",
            '[maps]\nmaps1 key="hunter2\n',
            "{file}:2: Ansible cannot read the inventory: it does not understand this line",
        ),
        ("hosts.yml", "maps: {hosts: {a: {x: !hunter2 1}}}\n", "{file}:1: Ansible cannot read the"),
        ("hosts.yml", "maps: {hosts: [hunter2]}\n", "{file}: Ansible cannot read the inventory"),
        ("hosts.ini", "[maps:hunter2]\nmaps1\n", "{file}:1: Ansible cannot read the inventory: it"),
        ("hosts.ini", "[maps]\n[maps:vars]\nhunter2\n", "{file}:3: Ansible cannot read the"),
        ("hosts.ini", '[maps]\nmaps1 "inventory source /hunter2\n', "{file}:2: Ansible cannot"),
        ("hosts.toml", "[hunter2\n", "{file}: Ansible cannot read the inventory"),
        ("plugin.yml", "plugin: hunter2\n", "{file}: Ansible cannot read the inventory"),
        (
            "hosts.yml",
            "$ANSIBLE_VAULT;1.1;AES256\nhunter2\n",
            "{file}: the inventory is vault text",
        ),
        ("hosts", "#!/bin/sh\necho hunter2 >&2; exit 4\n", "{file}: Ansible cannot read the"),
        ("hosts", "#!/bin/sh\necho '[\"hunter2\"]'\n", "{file}: Ansible cannot read the inventory"),
    ],
)
def test_an_unreadable_inventory_is_named_with_its_line_and_not_quoted(
    tmp_path, capfd, name, text, message
):
    file = tmp_path / "inventory" / name
    file.parent.mkdir()
    file.write_text(text)
    file.chmod(0o755 if text.startswith("#!") else 0o644)
    with pytest.raises(FleetError) as error:
        read_inventory(file.parent)
    assert error.value.message.startswith(message.format(file=file))
    assert error.value.remedy
    assert "hunter2" not in error.value.message + error.value.remedy
    assert capfd.readouterr() == ("", "")


NAMES = "a group's name has other characters than letters, digits and _, so no variable can"
OTHER = "Ansible has a warning; see it (Ansible quotes lines, secrets too): ansible-inventory -i "


@pytest.mark.parametrize(
    ("name", "text", "warning"),
    [
        ("hosts.ini", "[hunter2-test]\nmaps1\n", NAMES),
        ("hosts.ini", "[hunter2]\nhunter2\n", "a group and a host have the same name"),
        ("hosts.yml", "maps: {hunter2: x, hosts: {a: }}\n", OTHER),
        ("hosts", "#!/bin/sh\necho hunter2 >&2; echo '{}'\n", OTHER),
    ],
)
def test_what_ansible_warns_of_in_a_readable_inventory_is_said_without_its_words(
    tmp_path, capfd, name, text, warning
):
    path = tmp_path / name
    path.write_text(text)
    path.chmod(0o755 if text.startswith("#!") else 0o644)
    read_inventory(path)
    said = capfd.readouterr()
    assert said.err.startswith(f"warning: {path}: {warning}")
    assert said.err.count("\n") == 1
    assert "hunter2" not in said.out + said.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "key: hunter2\n other: hunter2\n",
            "{file}:2: Ansible cannot read the variables: a colon stands where no key can be",
        ),
        ("$ANSIBLE_VAULT;1.1;AES256\n3030\n", "{folder}: a variable there is vault text"),
        ("x: {[hunter2]: 1}\n", "ansible-playbook ended with code 4 before it reached a host"),
        ("- hunter2\n", "ansible-playbook ended with code 4 before it reached a host"),
    ],
)
def test_variables_that_ansible_gives_up_on_are_named_and_not_quoted(one_host, text, message):
    folder = one_host.folder / "inventory"
    file = folder / "host_vars" / "maps1.yml"
    file.parent.mkdir()
    file.write_text(text)
    ended = one_host.ends(1, "plan")
    assert f"Error: {message.format(file=file, folder=folder)}" in ended.stderr
    assert "hunter2" not in ended.stderr + ended.stdout


def test_a_group_variable_that_is_vault_text_is_not_opened(inventory, tmp_path):
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "maps.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n00\n")
    assert read_inventory(inventory).matching("test") == ("maps3",)
    assert "ANSIBLE_VAULT_PASSWORD_FILE" not in os.environ

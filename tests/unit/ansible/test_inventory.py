"""Host patterns and variables, read as Ansible reads them, and errors that quote nothing."""

import os

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from provisioner.ansible.environment import ansible_environment
from provisioner.ansible.inventory import read_inventory
from provisioner.errors import FleetError


@pytest.fixture(autouse=True)
def _ansible(tmp_path):
    with ansible_environment(tmp_path):
        yield


@pytest.fixture
def inventory(tmp_path):
    path = tmp_path / "hosts.ini"
    path.write_text("[maps]\nmaps[1:3]\n[test]\nmaps3\n[db]\ndb1\n")
    return path


def read(path, **options):
    return read_inventory(path, root=path.parent, **options)


def test_groups_hosts_and_patterns(inventory):
    found = read(inventory)
    assert found.groups() == ("db", "maps", "test")
    assert found.matching("maps") == ("maps1", "maps2", "maps3")
    assert found.matching("maps:!test") == ("maps1", "maps2")
    assert found.matching("db1") == ("db1",)
    assert found.matching("maps_prod") == ()


@pytest.mark.parametrize(
    ("pattern", "hosts"),
    [
        ("maps:!tset", ()),  # to Ansible, all of maps
        ("maps1,maps2,slwo", ()),
        ("maps:&tset[0]", ()),
        ("maps[0:1],test[-1]", ("maps1", "maps2", "maps3")),
        ("maps:!web*:!~web.+:!web[ab]", ("maps1", "maps2", "maps3")),
        ("all:!ungrouped", ("db1", "maps1", "maps2", "maps3")),
        ("localhost", ("localhost",)),
    ],
)
def test_a_name_that_nothing_has_is_left_out_of_no_pattern(inventory, pattern, hosts):
    assert read(inventory).matching(pattern) == hosts


def test_why_a_pattern_matches_nothing(inventory):
    found, nothing = read(inventory), f"matches no host of {inventory}"
    assert found.no_match("maps:!tset:slwo") == f"{nothing}: it has no group or host tset, slwo"
    assert found.no_match("db:&test") == nothing


def test_a_host_is_meant_by_its_name(tmp_path):
    path = tmp_path / "hosts.yml"
    path.write_text('maps: {hosts: {"h{{ 7*7 }}": , "!x": , "a,b": }}\n')
    found = read(path)
    for name in ("h{{ 7*7 }}", "!x", "a,b"):
        assert found.matching(name) == (name,)


@pytest.mark.parametrize("pattern", ["!", "&", "~(a", "", " ", ",", ":", "~[", "maps:!"])
def test_an_invalid_pattern_is_said_to_be_one(inventory, pattern):
    with pytest.raises(FleetError, match="is not a valid Ansible host pattern"):
        read(inventory).matching(pattern)


def test_a_missing_inventory_says_what_to_write(tmp_path):
    with pytest.raises(FleetError) as error:
        read(tmp_path / "inventory")
    assert error.value.message == f"no inventory at {tmp_path / 'inventory'}"
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
        ("hosts.yml", 'maps:\n hosts: {"a[1:hunter2]": }\n', "{file}: Ansible cannot read the"),
        ("hosts.ini", "[maps:hunter2]\nmaps1\n", "{file}:1: Ansible cannot read the inventory: it"),
        ("hosts.ini", "[maps]\n[maps:vars]\nhunter2\n", "{file}:3: Ansible cannot read the"),
        ("hosts.ini", '[maps]\nmaps1 "inventory source /hunter2\n', "{file}:2: Ansible cannot"),
        ("hosts.toml", "[hunter2\n", "{file}: Ansible cannot read the inventory"),
        ("plugin.yml", "plugin: hunter2\n", "{file}: Ansible cannot read the inventory"),
        (
            "hosts.yml",
            "$ANSIBLE_VAULT;1.1;AES256\nhunter2\n",
            "{file}: no vault password opens it",
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
        read(file.parent)
    assert error.value.message.startswith(message.format(file=file))
    assert error.value.remedy
    assert "hunter2" not in error.value.message + error.value.remedy
    assert capfd.readouterr() == ("", "")


NAMES = "a group name has characters other than letters, digits and _, so no variable can name it"
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
def test_a_warning_of_ansible_is_told_without_its_words(tmp_path, capfd, name, text, warning):
    path = tmp_path / name
    path.write_text(text)
    path.chmod(0o755 if text.startswith("#!") else 0o644)
    read(path)
    said = capfd.readouterr()
    assert said.err.startswith(f"warning: {path}: {warning}")
    assert said.err.count("\n") == 1
    assert "hunter2" not in said.out + said.err


def test_an_inventory_script_that_others_may_write_is_not_run(tmp_path):
    path = tmp_path / "inventory" / "hosts"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran; echo '{{}}'\n")
    path.chmod(0o757)
    with pytest.raises(FleetError, match="other users can write to it"):
        read(path.parent)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("path", "pipe"),
    [
        ("hosts.ini", "host_vars/maps1.yml"),
        ("hosts.ini", "group_vars/maps/ports.yml"),
        ("folder", "folder/more.yml"),
        ("folder", "folder/host_vars/maps1.yml"),
        ("pipe", "pipe"),
    ],
)
def test_a_pipe_to_which_nobody_writes_is_not_waited_for(inventory, tmp_path, path, pipe):
    (tmp_path / pipe).parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(tmp_path / pipe)
    with pytest.raises(FleetError) as error:
        read(tmp_path / path)
    said = "is a named pipe, a device or a socket, not a file"
    assert error.value.message == f"{tmp_path / pipe}: {said}"


def test_a_device_without_end_is_not_read(inventory, tmp_path):
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "maps1").symlink_to("/dev/zero")
    with pytest.raises(FleetError, match="is a named pipe, a device or a socket"):
        read(inventory)


# -- variables


def vault_text(text, password):
    return VaultLib().encrypt(text, secret=VaultSecret(password)).decode()


def indented(text):
    return "\n".join("    " + line for line in text.splitlines())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "key: hunter2\n other: hunter2\n",
            "{file}:2: Ansible cannot read the variables: this line",
        ),
        ("x: {[hunter2]: 1}\n", "{file}: Ansible cannot read the variables"),
        ("- hunter2\n", "{file}: Ansible cannot read the variables"),
        ("$ANSIBLE_VAULT;1.1;AES256\n3030\n", "{file}: no vault password opens it"),
        ("maps_a: 1\nmaps_x:\n  - !vault |\n{vault}\n", "{file}:3: no vault password opens this"),
    ],
)
def test_hosts_with_unreadable_variables_are_named_one_by_one(
    inventory, tmp_path, capfd, text, message
):
    file = tmp_path / "host_vars" / "maps1.yml"
    file.parent.mkdir()
    file.write_text(text.replace("{vault}", indented(vault_text("hunter2", b"unknown"))))
    unreadable, _ = read(inventory).read_variables(("maps1", "maps2", "maps3"))
    ((host, error),) = unreadable.items()
    assert host == "maps1"
    assert error.message.startswith(message.format(file=file))
    assert error.remedy
    assert "hunter2" not in error.message + error.remedy
    assert capfd.readouterr() == ("", "")


def test_a_plugin_that_fails_on_variables_is_named_and_not_quoted(inventory, monkeypatch):
    def get_vars(*_given, **_options):
        raise ValueError("hunter2")

    monkeypatch.setattr("ansible.vars.manager.VariableManager.get_vars", get_vars)
    error = read(inventory).read_variables(["maps1"])[0]["maps1"]
    assert error.message.startswith(f"{__file__}:")
    assert ": ValueError: a plugin failed" in error.message
    assert "hunter2" not in error.message + error.remedy


def test_variables_of_a_group_are_those_of_all_its_hosts(inventory, tmp_path):
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "maps.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n00\n")
    found = read(inventory)
    assert found.matching("test") == ("maps3",)
    assert sorted(found.read_variables(("maps1", "maps3", "db1"))[0]) == ["maps1", "maps3"]


def test_a_vault_password_of_ansible_opens_them(inventory, tmp_path):
    (tmp_path / "host_vars").mkdir()
    for host, password in (("maps1", b"one"), ("maps2", b"two")):
        text = f"ansible_password: !vault |\n{indented(vault_text('hunter2', password))}\n"
        (tmp_path / "host_vars" / f"{host}.yml").write_text(text)
        (tmp_path / host).write_bytes(password)
    hosts = ("maps1", "maps2")
    assert list(read(inventory).read_variables(hosts)[0]) == ["maps1", "maps2"]
    found = read(inventory, vault_password_files=[tmp_path / "maps1"])
    assert list(found.read_variables(hosts)[0]) == ["maps2"]
    os.environ["ANSIBLE_VAULT_IDENTITY_LIST"] = f"x@{tmp_path}/maps2"
    found = read(inventory, vault_password_files=[tmp_path / "maps1"])
    assert found.read_variables(hosts)[0] == {}


def test_what_no_run_needs_may_be_encrypted_for_others(inventory, tmp_path):
    (tmp_path / "host_vars").mkdir()
    text = (
        f"other: !vault |\n{indented(vault_text('x', b'unknown'))}\nmaps_x: '{{{{ missing }}}}'\n"
    )
    (tmp_path / "host_vars" / "maps1.yml").write_text(text)
    assert read(inventory).read_variables(["maps1"])[0] == {}


def test_a_vault_password_that_is_missing_or_to_be_typed_is_refused(inventory, tmp_path):
    with pytest.raises(FleetError, match="cannot read a vault password from it"):
        read(inventory, vault_password_files=[tmp_path / "missing"])
    os.environ["ANSIBLE_VAULT_IDENTITY_LIST"] = "x@prompt"
    with pytest.raises(FleetError, match="no password can be prompted for"):
        read(inventory)

"""Host patterns, read as Ansible reads them."""

import os

import pytest

from provisioner.errors import FleetError
from provisioner.fleet.environment import ansible_environment
from provisioner.hosts.inventory import read_inventory


@pytest.fixture(autouse=True)
def _ansible(tmp_path):
    with ansible_environment(tmp_path):
        yield


@pytest.fixture
def inventory(tmp_path):
    path = tmp_path / "hosts.ini"
    path.write_text("[maps]\nmaps[1:3]\n[test]\nmaps3\n[db]\ndb1\n")
    return path


def test_groups_hosts_and_patterns(inventory):
    read = read_inventory(inventory)
    assert read.hosts("maps") == ("maps1", "maps2", "maps3")
    assert read.hosts("maps:!test") == ("maps1", "maps2")
    assert read.hosts("db1") == ("db1",)


def test_a_pattern_that_matches_nothing_names_the_groups_there_are(inventory):
    with pytest.raises(FleetError) as error:
        read_inventory(inventory).hosts("maps_prod")
    assert "'maps_prod' matches no host of" in error.value.message
    assert "groups there: db, maps, test" in error.value.remedy


def test_a_missing_inventory_says_what_to_write(tmp_path):
    with pytest.raises(FleetError) as error:
        read_inventory(tmp_path / "inventory")
    assert error.value.message == f"there is no inventory at {tmp_path / 'inventory'}"
    assert "a group `maps`" in error.value.remedy


def test_an_unreadable_inventory_is_an_error_not_an_empty_one(tmp_path):
    path = tmp_path / "hosts.yml"
    path.write_text("maps: [unclosed\n")
    with pytest.raises(FleetError) as error:
        read_inventory(path)
    assert "Ansible cannot read the inventory" in error.value.message


def test_a_group_variable_that_is_vault_text_is_not_opened(inventory, tmp_path):
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "maps.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n00\n")
    assert read_inventory(inventory).hosts("test") == ("maps3",)
    assert "ANSIBLE_VAULT_PASSWORD_FILE" not in os.environ

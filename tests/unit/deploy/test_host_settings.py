"""Host variables: what fits a host's system, and what is told of the rest."""

import pytest

from provisioner.host.host_settings import InvalidVariable, host_settings


def settings(platform="windows", **variables):
    return host_settings(variables.get, platform)


@pytest.mark.parametrize(
    ("path", "taken"),
    [
        (r"C:\ProgramData\maps-provisioner", r"C:\ProgramData\maps-provisioner"),
        ("d:/maps/provisioner/", r"d:\maps\provisioner"),
        (r"C:\a\..\b", r"C:\b"),
        (r"C:\Daten für MAPS", r"C:\Daten für MAPS"),
    ],
)
def test_paths_of_local_drives(path, taken):
    found = settings(maps_directory=path, maps_ca_file=path)
    assert found.directory == found.ca_file == taken


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/maps", "maps", r"C:maps", r"\maps", r"\\server\share\maps", r"\\?\C:\maps", "C:"),
        *(r"%ProgramData%\maps", r"C:\%USERNAME%", r"C:\maps:stream", "ß:\\maps"),
    ],
)
@pytest.mark.parametrize("name", ["maps_directory", "maps_ca_file"])
def test_other_paths(name, path):
    """A share is another machine, on which secrets would then lie."""
    with pytest.raises(InvalidVariable, match=f"{name} is not an absolute path of a local drive"):
        settings(**{name: path})


def test_what_there_is_without_variables():
    assert settings().directory == r"C:\ProgramData\maps-provisioner"
    assert (
        settings("posix", maps_ca_file="", maps_service=None).directory == "/etc/maps-provisioner"
    )
    assert not settings("posix", maps_apply_command=[]).can_apply
    with pytest.raises(InvalidVariable, match="maps_directory is not an absolute path"):
        settings("posix", maps_directory="etc/maps")


@pytest.mark.parametrize("name", ["Evisions MAPS Service", "MAPS$1", "Maps 2.0 (test)"])
def test_services(name):
    assert settings(maps_service=name).service == name
    with pytest.raises(InvalidVariable, match="this host has a POSIX shell"):
        settings("posix", maps_service=name)


@pytest.mark.parametrize("name", ["Evisions*", "MAP?", "[m]aps", "a\nb", "x" * 257, ["MAPS"], 5])
def test_what_is_no_service(name):
    with pytest.raises(InvalidVariable, match="maps_service is not"):
        settings(maps_service=name)


@pytest.mark.parametrize("argv", ["import.exe", {"a": 1}, [1], ["a", ""], True])
@pytest.mark.parametrize("name", ["maps_apply_command", "maps_test_command"])
def test_a_command_is_a_list_that_no_shell_reads(name, argv):
    with pytest.raises(InvalidVariable, match=f"{name} is not a list of strings"):
        settings(**{name: argv})

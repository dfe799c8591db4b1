"""Fleets of folders, by how many hosts a test wants. A push takes seconds and a copy of a folder
none: `pushed` and the like are copies of fleets to which this worker has pushed once."""

import shutil
from contextlib import ExitStack

import pytest

from tests.cli.fleet.local_fleet import local_fleet, usual_behavior


@pytest.fixture
def fleet(tmp_path):
    with local_fleet(tmp_path, 1) as fleet:
        yield fleet.without_ansible()


@pytest.fixture
def three_hosts(tmp_path):
    with local_fleet(tmp_path, 3) as fleet:
        yield fleet.without_ansible()


@pytest.fixture(scope="session")
def scenes(tmp_path_factory):
    with ExitStack() as stack:
        yield Scenes(tmp_path_factory.mktemp("scenes"), stack)


@pytest.fixture
def scene(scenes, tmp_path, home):
    """scene(function, hosts): a fleet of so many hosts to which the function was applied."""
    return lambda make, hosts=1: scenes.copy(make, hosts, tmp_path / "project", home)


@pytest.fixture
def pushed(scene):
    """One host that has the document of a push, and its email was sent."""
    return scene(push)


@pytest.fixture
def pushed_to_three(scene):
    return scene(push, hosts=3)


def push(fleet):
    fleet.pushed()
    fleet.mail.received.clear()


class Scenes:
    """Fleets by how they were made, with the vault key of each. A copy has the same mail server."""

    def __init__(self, folder, stack):
        self.folder, self.stack, self.made = folder, stack, {}

    def copy(self, make, hosts, folder, home):
        name = f"{make.__name__}-{hosts}"
        configuration = self.folder / name / "configuration"
        if name not in self.made:
            configuration.parent.mkdir()
            fleet = self.stack.enter_context(local_fleet(configuration.parent, hosts))
            make(fleet.without_ansible())
            shutil.move(home / ".config", configuration)
            self.made[name] = fleet
        scene = self.made[name]
        shutil.copytree(configuration, home / ".config")
        scene.mail.behavior = usual_behavior()
        scene.mail.received.clear()
        scene.mail.transcript.clear()
        return scene.copy(folder)

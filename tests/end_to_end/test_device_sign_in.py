"""`authenticate --device` against the real provider: a person confirms it in Chromium."""

import re
import threading

import pytest
import yaml

from tests.end_to_end.project import succeeded

pytestmark = pytest.mark.long


@pytest.fixture
def declared(project, user, provider, mail):
    host = {"device_authorization_url": provider.device_authorization_url}
    project.write("provisioner.yml", {**settings(project), "providers": {"localhost": host}})
    project.declare("Reports", provider, mail.server("oauth"), user=user)
    return project


def settings(project):
    return yaml.safe_load((project.folder / "provisioner.yml").read_text())


def with_a_person(project, person):
    """Start it, let the person open the address that it prints, and wait for the end."""
    said = []
    with project.start("authenticate", "Reports", "--device", "--timeout", "90") as running:
        for line in running.stderr:
            said.append(line)
            if found := re.search(r"Or open (\S+)", line):
                browser = threading.Thread(target=person.open, args=(found[1],))
                browser.start()
        out = running.stdout.read()
    browser.join()
    return running.returncode, out, "".join(said)


def test_property_21_a_person_confirms_the_device(declared, user, provider, chromium):
    code, out, said = with_a_person(declared, chromium.person(user))
    assert code == 0, said
    assert "Reports: signed in, the mail server accepts the token" in out
    assert f"{provider.issuer}/device\nenter the code " in re.sub("  ", "", said)
    refreshed = succeeded(declared.run("refresh", "Reports"))
    assert "Reports: refreshed" in refreshed
    assert "Reports: signed in as" in succeeded(declared.run("status"))


def test_property_21_the_person_cancels(declared, user, chromium):
    code, _, said = with_a_person(declared, chromium.person(user, cancel=True))
    assert code == 6, said
    assert "the device sign-in at localhost: access_denied" in said
    assert "Who must act: the person who signs in." in said
    assert not list((declared.folder / "tokens").glob("*.yml"))


def test_property_31_somebody_else_confirms_the_device(declared, user, chromium):
    code, _, said = with_a_person(declared, chromium.person(f"{user}-other"))
    assert code == 6, said
    assert "Reports: user_name: the mail server rejects the token: " in said
    assert f"if another account than {user}@lab.test signed in (the provider names none)" in said
    assert not list((declared.folder / "tokens").glob("*.yml"))

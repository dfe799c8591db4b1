"""The main job on real parts: Chromium signs in, five ssh hosts are pushed to, mails arrive."""

import json
import subprocess
import sys
import time
from pathlib import Path

from tests.end_to_end.project import succeeded

DOCUMENT = "/etc/maps-provisioner/email-servers.json"
HOSTS = 5


def mails_of(mail, users):
    mail.settle()
    return [message for user in users for message in mail.mailbox(user)]


def test_from_a_declared_file_to_a_mail_from_every_host(
    project, user, provider, mail, fleet, chromium
):
    users = {"Reports": user, "Alerts": f"{user}-alerts"}
    callbacks = {"Reports": "http", "Alerts": "https"}
    for name, mailbox in users.items():
        https = callbacks[name] == "https"
        project.declare(
            name,
            provider,
            mail.server("oauth"),
            user=mailbox,
            client=provider.clients["web" if https else "native"],
            oauth2={"use_https_on_callback": https},
        )
    project.write("provisioner.yml", settings_with_rotation(project, "none"))
    fleet.reset()
    inventory = fleet.inventory(HOSTS, path=project.folder / "inventory" / "hosts.yml")
    assert inventory.is_file()

    succeeded(project.run("validate"))

    for name, mailbox in users.items():
        person = chromium.person(mailbox)
        succeeded(project.authenticate(name, person))
        page = person.page()
        assert page["outcome"] == "callback"
        assert page["url"].startswith(f"{callbacks[name]}://localhost:")
        assert f"{name}: signed in" in page["text"]
        assert "The mail server accepts the token" in page["text"]

    for token_file in (project.folder / "tokens").glob("*.yml"):
        assert "refresh_token" in vault_view(token_file, project)["tokens"]

    planned = project.run("plan")
    assert planned.returncode == 2, planned.stderr
    assert "5 hosts: 5 would change" in planned.stdout
    assert all(not fleet.exists(f"host{n}", DOCUMENT) for n in range(1, HOSTS + 1))

    pushed = succeeded(project.run("push"))
    assert "5 hosts: 5 changed; 5 delivered, never entered" in pushed
    assert "not by MAPS" in pushed
    assert "To be entered: MAPS does not use these values until a person types them" in pushed
    for mailbox in users.values():
        mail.settle()
        arrived = mail.mailbox(mailbox)
        assert sorted(sent_from(m) for m in arrived) == [f"host{n}" for n in range(1, HOSTS + 1)]
        assert {m["To"] for m in arrived} == {f"{mailbox}@lab.test"}
    for number in range(1, HOSTS + 1):
        document = json.loads(fleet.read(f"host{number}", DOCUMENT))
        assert [s["server_name"] for s in document["servers"]] == ["Alerts", "Reports"]

    again = succeeded(project.run("push"))
    assert "5 hosts: 0 changed; 5 unchanged" in again
    assert len(mails_of(mail, users.values())) == 2 * HOSTS


def test_tokens_that_expired_and_were_refreshed_are_no_change(
    project, user, rotating_provider, mail, fleet, chromium
):
    project.declare("Reports", rotating_provider, mail.trusting(rotating_provider), user=user)
    fleet.reset()
    fleet.inventory(2, path=project.folder / "inventory" / "hosts.yml")
    succeeded(project.authenticate("Reports", chromium.person(user)))
    first = succeeded(project.run("push"))
    assert "2 hosts share one refresh token; it is unknown whether" in first
    assert len(mails_of(mail, [user])) == 2
    kept = {n: fleet.snapshot(f"host{n}", "/etc/maps-provisioner") for n in (1, 2)}
    before = kept_tokens(project)

    with rotating_provider.access_tokens_living(1):
        succeeded(project.run("refresh", "Reports"))
    time.sleep(1.5)
    after = kept_tokens(project)
    assert before["refresh_token"] != after["refresh_token"]
    assert before["grant_id"] == after["grant_id"]

    assert "2 hosts: 0 changed; 2 unchanged" in succeeded(project.run("push"))
    assert len(mails_of(mail, [user])) == 2
    for number, snapshot in kept.items():
        assert fleet.snapshot(f"host{number}", "/etc/maps-provisioner") == snapshot


def test_a_revoked_grant_gives_every_host_its_old_document_back(
    project, user, provider, mail, fleet, chromium
):
    project.declare("Reports", provider, mail.server("oauth"), user=user)
    fleet.reset()
    fleet.inventory(2, path=project.folder / "inventory" / "hosts.yml")
    succeeded(project.authenticate("Reports", chromium.person(user)))
    succeeded(project.run("push"))
    old = {n: fleet.read(f"host{n}", DOCUMENT) for n in (1, 2)}
    provider.revoke(kept_tokens(project)["refresh_token"])
    project.change("Reports", maximum_emails_per_minute=20)

    refused = project.run("push")

    assert refused.returncode == 4, refused.stderr + refused.stdout  # the old tokens are dead, too
    assert "2 hosts: 0 changed; 2 unknown" in refused.stdout
    assert "the previous document also fails" in refused.stdout
    assert "test email of Reports: wrong at auth 535" in refused.stdout
    assert "provisioner authenticate" in refused.stdout
    for number, document in old.items():
        assert fleet.read(f"host{number}", DOCUMENT) == document
    assert len(mails_of(mail, [user])) == 2


def test_a_host_that_is_down_is_named_and_the_others_are_done(
    project, user, provider, mail, fleet, chromium
):
    project.declare("Reports", provider, mail.server("oauth"), user=user)
    fleet.reset()
    fleet.inventory(
        3,
        {"maps_apply_command": ["/usr/bin/cp", "-t", "/var/tmp"]},
        path=project.folder / "inventory" / "hosts.yml",
    )
    succeeded(project.authenticate("Reports", chromium.person(user)))
    fleet.stop("host3")
    try:
        pushed = project.run("push")
        report = json.loads(project.run("plan", "--format", "json").stdout)
    finally:
        fleet.start("host3")
    assert pushed.returncode == 3, pushed.stderr + pushed.stdout
    assert "3 hosts: 2 changed; 2 applied; 1 unreachable" in pushed.stdout
    assert "host3: unreachable" in pushed.stdout
    assert "not by MAPS" in pushed.stdout
    assert {h["host"]: h["state"] for h in report["hosts"]} == {
        "host1": "unchanged",
        "host2": "unchanged",
        "host3": "unreachable",
    }
    assert fleet.read("host1", "/var/tmp/email-servers.json") == fleet.read("host1", DOCUMENT)
    assert not fleet.exists("host3", DOCUMENT)
    assert len(mails_of(mail, [user])) == 2

    late = succeeded(project.run("push"))
    assert "3 hosts: 1 changed; 1 applied; 2 unchanged" in late
    assert len(mails_of(mail, [user])) == 3


def test_a_mail_from_the_workstation(project, user, provider, mail, chromium):
    project.declare("Reports", provider, mail.server("oauth"), user=user)
    succeeded(project.authenticate("Reports", chromium.person(user)))
    said = succeeded(project.run("test-email", "Reports"))
    assert said == (
        f"test email of Reports: sent (XOAUTH2, TLSv1.3), to {user}@lab.test, from this machine\n"
    )
    assert mail.wait_for_mail(user)["To"] == f"{user}@lab.test"


def sent_from(message):
    """The machine that a test email says it comes from."""
    line = next(li for li in message.get_content().splitlines() if li.startswith("Sent from: "))
    return line.removeprefix("Sent from: ").split(".")[0]


def settings_with_rotation(project, rotation):
    import yaml

    settings = yaml.safe_load((project.folder / "provisioner.yml").read_text())
    return {**settings, "providers": {"localhost": {"refresh_token_rotation": rotation}}}


def vault_view(path, project):
    """What `ansible-vault view` shows, as a user would run it: JSON."""
    command = [str(Path(sys.executable).with_name("ansible-vault")), "view", str(path)]
    shown = subprocess.run(
        command,
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(path.parent),
            "PAGER": "cat",
            **project.environment,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(shown.stdout)


def kept_tokens(project):
    """The tokens of the first server that has any."""
    return vault_view(next((project.folder / "tokens").glob("*.yml")), project)["tokens"]

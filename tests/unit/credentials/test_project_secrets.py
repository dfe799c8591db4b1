"""The door: what is accepted passes, what differs is asked about or refused, and nothing leaks."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.credentials.project_secrets import open_project
from provisioner.credentials.store import CredentialStore
from provisioner.credentials.vault import VaultKey
from provisioner.errors import FileUnusable, PersonNeeded, SecretUnavailable
from provisioner.model.email_server import SecretReference
from provisioner.secret import Secret
from tests.support.oauth_samples import (
    CLIENT_SECRET,
    KEY,
    keep,
    kept,
    oauth_server,
    project_in,
    project_secrets,
    token_set,
)
from tests.unit.credentials.test_destinations import relay


class Person(list[tuple[Sequence[str], str]]):
    """Gives one answer, and remembers the questions."""

    def __init__(self, *, answer):
        self.answer = answer

    def __call__(self, lines, question):
        self.append((lines, question))
        return self.answer


@pytest.fixture(autouse=True)
def relays_password(monkeypatch):
    monkeypatch.setenv("RELAY", "a relay password")


@pytest.fixture
def project(tmp_path):
    return project_in(tmp_path, relay(), oauth_server())


def of_project(secrets, identity):
    store = CredentialStore(secrets.store.folder, identity, lambda: KEY)
    return replace(secrets, store=store)


def accept(project, *servers):
    for server in servers:
        project_secrets(project, accepted=frozenset({server.server_name})).secret(server)


def test_a_first_use_is_refused_without_a_person_and_names_the_ways_on(project):
    with pytest.raises(
        PersonNeeded, match=r"password .* would be sent for the first time"
    ) as caught:
        project_secrets(project).secret(relay())
    assert "; nothing was sent" in caught.value.message
    assert caught.value.remedy == (
        "if this is intended, run: provisioner accept Relay\n"
        "without a terminal: provisioner accept Relay --accept-destination Relay"
    )
    assert list(project.root.rglob("*.yml")) == []


@pytest.mark.parametrize("changed", [False, True])
def test_a_person_is_asked_once(project, changed):
    server = relay(host="new.example.edu") if changed else relay()
    if changed:
        accept(project, relay())
    no, yes = Person(answer=False), Person(answer=True)
    with pytest.raises(PersonNeeded):
        project_secrets(project, confirm=no).secret(server)
    assert project_secrets(project, confirm=yes).secret(server) == Secret("a relay password")
    assert no == yes
    [(lines, question)] = yes
    assert lines[0] == "servers/relay.yml:1: Relay:"
    assert ("This differs" in question) is changed
    assert ("host changed from mail.example.edu to new.example.edu" in lines[1]) is changed
    assert project_secrets(project, confirm=no).secret(server) == Secret("a relay password")
    assert len(no) == 1


def test_tokens_alone_never_accept(project):
    keep(project_secrets(project), oauth_server(), token_set())
    person = Person(answer=True)
    secrets = project_secrets(project, confirm=person, accepted=frozenset({"Reports"}))
    assert secrets.tokens(oauth_server()) == token_set()
    with pytest.raises(PersonNeeded, match=r"host changed from localhost to evil\.example"):
        secrets.tokens(oauth_server(host="evil.example"))
    assert person == []
    assert secrets.secret(oauth_server(host="evil.example")) == CLIENT_SECRET
    assert secrets.tokens(oauth_server(host="evil.example")) == token_set()


def test_a_client_secret_is_accepted_before_a_sign_in_and_the_tokens_with_it(project):
    """A worksheet shows it to somebody who signs in from MAPS alone."""
    project_secrets(project, accepted=frozenset({"Reports"})).secret_to_show(oauth_server())
    later = project_secrets(project)
    assert later.secret_to_show(oauth_server()) == CLIENT_SECRET
    with pytest.raises(PersonNeeded, match="not signed in: Reports"):
        later.secret(oauth_server())
    with pytest.raises(PersonNeeded, match="client_id changed from maps to other"):
        later.secret_to_show(oauth_server(client_id="other"))
    announced = []
    assert later.sign_in_secret(oauth_server(), announced.append) == CLIENT_SECRET
    [line] = announced
    assert line == "Note: Reports: first use: tokens will be sent to sso.example.edu, localhost:587"


@pytest.mark.parametrize("old", ["mail/staging", ""])
def test_of_a_project_with_another_name_all_is_kept_by_one_question(project, old):
    before = of_project(project_secrets(project, accepted=frozenset({"Relay"})), old)
    before.secret(relay())
    keep(before, oauth_server(), token_set())
    keep(of_project(before, "a third"), oauth_server("Third"), token_set())
    nobody = of_project(project_secrets(project), "mail/prod")
    words = f"accepted in {old or 'a project without a remote'}; this is mail/prod"
    for use in (lambda: nobody.secret(relay()), lambda: nobody.check_tokens(oauth_server())):
        with pytest.raises(PersonNeeded, match=words) as caught:
            use()
        assert "provisioner accept --renamed" in caught.value.remedy
    assert kept(nobody) == token_set(), "they stay readable"
    person = Person(answer=True)
    secrets = replace(nobody, confirm=person)
    assert secrets.secret(relay()) == Secret("a relay password")
    assert secrets.secret(oauth_server()) == CLIENT_SECRET
    [(lines, question)] = person
    assert words in lines[1]
    assert sorted(k.project for k in secrets.store.all()) == ["a third", "mail/prod", "mail/prod"]
    assert question == "Keep the sign-ins and accepted destinations of that project?"
    person.answer = False
    with pytest.raises(PersonNeeded, match="host changed"):
        secrets.secret(relay(host="evil.example"))


def test_of_another_project_nothing_vouches_and_acceptance_by_name_keeps_nothing(project):
    by_name = project_secrets(project, accepted=frozenset({"Second", "Relay"}))
    keep(of_project(by_name, "old"), oauth_server("Relay"), token_set())
    of_project(by_name, "old").secret(relay())
    unaccepted = of_project(project_secrets(project), "new")
    with pytest.raises(PersonNeeded, match="for the first time"):
        unaccepted.secret(relay("Second"))
    for server in (
        relay("Second"),
        relay(),
    ):  # Second vouches for Relay, which is saved all the same
        of_project(by_name, "new").secret(server)
    assert unaccepted.secret(relay())
    found = unaccepted.store.read("Relay")
    assert set(found.accepted) == {"password"}
    assert found.tokens == token_set()


def test_a_damaged_record_lets_nothing_pass_and_another_servers_none_in_the_way(project):
    second = relay("Second", port=25)
    accept(project, relay(), second)
    secrets = project_secrets(project)
    secrets.store.path("Relay").write_text("$ANSIBLE_VAULT;1.1;AES256\n00\n")
    with pytest.raises(FileUnusable):
        secrets.secret(relay())
    assert secrets.secret(second)


# First contact.


def urls(host, second=""):
    return {
        "authorization_url": f"{host}/authorize",
        "access_token_url": f"{second or host}/token",
    }


GOOGLE = {
    "authorization_url": "https://accounts.google.com/o/oauth2/v2/auth",
    "access_token_url": "https://oauth2.googleapis.com/token",
}


@pytest.mark.parametrize("known", [GOOGLE, urls("http://localhost:1", "http://127.0.0.1:2")])
def test_a_first_sign_in_at_a_known_place_is_announced(project, known):
    lines = []
    secrets = project_secrets(project)
    assert secrets.sign_in_secret(oauth_server(**known), lines.append) == CLIENT_SECRET
    assert lines[0].startswith("Note: Reports: first use: client_secret (")
    assert lines[1].startswith("Note: Reports: first use: tokens will be sent to ")
    assert all(len(line) < 150 for line in lines)
    assert not project.tokens_path.exists(), "it is accepted with the grant"


def test_a_first_sign_in_anywhere_else_is_asked_once_for_a_set_of_hosts(project):
    ours, person, lines = urls("https://sso.example.edu"), Person(answer=True), []
    with pytest.raises(PersonNeeded, match="for the first time"):
        project_secrets(project).sign_in_secret(oauth_server(**ours), lines.append)
    secrets = project_secrets(project, confirm=person)
    secrets.sign_in_secret(oauth_server(**ours), lines.append)
    assert len(person) == 1
    assert lines == []
    secrets.save(oauth_server(**ours), CLIENT_SECRET, token_set())
    person.answer = False
    other = oauth_server("Second", client_secret=SecretReference("another", Path()), **ours)
    secrets.sign_in_secret(other, lines.append)
    assert len(lines) == 2, "a further server at accepted hosts is announced"
    joined = urls("https://sso.example.edu", "https://id.example.org")
    third = oauth_server("Third", client_secret=SecretReference("a third", Path()), **joined)
    with pytest.raises(PersonNeeded):
        secrets.sign_in_secret(third, lines.append)


@pytest.mark.parametrize(
    ("fact", "url"),
    [
        ("device_authorization_url", "https://evil.example/x"),
        ("revocation_url", "//evil.example/x"),
    ],
)
def test_an_endpoint_that_provisioner_yml_gives_to_a_known_provider_is_no_known_place(
    tmp_path, fact, url
):
    """With --device, and by revoke, the client secret goes there."""
    server = oauth_server(**GOOGLE)
    trap = project_in(tmp_path, server, providers={"google": {fact: url}})
    with pytest.raises(PersonNeeded, match=rf"{fact} https://evil\.example/x"):
        project_secrets(trap).sign_in_secret(server, print)


def test_first_contact_names_the_host_that_an_endpoint_resembles(project):
    person = Person(answer=False)
    lookalike = urls("https://login.rnicrosoftonline.com/common/oauth2/v2.0")
    with pytest.raises(PersonNeeded, match=r"resembles login\.microsoftonline\.com"):
        project_secrets(project, confirm=person).sign_in_secret(oauth_server(**lookalike), print)
    assert any("login.rnicrosoftonline.com resembles login.m" in x for x in person[0][0])


def test_a_changed_sign_in_is_asked_about_and_accepted_only_with_its_grant(project):
    keep(project_secrets(project), oauth_server(), token_set())
    changed = oauth_server(client_id="other")
    with pytest.raises(PersonNeeded, match="client_id changed from maps to other"):
        project_secrets(project).sign_in_secret(changed, print)
    secrets = project_secrets(project, accepted=frozenset({"Reports"}))
    secrets.sign_in_secret(changed, print)
    with pytest.raises(PersonNeeded, match="client_id changed"):
        project_secrets(project).secret(changed)
    secrets.save(changed, CLIENT_SECRET, token_set())
    assert project_secrets(project).secret(changed) == CLIENT_SECRET


# What is never sent.


@pytest.mark.parametrize("value", ["short", "the next one", "key=the next one"])
def test_the_vault_password_is_never_sent(project, value):
    key = VaultKey(Secret("short"), Secret("the next one"))
    base = project_secrets(project, accepted=frozenset({"Relay"}))
    secrets = replace(base, context=replace(base.context, vault_key=lambda: key))
    with pytest.raises(SecretUnavailable, match="is the vault password, which is never"):
        secrets.secret(relay(value=value))
    assert secrets.secret(relay(value="shorter")), "that may be by chance"


def test_fingerprints_are_the_same_for_all_who_share_the_key(project):
    key = project_secrets(project).fingerprint_key(keep=False)
    assert key == project_secrets(project).fingerprint_key(keep=True)
    assert len(key) == 64
    assert KEY.password.reveal() not in key


def test_a_program_that_prints_the_vault_key_runs_once(project, tmp_path_factory, monkeypatch):
    """It may ask a person for a password."""
    folder = tmp_path_factory.mktemp("own")
    program = folder / "key"
    program.write_text(f"#!/bin/sh\necho run >> {folder}/runs\necho a vault password\n")
    program.chmod(0o700)
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(program))
    opened = open_project(project, accept_destinations=["relay"])
    assert opened.secrets.secret(relay()) == Secret("a relay password")
    assert (folder / "runs").read_text() == "run\n"
    assert "RELAY" not in os.environ, "no child process sees it"

"""What a pull request can change, and what then still travels: nothing, until a person agrees."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import ExitCode, PersonNeeded, TokenStoreError
from provisioner.model.email_server import SecurityLevel
from provisioner.secret import Secret
from provisioner.secret_sources.reference import (
    Command,
    EnvironmentVariable,
    KeyringEntry,
    Plaintext,
    SecretFile,
    SecretReference,
    VaultText,
)
from provisioner.secret_sources.vault import VaultKey
from provisioner.tokens.destination_store import RECORD_FILE
from provisioner.tokens.objection import Objection
from tests.oauth_samples import CLIENT_SECRET, oauth_server, token_set
from tests.tokens.gates import Machine, password_server

PASSWORD = Secret("CANARY-password")
EVIL = "https://evil.example/token"


@pytest.fixture
def laptop(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "project", tmp_path / "laptop")


@pytest.fixture
def signed_in(laptop: Machine) -> Machine:
    """After a sign-in of `oauth_server()`."""
    gate = laptop.gate()
    with gate.tokens.locked("Reports") as entry:
        entry.save(token_set())
    gate.accept(oauth_server(), CLIENT_SECRET)
    return laptop


@pytest.fixture
def pushed(laptop: Machine) -> Machine:
    """After a first push of `password_server()`."""
    laptop.gate(accept=["Relay"]).check(password_server(), PASSWORD)
    return laptop


def _refused(machine: Machine, server: Any, secret: Secret, **project: Any) -> str:
    with pytest.raises(PersonNeeded) as caught:
        machine.gate(**project).check(server, secret)
    assert caught.value.exit_code is ExitCode.PERSON_NEEDED
    assert caught.value.message.endswith("; nothing was sent")
    assert f"--accept-destination {server.server_name}" in caught.value.remedy
    assert "CANARY" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"access_token_url": EVIL}, f"access_token_url changed from https://sso.* to {EVIL}"),
        ({"refresh_token_url": EVIL}, f"the refresh endpoint changed from https://.* to {EVIL}"),
        ({"authorization_url": EVIL}, f"authorization_url changed from https://.* to {EVIL}"),
        ({"client_id": "evil"}, "client_id changed from maps to evil"),
        ({"host": "evil.example"}, "host changed from localhost to evil.example"),
    ],
)
def test_a_changed_destination_of_an_oauth2_server(
    signed_in: Machine, changes: dict[str, Any], words: str
) -> None:
    evil = oauth_server(**changes)
    message = _refused(signed_in, evil, CLIENT_SECRET)
    assert message.startswith("servers/reports.yml:1: Reports: ")
    assert re.search(words, message)
    signed_in.gate(accept=["Reports"]).check(evil, CLIENT_SECRET)
    signed_in.gate().check(evil, CLIENT_SECRET)
    assert words.split(maxsplit=1)[0] in _refused(signed_in, oauth_server(), CLIENT_SECRET)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"port": 2525}, "port changed from 587 to 2525"),
        ({"use_tls": False}, "use_tls changed from true to false"),
    ],
)
def test_a_changed_way_to_the_mail_server(
    signed_in: Machine, pushed: Machine, changes: dict[str, Any], words: str
) -> None:
    assert words in _refused(signed_in, replace(oauth_server(), **changes), CLIENT_SECRET)
    assert words in _refused(pushed, password_server(**changes), PASSWORD)


def test_tokens_alone_are_held_to_their_way(signed_in: Machine) -> None:
    signed_in.gate().check_tokens(oauth_server())
    evil = replace(oauth_server(), port=2525)
    with pytest.raises(PersonNeeded, match="port changed from 587 to 2525") as caught:
        signed_in.gate(accept=["Reports"]).check_tokens(evil)
    command = "provisioner refresh Reports --accept-destination Reports"
    assert command in caught.value.remedy
    assert "client_secret" not in caught.value.message


def test_a_password_that_becomes_readable_on_the_way(laptop: Machine) -> None:
    hidden = password_server(use_tls=False, smtp_security_level=SecurityLevel.CRAM_MD5)
    laptop.gate(accept=["Relay"]).check(hidden, PASSWORD)
    readable = replace(hidden, smtp_security_level=SecurityLevel.PLAIN)
    words = "smtp_security_level changed from cram_md5 to plain"
    assert words in _refused(laptop, readable, PASSWORD)


def test_what_is_no_destination_may_change(signed_in: Machine, pushed: Machine) -> None:
    asked = "https://sso.example.edu/authorize?access_type=offline"
    signed_in.gate().check(
        oauth_server(authorization_url=asked, login_hint="other@example.edu", host="LOCALHOST"),
        CLIENT_SECRET,
    )
    pushed.gate().check(
        password_server(smtp_security_level=SecurityLevel.LOGIN, user_name="x"), PASSWORD
    )


def test_another_certificate_authority_is_another_destination(
    pushed: Machine, tmp_path: Path
) -> None:
    """A certificate of theirs for the right name would make an attacker the mail server."""
    evil = tmp_path / "evil.pem"
    evil.write_text("-----BEGIN CERTIFICATE-----\n")
    words = "ca_file changed from none to SHA-256 "
    assert words in _refused(pushed, password_server(), PASSWORD, ca_file=evil)


def test_nothing_travels_before_the_first_person_agreed(laptop: Machine) -> None:
    message = _refused(laptop, password_server(), PASSWORD)
    assert (
        "password, read from {env: RELAY_PASSWORD}, goes for the first time to host "
        "mail.example.edu, port 587, use_tls true"
    ) in message
    assert not laptop.folder.exists()


@pytest.mark.parametrize("fact", ["revocation_url", "device_authorization_url"])
def test_an_endpoint_of_the_projects_own_is_another_destination(
    signed_in: Machine, fact: str
) -> None:
    providers = {"sso.example.edu": {fact: EVIL}}
    words = f"{fact} changed from the provider's to {EVIL}"
    assert words in _refused(signed_in, oauth_server(), CLIENT_SECRET, providers=providers)
    harmless = {"sso.example.edu": {"refresh_token_rotation": "none"}}
    signed_in.gate(providers=harmless).check(oauth_server(), CLIENT_SECRET)


SOURCES: list[SecretReference] = [
    EnvironmentVariable("RELAY_PASSWORD"),
    SecretFile(Path("secrets/relay")),
    KeyringEntry("mail", "relay"),
    Command(("pass", "relay")),
    VaultText("$ANSIBLE_VAULT;1.1;AES256\nab\n"),
    Plaintext(PASSWORD),
]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: type(source).__name__)
def test_a_reference_copied_into_a_new_server(laptop: Machine, source: SecretReference) -> None:
    laptop.gate(accept=["Relay"]).check(password_server(password=source), PASSWORD)
    evil = password_server("Evil", password=source, host="evil.example")
    words = "its password is that of Relay, and against it host changed from mail.example.edu"
    assert words in _refused(laptop, evil, PASSWORD)
    with pytest.raises(PersonNeeded):  # the new server is not let through by its being new
        laptop.gate().check_sign_in(evil, PASSWORD, pytest.fail)
    same = password_server("Same", password=source)
    laptop.gate().check(same, PASSWORD)


@pytest.mark.parametrize("source", SOURCES[1:], ids=lambda source: type(source).__name__)
def test_the_same_secret_read_in_another_way(laptop: Machine, source: SecretReference) -> None:
    laptop.gate(accept=["Relay"]).check(password_server(), PASSWORD)
    evil = password_server("Evil", password=source, host="evil.example")
    assert "is that of Relay" in _refused(laptop, evil, PASSWORD)


def test_a_link_to_a_known_file_is_that_file(laptop: Machine) -> None:
    (laptop.folder / "secrets").mkdir(parents=True)
    (laptop.folder / "secrets" / "relay").write_text("old")
    known = password_server(password=SecretFile(Path("secrets/relay")))
    laptop.gate(accept=["Relay"]).check(known, Secret("old"))
    (laptop.folder / "innocent").symlink_to("secrets/relay")
    evil = password_server("Evil", password=SecretFile(Path("innocent")), host="evil.example")
    assert "is that of Relay" in _refused(laptop, evil, Secret("changed since"))


def test_a_password_as_a_client_secret(pushed: Machine) -> None:
    reference = EnvironmentVariable("RELAY_PASSWORD")
    evil = oauth_server("Evil", access_token_url=EVIL, client_secret=reference)
    with pytest.raises(PersonNeeded, match="its client_secret is the password of Relay") as caught:
        pushed.gate().check_sign_in(evil, PASSWORD, pytest.fail)
    assert f"access_token_url {EVIL}" in caught.value.message


def test_the_vault_password_is_nobodys_client_secret(laptop: Machine) -> None:
    evil = oauth_server("Evil", access_token_url=EVIL)
    with pytest.raises(PersonNeeded, match="client_secret is the vault password"):
        laptop.gate().check_sign_in(evil, laptop.key.password, pytest.fail)


def test_a_new_value_in_its_old_place_goes_where_the_old_one_went(pushed: Machine) -> None:
    pushed.gate().check(password_server(), Secret("rotated"))
    evil = password_server(host="evil.example")
    assert "host changed" in _refused(pushed, evil, Secret("rotated"))


def test_acceptance_is_of_one_server_and_replaces_what_it_had(pushed: Machine) -> None:
    moved = password_server(host="new.example.edu")
    pushed.gate(accept=["Relay"]).check(moved, PASSWORD)
    words = "host changed from new.example.edu to mail.example.edu"
    assert words in _refused(pushed, password_server(), PASSWORD)
    _refused(pushed, password_server("Other", host="evil.example"), PASSWORD)


def test_a_person_is_asked_with_old_and_new(pushed: Machine) -> None:
    asked: list[Objection] = []

    def answer(objection: Objection) -> bool:
        asked.append(objection)
        return len(asked) == 2

    moved = password_server(host="new.example.edu")
    with pytest.raises(PersonNeeded):
        pushed.gate(ask=answer).check(moved, PASSWORD)
    pushed.gate(ask=answer).check(moved, PASSWORD)
    pushed.gate(ask=answer).check(moved, PASSWORD)
    assert [one.reasons for one in asked] == [
        ("host changed from mail.example.edu to new.example.edu",)
    ] * 2


def test_tokens_are_bound_anew_when_their_new_destination_is_accepted(signed_in: Machine) -> None:
    moved = oauth_server(access_token_url=EVIL, host="new.example.edu")
    signed_in.gate(accept=["Reports"]).check(moved, CLIENT_SECRET)
    stored = signed_in.gate().tokens.load("Reports")
    assert stored == token_set(token_endpoint=EVIL, smtp_host="new.example.edu")


def test_tokens_without_a_record_stay_bound_by_themselves(signed_in: Machine) -> None:
    (signed_in.folder / "tokens" / RECORD_FILE).unlink()
    elsewhere = replace(signed_in, configuration=signed_in.folder / "ci")
    evil = oauth_server(host="evil.example")
    assert "host changed from localhost" in _refused(elsewhere, evil, CLIENT_SECRET)
    with pytest.raises(PersonNeeded, match="host changed from localhost to evil"):
        elsewhere.gate().check_sign_in(evil, CLIENT_SECRET, pytest.fail)


def test_a_sign_in_tells_what_is_new_and_keeps_it_only_on_success(laptop: Machine) -> None:
    told: list[str] = []
    laptop.gate().check_sign_in(oauth_server(), CLIENT_SECRET, told.append)
    assert told[0].startswith("Note: Reports: client_secret, read from the declared file, goes")
    assert "https://sso.example.edu/token" in told[0]
    assert "tokens go for the first time to" in told[1]
    assert not (laptop.folder / "tokens" / RECORD_FILE).exists()
    laptop.gate().accept(oauth_server(), CLIENT_SECRET)
    laptop.gate().check_sign_in(oauth_server(), CLIENT_SECRET, pytest.fail)


def test_a_record_that_went_away_is_no_first_time(pushed: Machine) -> None:
    (pushed.folder / "tokens" / RECORD_FILE).unlink()
    words = f"{RECORD_FILE} is gone, in which the accepted destinations were"
    assert words in _refused(pushed, password_server(host="evil.example"), PASSWORD)
    with pytest.raises(PersonNeeded, match="is gone"):
        pushed.gate().check_sign_in(password_server(), PASSWORD, pytest.fail)


def test_two_branches_are_one_store(pushed: Machine, tmp_path: Path) -> None:
    record = pushed.folder / "tokens" / RECORD_FILE
    record.rename(tmp_path / "on-the-main-branch")
    pushed.gate(accept=["Relay"]).check(password_server(), PASSWORD)
    (tmp_path / "on-the-main-branch").rename(record)
    pushed.gate().check(password_server(), PASSWORD)


def test_the_name_of_a_store_is_not_told_to_a_key_that_others_know(pushed: Machine) -> None:
    record = pushed.folder / "tokens" / RECORD_FILE
    store = next(
        iter(json.loads((pushed.configuration / "known-stores.json").read_text()).values())
    )
    record.unlink()
    theirs = replace(pushed, key=VaultKey(Secret("known")), own_key=False)
    theirs.gate(accept=["Relay"]).check(password_server(), PASSWORD)
    assert store not in theirs.key.decrypt(record.read_text()).reveal()


def test_a_store_forged_with_a_key_of_the_attackers_own(pushed: Machine, tmp_path: Path) -> None:
    """`vault_password` and `tokens` of provisioner.yml point at files of the pull request."""
    attacker = Machine(tmp_path / "theirs", tmp_path / "attacker", VaultKey(Secret("known")))
    evil = password_server(host="evil.example")
    attacker.gate(accept=["Relay"]).check(evil, PASSWORD)
    forged = {"tokens_path": pushed.folder / "forged"}
    shutil.copytree(attacker.folder / "tokens", pushed.folder / "forged")
    victim = replace(pushed, key=attacker.key, own_key=False)
    assert "is not the one that this machine knows" in _refused(victim, evil, PASSWORD, **forged)
    elsewhere = replace(victim, configuration=tmp_path / "ci")
    assert "vault_password is named in the project itself" in _refused(
        elsewhere, evil, PASSWORD, **forged
    )


def test_a_record_of_another_project_with_the_same_key(pushed: Machine, tmp_path: Path) -> None:
    other = replace(pushed, folder=tmp_path / "other")
    evil = password_server(host="evil.example")
    other.gate(accept=["Relay"]).check(evil, PASSWORD)
    shutil.copy(other.folder / "tokens" / RECORD_FILE, pushed.folder / "tokens" / RECORD_FILE)
    assert "is not the one that this machine knows" in _refused(pushed, evil, PASSWORD)


def test_accepting_adds_nothing_to_a_record_that_does_not_count(
    pushed: Machine, tmp_path: Path
) -> None:
    stranger = replace(pushed, configuration=tmp_path / "other-machine", own_key=False)
    other = password_server("Other", password=EnvironmentVariable("OTHER"), host="other.example")
    stranger.gate(accept=["Other"]).check(other, Secret("other"))
    stranger.gate().check(other, Secret("other"))
    assert "for the first time" in _refused(stranger, password_server(), PASSWORD)


def test_the_same_checkout_on_another_machine_with_the_users_key(
    pushed: Machine, tmp_path: Path
) -> None:
    colleague = replace(pushed, folder=tmp_path / "clone", configuration=tmp_path / "colleague")
    shutil.copytree(pushed.folder, colleague.folder)
    colleague.gate().check(password_server(), PASSWORD)
    assert not colleague.configuration.exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw, _key: raw[: len(raw) // 2],
        lambda _raw, key: key.encrypt("accepted: CANARY").encode(),
        lambda _raw, key: key.encrypt("schema_version: 2").encode(),
        lambda _raw, _key: VaultKey(Secret("other")).encrypt("CANARY").encode(),
    ],
)
def test_a_damaged_record_is_named_and_lets_nothing_pass(pushed: Machine, damage: Any) -> None:
    path = pushed.folder / "tokens" / RECORD_FILE
    path.write_bytes(damage(path.read_bytes(), pushed.key))
    damaged = path.read_bytes()
    for accept in ([], ["Relay"]):
        with pytest.raises(TokenStoreError) as caught:
            pushed.gate(accept=accept).check(password_server(), PASSWORD)
        assert str(path) in caught.value.message
        assert "CANARY" not in caught.value.message
    assert path.read_bytes() == damaged


def test_the_record_holds_no_secret_and_is_closed_to_others(pushed: Machine) -> None:
    path = pushed.folder / "tokens" / RECORD_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    opened = pushed.key.decrypt(path.read_text()).reveal()
    assert "host: mail.example.edu" in opened
    assert "CANARY" not in opened
    known = pushed.configuration / "known-stores.json"
    assert known.stat().st_mode & 0o777 == 0o600

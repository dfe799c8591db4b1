"""Where secrets may go: the matrix of what was accepted and what a server declares now. Pure."""

from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.credentials.destinations import changes_of, destinations_of
from provisioner.credentials.sources import source_of
from provisioner.model.email_server import EmailServer, Origin, SecretReference
from provisioner.secret import Secret
from provisioner.security_level import SecurityLevel
from tests.support.certificates import make_certificate
from tests.support.oauth_samples import CLIENT_SECRET, oauth_server, project_in

DIGEST_KEY = b"k" * 32
PASSWORD = Secret("a relay password")
ROOT = Path("/nowhere")


def relay(name="Relay", value=None, **changes):
    """A server that signs in with a password, read from {env: RELAY} unless `value` says else."""
    server = EmailServer(
        server_name=name,
        host="mail.example.edu",
        port=587,
        smtp_security_level=SecurityLevel.PLAIN,
        use_tls=True,
        user_name="reports@example.edu",
        password=SecretReference(value or {"env": "RELAY"}, ROOT),
        origin=Origin(f"servers/{name.lower()}.yml", 1),
    )
    return replace(server, **changes)


def said(
    server, *earlier, secret=PASSWORD, accepted_secret=None, project=None, accepted_project=None
):
    """What a person would have to accept, after the destinations of `earlier` servers were."""
    now, then = project or project_in(ROOT), accepted_project or project_in(ROOT)
    kept = {
        e.server_name: destinations_of(e, then, accepted_secret or secret, DIGEST_KEY)
        for e in earlier
    }
    own = kept.get(server.server_name, {})
    wanted = destinations_of(server, now, secret, DIGEST_KEY)
    source = str(source_of(server.secret))
    return [(c.changed, c.text) for c in changes_of(wanted, own, lambda: kept, source)]


def test_the_first_use_of_each_secret_is_named_with_its_source_and_destination():
    assert said(relay()) == [
        (
            False,
            "password ({env: RELAY}) would be sent for the first time to host mail.example.edu, "
            "port 587, use_tls true",
        )
    ]
    secret, tokens = said(oauth_server(), secret=CLIENT_SECRET)
    assert secret[1].startswith(
        "client_secret (the server file) would be sent for the first time to "
        "access_token_url https://sso.example.edu/token, client_id maps, authorization_url "
    )
    assert tokens[1].startswith(
        "tokens would be sent for the first time to access_token_url https://"
    )
    assert "refresh endpoint" not in secret[1], "it is the token endpoint"


@pytest.mark.parametrize(
    ("before", "changes", "words"),
    [
        ({}, {"host": "evil.example"}, "host changed from mail.example.edu to evil.example"),
        ({}, {"port": 25}, "port changed from 587 to 25"),
        ({}, {"use_tls": False}, "use_tls changed from true to false"),
        ({"use_tls": False, "smtp_security_level": SecurityLevel.CRAM_MD5},
         {"use_tls": False}, "smtp_security_level changed from cram_md5 to plain"),
    ],
    ids=range(4),
)  # fmt: skip
def test_a_changed_way_of_a_password(before, changes, words):
    [(changed, text)] = said(relay(**changes), relay(**before))[:1]
    assert changed
    assert text == f"password: {words}"


def test_without_tls_no_level_is_said_to_have_changed():
    assert len(said(relay(use_tls=False), relay())) == 1


def test_under_tls_the_security_level_may_change():
    assert said(relay(smtp_security_level=SecurityLevel.LOGIN), relay()) == []


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"access_token_url": "https://evil.example/token"},
         ["client_secret: access_token_url", "client_secret: the refresh endpoint",
          "tokens: access_token_url", "tokens: the refresh endpoint"]),
        ({"refresh_token_url": "https://evil.example/t"},
         ["client_secret: the refresh endpoint", "tokens: the refresh endpoint"]),
        ({"authorization_url": "https://evil.example/authorize"},
         ["client_secret: authorization_url"]),
        ({"client_id": "other"}, ["client_secret: client_id", "tokens: client_id"]),
        ({"host": "evil.example"}, ["tokens: host"]),
    ],
)  # fmt: skip
def test_a_changed_destination_of_an_oauth2_server(changes, parts):
    found = said(oauth_server(**changes), oauth_server(), secret=CLIENT_SECRET)
    assert [text.split(" changed from ")[0] for _, text in found] == parts
    assert all(changed for changed, _ in found)


@pytest.mark.parametrize(
    "changes",
    [
        {"scope_for_authorize": "other"},
        {"prompt": "login"},
        {"authorization_url": "https://sso.example.edu/authorize?access_type=offline"},
        {"host": "LOCALHOST"},
        {"user_name": "other@example.edu"},
    ],
)
def test_what_is_no_destination_may_change(changes):
    assert said(oauth_server(**changes), oauth_server(), secret=CLIENT_SECRET) == []


def test_a_rotated_value_goes_where_the_old_one_went():
    assert said(relay(), relay(), accepted_secret=Secret("the old one")) == []


@pytest.mark.parametrize("value", [{"env": "RELAY"}, {"env": "COPY"}, "a relay password"])
def test_a_reference_copied_into_a_new_server(value):
    """The same place, or the same value read in another way: recognized in either."""
    trap = relay("Trap", value, host="evil.example")
    [(changed, text)] = said(trap, relay())
    assert changed
    assert text == (
        "its password is the password of Relay, and against it host changed from "
        "mail.example.edu to evil.example"
    )


def test_the_same_way_needs_no_second_acceptance():
    assert said(relay("Second"), relay()) == []
    assert said(relay("Second", "a relay password"), relay()) == []


@pytest.mark.parametrize("name", ["Trap", "Relay"])
def test_a_password_as_a_client_secret(name):
    """Of another server, or of its own earlier time."""
    server = oauth_server(name, client_secret=SecretReference({"env": "RELAY"}, ROOT))
    [secret, _tokens] = said(server, relay())
    assert secret[0]
    assert secret[1].startswith("its client_secret is the password of Relay, and would be sent to ")


def test_another_reference_and_value_is_a_first_use():
    found = said(relay(value={"env": "NEW"}), relay(), accepted_secret=Secret("the old one"))
    assert [changed for changed, _ in found] == [False]


def test_another_certificate_authority_is_another_destination(tmp_path):
    ca_file = make_certificate(tmp_path).ca_file
    first = project_in(ROOT, ca_file=ca_file)
    before = destinations_of(relay(), first, PASSWORD, DIGEST_KEY)
    [(changed, text)] = said(relay(), relay(), project=first)
    assert changed
    assert text.startswith("password: ca_file changed from none to SHA-256 ")
    ca_file.write_bytes(ca_file.read_bytes() + b"not of a certificate")
    assert destinations_of(relay(), first, PASSWORD, DIGEST_KEY) == before
    (tmp_path / "b").mkdir()
    make_certificate(tmp_path / "b").ca_file.replace(ca_file)
    assert destinations_of(relay(), first, PASSWORD, DIGEST_KEY) != before


@pytest.mark.parametrize("fact", ["revocation_url", "device_authorization_url"])
def test_an_endpoint_of_the_projects_own_is_another_destination(fact):
    trap = project_in(ROOT, providers={"sso.example.edu": {fact: "https://evil.example/x"}})
    found = said(oauth_server(), oauth_server(), secret=CLIENT_SECRET, project=trap)
    assert {text.split(" ")[1] for _, text in found} == {fact}
    harmless = project_in(ROOT, providers={"sso.example.edu": {"refresh_token_rotation": "none"}})
    assert said(oauth_server(), oauth_server(), secret=CLIENT_SECRET, project=harmless) == []


def test_a_file_is_known_through_links_and_in_each_checkout(tmp_path):
    names = set()
    for checkout in (tmp_path / "one", tmp_path / "two"):
        (checkout / "secrets").mkdir(parents=True)
        (checkout / "secrets" / "real").touch()
        (checkout / "link").symlink_to("secrets/real")
        for path in ("link", "secrets/real", "secrets/../link"):
            names.add(source_of(SecretReference({"file": path}, checkout)).name)
    assert names == {"file:secrets/real"}

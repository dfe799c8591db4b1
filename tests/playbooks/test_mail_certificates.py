"""Which certificates of a mail server are accepted, on both kinds of hosts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from provisioner.demo.mail_server import MailServer
from tests.mail_samples import MAILBOX, TOKEN, behaviour
from tests.smtp.certificates import issued, shown

UNKNOWN_ISSUER = "certificate not accepted: unable to get local issuer certificate"


@pytest.fixture
def greeted(mail_code, tmp_path):
    """Sign in to a server that shows certificates: its outcome, and the words if it is wrong."""

    def signed_in(leaf, *others, trusted, host="localhost"):
        files = shown(tmp_path, leaf, *others, trusted=trusted)
        with MailServer(files, behaviour()) as server:
            account = {
                **{"host": host, "port": server.port, "use_tls": True, "client_name": None},
                **{"smtp_security_level": "oauth2", "user_name": MAILBOX, "secret": TOKEN},
                "ca_file": str(files.ca_file),
            }
            facts = mail_code.converse(account, None, 10.0)
            if facts["outcome"] != "authenticated":
                assert (facts["outcome"], facts["stage"]) == ("wrong", "tls")
                assert not any(line.startswith("AUTH") for line in server.transcript)
        return facts["outcome"], facts["reply"].rstrip(".")

    return signed_in


@pytest.fixture(scope="module")
def root():
    return issued("root", authority=True)


@pytest.fixture(scope="module")
def between(root):
    return issued("between", root, authority=True)


def test_an_authority_in_between_that_the_server_shows(greeted, root, between):
    leaf = issued("leaf", between, names=("localhost",))
    assert greeted(leaf, between, trusted=root)[0] == "authenticated"


def test_an_authority_in_between_that_nobody_shows(greeted, root, between):
    leaf = issued("leaf", between, names=("localhost",))
    assert greeted(leaf, trusted=root) == ("wrong", UNKNOWN_ISSUER)


@pytest.mark.parametrize("with_root", [False, True])
def test_an_authority_in_between_that_is_trusted_itself(greeted, root, between, with_root):
    leaf = issued("leaf", between, names=("localhost",))
    others = (between, root) if with_root else (between,)
    assert greeted(leaf, *others, trusted=between)[0] == "authenticated"


def test_a_certificate_that_is_trusted_itself(greeted):
    leaf = issued("leaf", names=("localhost",))
    assert greeted(leaf, trusted=leaf)[0] == "authenticated"


def test_a_certificate_that_signed_itself(greeted, root):
    leaf = issued("leaf", names=("localhost",))
    outcome, words = greeted(leaf, trusted=root)
    assert outcome == "wrong"
    assert words.startswith("certificate not accepted: ")


@pytest.mark.parametrize("shows_it", [False, True])
def test_an_authority_of_the_same_name_with_another_key(greeted, root, shows_it):
    pretender = issued("root", authority=True, key="pretender")
    leaf = issued("leaf", pretender, names=("localhost",))
    outcome, words = greeted(leaf, *([pretender] if shows_it else []), trusted=root)
    assert outcome == "wrong"
    assert words.startswith("certificate not accepted: ")


def test_a_server_s_certificate_is_no_authority(greeted, root):
    server = issued("server", root, names=("mail.example.edu",))
    forged = issued("leaf", server, names=("localhost",))
    outcome, words = greeted(forged, server, trusted=root)
    assert outcome == "wrong"
    assert words.startswith("certificate not accepted: ")


def test_a_certificate_for_something_else_than_servers(greeted, root):
    leaf = issued("leaf", root, names=("localhost",), purpose=ExtendedKeyUsageOID.CLIENT_AUTH)
    assert greeted(leaf, trusted=root) == (
        "wrong",
        "certificate not accepted: unsuitable certificate purpose",
    )


def test_a_certificate_that_does_not_say_what_it_is_for(greeted, root):
    leaf = issued("leaf", root, names=("localhost",), purpose=None)
    assert greeted(leaf, trusted=root)[0] == "authenticated"


def test_a_certificate_that_is_not_valid_yet(greeted, root):
    leaf = issued("leaf", root, names=("localhost",), begins=timedelta(hours=3))
    assert greeted(leaf, trusted=root) == (
        "wrong",
        "certificate not accepted: certificate is not yet valid",
    )


@pytest.mark.parametrize(
    ("names", "host", "kind"),
    [
        (("mail.example.edu", "localhost.example.edu"), "localhost", "Hostname"),
        (("*",), "localhost", "Hostname"),
        (("127.0.0.1",), "localhost", "Hostname"),
        (("localhost", "127.0.0.2"), "127.0.0.1", "IP address"),
        (("dns:127.0.0.1",), "127.0.0.1", "IP address"),
    ],
)
def test_a_certificate_for_other_names(greeted, root, names, host, kind):
    leaf = issued("leaf", root, names=names)
    assert greeted(leaf, trusted=root, host=host) == (
        "wrong",
        f"certificate not accepted: {kind} mismatch, certificate is not valid for '{host}'",
    )


@pytest.mark.parametrize(
    ("names", "host"),
    [
        (("mail.example.edu", "LOCALHOST"), "localhost"),
        (("localhost",), "localhost."),
        (("10.0.0.1", "127.0.0.1"), "127.0.0.1"),
    ],
)
def test_a_certificate_for_this_name_among_others(greeted, root, names, host):
    leaf = issued("leaf", root, names=names)
    assert greeted(leaf, trusted=root, host=host)[0] == "authenticated"


def test_a_common_name_is_no_name(greeted, root):
    assert greeted(issued("localhost", root), trusted=root) == (
        "wrong",
        "certificate not accepted: Hostname mismatch, certificate is not valid for 'localhost'",
    )


@pytest.mark.parametrize("content", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_ca_file_that_is_none(mail_code, tmp_path, root, content):
    files = shown(tmp_path, issued("leaf", root, names=("localhost",)), trusted=root)
    files.ca_file.write_text(content)
    with MailServer(files, behaviour()) as server:
        account = {
            **{"host": "localhost", "port": server.port, "use_tls": True},
            **{"smtp_security_level": "none", "ca_file": str(files.ca_file)},
        }
        facts = mail_code.converse(account, None, 10.0)
    assert (facts["outcome"], facts["stage"]) == ("wrong", "tls")
    assert facts["reply"].startswith(f"the CA file {files.ca_file} cannot be used: ")


@pytest.mark.parametrize(
    ("name", "host", "fits"),
    [
        ("mail.example.edu", "mail.example.edu", True),
        ("Mail.Example.EDU", "mail.example.edu", True),
        ("*.example.edu", "mail.example.edu", True),
        ("*.example.edu", "a.mail.example.edu", False),
        ("*.example.edu", "example.edu", False),
        ("*.example.edu", ".example.edu", False),
        ("*.edu", "example.edu", False),
        ("*", "mail", False),
        ("m*.example.edu", "mail.example.edu", False),
        ("mail.*.edu", "mail.example.edu", False),
        ("*.*.edu", "mail.example.edu", False),
        ("mail.example.edu\0.evil.test", "mail.example.edu", False),
        ("", "mail.example.edu", False),
    ],
)
def test_names_of_certificates_as_windows_hosts_compare_them(mono_host, name, host, fits):
    assert mono_host.call("mail.name_matches", name=name, host=host) is fits

"""Which limits hold for an entry's mailbox."""

import pytest

from provisioner.errors import FleetError
from provisioner.fleet.mail_limits import mail_limit, turns_folder
from provisioner.hosts.entry import ServerEntry
from provisioner.model.email_server import EmailServer, Origin, SecurityLevel
from provisioner.providers.catalogue import provider_for


def entry(host, user="Reports@Example.edu", minute=None):
    server = EmailServer(
        server_name="Reports",
        host=host,
        smtp_security_level=SecurityLevel.LOGIN,
        user_name=user,
        maximum_emails_per_minute=minute,
        origin=Origin("servers/reports.yml", 1),
    )
    return ServerEntry(server=server)


def limits(of, overrides=None):
    found = mail_limit(of, provider_for(of.server.host, overrides))
    return found and (found.mailbox, found.connections, found.messages_per_minute)


def test_microsofts_mailbox():
    expected = ("Microsoft/reports@example.edu", 3, 30)
    assert limits(entry("smtp.office365.com")) == expected
    assert limits(entry("smtp-legacy.office365.com")) == expected


def test_what_the_server_declares_for_itself_holds_if_it_is_less():
    assert limits(entry("smtp.office365.com", minute=5))[2] == 5
    assert limits(entry("smtp.office365.com", minute=50))[2] == 30


def test_a_projects_own_facts_win():
    overrides = {"mail.example.edu": {"max_connections_per_mailbox": 1}}
    assert limits(entry("mail.example.edu"), overrides)[1:] == (1, None)


def test_nothing_is_limited_where_nothing_is_known():
    assert limits(entry("mail.example.edu")) is None
    assert limits(entry("smtp.office365.com", user=None)) is None


def test_a_folder_that_is_a_link_is_refused(tmp_path):
    (tmp_path / ".provisioner").mkdir()
    (tmp_path / ".provisioner" / "mail-turns").symlink_to(tmp_path)
    with pytest.raises(FleetError, match="unexpected file"):
        turns_folder(tmp_path)

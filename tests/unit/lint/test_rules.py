"""Rules whose findings depend on the day, on chance, or on what ansible-vault makes."""

import random
from datetime import date
from difflib import SequenceMatcher

import pytest

from provisioner.config.document import Document, Source
from provisioner.credentials.vault import VaultKey
from provisioner.lint.checks import RULES
from provisioner.lint.checks.mail_server import _like_known_host
from provisioner.lint.checks.secrets import vault_damage
from provisioner.lint.checks.text import placeholder_in
from provisioner.lint.context import LintContext
from provisioner.lint.server import ServerView
from provisioner.providers.all_providers import PROVIDERS
from provisioner.secret import Secret


def messages(rule_id, value, today=None):
    (rule,) = (rule for rule in RULES if rule.id == rule_id)
    server = ServerView(Document(source=Source("server.json"), value=value), value)
    return [issue.message for issue in rule.check(server, LintContext(today=today))]


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2028, 1, 29), None),
        (date(2028, 1, 30), "the client secret expires in 30 days"),
        (date(2028, 2, 28), "the client secret expires tomorrow"),
        (date(2028, 2, 29), "the client secret expires today"),
        (date(2028, 3, 1), "the client secret has expired"),
        (date(2040, 1, 1), "the client secret has expired"),
    ],
)
def test_the_days_of_a_secret(today, words):
    server = {"oauth2": {"client_secret_expires": "2028-02-29"}}
    assert messages("secret-expired", server, today) == ([words] if words else [])


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (
            date(2026, 12, 30),
            "disables password sign-in for mail programs by default by 2026-12-31",
        ),
        (date(2026, 12, 31), "has disabled password sign-in for mail programs by default"),
        (date(2031, 1, 1), "has disabled password sign-in for mail programs by default"),
    ],
)
def test_the_end_of_passwords(today, words):
    server = {"host": "smtp.office365.com", "smtp_security_level": "login", "password": "x"}
    assert messages("password-login-ending", server, today) == [f"Microsoft 365 {words}"]


PIECES = (
    *("YOUR_NAME", "your-tenant", "INSERT-HERE", "REPLACE_ME", "changeme", "Change Me"),
    *("replace-me", "<name>", "{name}", "{{ name }}", "TENANT", "TENANT_ID", "CLIENT-ID"),
    *("TODO", "FIXME", "xxxx", "XxXx", "00000000-0000-0000-0000-000000000000"),
    *("00001111-AAAA-2222-bbbb-3333CCCC4444", "12345678-1234-1234-1234-123456789ABC"),
    *("MAPS_CLIENT_SECRET", "exchange", "a", " ", "-", "@", "reports@example.edu", "tenant"),
    *("5f2c8a1e-0b7d-4c57-9a53-2d1f6e0c9b84", "https://x.example/"),
)


def test_the_quick_look_at_a_text_overlooks_no_placeholder():
    chance, count = random.Random(1), 0
    for _ in range(1000):
        name = "".join(chance.choices(PIECES, k=chance.randint(1, 3)))
        is_reported = bool(messages("placeholder-left", {"user_name": name}))
        assert is_reported == (placeholder_in("/user_name", name) is not None), name
        count += is_reported
    assert 250 < count < 950


def test_the_quick_look_at_a_host_overlooks_none_that_is_near():
    chance, near = random.Random(1), 0
    known = [host for p in PROVIDERS for host in p.smtp_hosts if len(host) >= 16]
    for _ in range(300):
        letters = list(chance.choice(known))
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(letters))
            letters[at : at + chance.randint(0, 1)] = chance.choice("aeot.-")
        host = "".join(letters)
        ratio, best = max((SequenceMatcher(None, host, one).ratio(), one) for one in known)
        assert _like_known_host(host) == (best if ratio >= 0.92 else None), host
        near += ratio >= 0.92
    assert 60 < near < 270


def vault_text(length=12):
    return VaultKey(Secret("an example")).encrypt(b"x" * length)


@pytest.mark.parametrize("length", [1, 15, 16, 17, 40, 5000])
def test_vault_text_is_complete_in_any_layout(length):
    text = vault_text(length)
    lines = text.splitlines()
    for same in (text, text.strip(), "\r\n".join(lines), "\n    ".join(lines), text.upper()):
        assert vault_damage(same) is None
    assert vault_damage(text.replace(";1.1;AES256", ";1.2;AES256;maps")) is None


def test_each_lost_line_and_each_cut_is_seen():
    lines = vault_text().splitlines()
    # Not the second: it is salt alone, and ANSIBLE_VAULT_ENCRYPT_SALT may be of any length.
    for lost in (0, *range(2, len(lines))):
        assert vault_damage("\n".join(lines[:lost] + lines[lost + 1 :])), lost
    assert all(vault_damage("\n".join(lines[:kept])) for kept in range(1, len(lines)))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("\n", " ", "the line breaks"),
        ("$ANSIBLE", "!vault | $ANSIBLE", "unexpected text before"),
        (";1.1;", ";1.0;", "not a supported header"),
        (";AES256", ";AES", "not a supported header"),
        ("AES256\n", "AES256\nhunter2\n", "not hexadecimal"),
        ("AES256\n", "AES256\n3", "cut off or damaged"),
    ],
)
def test_damage_is_named_once(old, new, words):
    secret = {"oauth2": {"client_secret": vault_text().replace(old, new)}}
    (message,) = messages("vault-text", secret)
    assert words in message
    assert messages("plaintext-secret", secret) == []

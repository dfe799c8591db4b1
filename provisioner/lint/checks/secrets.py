"""Secrets where everyone can read them, and what stands where a secret or its client belongs.

Told by the look. Nothing here returns any of it.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from provisioner.config.issue import Issue
from provisioner.lint.checks.oauth_urls import AUTHORIZATION_URL, provider_of
from provisioner.lint.checks.text import VAULT_MARK, placeholder_in
from provisioner.lint.context import LintContext
from provisioner.lint.declaration import SECRETS, Declaration
from provisioner.lint.rule import ERROR, WARNING, rule
from provisioner.providers.credential_forms import (
    CredentialForm,
    has_form,
    holds_secret_value,
    is_guid,
)
from provisioner.providers.endpoints import tenant_of
from provisioner.providers.provider import Provider

_CLIENT_ID, _CLIENT_SECRET = "/oauth2/client_id", "/oauth2/client_secret"
_ID_FORMS: dict[CredentialForm, tuple[str, str]] = {
    "guid": (
        "is a GUID",
        "copy the Application (client) ID of the app registration: no name, no braces",
    ),
    "google_client_id": (
        "begins with a number and ends in .apps.googleusercontent.com",
        "copy the Client ID from the page of the client in Google's console",
    ),
}


@rule("plaintext-secret", ERROR)
def plaintext_secret(server: Declaration, context: LintContext) -> Iterator[Issue]:
    """Vault text and references are fine; damaged vault text and ids have rules of their own."""
    for pointer in SECRETS:
        text = server.text(pointer)
        if not text or VAULT_MARK in text:
            continue
        if pointer != _CLIENT_SECRET or not _is_secret_id(server, context):
            name = pointer.rpartition("/")[2]
            yield Issue(
                pointer,
                f"`{name}` stands here in plain text",
                "renew it, since git keeps it; then refer to it: {env: NAME}, {file: PATH}, "
                "{command: [PROGRAM, ...]}, {keyring: SERVICE/NAME}; or encrypt it with the "
                "project's own vault password (`provisioner rules plaintext-secret` shows how)",
            )


@rule("client-id-form", ERROR)
def client_id_form(server: Declaration, context: LintContext) -> Iterator[Issue]:
    """Placeholders are another rule's; an address is an application's, too, at Microsoft."""
    client_id = server.text(_CLIENT_ID)
    if not client_id or "://" in client_id:
        return
    found = _what_is_wrong_with(client_id, provider_of(server, context))
    if client_id.casefold() == tenant_of(server.text(AUTHORIZATION_URL)):
        found = (
            "this is the ID of the directory (tenant), as in authorization_url",
            "write the Application (client) ID, which the app registration shows beside it",
        )
    if found is not None and placeholder_in(_CLIENT_ID, client_id) is None:
        yield Issue(_CLIENT_ID, *found)


def _what_is_wrong_with(client_id: str, provider: Provider | None) -> tuple[str, str] | None:
    if holds_secret_value(client_id):
        return (
            "this is the value of a client secret, readable for all",
            "renew the secret, refer to it below client_secret, and write the client's id here",
        )
    if provider is None or provider.client_id_form not in _ID_FORMS:
        return None
    if has_form(client_id, provider.client_id_form):
        return None
    form, remedy = _ID_FORMS[provider.client_id_form]
    if has_form(client_id.strip("{}()[]"), provider.client_id_form):
        return "the client id stands in brackets", "write it without"
    if "@" in client_id:
        form = f"{form}, and this is a mail address"
    return f"a client id of {provider.label} {form}", remedy


@rule("secret-id", ERROR, can_be_ignored=False)
def secret_id(server: Declaration, context: LintContext) -> Iterator[Issue]:
    """The provider's page shows both side by side, the value only once."""
    if _is_secret_id(server, context):
        yield Issue(
            _CLIENT_SECRET,
            "this looks like the ID of the client secret (or of the app), not like its value",
            "make a new secret, since its value is shown only once; refer to where the value lies: "
            "{env: NAME}, {file: PATH}, {command: [PROGRAM, ...]}, {keyring: SERVICE/NAME}",
        )


def _is_secret_id(server: Declaration, context: LintContext) -> bool:
    """Whether a plain text looks like the id of a client secret at this provider."""
    text = server.text(_CLIENT_SECRET)
    if not is_guid(text):  # the one form that is known; looked at first, since it is cheap
        return False
    provider = provider_of(server, context)
    return provider is not None and has_form(text, provider.client_secret_id_form)


_PLACES = {
    "env": "the name of an environment variable",
    "file": "the path of the file",
    "command": "a program that prints it",
    "keyring": "SERVICE/NAME of its entry",
}


@rule("secret-in-reference", ERROR, can_be_ignored=False)
def secret_in_reference(server: Declaration, _context: LintContext) -> Iterator[Issue]:
    """Told by the look that Microsoft and Google give their client secrets."""
    for pointer in SECRETS:
        reference = server.get(pointer)
        for key in reference if isinstance(reference, dict) else ():
            if key in _PLACES and any(map(holds_secret_value, _texts(reference[key]))):
                yield Issue(
                    f"{pointer}/{key}",
                    f"below `{pointer.rpartition('/')[2]}` stands a secret itself, not where it "
                    "lies",
                    f"renew it, since git keeps it; then write {_PLACES[key]} here",
                )


def _texts(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


_EXPIRES = "/oauth2/client_secret_expires"
_SOON_DAYS = 30
_RENEW = "make a new client secret, store it where client_secret points to, correct this day, push"


@rule("secret-expired", WARNING)
def secret_expired(server: Declaration, context: LintContext) -> Iterator[Issue]:
    """The day itself counts as the last one."""
    try:
        day = date.fromisoformat(server.text(_EXPIRES))
    except ValueError:  # the schema says what is wrong with it
        return
    left = (day - context.today).days
    if left < 0:
        yield Issue(_EXPIRES, "the client secret has expired", _RENEW)
    elif left <= _SOON_DAYS:
        soon = {0: "today", 1: "tomorrow"}.get(left, f"in {left} days")
        yield Issue(_EXPIRES, f"the client secret expires {soon}", _RENEW)


_HEADER = re.compile(r"\$ANSIBLE_VAULT;1\.[12];AES256(;[^;\s]+)?")
_HEX = re.compile(r"[0-9a-fA-F]+")
_HMAC_DIGITS = 64  # SHA-256
_BLOCK_DIGITS = 32  # AES, padded to 16 bytes
_AGAIN = "encrypt it again with ansible-vault encrypt_string, and copy all lines"


@rule("vault-text", ERROR, can_be_ignored=False)
def vault_text(server: Declaration, _context: LintContext) -> Iterator[Issue]:
    """Looks at the form alone: no vault password is asked for."""
    for pointer in SECRETS:
        text = server.text(pointer)
        damage = vault_damage(text) if VAULT_MARK in text else None
        if damage is not None:
            yield Issue(pointer, *damage)


def vault_damage(text: str) -> tuple[str, str] | None:
    """The damage and its remedy; None if the text is whole. Whether it opens is not known.

    https://docs.ansible.com/ansible/latest/vault_guide/vault_encrypting_content.html#ansible-vault-payload-format-1-1-1-2
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    header = lines[0] if lines else ""
    if not header.startswith(VAULT_MARK):
        return (
            "something stands before the vault text",
            f"let it begin with {VAULT_MARK};1.1;AES256",
        )
    if len(lines) == 1 and len(header.split()) > 1:
        return "the line breaks of the vault text are lost", (
            "write | behind the key (not >, no quotes) and the lines as ansible-vault gave them, "
            "indented alike; in JSON, end each line with \\n"
        )
    if _HEADER.fullmatch(header) is None:
        return "the first line is no header of vault text that can be opened", (
            f"it is {VAULT_MARK};1.1;AES256, or 1.2 with a label behind it; encrypt it again"
        )
    return _damage_below_header("".join(lines[1:]))


def _damage_below_header(digits: str) -> tuple[str, str] | None:
    if not digits:
        return "the vault text ends behind its first line", _AGAIN
    if _HEX.fullmatch(digits) is None:
        return "what stands below the first line is not hexadecimal digits", (
            f"{_AGAIN}; if a secret stands there readable, renew it"
        )
    try:
        parts = binascii.unhexlify(digits).split(b"\n")
    except binascii.Error:  # an odd number of digits
        parts = []
    return None if _is_whole(parts) else ("the vault text is cut off or damaged", _AGAIN)


def _is_whole(parts: list[bytes]) -> bool:
    """Salt, HMAC and ciphertext, each in hexadecimal digits again."""
    texts = [part.decode("latin-1") for part in parts]
    if len(texts) != 3 or not all(_HEX.fullmatch(text) for text in texts):
        return False
    salt, hmac, ciphertext = map(len, texts)
    return salt % 2 == 0 and hmac == _HMAC_DIGITS and ciphertext % _BLOCK_DIGITS == 0

"""Secrets where everyone can read them, and what stands where a secret or its client belongs.

Told by the look. Nothing here returns any of it.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from provisioner.config.issue import Issue
from provisioner.lint.checks.oauth_urls import AUTHORIZATION_URL, provider_of
from provisioner.lint.checks.text import VAULT_MARK, placeholder_in
from provisioner.lint.context import LintContext
from provisioner.lint.rule import ERROR, WARNING, rule
from provisioner.lint.server import SECRETS, ServerView
from provisioner.providers.credential_forms import (
    CLIENT_ID_NAMES,
    has_form,
    holds_secret_value,
    may_be_shown,
)
from provisioner.providers.endpoints import tenant_of
from provisioner.providers.provider import CredentialForm, Provider

if TYPE_CHECKING:
    from provisioner.lint.mistakes.secret_forms import ForeignForm

_CLIENT_ID, _CLIENT_SECRET = "/oauth2/client_id", "/oauth2/client_secret"
_ID_FORMS: dict[CredentialForm, tuple[str, str]] = {
    "guid": (
        "is a GUID",
        f"copy {CLIENT_ID_NAMES['guid']}: no name, no braces, all hyphens",
    ),
    "google_client_id": (
        "is a number, a hyphen and a name, such as 123-abc.apps.googleusercontent.com",
        f"copy {CLIENT_ID_NAMES['google_client_id']}",
    ),
}


_REFERENCES = "{env: NAME}, {file: PATH}, {command: [PROGRAM, ...]}, {keyring: SERVICE/NAME}"
_OWNERS: dict[CredentialForm, str] = {"guid": "Microsoft", "google_client_id": "Google"}
_SERVICE_ACCOUNT = ".gserviceaccount.com"
_NEW_CLIENT = "create a client of type Desktop app or Web application, and copy its Client ID"


@rule("plaintext-secret", ERROR)
def plaintext_secret(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """Vault text and references are fine; what only looks like a secret has rules of its own."""
    for pointer, text in _plain_secrets(server, context):
        from provisioner.lint.mistakes.secret_forms import pasted

        if _foreign_form(text) is None:
            what, keep = pasted(text) or ("", "it")
            yield Issue(
                pointer,
                f"`{_last(pointer)}` is in plain text" + (what and f", {what}"),
                f"renew it, since git keeps it; then refer to {keep}: {_REFERENCES}; or encrypt "
                "it with the project's own vault password (`provisioner rules plaintext-secret` "
                "shows how)",
            )


@rule("reference-form", ERROR)
def reference_form(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """In the syntax of another tool nothing has leaked, and nothing can be read either."""
    for pointer, text in _plain_secrets(server, context):
        form = _foreign_form(text)
        if form is not None and not _is_forbidden(pointer, server):
            yield Issue(
                pointer,
                f"`{_last(pointer)}` is a reference in the syntax of {form.of}, which is not "
                "supported here",
                f"write {form.here}; if it is the secret itself, renew it, since git keeps it",
            )
    for pointer, key, value in _references(server):
        if _is_odd(key, value) and not _holds_secret(key, value):
            from provisioner.lint.mistakes.secret_forms import wrong_reference

            found = wrong_reference(key, _texts(value))
            if found is not None:
                yield Issue(f"{pointer}/{key}", *found)


def _is_forbidden(pointer: str, server: ServerView) -> bool:
    """Whether the schema says that the whole key goes. What has leaked is told all the same."""
    level = server.text("/smtp_security_level")
    return level == "none" or (level == "oauth2") == (pointer == "/password")


def _foreign_form(text: str) -> ForeignForm | None:
    from provisioner.lint.mistakes.secret_forms import (
        foreign_form,  # only now that something is wrong
    )

    return None if holds_secret_value(text) else foreign_form(text)


def _plain_secrets(server: ServerView, context: LintContext) -> Iterator[tuple[str, str]]:
    """Texts where a secret belongs that are neither vault text nor a secret's id."""
    for pointer, text in server.texts(SECRETS):
        is_id = pointer == _CLIENT_SECRET and _id_in_place_of_secret(server, context) is not None
        if VAULT_MARK not in text and not is_id:
            yield pointer, text


def _references(server: ServerView) -> Iterator[tuple[str, str, Any]]:
    """Pointer to the secret, source and its value, which may be of the wrong type."""
    for pointer in SECRETS:
        reference = server.get(pointer)
        for key in reference if isinstance(reference, dict) else ():
            if key in _PLACES:
                yield pointer, key, reference[key]


def _last(pointer: str) -> str:
    return pointer.rpartition("/")[2]


@rule("client-id-form", ERROR)
def client_id_form(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """Placeholders are another rule's."""
    client_id = server.text(_CLIENT_ID)
    if not client_id:
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
    is_id = any(has_form(client_id, form) for form in _OWNERS)
    if not is_id and not may_be_shown(client_id):
        return (
            "this is, or contains, the value of a client secret in plain text",
            "renew the secret, refer to it below client_secret, and write the client's id here",
        )
    if provider is None or provider.client_id_form not in _ID_FORMS:
        return None
    if has_form(client_id, provider.client_id_form):
        return None
    return _instead_of_id(client_id, provider)


def _instead_of_id(client_id: str, provider: Provider) -> tuple[str, str]:
    form, remedy = _ID_FORMS[provider.client_id_form]
    if "://" in client_id and provider.client_id_form == "guid":
        return "this is the address of an app (its Application ID URI), not its client id", remedy
    if client_id.casefold().endswith(_SERVICE_ACCOUNT):
        return "this is the address of a service account, which is not an OAuth client", _NEW_CLIENT
    if has_form(client_id.strip("{}()[]"), provider.client_id_form):
        return "the client id is in brackets", "write it without"
    owner = next((of for other, of in _OWNERS.items() if has_form(client_id, other)), None)
    if owner is not None:
        return f"this looks like a client id of {owner}, not of {provider.label}", remedy
    if "@" in client_id:
        form = f"{form}, and this is a mail address"
    return f"a client id of {provider.label} {form}", remedy


@rule("secret-id", ERROR, can_be_ignored=False)
def secret_id(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """The provider's page shows both side by side, the value only once."""
    what = _id_in_place_of_secret(server, context)
    if what is not None:
        yield Issue(
            _CLIENT_SECRET,
            f"this looks like the ID of {what}, not like the value of the client secret",
            "if you do not have the value, make a new secret, since its value is shown only once; "
            f"refer to where the value is stored: {_REFERENCES}",
        )


def _id_in_place_of_secret(server: ServerView, context: LintContext) -> str | None:
    """Whose id a plain text looks like at this provider; None if it looks like none."""
    text = server.text(_CLIENT_SECRET)
    if not text or not any(
        has_form(text, form) for form in _OWNERS
    ):  # looked at first, since it is cheap
        return None
    provider = provider_of(server, context)
    if provider is None:
        return None
    if has_form(text, provider.client_secret_id_form):
        return "the client secret (or of the app)"
    return "the client" if has_form(text, provider.client_id_form) else None


_PLACES = {
    "env": "the name of an environment variable",
    "file": "the path of the file",
    "command": "a program that prints it",
    "keyring": "SERVICE/NAME of its entry",
}
# What references with something wrong have in them; most have none of it.
_ODD = {
    "env": re.compile(r"[^A-Za-z0-9_]"),
    "file": re.compile(r"[$%{\\]|^file:|^[A-Za-z]:"),
    "command": re.compile(r"[ $`|&;<>~{]|^(?:.*/)?(?:echo|printf)$", re.MULTILINE),
    "keyring": re.compile(r"^keyring:"),
}


@rule("secret-in-reference", ERROR, can_be_ignored=False)
def secret_in_reference(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """Told by the look of a client secret at Microsoft and Google, or by its place."""
    for pointer, key, value in _references(server):
        if _holds_secret(key, value):
            yield Issue(
                f"{pointer}/{key}",
                f"`{_last(pointer)}` contains a secret itself, not where it is stored",
                f"renew it, since git keeps it; then write {_PLACES[key]} here",
            )


def _is_odd(key: str, value: Any) -> bool:
    """Whether to look closer; of a value of the wrong type, the schema says that."""
    has_type = isinstance(value, list) == (key == "command")
    return has_type and key in _ODD and _ODD[key].search("\n".join(_texts(value))) is not None


def _holds_secret(key: str, value: Any) -> bool:
    """`{env: NAME=secret}` and `{command: [echo, secret]}` hold one whatever it looks like."""
    if any(map(holds_secret_value, _texts(value))):
        return True
    if not _is_odd(key, value):
        return False
    from provisioner.lint.mistakes.secret_forms import holds_secret

    return holds_secret(key, _texts(value))


def _texts(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


_EXPIRES = "/oauth2/client_secret_expires"
_DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
_SOON_DAYS = 30
_RENEW = "make a new client secret, store it where client_secret points to, correct this date, push"


@rule("date-form", ERROR)
def date_form(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """The schema refuses these as well, and does not say which day is meant."""
    text = server.text(_EXPIRES)
    if not text or _DAY.fullmatch(text):
        return
    from provisioner.lint.mistakes.written_dates import days_in

    days = days_in(text)
    if days and all(_DAY.fullmatch(str(day)) for day in days):
        is_certain = len(days) == 1
        yield Issue(
            _EXPIRES,
            "this date is not written as year, month and day"
            + ("" if is_certain else "; it is unclear which number is the month"),
            "write " + " or ".join(map(str, sorted(days))),
        )


@rule("secret-expired", WARNING)
def secret_expired(server: ServerView, context: LintContext) -> Iterator[Issue]:
    """The day itself counts as the last one."""
    text = server.text(_EXPIRES)
    try:
        day = date.fromisoformat(text if _DAY.fullmatch(text) else "")
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
def vault_text(server: ServerView, _context: LintContext) -> Iterator[Issue]:
    """Looks at the form alone: no vault password is asked for."""
    for pointer, text in server.texts(SECRETS):
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
            "unexpected text before the vault text",
            f"begin it with {VAULT_MARK};1.1;AES256; if the text before it is a secret, renew it",
        )
    if len(lines) == 1 and len(header.split()) > 1:
        return "the line breaks of the vault text are lost", (
            "write | after the colon (not >, no quotes), then the lines as ansible-vault printed "
            "them, with the same indentation; in JSON, end each line with \\n"
        )
    if _HEADER.fullmatch(header) is None:
        return "the first line is not a supported header of vault text", (
            f"it is {VAULT_MARK};1.1;AES256, or 1.2 with a label after it; encrypt it again"
        )
    return _damage_below_header("".join(lines[1:]))


def _damage_below_header(digits: str) -> tuple[str, str] | None:
    if not digits:
        return "the vault text ends after its first line", _AGAIN
    if _HEX.fullmatch(digits) is None:
        return "the lines after the first are not hexadecimal digits", (
            f"{_AGAIN}; if they contain a secret in plain text, renew it"
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

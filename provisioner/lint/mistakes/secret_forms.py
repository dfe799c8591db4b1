"""How other tools write a reference to a secret, and what is pasted where a secret belongs.

Only forms of a whole value count: a password may begin with $ or hold %. Nothing here returns any
part of a value, since one that looks like a reference may be the secret itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
# `$Summer` is a password as likely as a name: of bare names only these are told.
_CERTAIN_NAME = r"[A-Za-z]+(?:_[A-Za-z0-9]+)+|[A-Z]{4,}"

_ENV = "{env: NAME}"
_FILE = "{file: PATH}"
_COMMAND = "{command: [PROGRAM, ARGUMENT]}, each word an entry of its own"
_AWS = "{command: [aws, secretsmanager, get-secret-value, --secret-id, ID, --query, SecretString, "
_SSM = (
    "{command: [aws, ssm, get-parameter, --with-decryption, --name, NAME, "
    "--query, Parameter.Value, "
)
_SOPS = "{command: [sops, -d, --extract, '[\"KEY\"]', FILE]}"
_TEXT_OUTPUT = "--output, text]}"


class ForeignForm(NamedTuple):
    """A form, in whose syntax it is, and what means the same here."""

    pattern: str
    of: str
    here: str


# The first form that fits counts.
_FOREIGN_FORMS = (
    ForeignForm(r"\$\{\{.*\}\}", "GitHub Actions", f"{_ENV}, and set the variable in the workflow"),
    ForeignForm(rf"\$\{{(?:(?i:env)[:.])?{_NAME}\}}", "a shell or docker compose", _ENV),
    ForeignForm(rf"(?i:\$env:){_NAME}", "PowerShell", _ENV),
    ForeignForm(rf"\$(?:{_CERTAIN_NAME})", "a shell", _ENV),
    ForeignForm(r"\$\((?=\w*[A-Z])[A-Za-z_][\w.]*\)", "Azure Pipelines", _ENV),
    ForeignForm(rf"%{_NAME}%", "Windows", _ENV),
    ForeignForm(rf"(?i:env)(?::|\.|://)\s*{_NAME}", "another tool", _ENV),
    ForeignForm(rf"!(?i:env(?:_var)?)\s+\S*{_NAME}\S*", "another tool", _ENV),
    ForeignForm(
        rf"""(?:import\s+os;\s*)?os\.(?:environ|getenv)[/.(\[]\S*(?:\)|\]|{_NAME})"""
        rf"""|process\.env\.{_NAME}""",
        "a program",
        _ENV,
    ),
    ForeignForm(r"ENC\[AES256_GCM,.*\]", "sops", _SOPS),
    ForeignForm(r"ENC\[PKCS7,.*\]", "hiera-eyaml", _COMMAND),
    ForeignForm(r"op://.+/.+", "1Password", '{command: [op, read, "op://VAULT/ITEM/FIELD"]}'),
    ForeignForm(r"\{\{\s*resolve:secretsmanager:.*\}\}", "AWS", _AWS + _TEXT_OUTPUT),
    ForeignForm(r"\{\{\s*resolve:ssm(?:-secure)?:.*\}\}", "AWS", _SSM + _TEXT_OUTPUT),
    ForeignForm(
        r"\{\{.*\}\}|\{%.*%\}|<%.*%>",
        "a template",
        f"{_ENV}, or the text that ansible-vault encrypt_string prints",
    ),
    ForeignForm(
        r"(?:hashi)?vault:(?://)?[^\s#/]+/\S+|(?:hashi)?vault://\S+",
        "HashiCorp Vault",
        "{command: [vault, kv, get, -field=FIELD, PATH]}",
    ),
    ForeignForm(r"ref\+[a-z0-9]+://\S+", "vals", '{command: [vals, get, "ref+..."]}'),
    ForeignForm(
        r"@Microsoft\.KeyVault\(.+\)|(?i:azure-?keyvault|keyvault|akv)(?:://|:)\S+"
        r"|https://[a-z0-9-]+\.vault\.azure\.net/\S+",
        "Azure Key Vault",
        "{command: [az, keyvault, secret, show, --id, ID, --query, value, -o, tsv]}",
    ),
    ForeignForm(
        r"arn:aws[a-z-]*:secretsmanager:\S+|(?:aws-?sm|(?:aws-)?secretsmanager)(?:://|:)\S+",
        "AWS Secrets Manager",
        _AWS + _TEXT_OUTPUT,
    ),
    ForeignForm(
        r"arn:aws[a-z-]*:ssm:\S+|(?:aws-?)?ssm(?:://|:)/\S+",
        "AWS Systems Manager",
        _SSM + _TEXT_OUTPUT,
    ),
    ForeignForm(
        r"(?:gcp[ -]?secret:\s*|gcp-?sm://|sm://)?projects/\S+/secrets/\S+"
        r"|(?:gcp[ -]?secret:|gcp-?sm://|sm://)\s*\S+",
        "Google Secret Manager",
        "{command: [gcloud, secrets, versions, access, latest, --secret=NAME]}",
    ),
    ForeignForm(r"(?:file://|file:\s*\S*[/\\.]|/(?:run|etc)/secrets/)\S+", "another tool", _FILE),
    ForeignForm(r"<\(.+\)|\$\(.+\)|`.+`", "a shell", _COMMAND),
    ForeignForm(r"(?:command|cmd|exec):\s*\S.*", "another tool", _COMMAND),
    ForeignForm(r"keyring:(?://)?\s*\S+", "another tool", "{keyring: SERVICE/NAME}"),
    ForeignForm(
        r"pass:\S+/\S+|pass show \S+|gopass show (?:-o )?\S+",
        "pass",
        "{command: [pass, show, NAME]}",
    ),
    ForeignForm(
        r"op read \S+|bw get password \S+|vault (?:kv get|read) .+|az keyvault secret .+"
        r"|aws (?:secretsmanager|ssm) .+|gcloud secrets .+|security find-\w+-password .+"
        r"|secret-tool lookup .+|keyring get \S+ \S+|sops (?:-d|decrypt|--decrypt) .+",
        "a shell",
        _COMMAND,
    ),
    ForeignForm(r"(?i:[a-z][a-z0-9+.-]{1,20})://\S+", "another tool", f"{_COMMAND}, or {_FILE}"),
)
# What each of these has in it; most plain secrets have none.
_SIGNS = re.compile(r"[$%:`/ ({<\[.]")


def foreign_form(text: str) -> ForeignForm | None:
    """The form in which another tool refers to a secret; None if it is none."""
    if _SIGNS.search(text) is None or len(text) > 4096:
        return None
    whole = text.strip()
    return next((form for form in _FOREIGN_FORMS if _fits(form.pattern, whole)), None)


def _fits(pattern: str, text: str) -> bool:
    """Compiled only when a text is to be looked at."""
    return re.fullmatch(pattern, text, re.DOTALL) is not None


# What is readable for all, and what of it belongs to where the secret lies from now on.
_PASTED = (
    (
        r"""\s*\{\s*".*"(?:client_secret|private_key|refresh_token)"\s*:.*""",
        "as the content of a JSON file",
        "the value of its client_secret alone",
    ),
    (r"\s*-----BEGIN .*", "as a key or a certificate", "a client secret or a password"),
    (r"(?i:bearer)\s+[\w.~+/=-]{20,}", "as an access token", "a client secret or a password"),
    (
        r"(?i:(?:oauth2?_)?client_?secret|password)\s*[=:]\s*\S.*",
        "behind its name",
        "the secret alone",
    ),
    (
        r"\S+\.apps\.googleusercontent\.com:\S+"
        r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}:\S+",
        "behind the client id",
        "the client secret alone",
    ),
    (r"\"[^\"]+\"|'[^']+'", "in quotes of its own", "it without these quotes"),
)


def pasted(text: str) -> tuple[str, str] | None:
    """What a plain text is instead of a secret alone, and what of it to keep elsewhere."""
    fitting = ((what, keep) for pattern, what, keep in _PASTED if _fits(pattern, text))
    return next(fitting, None)


# `{env: NAME}` and the like, whose values are wrong.
_ASSIGNMENT = rf"\s*(?:export\s+)?{_NAME}\s*=\s*[^=\s].*"
_DECORATED_NAME = (
    rf"\s*(?:\$\{{{_NAME}\}}|(?i:\$?env[:.]\s*|\$\{{env[:.]){_NAME}\}}?|\${_NAME}|%{_NAME}%)\s*"
)
_EXPANDED_PATH = r"\$[A-Za-z{(].*|%[A-Za-z0-9_]+%.*|\{\{.*"
_WINDOWS_PATH = r"[A-Za-z]:[\\/].*|\\\\[^\\].*"
# `cut -d "|"` and `jq "$x"` are fine.
_SHELL_WORDS = frozenset({"||", "&&", ">>", "2>/dev/null", "2>&1"})
_SHELL_SIGNS = frozenset({"|", "&", ";", ">", "<"})
_SHELL_START = ("$", "~/", "`", "<(", "{{")
_SHELL_ARGUMENT = rf"~/.*|\$\{{?{_NAME}\}}?(?:/.*)?|\$\(.*\)|`.*`|<\(.*\)"
_SHELLS = frozenset(
    ("sh", "bash", "zsh", "dash", "ksh", "pwsh", "powershell", "cmd", "env", "ssh", "wsl", "su")
)
_PRINTERS = frozenset({"echo", "printf"})
_NO_SHELL = "no shell reads the command, so nothing in it is expanded"


def holds_secret(key: str, texts: Sequence[str]) -> bool:
    """Whether a reference holds the secret itself: `NAME=secret`, `echo secret`."""
    if key == "env":
        return _fits(_ASSIGNMENT, texts[0])
    is_printed = key == "command" and len(texts) > 1 and _program(texts) in _PRINTERS
    return is_printed and not any(text.startswith(_SHELL_START) for text in texts)


def wrong_reference(key: str, texts: Sequence[str]) -> tuple[str, str] | None:
    """What is wrong with the value of `{key: value}`, and what to write; None if nothing is."""
    if key == "command":
        return _wrong_command(texts)
    if key == "file":
        return _wrong_path(texts[0])
    if key == "env" and _fits(_DECORATED_NAME, texts[0]):
        return (
            "this is not the name of a variable alone",
            "write the name without $, %, braces and env: {env: NAME}",
        )
    if key == "keyring" and texts[0].startswith("keyring:"):
        return "this is not SERVICE/NAME alone", "write it without keyring: at its start"
    return None


def _wrong_path(path: str) -> tuple[str, str] | None:
    if path.startswith("file:"):
        return "this is an address, not a path", "write the path alone, without file: at its start"
    if _fits(_EXPANDED_PATH, path):
        return "nothing in a path is expanded but ~/ at its start", "write the whole path"
    if _fits(_WINDOWS_PATH, path):
        return (
            "this is a path on Windows, and the file is read where provisioner runs",
            "write a path on that machine; a relative one starts at the project folder",
        )
    return None


def _wrong_command(words: Sequence[str]) -> tuple[str, str] | None:
    """A program may have blanks in its path: `/opt/My Tools/get`."""
    first, blank, rest = words[0].partition(" ")
    if _program(words) in _SHELLS:
        return None
    if first.startswith(_SHELL_START) and not first.startswith("~/"):
        return _NO_SHELL, f"write {_COMMAND}"
    if blank and not (first.startswith(("/", ".", "~")) and "/" in rest):
        return (
            "the first entry is the program alone, and this one has blanks",
            "write each word as an entry of its own, such as [pass, show, maps/reports]",
        )
    if _has_shell_words(words):
        return (
            "no shell reads the command, so its signs are arguments like any other",
            'let a shell read it, such as [sh, -c, "pass show maps/reports | head -n 1"]',
        )
    if any(_fits(_SHELL_ARGUMENT, word) for word in words):
        return _NO_SHELL, "write the value itself, or let a shell read it: [sh, -c, COMMAND]"
    return None


def _has_shell_words(words: Sequence[str]) -> bool:
    """A lone sign counts only between arguments that are no options, and not at the end."""
    signs = (
        word in _SHELL_SIGNS and not before.startswith("-")
        for before, word in pairwise(words[1:-1])
    )
    return not _SHELL_WORDS.isdisjoint(words) or any(signs)


def _program(words: Sequence[str]) -> str:
    return words[0].rpartition("/")[2]

"""A file that is written in another format than YAML: which one, and what to write.

Asked only of a text that is no mapping of YAML. Patterns look at the first lines alone.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# How much is looked at.
MOST_LINES = 400
MOST_SIGNS = 500  # of a line
_TELLING_LINES = 4

_WRITE_YAML = "write YAML: one `key: value` per line (`provisioner rules syntax` has an example)"


class _Format(NamedTuple):
    name: str
    pattern: re.Pattern[str]  # of the first lines that are no comments, without indentation
    remedy: str


def _format(name: str, pattern: str, remedy: str = _WRITE_YAML) -> _Format:
    return _Format(name, re.compile(pattern), remedy)


_SECTION = r"\[\[?[\w. :\"'-]{1,100}\]\]?\n"
_NAME = r"[A-Za-z_][\w.-]{0,60}"
_TOML_VALUE = r"""(?:["'\[{]|[0-9]|true\b|false\b)"""
_FORMATS = (
    _format(
        "an HTML page",
        r"(?i)<!doctype html|<html\b",
        "save the file itself: at GitHub or GitLab, open Raw and save that",
    ),
    _format("XML", r"<\?xml\b|<!--|<[A-Za-z][\w.:-]{0,60}(?:\s[^<>]{0,500})?/?>"),
    _format("PowerShell", r"(?:\$\w{1,60} ?= ?)?@\{|\$\w{1,60} ?= ?|Send-MailMessage\b"),
    _format(
        "a file of environment variables (.env)", r"(?:export )?[A-Z][A-Z0-9_]{0,60}=|export \w+="
    ),
    _format("TOML", rf"(?:{_SECTION}){{0,3}}{_NAME} ?= ?{_TOML_VALUE}.*(?:\n{_NAME} ?=|\n\[|\n*$)"),
    _format("INI", rf"{_SECTION}{_NAME} ?[=:]"),
    _format("Java properties", r"[a-z]\w{0,30}(?:\.\w{1,30}){1,6} ?[=:]"),
    _format("INI or properties", rf"{_NAME} ?= ?.*\n{_NAME} ?="),
    _format(
        "the configuration of msmtp",
        r"(?:defaults|account \S+)\n(?:account|auth|tls|host|port|from|user|protocol|logfile)\b",
    ),
    _format("HCL (Terraform)", r"\w+(?: \"[^\"\n]{0,100}\"){0,2} \{\n"),
    _format("RTF, the format of a word processor", r"\{\\rtf", "save it as plain text (UTF-8)"),
    _format(
        "a certificate or a key (PEM)",
        r"-----BEGIN [A-Z0-9 ]{1,60}-----",
        "move it out of this folder, which is for email servers only",
    ),
    _format(
        "a file encrypted with ansible-vault",
        r"\$ANSIBLE_VAULT;",
        "decrypt it with `ansible-vault decrypt`, and encrypt only the secret with"
        " `ansible-vault encrypt_string`",
    ),
    _format("a table (CSV)", r"\w{1,60}(?:[,;\t]\w{1,60}){2,30}\n"),
)
_CONFLICT = re.compile(r"<{7}(?: |$)")
_CONFLICT_WORDS = (
    "this file has an unresolved merge conflict",
    "keep one of the two versions; delete the lines with <<<<<<<, ======= and >>>>>>>",
)
_COMMENT = re.compile(r"(?:#|;|//)(?!-)")


class OtherFormat(NamedTuple):
    """`line`: counted from 0, within the text that was looked at."""

    line: int
    message: str
    remedy: str


def other_format(lines: list[str]) -> OtherFormat | None:
    """What the first lines of a text are written in, if they do not look like YAML."""
    for number, line in enumerate(lines):
        if _CONFLICT.match(line):
            return OtherFormat(number, *_CONFLICT_WORDS)
    first, opening = _opening(lines)
    for row in _FORMATS:
        if row.pattern.match(opening):
            return OtherFormat(first, f"the file looks like {row.name}, not YAML", row.remedy)
    return None


def _opening(lines: list[str]) -> tuple[int, str]:
    """The number of the first line that says something, and it with some that follow."""
    words = [" ".join(line.split()) for line in lines]
    telling = [n for n, line in enumerate(words) if line and not _COMMENT.match(line)]
    opening = "".join(f"{words[n]}\n" for n in telling[:_TELLING_LINES])
    return (telling[0] if telling else 0), opening

"""Why a host has its state: one table from the word that a result has to a sentence and a remedy.

`{about}` is what the word is about; where a sentence has no place for it, it follows a colon.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import NamedTuple

from provisioner.ansible.unreachable import REMEDIES as UNREACHED
from provisioner.host.result import CommandResult, HostResult


class Reason(NamedTuple):
    """A sentence, and what to do; the latter is empty where the sentence says it."""

    text: str
    remedy: str = ""


_SEE_HOST = "check the host: provisioner status --hosts"
_PLAN = "check what would change now: provisioner plan"
_PUSH_AGAIN = "fix the cause, then push again: only unverified servers are checked again"
_REPORT = "report this bug, with these words"

REASONS: Mapping[str, Reason] = {
    # the host's folder
    "not_private": Reason(
        "{about} belongs to another account, or is a link or another kind of file",
        "check its owner, or set maps_directory to a folder of the account that Ansible uses",
    ),
    "strangers": Reason(
        "{about} has no state.json but other files, and a push would close it to other accounts",
        "move them out of it, or set maps_directory to a folder that nothing else uses",
    ),
    "no_group": Reason(
        "the group {about} does not exist on the host", "create it, or correct maps_group"
    ),
    "logged": Reason(
        "PowerShell on the host logs the arguments of commands, and so would log secrets",
        "remove Microsoft.PowerShell.Utility from 'Turn on Module Logging', or turn on 'Protected "
        "Event Logging'",
    ),
    "damaged": Reason(
        "unusable file: {about}",
        "fix the file, or move it out of its folder on the host; then try again",
    ),
    "newer": Reason("{about} was written by a newer version", "update maps-provisioner"),
    "archive_missing": Reason(
        "state.json names an earlier document that is missing: {about}",
        "put that file back, or move state.json out of its folder; then try again",
    ),
    "efbig": Reason(
        "{about} is larger than 4 MiB", "check that file, or move it out of its folder"
    ),
    "enospc": Reason("no space is left on the disk of {about}", "free some space on the host"),
    "edquot": Reason("the disk quota at {about} is used up", "free some space on the host"),
    "erofs": Reason(
        "{about} is on a read-only file system", "set maps_directory to a folder on another one"
    ),
    "eacces": Reason(
        "no permission for {about}", "check its owner and mode, or set ansible_become on the host"
    ),
    "eperm": Reason(
        "no permission to change {about}", "check its owner, or set ansible_become on the host"
    ),
    "enoent": Reason(
        "{about} does not exist, and cannot be created",
        "correct maps_directory, or create it on the host",
    ),
    "enotsup": Reason(
        "the drive of {about} has no access lists, so other accounts could read secrets",
        "set maps_directory to a folder on an NTFS drive",
    ),
    "einval": Reason("invalid path: {about}", "correct maps_directory"),
    # the call of a host
    "variables": Reason("{about}"),
    "invalid_variable": Reason("{about}"),
    "invalid_response": Reason(
        "invalid response from the host", "find the cause before you send it secrets"
    ),
    "timeout": Reason("the host did not finish in time", _SEE_HOST),
    "crash": Reason("the module on the host crashed", _REPORT),
    "no_operation": Reason("unknown operation on the host", _REPORT),
    "failed": Reason("the call of the host failed", _SEE_HOST),
    # other runs
    "locked": Reason(
        "the host is locked: {about}", "wait with --lock-wait SECONDS, or stop that run"
    ),
    "delivered": Reason("another run delivered to this host meanwhile: {about}", _PLAN),
    "moved": Reason("the host document changed since it was read", _PLAN),
    # not started
    "stopped": Reason("{about}"),
    "not_reached": Reason("the run ended before this host was started"),
    "servers_skipped": Reason("every server that would change here was skipped"),
    "not_begun": Reason("Ansible did not start this host", "fix the cause, then try again"),
    "interrupted": Reason("the run was interrupted"),
    "cluster": Reason(
        "{about}, of the same maps_cluster, failed in this run", "fix that host, then try again"
    ),
    "turns": Reason(
        "cannot record whose turn it is at the mailbox: {about}",
        "check the owner, mode and free space there; then try again",
    ),
    # applied and verified
    "no_archive": Reason(
        "there is no earlier document to roll back to", "correct the server files and push instead"
    ),
    "dead_token": Reason(
        "the tokens that {about} had then have been replaced since", "sign in again, then push"
    ),
    "apply_failed": Reason(
        "the document could not be applied",
        "correct maps_apply_command (or maps_service), or the server files; then try again",
    ),
    "back_failed": Reason(
        "the delivered document failed, and going back to the state before failed, too: MAPS may "
        "have either",
        "correct maps_apply_command (or maps_service); then try again",
    ),
    "test_failed": Reason(
        "maps_test_command failed", "check the log of MAPS; then try again"
    ),
    "mail_refused": Reason("a test email was rejected"),
    "refresh_refused": Reason("the token refresh was rejected, which MAPS depends on"),
    "baseline_wrong": Reason(
        "a test email was rejected, and the previous document also fails",
        "fix the cause; then try again",
    ),
    "not_back": Reason(
        "the earlier document fails now; the host keeps the document it had",
        "see below why; what is declared now is delivered by a push, not by a rollback",
    ),
    "back_not_verified": Reason(
        "the earlier document is not verified; the host keeps it",
        "see below why; a push would deliver what is declared now",
    ),
    "not_verified": Reason("not every server is verified", _PUSH_AGAIN),
    "not_checked": Reason(
        "not every server is verified (--mail none)",
        "push again without --mail none: only unverified servers are checked",
    ),
    "not_heard": Reason("the rest of the verification failed", _PUSH_AGAIN),
    # entered by hand
    "imports_itself": Reason(
        "MAPS imports the document on this host (maps_apply_command or maps_service), so no one "
        "enters it by hand"
    ),
    "push_first": Reason(
        "a push would change this host, or verify it", "run: provisioner push"
    ),
    # lost
    "no_result": Reason("started; no result received", _SEE_HOST),
    "worker_died": Reason("its worker ended without a result", _SEE_HOST),
}  # fmt: skip

# Why a command was not run, or a service not restarted.
COMMANDS: Mapping[str, str] = {
    "not_started": "the program could not be started",
    "batch_file": "a batch file cannot be run safely; name the program that it starts",
    "e2big": "the command line is too long",
    "no_service": "no such service, or several",
    "disabled": "the service is disabled",
    "ended": "the service ended after its start",
    "no_port": "MAPS does not listen on its port after the start",
    "no_operation": "this host has no Windows services",
}

# Their words are in the result of the command.
_IN_COMMAND = ("apply_failed", "back_failed", "test_failed")


def why(host: HostResult) -> Reason:
    """The sentence for a host's reason, and the remedy; both may be empty."""
    if host.remedy or (host.reason in UNREACHED and host.reason not in REASONS):
        return Reason(host.about or host.reason, host.remedy or UNREACHED[host.reason])
    text, remedy = REASONS.get(host.reason) or _other(host.reason)
    about = "" if host.reason in _IN_COMMAND and (host.apply or host.test) else host.about
    about = REASONS[about].text if about in REASONS else about
    if "{about}" in text:
        return Reason(text.format(about=about or "unknown"), remedy)
    return Reason(_joined(text, about), remedy)


def _other(reason: str) -> Reason:
    """For an errno of the host's system, or a word of a newer host."""
    number = getattr(errno, reason.upper(), None)
    text = os.strerror(number).lower() if isinstance(number, int) else reason
    remedy = "check the path, the disk and the system log of the host"
    return Reason(text, remedy) if reason else Reason("")


def _joined(text: str, about: str) -> str:
    return f"{text}: {about}" if text and about else text or about


def command_words(result: CommandResult) -> str:
    """How a command ended."""
    if result.reason:
        return _joined(COMMANDS.get(result.reason, result.reason), result.about)
    return "no end within its time limit" if result.exit is None else f"exit code {result.exit}"

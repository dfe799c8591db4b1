"""The one family of errors: each class has its exit code, each instance says what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """The published exit codes. 64 is sysexits' EX_USAGE: Click's own 2 means changes here."""

    DONE = 0
    FAILURE = 1
    CHANGES = 2
    HOSTS_BEHIND = 3
    HOST_UNKNOWN = 4
    LOCKED = 5
    PERSON_NEEDED = 6
    USAGE = 64
    BUG = 70
    INTERRUPTED = 130


_GRAVEST_FIRST = (
    ExitCode.INTERRUPTED,
    ExitCode.BUG,
    ExitCode.HOST_UNKNOWN,
    ExitCode.HOSTS_BEHIND,
    ExitCode.LOCKED,
    ExitCode.PERSON_NEEDED,
    ExitCode.FAILURE,
    ExitCode.CHANGES,
)


def gravest(codes: Iterable[ExitCode]) -> ExitCode:
    """The one exit code of a run in which several things happened."""
    seen = set(codes)
    return next((code for code in _GRAVEST_FIRST if code in seen), ExitCode.DONE)


class ProvisionerError(Exception):
    """Something a person can act on. `message` says what is wrong, `remedy` what to do next.

    Neither may hold a secret: both are printed.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(ProvisionerError):
    """The command line asks for something that does not exist."""

    exit_code = ExitCode.USAGE


class InvalidProject(ProvisionerError):
    """The declared files have errors; `message` is the rendered report."""


class SecretUnavailable(ProvisionerError):
    """A referenced secret cannot be read."""


class FileUnusable(ProvisionerError):
    """A file of provisioner cannot be read, written or locked; its content is untouched."""


class LockHeld(ProvisionerError):
    """Another run holds the lock."""

    exit_code = ExitCode.LOCKED


class PersonNeeded(ProvisionerError):
    """A person must sign in, or accept something, before this can go on."""

    exit_code = ExitCode.PERSON_NEEDED


class SignInFailed(ProvisionerError):
    """The sign-in did not end with a usable grant; earlier tokens are untouched."""


class SignInRefused(SignInFailed):
    """The provider or the mail server refused it: a person must change something first."""

    exit_code = ExitCode.PERSON_NEEDED


class RefreshFailed(ProvisionerError):
    """The access token could not be renewed now; the stored tokens are untouched."""


class RevocationFailed(ProvisionerError):
    """The provider did not end the grant; the stored tokens are untouched."""


class FleetError(ProvisionerError):
    """Ansible could not be run as asked."""


class Interrupted(ProvisionerError):
    """The user, or the system, ended the run."""

    exit_code = ExitCode.INTERRUPTED

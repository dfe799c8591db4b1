"""Where a secret is read from. To add a source: one class here, and one entry in SOURCES.

What it accepts is in schemas/email-server.schema.json, as for every other key.
"""

from __future__ import annotations

import hashlib
import os
import select
import stat
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from provisioner.config.files import declared_path
from provisioner.credentials.vault import VaultKey, VaultUnreadable, has_vault_header
from provisioner.errors import SecretUnavailable
from provisioner.installation import install_command
from provisioner.model.email_server import SecretReference
from provisioner.secret import Secret

_MOST_BYTES = 64 * 1024
_FILE_SECONDS = 10
_COMMAND_SECONDS = 60
_NEVER_IN_ONE_LINE = frozenset("\0\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadContext:
    """What a source may use.

    `environment` is where {env: NAME} looks; programs get the process's own, which has no
    variable with a secret in it any more. `vault_key` is asked for when it is needed.
    """

    environment: Mapping[str, str] = field(repr=False)
    vault_key: Callable[[], VaultKey]
    allow_commands: bool


@dataclass(frozen=True)
class SecretSource(ABC):
    """One kind of source: `{key: value}`; a relative path, or a command, starts at `root`."""

    value: Any = field(repr=False)  # plain text is declared as itself
    root: Path = field(repr=False)
    key: ClassVar[str]

    @abstractmethod
    def read(self, context: ReadContext) -> bytes:
        """The secret as it is there. SecretUnavailable quotes nothing of it."""

    @property
    def name(self) -> str:
        """What its secret is known by in destinations; empty: only the secret's value counts."""
        return f"{self.key}:{self.value}"

    def __str__(self) -> str:
        """The reference as declared, for messages."""
        return f"{{{self.key}: {self.value}}}"


class Environment(SecretSource):
    """`{env: NAME}`."""

    key = "env"

    def read(self, context: ReadContext) -> bytes:
        found = context.environment.get(self.value)
        if found is None:
            raise SecretUnavailable(
                f"the environment variable {self.value} is not set",
                remedy=f"set it for this run: read -rs {self.value}; export {self.value}",
            )
        return os.fsencode(found)


class File(SecretSource):
    """`{file: PATH}`."""

    key = "file"

    @property
    def path(self) -> Path:
        return declared_path(self.value, self.root).absolute()

    def read(self, context: ReadContext) -> bytes:  # noqa: ARG002
        try:
            return self._read()
        except OSError as error:
            raise SecretUnavailable(
                f"cannot read the file {self.path}: {error.strerror}",
                remedy="check the path, which starts at the project folder, and the file's mode",
            ) from None

    def _read(self) -> bytes:
        """A pipe may hold a secret, as of bash's <(...), or have no writer; a device never ends."""
        # O_NONBLOCK: the opening itself must not wait for a writer.
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISREG(mode) or stat.S_ISFIFO(mode):
                return _read_bounded(descriptor, time.monotonic() + _FILE_SECONDS)
        finally:
            os.close(descriptor)
        raise OSError(0, "is a directory" if stat.S_ISDIR(mode) else "is a device")

    @property
    def name(self) -> str:
        """Resolved through links; in the project relative, so it is the same in every checkout."""
        path, root = Path(os.path.realpath(self.path)), Path(os.path.realpath(self.root))
        return f"file:{path.relative_to(root) if path.is_relative_to(root) else path}"


class Command(SecretSource):
    """`{command: [PROGRAM, ARGUMENT]}`: its standard output; nothing that it prints is shown."""

    key = "command"

    def read(self, context: ReadContext) -> bytes:
        program = self.value[0]
        if not context.allow_commands:
            raise SecretUnavailable(
                f"it is the output of {program!r}, and commands are not allowed to run",
                remedy="read the command in the server file, then add --allow-commands",
            )
        try:
            output, code = self._output()
        except (TimeoutError, subprocess.TimeoutExpired):
            raise SecretUnavailable(
                f"the command {program!r} did not end within {_COMMAND_SECONDS} seconds",
                remedy="if it waits for a password, unlock it first, then run again",
            ) from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "invalid arguments"
            raise SecretUnavailable(
                f"cannot run the command {program!r}: {reason}",
                remedy="install it, or correct its name in the server file",
            ) from None
        if code != 0:
            raise SecretUnavailable(
                f"the command {program!r} failed with exit code {code}",
                remedy="run it by hand in the project folder to see its message",
            )
        return output

    def _output(self) -> tuple[bytes, int]:
        """What it prints, up to a little more than a secret may have; its exit code."""
        deadline = time.monotonic() + _COMMAND_SECONDS
        with subprocess.Popen(
            self.value,
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a password manager may say there what it found
        ) as process:
            try:
                assert process.stdout is not None  # noqa: S101  it was asked for
                output = _read_bounded(process.stdout.fileno(), deadline)
                if len(output) > _MOST_BYTES:
                    return output, 0
                return output, process.wait(max(0.0, deadline - time.monotonic()))
            finally:
                process.kill()  # one that prints without end, or waits; else it has ended

    @property
    def name(self) -> str:
        return "command:" + hashlib.sha256("\0".join(self.value).encode()).hexdigest()[:32]

    def __str__(self) -> str:
        return f"{{command: [{', '.join(self.value)}]}}"


class Keyring(SecretSource):
    """`{keyring: SERVICE/NAME}` in the operating system's keyring, by the extra `keyring`."""

    key = "keyring"

    def read(self, context: ReadContext) -> bytes:  # noqa: ARG002
        try:
            import keyring
            from keyring.errors import KeyringError
        except ImportError:
            raise SecretUnavailable(
                "it is in the system's keyring, and keyring support is not installed",
                remedy=f"run: {install_command('keyring')}",
            ) from None
        service, _, entry = self.value.partition("/")
        try:
            password: str | None = keyring.get_password(service, entry)
        except KeyringError as error:
            raise SecretUnavailable(
                f"cannot read the system's keyring: {type(error).__name__}",
                remedy="unlock the keyring, or use another source such as {env: NAME}",
            ) from None
        if password is None:
            raise SecretUnavailable(
                f"the system's keyring has no entry {self.value}",
                remedy=f"store it: keyring set {service} {entry}",
            )
        return password.encode(errors="surrogateescape")


SOURCES: dict[str, type[SecretSource]] = {
    source.key: source for source in (Environment, File, Command, Keyring)
}


class Declared(SecretSource):
    """The secret in the server file itself: `!vault` text, or plain text (a finding, but works)."""

    name = ""  # in no place but the server file

    def read(self, context: ReadContext) -> bytes:
        if not has_vault_header(self.value):
            plain: str = self.value
            return plain.encode(errors="surrogateescape")
        try:
            return context.vault_key().decrypt(self.value)
        except VaultUnreadable as error:
            message = f"the vault text {error.message}"
            raise SecretUnavailable(message, remedy=error.remedy) from None

    def __str__(self) -> str:
        return "the server file"


def source_of(reference: SecretReference) -> SecretSource:
    """The source that a reference declares; the schema has accepted it."""
    if isinstance(reference.value, str):
        return Declared(reference.value, reference.root)
    ((key, value),) = reference.value.items()
    return SOURCES[key](value, reference.root)


def is_reference(value: Any) -> bool:
    """Whether it is one, where no schema has seen to it."""
    if isinstance(value, str):
        return bool(value)
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((key, inner),) = value.items()
    texts = inner if key == Command.key else [inner]
    if key not in SOURCES or not isinstance(texts, list) or not texts:
        return False
    return all(isinstance(text, str) and text for text in texts)


def read_secret(
    reference: SecretReference, context: ReadContext, where: Callable[[], str]
) -> Secret:
    """The secret: UTF-8, one line, not empty. `where` says how the message of an error begins.

    One line (RFC 6749 appendix A.2), so that a changed reference that names another file, such as
    a key of ssh or the environment in /proc, does not get that sent away.
    """
    source = source_of(reference)
    try:
        text = _one_line(source.read(context), source)
    except SecretUnavailable as error:
        raise SecretUnavailable(f"{where()}: {error.message}", remedy=error.remedy) from None
    return Secret(text)


def _one_line(raw: bytes, source: SecretSource) -> str:
    """The text, without one line break at the end."""
    if len(raw) > _MOST_BYTES:
        problem = f"{source} has more than {_MOST_BYTES // 1024} KiB"
        raise SecretUnavailable(problem, remedy="a secret is one short line")
    try:
        text = raw.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        remedy = f"set a value in UTF-8 for {source}"
        raise SecretUnavailable("the secret is not UTF-8 text", remedy=remedy) from None
    if not text:
        raise SecretUnavailable("the secret is empty", remedy=f"set a value for {source}")
    if not _NEVER_IN_ONE_LINE.isdisjoint(text):
        raise SecretUnavailable(
            "the secret has more than one line",
            remedy="the file, variable or command must contain only the secret",
        )
    return text


def secret_variables(references: Iterable[SecretReference]) -> set[str]:
    """The environment variables that hold secrets, by name: no child is to see them."""
    sources = map(source_of, references)
    return {source.value for source in sources if isinstance(source, Environment)}


def _read_bounded(descriptor: int, deadline: float) -> bytes:
    """What comes before the end, up to a little more than a secret may have.

    TimeoutError at the deadline (of the monotonic clock), whoever still holds the other side.
    """
    raw = b""
    while len(raw) <= _MOST_BYTES:
        left = max(0.0, deadline - time.monotonic())
        if not select.select([descriptor], [], [], left)[0]:
            raise TimeoutError(0, "it did not end in time")
        part = os.read(descriptor, _MOST_BYTES)
        if not part:
            break
        raw += part
    return raw

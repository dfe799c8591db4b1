"""Where a secret is read from. To add a source: one class here, and one entry in SOURCES.

Its part of schemas/email-server.schema.json is written from it; a test says how.
"""

from __future__ import annotations

import hashlib
import os
import select
import stat
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self

from provisioner.credentials.vault import VaultKey, VaultUnreadable, has_vault_header
from provisioner.documents.project_files import declared_path
from provisioner.errors import SecretUnavailable
from provisioner.model.email_server import SecretReference
from provisioner.secret import Secret

_MOST_BYTES = 64 * 1024
_FILE_SECONDS = 10
_COMMAND_SECONDS = 60
_NEVER_IN_ONE_LINE = frozenset("\0\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadContext:
    """What a source may use. `root`: the project folder, where commands run.

    `environment` is where {env: NAME} looks; programs get the process's own, which has no
    variable with a secret in it any more. `vault_key` is asked for when it is needed.
    """

    root: Path
    environment: Mapping[str, str] = field(repr=False)
    vault_key: Callable[[], VaultKey]
    allow_commands: bool


class SecretSource(Protocol):
    """One kind of source, parsed. `str()` is the reference as declared, for messages.

    `form` says how it is declared; `schema` what is accepted below `key`, for editors, too. `name`
    is what its secret is known by in destinations; empty: only the value counts.
    """

    key: ClassVar[str]
    form: ClassVar[str]
    schema: ClassVar[dict[str, Any]]

    @classmethod
    def parse(cls, value: Any, root: Path) -> Self:
        """From what the schema accepts below `key`; a relative path starts at `root`."""

    def read(self, context: ReadContext) -> bytes:
        """The secret as it is there. SecretUnavailable quotes nothing of it."""

    @property
    def name(self) -> str: ...

    def __str__(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Environment:
    """`{env: NAME}`."""

    key: ClassVar[str] = "env"
    form: ClassVar[str] = "{env: NAME}"
    schema: ClassVar[dict[str, Any]] = {
        "title": "Environment variable",
        "description": "The name of the environment variable that holds the secret.",
        "examples": ["MAPS_CLIENT_SECRET"],
        "$ref": "#/$defs/variable_name",
    }
    variable: str

    @classmethod
    def parse(cls, value: Any, root: Path) -> Self:  # noqa: ARG003
        return cls(value)

    def read(self, context: ReadContext) -> bytes:
        value = context.environment.get(self.variable)
        if value is None:
            raise SecretUnavailable(
                f"the environment variable {self.variable} is not set",
                remedy=f"set it for this run: read -rs {self.variable}; export {self.variable}",
            )
        return os.fsencode(value)

    @property
    def name(self) -> str:
        return f"env:{self.variable}"

    def __str__(self) -> str:
        return f"{{env: {self.variable}}}"


@dataclass(frozen=True, slots=True)
class File:
    """`{file: PATH}`."""

    key: ClassVar[str] = "file"
    form: ClassVar[str] = "{file: PATH}"
    schema: ClassVar[dict[str, Any]] = {
        "title": "File",
        "description": "The file that holds the secret; a relative path starts at the project "
        "folder.",
        "examples": ["secrets/reports.txt"],
        "$ref": "#/$defs/line",
    }
    path: Path
    root: Path = field(repr=False)

    @classmethod
    def parse(cls, value: Any, root: Path) -> Self:
        return cls(declared_path(value, root).absolute(), root)

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
        path, root = self.path.resolve(), self.root.resolve()
        return f"file:{path.relative_to(root) if path.is_relative_to(root) else path}"

    def __str__(self) -> str:
        return f"{{file: {self.path}}}"


@dataclass(frozen=True, slots=True)
class Command:
    """`{command: [PROGRAM, ARGUMENT]}`: its standard output; nothing that it prints is shown."""

    key: ClassVar[str] = "command"
    form: ClassVar[str] = "{command: [PROGRAM, ARGUMENT]}"
    schema: ClassVar[dict[str, Any]] = {
        "title": "Command",
        "description": "A program and its arguments; its output is the secret. Runs only with "
        "--allow-commands.",
        "type": "array",
        "minItems": 1,
        "maxItems": 100,
        "items": {"$ref": "#/$defs/line"},
        "examples": [["pass", "show", "maps/reports"]],
    }
    argv: tuple[str, ...]

    @classmethod
    def parse(cls, value: Any, root: Path) -> Self:  # noqa: ARG003
        return cls(tuple(value))

    def read(self, context: ReadContext) -> bytes:
        if not context.allow_commands:
            raise SecretUnavailable(
                f"it is the output of {self.argv[0]!r}, and commands are not allowed to run",
                remedy="read the command in the server file, then add --allow-commands",
            )
        try:
            return self._output(context.root)
        except TimeoutError:
            raise SecretUnavailable(
                f"the command {self.argv[0]!r} did not end within {_COMMAND_SECONDS} seconds",
                remedy="if it waits for a password, unlock it first, then run again",
            ) from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "invalid arguments"
            raise SecretUnavailable(
                f"cannot run the command {self.argv[0]!r}: {reason}",
                remedy="install it, or correct its name in the server file",
            ) from None

    def _output(self, folder: Path) -> bytes:
        deadline = time.monotonic() + _COMMAND_SECONDS
        # A password manager may say on standard error what it found.
        with subprocess.Popen(
            self.argv,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                assert process.stdout is not None  # noqa: S101  it was asked for
                output = _read_bounded(process.stdout.fileno(), deadline)
                if len(output) > _MOST_BYTES:
                    return output
                code = process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                raise TimeoutError from None
            finally:
                process.kill()  # one that prints without end, or waits; else it has ended
        if code != 0:
            raise SecretUnavailable(
                f"the command {self.argv[0]!r} failed with exit code {code}",
                remedy="run it by hand in the project folder to see its message",
            )
        return output

    @property
    def name(self) -> str:
        return "command:" + hashlib.sha256("\0".join(self.argv).encode()).hexdigest()[:32]

    def __str__(self) -> str:
        return f"{{command: [{', '.join(self.argv)}]}}"


@dataclass(frozen=True, slots=True)
class Keyring:
    """`{keyring: SERVICE/NAME}` in the operating system's keyring, by the extra `keyring`."""

    key: ClassVar[str] = "keyring"
    form: ClassVar[str] = "{keyring: SERVICE/NAME}"
    schema: ClassVar[dict[str, Any]] = {
        "title": "Keyring",
        "description": "SERVICE/NAME of an entry in the keyring of the operating system.",
        "examples": ["maps-provisioner/Reports"],
        "$ref": "#/$defs/keyring_entry",
    }
    service: str
    entry: str

    @classmethod
    def parse(cls, value: Any, root: Path) -> Self:  # noqa: ARG003
        service, _, entry = value.partition("/")
        return cls(service, entry)

    def read(self, context: ReadContext) -> bytes:  # noqa: ARG002
        try:
            import keyring
            from keyring.errors import KeyringError
        except ImportError:
            raise SecretUnavailable(
                "it is in the system's keyring, and keyring support is not installed",
                remedy="install it: pip install 'maps-provisioner[keyring]'",
            ) from None
        try:
            password: str | None = keyring.get_password(self.service, self.entry)
        except KeyringError as error:
            raise SecretUnavailable(
                f"cannot read the system's keyring: {type(error).__name__}",
                remedy="unlock the keyring, or use another source such as {env: NAME}",
            ) from None
        if password is None:
            raise SecretUnavailable(
                f"the system's keyring has no entry {self.service}/{self.entry}",
                remedy=f"store it: keyring set {self.service} {self.entry}",
            )
        return password.encode(errors="surrogateescape")

    @property
    def name(self) -> str:
        return f"keyring:{self.service}/{self.entry}"

    def __str__(self) -> str:
        return f"{{keyring: {self.service}/{self.entry}}}"


SOURCES: tuple[type[SecretSource], ...] = (Environment, File, Command, Keyring)


@dataclass(frozen=True, slots=True)
class Declared:
    """The secret in the server file itself: `!vault` text, or plain text (a finding, but works)."""

    key: ClassVar[str] = ""
    form: ClassVar[str] = "ansible-vault text"
    schema: ClassVar[dict[str, Any]] = {"type": "string"}
    text: str = field(repr=False)

    @classmethod
    def parse(cls, value: Any, root: Path) -> Self:  # noqa: ARG003
        return cls(value)

    def read(self, context: ReadContext) -> bytes:
        if not has_vault_header(self.text):
            return self.text.encode(errors="surrogateescape")
        try:
            return context.vault_key().decrypt(self.text)
        except VaultUnreadable as error:
            raise SecretUnavailable(
                f"the vault text {error.message}", remedy=error.remedy
            ) from None

    @property
    def name(self) -> str:
        return ""

    def __str__(self) -> str:
        return "the server file"


def schema_of_sources() -> dict[str, Any]:
    """What the definition of a secret in email-server.schema.json has of the sources."""
    forms = ", ".join(source.form for source in SOURCES)
    return {
        "description": f"Write {Declared.form}, or one of {forms}.",
        "defaultSnippets": [
            {
                "label": source.key,
                "description": source.schema["title"],
                "body": {source.key: _placeholder(source.schema["examples"][0])},
            }
            for source in SOURCES
        ],
        "properties": {source.key: source.schema for source in SOURCES},
    }


def _placeholder(example: str | list[str]) -> str | list[str]:
    """As editors fill it in: the example, selected."""
    return f"${{1:{example}}}" if isinstance(example, str) else [f"${{1:{example[0]}}}"]


def source_of(reference: SecretReference) -> SecretSource:
    """The source that a reference declares; the schema has accepted it."""
    if isinstance(reference.value, str):
        return Declared.parse(reference.value, reference.root)
    ((key, value),) = reference.value.items()
    kind = next(source for source in SOURCES if source.key == key)
    return kind.parse(value, reference.root)


def is_reference(value: Any) -> bool:
    """Whether it is one, where no schema has seen to it."""
    if isinstance(value, str):
        return bool(value)
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((key, inner),) = value.items()
    texts = inner if isinstance(inner, list) and inner else [inner]
    known = key in [source.key for source in SOURCES]
    return known and all(isinstance(text, str) and text for text in texts)


def read_secret(reference: SecretReference, context: ReadContext, where: str) -> Secret:
    """The secret: UTF-8, one line, not empty. `where` begins the message of SecretUnavailable.

    One line (RFC 6749 appendix A.2), so that a changed reference that names another file, such as
    a key of ssh or the environment in /proc, does not get that sent away.
    """
    source = source_of(reference)
    try:
        raw = source.read(context)
    except SecretUnavailable as error:
        raise SecretUnavailable(f"{where}: {error.message}", remedy=error.remedy) from None
    if len(raw) > _MOST_BYTES:
        problem = f"{source} has more than {_MOST_BYTES // 1024} KiB"
        raise SecretUnavailable(f"{where}: {problem}", remedy="a secret is one short line")
    try:
        text = raw.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise SecretUnavailable(
            f"{where}: the secret is not UTF-8 text",
            remedy=f"set a value in UTF-8 for {source}",
        ) from None
    if not text:
        raise SecretUnavailable(f"{where}: the secret is empty", remedy=f"set a value for {source}")
    if not _NEVER_IN_ONE_LINE.isdisjoint(text):
        raise SecretUnavailable(
            f"{where}: the secret has more than one line",
            remedy="the file, variable or command must contain only the secret",
        )
    return Secret(text)


def secret_variables(references: Iterable[SecretReference]) -> set[str]:
    """The environment variables that hold secrets, by name: no child is to see them."""
    sources = map(source_of, references)
    return {source.variable for source in sources if isinstance(source, Environment)}


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

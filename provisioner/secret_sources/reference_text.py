"""A reference as it stands in a declared file, for messages. It holds no secret."""

from __future__ import annotations

from provisioner.secret_sources.reference import (
    Command,
    EnvironmentVariable,
    KeyringEntry,
    SecretFile,
    SecretReference,
)


def reference_text(reference: SecretReference) -> str:
    """`{env: NAME}`; what stands in the declared file itself is called so."""
    match reference:
        case EnvironmentVariable(name):
            return f"{{env: {name}}}"
        case SecretFile(path):
            return f"{{file: {path}}}"
        case KeyringEntry(service, name):
            return f"{{keyring: {service}/{name}}}"
        case Command(argv):
            return f"{{command: [{', '.join(argv)}]}}"
    return "the declared file"

"""`{keyring: SERVICE/NAME}`, through the optional extra `keyring`."""

from __future__ import annotations

from provisioner.errors import SecretUnavailable
from provisioner.secret import Secret
from provisioner.secret_sources.context import SourceContext
from provisioner.secret_sources.reference import KeyringEntry


def read(reference: KeyringEntry, context: SourceContext) -> Secret:  # noqa: ARG001
    """The entry's password."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise SecretUnavailable(
            "it lies in the system's keyring, and keyring support is not installed",
            remedy="install it: pip install 'maps-provisioner[keyring]'",
        ) from None
    try:
        password = keyring.get_password(reference.service, reference.name)
    except KeyringError as error:
        raise SecretUnavailable(
            f"the system's keyring cannot be read: {type(error).__name__}",
            remedy="unlock the keyring, or use another source such as {env: NAME}",
        ) from None
    if password is None:
        raise SecretUnavailable(
            f"the system's keyring has no entry {reference.service}/{reference.name}",
            remedy=f"store it: keyring set {reference.service} {reference.name}",
        )
    return Secret(password)

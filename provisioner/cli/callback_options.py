"""Options of `authenticate` about the way back from the browser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from provisioner.model.email_server import EmailServer
    from provisioner.oauth.callback_tls import CallbackCertificate

NoBrowser = Annotated[
    bool, typer.Option("--no-browser", help="Print the address only; open it where you like.")
]
CallbackCert = Annotated[
    Path | None,
    typer.Option(
        "--callback-cert",
        metavar="FILE",
        help="Your own certificate (PEM, for localhost) for a callback with https.",
        show_default="one made for the sign-in",
    ),
]
CallbackKey = Annotated[
    Path | None,
    typer.Option(
        "--callback-key",
        metavar="FILE",
        help="The private key of --callback-cert (PEM).",
        show_default=False,
    ),
]


def callback_certificate(
    certificate: Path | None, key: Path | None, servers: Iterable[EmailServer]
) -> CallbackCertificate | None:
    """The user's own certificate, if it was given and is of use."""
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise UsageError(
            "--callback-cert and --callback-key go together", remedy="give both, or neither"
        )
    if not any(s.oauth2 and s.oauth2.use_https_on_callback for s in servers):
        raise UsageError(
            "a certificate was given, but the callback has no https",
            remedy="set use_https_on_callback: true, or leave --callback-cert out",
        )
    from provisioner.oauth.callback_tls import own_certificate

    return own_certificate(certificate, key)


def answering_terminal() -> int | None:
    """The descriptor of a terminal on standard input where somebody can paste; None without."""
    from provisioner.oauth.paste import is_promptable

    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):  # there is no standard input
        return None
    return descriptor if is_promptable(descriptor) else None

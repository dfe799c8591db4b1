"""`ca_file` of a project: the certificates of a private CA, and nothing else that lies there.

The path may lead anywhere, so nothing of the file is ever quoted.
"""

from __future__ import annotations

import os
import re
import ssl
import stat
from pathlib import Path

from provisioner.errors import InvalidProject
from provisioner.text import printable

_MOST_BYTES = 4 * 1024 * 1024
_CERTIFICATE = re.compile(
    rb"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+?-----END CERTIFICATE-----"
)


def ca_certificates(path: Path) -> str:
    """The certificates of the file as PEM. InvalidProject if it is no such file."""
    try:
        content = _content(path)
    except OSError as error:
        raise _unusable(path, str(error.strerror)) from None
    except ValueError:
        raise _unusable(path, "no file can have such a name") from None
    if len(content) > _MOST_BYTES:
        raise _unusable(path, f"it is larger than {_MOST_BYTES // 1024**2} MiB")
    found = _CERTIFICATE.findall(content)
    if not found:
        raise _unusable(path, "there is no PEM certificate in it")
    certificates = b"\n".join(found).decode("ascii") + "\n"
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificates)
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        raise _unusable(path, "a certificate in it is damaged") from None
    return certificates


def _content(path: Path) -> bytes:
    """Up to a byte more than may be. A pipe or a device is not even opened.

    Without waiting for one that takes the file's place in that moment.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(0, "it is not a regular file")
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return os.read(descriptor, _MOST_BYTES + 1)
    finally:
        os.close(descriptor)


def _unusable(path: Path, problem: str) -> InvalidProject:
    return InvalidProject(
        f"ca_file {printable(str(path))} cannot be used: {problem}",
        remedy="give the path of a file with PEM certificates",
    )

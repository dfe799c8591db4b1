"""`ca_file` of a project: the certificates of a private CA, and nothing else that lies there.

The path may lead anywhere, so nothing of the file is ever quoted.
"""

from __future__ import annotations

import re
import ssl
from pathlib import Path

from provisioner.errors import InvalidProject
from provisioner.private_file import read_regular
from provisioner.text import printable

_MOST_BYTES = 4 * 1024 * 1024
_CERTIFICATE = re.compile(
    rb"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+?-----END CERTIFICATE-----"
)


def ca_certificates(path: Path) -> str:
    """The certificates of the file as PEM. InvalidProject if it is no such file."""
    try:
        content = read_regular(path, _MOST_BYTES + 1)
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


def _unusable(path: Path, problem: str) -> InvalidProject:
    return InvalidProject(
        f"ca_file {printable(str(path))} cannot be used: {problem}",
        remedy="give the path of a file with PEM certificates",
    )

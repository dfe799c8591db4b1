"""TLS to a provider: always verified, with the project's own CA beside the usual ones."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter

from provisioner.errors import InvalidProject


class VerifyingAdapter(HTTPAdapter):
    """Trusts the system's store, requests' own bundle and, where given, `ca_file`."""

    def __init__(self, ca_file: Path | None) -> None:
        self._context = _context(ca_file)
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)


def _context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:  # ssl.SSLError is one
            raise InvalidProject(
                f"ca_file {ca_file} cannot be used: {error.strerror or 'no PEM certificates'}",
                remedy="give the path of a file with PEM certificates",
            ) from None
    return context

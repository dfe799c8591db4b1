"""TLS to a provider: always verified, with the project's own CA beside the usual ones."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from provisioner.ca_file import ca_certificates
from provisioner.oauth.wire import Wire


class VerifyingAdapter(HTTPAdapter):
    """Trusts the system's store, requests' own bundle and, where given, `ca_file`.

    Its connections are made known to the wire before anything is sent.
    """

    def __init__(self, ca_file: Path | None, wire: Wire) -> None:
        self._context = _context(ca_file)
        self._pools = _pools(wire)
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _pools(wire: Wire) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            wire.take(self.sock)

    class Secured(HTTPSConnection):
        def connect(self) -> None:
            super().connect()  # with the handshake: only now a request could follow
            wire.take(self.sock)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecuredPool(HTTPSConnectionPool):
        ConnectionCls = Secured

    return {"http": PlainPool, "https": SecuredPool}


def _context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(cadata=ca_certificates(ca_file))
    return context

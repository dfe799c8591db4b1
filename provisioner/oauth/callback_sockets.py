"""The listening sockets of a callback: on both loopback addresses, held from bind to close."""

from __future__ import annotations

import errno
import socket

from provisioner.errors import SignInFailed

_TRIES = 20
_BACKLOG = 128
_NO_SUCH_ADDRESS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT})


def callback_sockets(port: int) -> list[socket.socket]:
    """Sockets on 127.0.0.1 and, where there is IPv6, ::1, at one port; 0 is a free one.

    A browser takes either for `localhost`. Whoever holds the other one would get the code.
    """
    for _ in range(_TRIES):
        pair = _pair(port)
        if pair:
            return pair
    raise SignInFailed(
        "no port is free on both 127.0.0.1 and ::1", remedy="pin one that is, with --port"
    )


def _pair(port: int) -> list[socket.socket]:
    """The two sockets; none if a free port of IPv4 is taken on IPv6."""
    first = _listening(socket.AF_INET, "127.0.0.1", port)
    try:
        return [first, _listening(socket.AF_INET6, "::1", first.getsockname()[1])]
    except OSError as error:
        if error.errno in _NO_SUCH_ADDRESS:
            return [first]
        first.close()
        if port == 0 and error.errno == errno.EADDRINUSE:
            return []
        raise _not_ours(port, error) from None
    except BaseException:
        first.close()
        raise


def _listening(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if port:
            # A pinned port may still be in TIME_WAIT from the last sign-in. Nobody can share it
            # through this option while one of the two listens.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address, port))
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        if family == socket.AF_INET:
            raise _not_ours(port, error) from None
        raise
    return made


def _not_ours(port: int, error: OSError) -> SignInFailed:
    if error.errno == errno.EADDRINUSE:
        return SignInFailed(
            f"port {port} is in use on this machine",
            remedy="end the program that holds it (another sign-in?), or choose another --port",
        )
    return SignInFailed(
        f"port {port} cannot be used: {error.strerror}",
        remedy="choose a --port above 1023, or leave the option out",
    )

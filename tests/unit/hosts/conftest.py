"""The host of the tests here: this machine, as in tests/hosts."""

from tests.hosts.conftest import host

__all__ = ["host"]

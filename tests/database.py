"""Fixtures of the tests that need a real PostgreSQL server; a module asks for them with `pytest_plugins`."""

from collections.abc import Iterator

import pytest
import pytest_socket

from .postgresql import PostgreSQL, require_postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Give a server that is started once; who uses it asks for `socket_enabled` too."""
    require_postgresql()
    pytest_socket.enable_socket()
    server = PostgreSQL()
    server.start()
    yield server
    server.remove()

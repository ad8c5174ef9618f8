"""A real PostgreSQL server, and one that never answers; a module asks for the fixture with `pytest_plugins`."""

from collections.abc import Iterator
import os
import socket

import pytest
import pytest_socket

from demo.postgresql import HOST, IS_THERE, PostgreSQL


def require_postgresql() -> None:
    """Skip the test where there is no PostgreSQL; in continuous integration there has to be one."""
    if IS_THERE:
        return
    reason = "there is no PostgreSQL on this machine"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Give a server that is started once; who uses it asks for `socket_enabled` too."""
    require_postgresql()
    pytest_socket.enable_socket()
    server = PostgreSQL()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def silent_port(socket_enabled: None) -> Iterator[int]:
    """Give a port at which connections are taken and nothing is said."""
    with socket.create_server((HOST, 0)) as server:
        yield server.getsockname()[1]

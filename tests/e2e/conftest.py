"""One site for a module: Home Assistant and the phones outlive the single test."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
import pytest_socket

from demo.home_assistant import HomeAssistant
from demo.phone import UrlPhone
from demo.site import Site


@pytest.fixture(autouse=True)
def verify_cleanup() -> None:
    """Replace the plug-in's check, which wants every test to leave an empty loop behind."""


@pytest.fixture(autouse=True)
def enable_event_loop_debug() -> None:
    """Replace the plug-in's: what is measured here must not wait for asyncio's own checks."""


@pytest.fixture(autouse=True)
def sockets(socket_enabled: None) -> None:
    """Let each test open sockets; the plug-in still only lets them connect to 127.0.0.1."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    """Return the running site, with the cameras and visits the module asks for."""
    # What belongs to a module is set up before the fixture above, which belongs to a single test.
    pytest_socket.enable_socket()
    home = HomeAssistant.temporary()
    try:
        cameras, visits = getattr(request.module, "CAMERAS", 0), getattr(request.module, "VISITS", False)
        async with aiohttp.ClientSession() as session, Site(home, session, cameras=cameras, visits=visits) as running:
            yield running
    finally:
        home.remove()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def saved_site(site: Site) -> Site:
    """Return the site after an orderly restart: Home Assistant writes new devices to disk only minutes later."""
    pytest_socket.enable_socket()
    await site.home.stop()
    await site.restart()
    return site


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def peace(site: Site) -> AsyncIterator[None]:
    """Leave the next test healthy phones and no alarm."""
    yield
    for phone in site.phones:
        if isinstance(phone, UrlPhone):
            phone.recover()
    alarm_state = site.entity("sensor", "alarm_state")
    if site.states.now[alarm_state].value != "normal":
        await site.close_alarm("Akhir uji")
        await site.states.until(alarm_state, "normal", within=5)
    await asyncio.gather(*(phone.settle() for phone in site.phones))

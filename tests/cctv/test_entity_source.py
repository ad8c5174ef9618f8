"""A camera that Home Assistant has already, and what its integration does to us."""

import asyncio
from collections.abc import AsyncIterator
from typing import override

import pytest

from custom_components.rutan_blora.cctv.entity_source import EntitySource
from custom_components.rutan_blora.cctv.picture import SourceError
from custom_components.rutan_blora.cctv.source import probe
from homeassistant.components.camera import Camera
from homeassistant.components.camera.const import DATA_COMPONENT
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from tests.cctv.servers import jpeg

ENTITY_ID = "camera.menara"


class Tower(Camera):
    """A camera of another integration."""

    _attr_name = "Menara"
    gives: bytes | Exception | None = jpeg()
    hangs = False

    @override
    async def async_camera_image(self, width: int | None = None, height: int | None = None) -> bytes | None:
        if self.hangs:
            await asyncio.Event().wait()
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives

    @override
    async def stream_source(self) -> str | None:
        return "rtsp://10.0.0.9/menara"


@pytest.fixture
async def tower(hass: HomeAssistant) -> AsyncIterator[Tower]:
    assert await async_setup_component(hass, "camera", {})
    camera = Tower()
    await hass.data[DATA_COMPONENT].async_add_entities([camera])
    yield camera
    camera.hangs = False


async def test_entity_gives_its_picture(hass: HomeAssistant, tower: Tower) -> None:
    source = EntitySource(hass, ENTITY_ID)
    assert (await probe(hass, source)).jpeg == jpeg()
    assert source.watched == (ENTITY_ID,)


async def test_live_view_is_the_entitys(hass: HomeAssistant, tower: Tower) -> None:
    assert await EntitySource(hass, ENTITY_ID).live_url() == "rtsp://10.0.0.9/menara"


async def test_entity_that_is_not_there(hass: HomeAssistant, tower: Tower) -> None:
    source = EntitySource(hass, "camera.gone")
    with pytest.raises(SourceError, match="entity_missing"):
        await source.grab()
    assert await source.live_url() is None


async def test_unavailable_entity_is_missing(hass: HomeAssistant, tower: Tower) -> None:
    tower._attr_available = False
    tower.async_write_ha_state()
    with pytest.raises(SourceError, match="entity_missing"):
        await EntitySource(hass, ENTITY_ID).grab()


@pytest.mark.parametrize("gives", [None, RuntimeError("rtsp://admin:secret@10.0.0.9/"), TimeoutError()], ids=str)
async def test_entity_that_gives_no_picture(hass: HomeAssistant, tower: Tower, gives: Exception | None) -> None:
    tower.gives = gives
    with pytest.raises(SourceError, match="no_video"):
        await EntitySource(hass, ENTITY_ID).grab()


async def test_waiting_for_an_entity_can_be_cancelled(hass: HomeAssistant, tower: Tower) -> None:
    """The camera component takes every cancelling for its own deadline."""
    tower.hangs = True
    grabbing = asyncio.create_task(EntitySource(hass, ENTITY_ID).grab())
    await asyncio.sleep(0)
    grabbing.cancel()
    await asyncio.wait((grabbing,))
    assert grabbing.cancelled()

"""The camera entities: the perimeter cameras, and the wall."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from io import BytesIO
from typing import Any

from aiohttp import ClientResponse
from freezegun.api import FrozenDateTimeFactory
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.rutan_blora import parts as parts_module
from custom_components.rutan_blora.cctv.multipart import Parts
from custom_components.rutan_blora.cctv.picture import SourceProblem
from custom_components.rutan_blora.cctv.watch import Watch
from homeassistant.components.camera import CameraEntityFeature, async_get_image, async_get_stream_source
from homeassistant.components.camera.const import DATA_COMPONENT
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .cctv.common import StubSource, jpeg
from .common import ENTRY_ID, House, panic_button, perimeter_camera, until

pytest_plugins = ("tests.fixtures",)

GREEN = jpeg((20, 160, 20))
SIGNAL = ("binary_sensor", "signal", "Utara")


@pytest.fixture
async def source(house: House, monkeypatch: pytest.MonkeyPatch) -> StubSource:
    """Give the source of a house's only camera, which has given nothing yet."""
    source = StubSource()

    def make_source(_: HomeAssistant, __: Mapping[str, Any]) -> StubSource:
        return source

    monkeypatch.setattr(parts_module, "make_source", make_source)
    await house.set_up(panic_button(cameras=["utara"]), perimeter_camera("Utara"))
    return source


def north(house: House) -> Watch:
    return house.facility.cameras.watches["utara"]


async def give(house: House, source: StubSource, picture: bytes | SourceProblem) -> None:
    """Let the camera give this."""
    before = north(house).condition, north(house).feed.heard_at
    source.give(picture)
    await until(lambda: (north(house).condition, north(house).feed.heard_at) != before)
    await house.hass.async_block_till_done(wait_background_tasks=False)
    await until(lambda: not north(house)._is_measuring)
    await house.hass.async_block_till_done()


def shown(image: bytes) -> Image.Image:
    return Image.open(BytesIO(image)).convert("RGB")


def colour(image: bytes, x: int, y: int) -> tuple[int, ...]:
    """Return the colour of a pixel."""
    pixel = shown(image).getpixel((x, y))
    assert isinstance(pixel, tuple)
    return pixel


async def test_picture_is_the_latest_one(hass: HomeAssistant, house: House, source: StubSource) -> None:
    assert house.state("camera", "camera", "Utara") == "unavailable"
    await give(house, source, GREEN)
    assert house.state("camera", "camera", "Utara") == "idle"
    assert (await async_get_image(hass, house.entity_id("camera", "camera", "Utara"))).content == GREEN


async def test_old_picture_is_never_shown_as_how_it_is(
    hass: HomeAssistant, house: House, source: StubSource, freezer: FrozenDateTimeFactory
) -> None:
    await give(house, source, GREEN)
    freezer.tick(31)
    north(house).look()
    await hass.async_block_till_done()
    assert house.state("camera", "camera", "Utara") == "unavailable"
    assert house.state("sensor", "picture", "Utara") == "no_signal"
    image = (await async_get_image(hass, house.entity_id("camera", "camera", "Utara"))).content
    assert image != GREEN
    red, green, blue = colour(image, 5, 5)
    assert abs(red - green) < 12
    assert abs(green - blue) < 12
    again = (await async_get_image(hass, house.entity_id("camera", "camera", "Utara"))).content
    assert again == image


async def test_camera_that_never_gave_a_picture_shows_a_card_that_says_so(
    hass: HomeAssistant, house: House, source: StubSource, hass_client: ClientSessionGenerator
) -> None:
    await give(house, source, SourceProblem.AUTH)
    response = await (await hass_client()).get(f"/api/camera_proxy/{house.entity_id('camera', 'camera', 'Utara')}")
    assert response.status == 200
    assert shown(await response.read()).size == (1280, 720)


async def pictures_of(response: ClientResponse) -> AsyncGenerator[bytes]:
    """Give the pictures of a stream as they come."""
    parts = Parts("frameboundary")
    async for chunk in response.content.iter_any():
        for picture in parts.feed(chunk):
            yield picture


async def test_stream_sends_a_picture_when_it_arrives(
    house: House, source: StubSource, hass_client: ClientSessionGenerator
) -> None:
    await give(house, source, GREEN)
    entity_id = house.entity_id("camera", "camera", "Utara")
    # However seldom Home Assistant would ask.
    camera = house.hass.data[DATA_COMPONENT].get_entity(entity_id)
    assert camera is not None
    camera._attr_frame_interval = 3600
    async with (await hass_client()).get(f"/api/camera_proxy_stream/{entity_id}") as response:
        pictures = pictures_of(response)
        # The first one twice, for browsers that show the last but one.
        assert [await anext(pictures), await anext(pictures)] == [GREEN, GREEN]
        for picture in (jpeg((20, 20, 160)), jpeg((160, 20, 20))):
            await give(house, source, picture)
            assert await anext(pictures) == picture
        assert north(house).feed.is_looked_at


async def test_stream_says_that_no_more_pictures_come(
    house: House, source: StubSource, hass_client: ClientSessionGenerator, freezer: FrozenDateTimeFactory
) -> None:
    await give(house, source, GREEN)
    entity_id = house.entity_id("camera", "camera", "Utara")
    async with (await hass_client()).get(f"/api/camera_proxy_stream/{entity_id}") as response:
        pictures = pictures_of(response)
        assert [await anext(pictures), await anext(pictures)] == [GREEN, GREEN]
        freezer.tick(31)
        card = await anext(pictures)
    assert shown(card).size == (1280, 720)
    assert await house.facility.screen.async_card(north(house)) == card


async def test_who_looks_goes_on_looking_after_a_reload(
    house: House, source: StubSource, hass_client: ClientSessionGenerator
) -> None:
    await give(house, source, GREEN)
    entity_id = house.entity_id("camera", "camera", "Utara")
    async with (await hass_client()).get(f"/api/camera_proxy_stream/{entity_id}") as response:
        pictures = pictures_of(response)
        assert [await anext(pictures), await anext(pictures)] == [GREEN, GREEN]
        await house.reload()
        red = jpeg((160, 20, 20))
        await give(house, source, red)
        async with asyncio.timeout(10):
            assert await anext(pictures) == red


async def test_wall_that_is_looked_at_goes_on_after_a_reload(
    house: House, source: StubSource, hass_client: ClientSessionGenerator
) -> None:
    await give(house, source, GREEN)
    async with (await hass_client()).get(f"/api/camera_proxy_stream/{house.entity_id('camera', 'wall')}") as response:
        pictures = pictures_of(response)
        assert is_green(await anext(pictures))
        await house.reload()
        await give(house, source, jpeg((160, 20, 20)))
        async with asyncio.timeout(10):
            while is_green(await anext(pictures)):
                pass


def is_green(wall: bytes) -> bool:
    """Tell whether the wall shows the green picture in its middle."""
    red, green, _ = colour(wall, 960, 540)
    return green > red


async def test_states_tell_what_the_camera_is_worth(house: House, source: StubSource) -> None:
    assert [house.state(*SIGNAL), house.state("sensor", "picture", "Utara")] == ["unknown", "unknown"]
    assert house.state("sensor", "picture_age", "Utara") == "unknown"
    await give(house, source, GREEN)
    assert house.state(*SIGNAL) == "on"
    assert house.state("binary_sensor", "tamper", "Utara") == "off"
    assert int(house.state("sensor", "picture_age", "Utara")) < 5
    north(house).feed._failures = 1
    await give(house, source, SourceProblem.AUTH)
    assert house.state(*SIGNAL) == "off"
    assert house.entity(*SIGNAL).attributes["problem"] == "auth_failed"
    assert house.state("sensor", "picture", "Utara") == "no_signal"


async def test_live_view_is_there_where_the_source_has_one(
    hass: HomeAssistant, house: House, source: StubSource
) -> None:
    entity_id = house.entity_id("camera", "camera", "Utara")
    registered = er.async_get(hass).async_get(entity_id)
    assert registered is not None
    assert registered.supported_features == 0
    source.url = "rtsp://polres:rahasia@127.0.0.1/live"
    await house.reload()
    await give(house, source, GREEN)
    state = house.entity("camera", "camera", "Utara")
    assert state.attributes["supported_features"] == CameraEntityFeature.STREAM
    assert await async_get_stream_source(hass, entity_id) == source.url
    assert "rahasia" not in str(state.as_dict())


async def test_learn_again_forgets_the_scene(hass: HomeAssistant, house: House, source: StubSource) -> None:
    await give(house, source, GREEN)
    learnt = north(house).health
    await house.press_entity("relearn", "Utara")
    assert north(house).health != learnt
    assert [row.loaded for row in await house.rows("camera")][-1] == {"relearn": True}


# --- the wall ---


async def test_wall_shows_all_cameras_and_is_drawn_once_a_second_however_many_look(
    hass: HomeAssistant, house: House, source: StubSource
) -> None:
    await give(house, source, GREEN)
    wall = house.entity_id("camera", "wall")
    first = (await async_get_image(hass, wall)).content
    assert shown(first).size == (1920, 1080)
    assert (await async_get_image(hass, wall)).content is first
    assert north(house).feed.is_looked_at


async def test_wall_turns_red_in_an_alarm(hass: HomeAssistant, house: House, source: StubSource) -> None:
    await give(house, source, GREEN)
    wall = house.entity_id("camera", "wall")
    red, green, _ = colour((await async_get_image(hass, wall)).content, 2, 2)
    assert red < 100
    await house.press_entity()
    house.facility.screen._shown_at = -1e9
    red, green, _ = colour((await async_get_image(hass, wall)).content, 2, 2)
    assert red > 150 > green


async def test_house_without_cameras_has_no_wall(hass: HomeAssistant, house: House) -> None:
    await house.set_up(panic_button())
    registry = er.async_get(hass)
    assert registry.async_get_entity_id("camera", "rutan_blora", f"{ENTRY_ID}_wall") is None
    assert registry.async_get_entity_id("image", "rutan_blora", f"{ENTRY_ID}_evidence") is None

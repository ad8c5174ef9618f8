"""The signs and screens of the checkpoints in Home Assistant, and the button that makes a printed one worthless."""

from http import HTTPStatus
from typing import Final
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.rutan_blora.optional import QR_CODE
from custom_components.rutan_blora.patrol import qr, signs
from custom_components.rutan_blora.patrol.codes import shown_until
from demo.qr import read_picture
from homeassistant.components.camera import async_get_image
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant, State
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .common import House, checkpoint, panic_button
from .visitor import TYPED, Phone

pytest_plugins = ("tests.fixtures",)
pytestmark = pytest.mark.usefixtures("socket_enabled")

HOME: Final = "http://192.168.1.10:8123"
AWAY: Final = "https://rutan.example"


@pytest.fixture
async def gate(hass: HomeAssistant, house: House) -> House:
    """Give a house with a checkpoint with a sign and one with a screen."""
    await async_process_ha_core_config(hass, {"internal_url": HOME})
    await house.client()
    await house.set_up(panic_button(), checkpoint("Pos utama"), checkpoint("Layar gerbang", live_code=True))
    return house


async def sign(house: House, title: str = "Pos utama") -> bytes:
    """Return the sign of a checkpoint as whoever is logged in gets it."""
    state = house.entity("image", "qr_code", title)
    response = await (await house.client()).get(state.attributes["entity_picture"])
    assert (response.status, response.content_type) == (HTTPStatus.OK, "image/png")
    return await response.read()


async def screen(house: House) -> bytes:
    """Return what the screen shows."""
    image = await async_get_image(house.hass, house.entity_id("camera", "live_code", "Layar gerbang"))
    assert image.content_type == "image/jpeg"
    return image.content


def code_of(picture: bytes) -> str:
    """Return the code in the address that a picture leads to."""
    return read_picture(picture).rpartition("/")[2]


async def test_sign_leads_to_the_form(gate: House) -> None:
    address = read_picture(await sign(gate))
    assert address == f"{HOME}/api/rutan_blora/visit/{Phone(gate).code()}"
    assert (await Phone(gate).send(TYPED, code=address.rpartition("/")[2])).status == HTTPStatus.OK


async def test_sign_leads_to_where_the_house_is_found_from_outside(gate: House, hass: HomeAssistant) -> None:
    before = await sign(gate)
    await async_process_ha_core_config(hass, {"internal_url": HOME, "external_url": AWAY})
    assert read_picture(await sign(gate)).startswith(f"{AWAY}/")
    assert await sign(gate) != before


async def test_sign_without_an_address_says_so(gate: House, hass: HomeAssistant) -> None:
    hass.config.internal_url = hass.config.external_url = hass.config.api = None
    with patch.object(qr, "draw_notice", wraps=qr.draw_notice) as draw:
        await sign(gate)
        await screen(gate)
    assert [call.args for call in draw.mock_calls] == [(signs.NO_ADDRESS,)] * 2


async def test_sign_without_its_library_says_so(gate: House) -> None:
    missing = HomeAssistantError(translation_domain="rutan_blora", translation_key="requirement_missing")
    with (
        patch.object(signs, "async_need", side_effect=missing),
        patch.object(qr, "draw_notice", wraps=qr.draw_notice) as draw,
    ):
        await sign(gate)
    ((lines,),) = [call.args for call in draw.mock_calls]
    assert lines == signs.NO_LIBRARY
    assert QR_CODE in lines[0]


async def test_checkpoint_with_a_screen_has_no_sign(gate: House) -> None:
    with patch.object(qr, "draw_notice", wraps=qr.draw_notice) as draw:
        await sign(gate, "Layar gerbang")
    assert draw.mock_calls[0].args == (signs.LIVE_ONLY,)


async def test_only_a_checkpoint_with_a_screen_has_a_camera(gate: House, hass: HomeAssistant) -> None:
    registry = er.async_get(hass)
    cameras = {entity.unique_id for entity in registry.entities.values() if entity.domain == "camera"}
    assert cameras == {f"{gate.entry.entry_id}_layar_gerbang_live_code"}


async def test_screen_leads_to_the_form_of_who_stands_before_it(gate: House, freezer: FrozenDateTimeFactory) -> None:
    code = code_of(await screen(gate))
    assert code == Phone(gate).live_code()
    assert (await Phone(gate).scan(code)).status == HTTPStatus.OK
    freezer.tick(70)
    assert (await Phone(gate).scan(code)).status == HTTPStatus.GONE
    assert (await Phone(gate).scan(code_of(await screen(gate)))).status == HTTPStatus.OK


async def test_screen_changes_every_half_minute_without_a_state(gate: House, freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to(shown_until(dt_util.utcnow()))
    changes, shown = async_capture_events(gate.hass, EVENT_STATE_CHANGED), []
    with patch.object(qr, "draw_live", wraps=qr.draw_live) as draw:
        for _ in range(6):
            shown.append(await screen(gate))
            freezer.tick(10)
    assert [shown.count(picture) for picture in dict.fromkeys(shown)] == [3, 3]
    assert draw.call_count == 2
    # Home Assistant itself changes the token of a camera's picture from time to time; nothing else writes a state.
    assert all(shown_by(change.data["old_state"]) != shown_by(change.data["new_state"]) for change in changes)


def shown_by(state: State | None) -> object:
    """Return the token of a picture."""
    assert state is not None
    return state.attributes["access_token"]


async def test_other_code_makes_the_printed_one_worthless_and_is_on_record(gate: House) -> None:
    user = await gate.user("Kepala regu")
    before = await sign(gate)
    await gate.press_entity("rotate_qr", "Pos utama", user)
    await gate.hass.async_block_till_done()
    after = await sign(gate)
    assert (await Phone(gate).scan(code_of(before))).status == HTTPStatus.NOT_FOUND
    assert (await Phone(gate).scan(code_of(after))).status == HTTPStatus.OK
    (row,) = await gate.rows("visit_code_replaced")
    assert (row.subject, row.loaded["rotation"]) == ("pos_utama", 1)
    assert row.loaded["actor"] == {"origin": "user", "id": user.id, "name": "Kepala regu"}
    await gate.press_entity("rotate_qr", "Pos utama", user)
    await gate.hass.async_block_till_done()
    assert code_of(await sign(gate)) not in (code_of(before), code_of(after))
    await gate.restart()
    assert (await Phone(gate).scan(code_of(before))).status == HTTPStatus.NOT_FOUND

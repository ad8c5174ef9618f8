"""The test mode of a panic button."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.rutan_blora.alarm.buttons import TEST_MODE_TIME
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from .common import FakePhone, House, context_of, panic_button

pytest_plugins = ("tests.fixtures",)

GATE = "switch.gate"


@pytest.fixture
async def budi(hass: HomeAssistant, house: House) -> FakePhone:
    """Give an officer's phone in a house with one panic button."""
    hass.states.async_set(GATE, "off")
    budi = await house.pair_taken_over("HP Budi")
    await house.set_up(panic_button(entity_id=GATE), budi.police_device())
    return budi


async def switch(house: House, action: str) -> None:
    """Switch the test mode."""
    entity_id = house.entity("switch", "test_mode", "Gerbang").entity_id
    await house.hass.services.async_call("switch", f"turn_{action}", {"entity_id": entity_id}, blocking=True)
    await house.hass.async_block_till_done()


async def close_and_open(hass: HomeAssistant) -> None:
    """Press the contact and let go of it."""
    for state in ("on", "off"):
        hass.states.async_set(GATE, state)
        await hass.async_block_till_done()


async def test_press_in_test_mode_proves_the_button_and_tells_nobody(
    hass: HomeAssistant, house: House, budi: FakePhone, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-11-23T03:00:00+00:00")
    assert house.state("switch", "test_mode", "Gerbang") == "off"
    assert house.state("sensor", "last_test", "Gerbang") == "unknown"
    await switch(house, "on")
    assert house.state("switch", "test_mode", "Gerbang") == "on"
    await close_and_open(hass)
    assert budi.pushes == []
    assert house.state("sensor", "alarm_state") == "normal"
    assert house.state("sensor", "last_test", "Gerbang") == "2026-11-23T03:00:00+00:00"
    await switch(house, "off")
    await close_and_open(hass)
    assert len(budi.pushes) == 1
    kinds = [row.kind for row in await house.rows("test_mode", "button_tested", "raised")]
    assert kinds == ["test_mode", "button_tested", "test_mode", "raised", "button_tested"]


async def test_test_mode_that_is_forgotten_ends_by_itself(
    hass: HomeAssistant, house: House, budi: FakePhone, freezer: FrozenDateTimeFactory
) -> None:
    await switch(house, "on")
    freezer.tick(timedelta(seconds=TEST_MODE_TIME + 1))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert house.state("switch", "test_mode", "Gerbang") == "off"
    await close_and_open(hass)
    assert len(budi.pushes) == 1


@pytest.mark.parametrize("away", ["reload", "restart"])
async def test_press_is_a_press_again_after_a_reload_or_restart(
    hass: HomeAssistant, house: House, budi: FakePhone, away: str
) -> None:
    await switch(house, "on")
    await getattr(house, away)()
    assert house.state("switch", "test_mode", "Gerbang") == "off"
    await close_and_open(hass)
    assert len(budi.pushes) == 1


async def test_test_mode_of_one_button_says_nothing_of_another(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    await house.add_part(panic_button("Blok B", location="Blok B"))
    await switch(house, "on")
    await house.press_entity(title="Blok B")
    assert len(budi.pushes) == 1


async def test_nobody_tests_while_an_alarm_is_open(hass: HomeAssistant, house: House, budi: FakePhone) -> None:
    await house.add_part(panic_button("Blok B", location="Blok B"))
    await switch(house, "on")
    await house.press_entity(title="Blok B")
    await close_and_open(hass)
    assert house.entity("sensor", "alarm_state").attributes["locations"] == ["Blok B", "Pintu Utama"]
    await switch(house, "off")
    with pytest.raises(ServiceValidationError, match="An alarm is open"):
        await switch(house, "on")


async def test_press_on_a_screen_proves_nothing_of_the_hardware(house: House, budi: FakePhone) -> None:
    await switch(house, "on")
    await house.press_entity(user=await house.user("Slamet"))
    assert house.state("sensor", "last_test", "Gerbang") == "unknown"
    assert budi.pushes == []
    (noted,) = await house.rows("test_press")
    assert noted.loaded == {"test_mode": True, "by": "Slamet"}


async def test_source_that_a_user_moves_is_heard_all_the_same(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    """Hardware that calls Home Assistant with a token acts as its user."""
    await switch(house, "on")
    hass.states.async_set(GATE, "on", context=context_of(await house.user("IP button")))
    await hass.async_block_till_done()
    assert house.state("sensor", "last_test", "Gerbang") != "unknown"


async def test_virtual_button_is_tested_on_the_screen(house: House) -> None:
    await house.set_up(panic_button())
    await switch(house, "on")
    await house.press_entity()
    assert house.state("sensor", "last_test", "Gerbang") != "unknown"
    assert house.state("sensor", "alarm_state") == "normal"


async def test_last_test_is_known_after_a_restart(hass: HomeAssistant, house: House, budi: FakePhone) -> None:
    await switch(house, "on")
    await close_and_open(hass)
    before = house.state("sensor", "last_test", "Gerbang")
    await house.restart()
    assert house.state("sensor", "last_test", "Gerbang") == before
    assert dt_util.parse_datetime(before) is not None

"""Showing at the gate that the police have the alarm."""

import logging

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .common import FakePhone, House, panic_button

pytest_plugins = ("tests.fixtures",)

LAMP = "input_boolean.lamp"


@pytest.fixture
async def budi(hass: HomeAssistant, house: House) -> FakePhone:
    """Give an officer's phone in a house with a lamp at the gate and none at the other button."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "input_boolean", {"input_boolean": {"lamp": {}}})
    budi = await house.pair_taken_over("HP Budi")
    await house.set_up(
        panic_button(feedback_entity_id=LAMP), panic_button("Blok B", location="Blok B"), budi.police_device()
    )
    return budi


async def lamp(house: House) -> str:
    """Return whether the lamp is on."""
    await house.hass.async_block_till_done(wait_background_tasks=True)
    state = house.hass.states.get(LAMP)
    assert state is not None
    return state.state


async def test_lamp_is_on_from_the_receipt_to_the_close(house: House, budi: FakePhone) -> None:
    await house.press_entity()
    assert await lamp(house) == "off"
    await budi.confirm()
    assert await lamp(house) == "on"
    await budi.answer("HERE")
    assert await lamp(house) == "on"
    await house.call("close_alarm", outcome="resolved")
    assert await lamp(house) == "off"


async def test_lamp_says_nothing_of_an_alarm_from_elsewhere(house: House, budi: FakePhone) -> None:
    await house.press_entity(title="Blok B")
    await budi.answer("ACK")
    assert await lamp(house) == "off"
    await house.press_entity()
    await budi.confirm()
    assert await lamp(house) == "on"


async def test_lamp_goes_on_again_after_a_reload(hass: HomeAssistant, house: House, budi: FakePhone) -> None:
    await house.press_entity()
    await budi.answer("ACK")
    await lamp(house)
    await hass.services.async_call("input_boolean", "turn_off", {"entity_id": LAMP}, blocking=True)
    await house.reload()
    assert await lamp(house) == "on"


async def test_lamp_that_somebody_else_uses_is_left_alone_without_an_alarm(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    await hass.services.async_call("input_boolean", "turn_on", {"entity_id": LAMP}, blocking=True)
    await house.press_entity(title="Blok B")
    await house.call("close_alarm", outcome="resolved")
    await house.reload()
    assert await lamp(house) == "on"


async def test_lamp_that_is_gone_holds_up_nothing(
    hass: HomeAssistant, house: House, budi: FakePhone, caplog: pytest.LogCaptureFixture
) -> None:
    hass.services.async_remove("homeassistant", "turn_on")
    await house.press_entity()
    await budi.answer("ACK")
    assert await lamp(house) == "off"
    assert house.state("sensor", "alarm_state") == "acknowledged"
    assert [r.levelno for r in caplog.records if "does not show at the gate" in r.message] == [logging.WARNING]


async def test_lamp_that_was_away_shows_what_is_true_when_it_is_back(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    await house.press_entity()
    hass.states.async_set(LAMP, "unavailable")
    await budi.answer("ACK")
    await lamp(house)
    hass.states.async_set(LAMP, "off")
    assert await lamp(house) == "on"
    hass.states.async_set(LAMP, "unavailable")
    await house.call("close_alarm", outcome="resolved")
    await lamp(house)
    hass.states.async_set(LAMP, "on")
    assert await lamp(house) == "off"
    await hass.services.async_call("input_boolean", "turn_on", {"entity_id": LAMP}, blocking=True)
    assert await lamp(house) == "on"


async def test_lamp_that_shows_the_gate_no_more_does_not_go_on_saying_so(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    await house.press_entity()
    await budi.answer("ACK")
    assert await lamp(house) == "on"
    gate = house.entry.subentries["gerbang"]
    data = {key: value for key, value in gate.data.items() if key != "feedback_entity_id"}
    hass.config_entries.async_update_subentry(house.entry, gate, data=data)
    assert await lamp(house) == "off"


async def test_lamp_of_a_facility_that_is_over_does_not_go_on_saying_so(
    hass: HomeAssistant, house: House, budi: FakePhone
) -> None:
    await house.press_entity()
    await budi.answer("ACK")
    assert await lamp(house) == "on"
    await hass.config_entries.async_remove(house.entry.entry_id)
    assert await lamp(house) == "off"


async def test_lamp_is_not_touched_by_a_reload(hass: HomeAssistant, house: House, budi: FakePhone) -> None:
    await house.press_entity()
    await budi.answer("ACK")
    assert await lamp(house) == "on"
    seen = async_capture_events(hass, "state_changed")
    await house.reload()
    assert await lamp(house) == "on"
    assert [event for event in seen if event.data["entity_id"] == LAMP] == []

"""The binary sensors."""

from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import snapshot_platform
from syrupy.assertion import SnapshotAssertion

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .common import ENTRY_ID, House, panic_button, police_phone

pytest_plugins = ("tests.fixtures",)


async def test_binary_sensors_at_rest(
    hass: HomeAssistant,
    house: House,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    freezer: FrozenDateTimeFactory,
) -> None:
    freezer.move_to("2026-11-23T03:00:00+00:00")
    hass.states.async_set("switch.gate", "off")
    with patch("custom_components.rutan_blora.PLATFORMS", [Platform.BINARY_SENSOR]):
        await house.set_up(panic_button(entity_id="switch.gate"), police_phone("HP Budi", "gone"))
        await snapshot_platform(hass, entity_registry, snapshot, ENTRY_ID)


async def test_alarm_is_on_while_an_incident_is_open(house: House) -> None:
    await house.set_up(panic_button())
    assert house.state("binary_sensor", "alarm") == "off"
    await house.press_entity()
    assert house.state("binary_sensor", "alarm") == "on"
    assert house.entity("binary_sensor", "alarm").attributes["drill"] is False
    await house.call("close_alarm", outcome="resolved")
    assert house.state("binary_sensor", "alarm") == "off"


async def test_alarm_says_that_it_is_a_drill(house: House) -> None:
    await house.set_up()
    await house.call("raise_alarm", drill=True)
    assert house.state("binary_sensor", "alarm") == "on"
    assert house.entity("binary_sensor", "alarm").attributes["drill"] is True
    await house.call("close_alarm", outcome="drill")
    assert house.entity("binary_sensor", "alarm").attributes["drill"] is False


@pytest.mark.parametrize("lost", ["unavailable", None])
async def test_fault_follows_the_source(hass: HomeAssistant, house: House, lost: str | None) -> None:
    hass.states.async_set("switch.gate", "off")
    await house.set_up(panic_button(entity_id="switch.gate"))
    assert house.state("binary_sensor", "fault", "Gerbang") == "off"
    if lost is None:
        hass.states.async_remove("switch.gate")
    else:
        hass.states.async_set("switch.gate", lost)
    await hass.async_block_till_done()
    assert house.state("binary_sensor", "fault", "Gerbang") == "on"
    hass.states.async_set("switch.gate", "off")
    await hass.async_block_till_done()
    assert house.state("binary_sensor", "fault", "Gerbang") == "off"


async def test_fault_is_on_from_the_start_without_the_source(house: House) -> None:
    await house.set_up(panic_button(entity_id="switch.gate"))
    assert house.state("binary_sensor", "fault", "Gerbang") == "on"


async def test_fault_of_a_button_without_a_source_is_off(house: House) -> None:
    await house.set_up(panic_button(), panic_button("Hook", webhook_id="a" * 64))
    assert house.state("binary_sensor", "fault", "Gerbang") == "off"
    assert house.state("binary_sensor", "fault", "Hook") == "off"


async def test_nothing_is_unavailable_while_everything_is_broken(hass: HomeAssistant, house: House) -> None:
    """Home Assistant drops calls to unavailable entities without a word."""
    house.journal_path.mkdir(parents=True)
    await house.set_up(panic_button(entity_id="switch.gone"), police_phone("HP Budi", "gone"))
    await house.press_entity()
    entities = er.async_entries_for_config_entry(er.async_get(hass), ENTRY_ID)
    assert len(entities) > 8
    states = {entity.entity_id: hass.states.get(entity.entity_id) for entity in entities}
    assert [name for name, state in states.items() if state is None or state.state == "unavailable"] == []

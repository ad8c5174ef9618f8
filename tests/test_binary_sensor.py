"""The binary sensors."""

from functools import partial
from unittest.mock import Mock, patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.rutan_blora.alarm.wording import compose_test
from custom_components.rutan_blora.entity import on_reach
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .common import ENTRY_ID, House, checkpoint, panic_button, patrol_plan, police_device, police_phone, turns
from .visits import SATLANTAS, Clock, check_in

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
        await house.set_up(
            panic_button(entity_id="switch.gate"), police_phone("HP Budi", "gone"), checkpoint(), patrol_plan()
        )
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


# --- who can be reached ---


async def test_police_are_reachable_if_one_of_the_first_tier_can_be_told(hass: HomeAssistant, house: House) -> None:
    hass.states.async_set("notify.spkt", "unknown")
    hass.states.async_set("notify.kapolsek", "unavailable")
    await house.set_up(
        panic_button(),
        police_device("SPKT", "notify", entity_id="notify.spkt"),
        police_device("Kapolsek", "notify", entity_id="notify.kapolsek", tier=2),
    )
    assert house.state("binary_sensor", "reachable", "SPKT") == "on"
    assert house.state("binary_sensor", "reachable", "Kapolsek") == "off"
    assert house.state("binary_sensor", "police_reachable") == "on"
    hass.states.async_set("notify.spkt", "unavailable")
    hass.states.async_set("notify.kapolsek", "unknown")
    await hass.async_block_till_done()
    assert house.state("binary_sensor", "reachable", "SPKT") == "off"
    assert house.state("binary_sensor", "reachable", "Kapolsek") == "on"
    assert house.state("binary_sensor", "police_reachable") == "off"


async def test_next_tier_counts_while_the_first_is_off_duty(hass: HomeAssistant, house: House) -> None:
    hass.states.async_set("schedule.day", "off")
    hass.states.async_set("notify.kapolsek", "unknown")
    await house.set_up(
        panic_button(),
        police_device("SPKT", "notify", entity_id="notify.gone", duty_entity_id="schedule.day"),
        police_device("Kapolsek", "notify", entity_id="notify.kapolsek", tier=2),
    )
    assert house.state("binary_sensor", "police_reachable") == "on"
    hass.states.async_set("schedule.day", "on")
    await hass.async_block_till_done()
    assert house.state("binary_sensor", "police_reachable") == "off"


async def test_police_are_not_reachable_without_a_device_or_a_journal(hass: HomeAssistant, house: House) -> None:
    await house.set_up(panic_button())
    assert house.state("binary_sensor", "police_reachable") == "off"
    hass.states.async_set("notify.spkt", "unknown")
    await house.add_part(police_device("SPKT", "notify", entity_id="notify.spkt"))
    assert house.state("binary_sensor", "police_reachable") == "on"
    house.facility.kept._on_health("disk full")
    await turns()
    assert house.state("binary_sensor", "police_reachable") == "off"


async def test_phone_that_hangs_up_is_seen_within_half_a_minute(house: House, freezer: FrozenDateTimeFactory) -> None:
    budi = await house.pair("HP Budi")
    await house.set_up(panic_button(), budi.police_device())
    assert house.state("binary_sensor", "reachable", "HP Budi") == "off"
    await budi.connect()
    for reachable in ("on", "off"):
        freezer.tick(31)
        async_fire_time_changed(house.hass)
        await house.hass.async_block_till_done()
        assert house.state("binary_sensor", "reachable", "HP Budi") == reachable
        await budi.disconnect()
        await house.hass.async_block_till_done()


async def test_delivery_of_one_device_makes_nobody_look_at_the_others(house: House) -> None:
    await house.set_up(panic_button(), police_phone("HP Budi", "gone"), police_phone("HP Cici", "gone too"))
    heard: dict[str, Mock] = {subject: Mock() for subject in ("", "hp_budi", "hp_cici")}
    unsubs = [on_reach(house.facility, subject, update) for subject, update in heard.items()]
    await house.facility.police.test("hp_budi", partial(compose_test, "test", site="Rutan Blora"))
    await turns()
    assert {subject: update.called for subject, update in heard.items()} == {
        "": True,
        "hp_budi": True,
        "hp_cici": False,
    }
    for unsub in unsubs:
        unsub()


# --- visits ---


async def test_overdue_is_on_from_the_end_of_the_window_until_somebody_comes(
    hass: HomeAssistant, house: House, freezer: FrozenDateTimeFactory
) -> None:
    await hass.config.async_set_time_zone("Asia/Jakarta")
    clock = Clock(hass, freezer)
    clock.set("19:00")
    noon = {"start": "12:00:00", "end": "13:00:00", "visits": 1}
    await house.set_up(checkpoint(), patrol_plan(), patrol_plan("Siang", windows=(noon,)))
    seen = []
    for at in ("20:01", "21:59", "22:01", "22:16"):
        await clock.to(at)
        shown = house.entity("binary_sensor", "overdue", "Patroli malam")
        seen.append((shown.state, shown.attributes.get("missed"), house.state("binary_sensor", "patrol_overdue")))
    assert seen == [("off", None, "off"), ("off", None, "off"), ("on", False, "on"), ("on", True, "on")]
    assert (shown.attributes["start"], shown.attributes["end"]) == (
        "2026-11-23T13:00:00+00:00",
        "2026-11-23T15:00:00+00:00",
    )
    assert house.state("binary_sensor", "overdue", "Siang") == "off"
    check_in(house, SATLANTAS)
    await clock.to("22:17")
    assert house.state("binary_sensor", "overdue", "Patroli malam") == "off"
    assert house.state("binary_sensor", "patrol_overdue") == "off"

"""The to-do list: the checkpoints of a round that is under way."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from syrupy.assertion import SnapshotAssertion

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from .common import House, checkpoint, patrol_plan
from .visits import GUARD, SATLANTAS, Clock, check_in

pytest_plugins = ("tests.fixtures",)


@pytest.fixture(autouse=True)
async def clock(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Clock:
    """Give the clock of the house; it is in the evening."""
    await hass.config.async_set_time_zone("Asia/Jakarta")
    clock = Clock(hass, freezer)
    clock.set("20:30")
    return clock


async def set_up(house: House) -> None:
    """Set up a house whose plan names two of three checkpoints."""
    await house.set_up(
        checkpoint(), checkpoint("Menara"), checkpoint("Dapur"), patrol_plan("Patroli malam", "pos_utama", "menara")
    )


async def items(house: House) -> dict[str, str]:
    """Return the items of the list and whether they are done."""
    entity_id = house.entity_id("todo", "round", "Patroli malam")
    response = await house.hass.services.async_call(
        "todo",
        "get_items",
        {"entity_id": entity_id, "status": ["needs_action", "completed"]},
        blocking=True,
        return_response=True,
    )
    assert response is not None
    found: list[dict[str, Any]] = response[entity_id]["items"]  # type: ignore[index, assignment, call-overload]
    return {item["summary"]: item["status"] for item in found}


async def test_list_at_rest(house: House, entity_registry: er.EntityRegistry, snapshot: SnapshotAssertion) -> None:
    await set_up(house)
    assert entity_registry.async_get(house.entity_id("todo", "round", "Patroli malam")) == snapshot(name="entry")
    assert house.entity("todo", "round", "Patroli malam") == snapshot(name="state")


async def test_plan_of_one_checkpoint_has_no_list(house: House, entity_registry: er.EntityRegistry) -> None:
    await house.set_up(checkpoint(), patrol_plan())
    assert [entry for entry in entity_registry.entities.values() if entry.domain == "todo"] == []


async def test_checking_in_ticks_a_checkpoint_off_until_the_officers_have_left(house: House, clock: Clock) -> None:
    await set_up(house)
    assert await items(house) == {}
    check_in(house, SATLANTAS, place="dapur")
    assert await items(house) == {}
    check_in(house, SATLANTAS, place="menara")
    await clock.to("20:31")
    assert await items(house) == {"Menara": "completed", "Pos utama": "needs_action"}
    assert house.state("todo", "round", "Patroli malam") == "1"
    check_in(house, SATLANTAS)
    await clock.to("20:32")
    assert await items(house) == {"Menara": "completed", "Pos utama": "completed"}
    assert house.state("todo", "round", "Patroli malam") == "0"
    house.facility.patrol.check_out(GUARD)
    await clock.to("20:33")
    assert await items(house) == {}


async def test_list_is_only_to_look_at(house: House, clock: Clock) -> None:
    await set_up(house)
    check_in(house, SATLANTAS)
    await clock.to("20:31")
    with pytest.raises(HomeAssistantError):
        await house.hass.services.async_call(
            "todo",
            "update_item",
            {
                "entity_id": house.entity_id("todo", "round", "Patroli malam"),
                "item": "Menara",
                "status": "completed",
            },
            blocking=True,
        )
    assert (await items(house))["Menara"] == "needs_action"


async def test_checkpoint_that_is_removed_leaves_the_round(house: House, clock: Clock) -> None:
    await set_up(house)
    check_in(house, SATLANTAS)
    await house.remove_part("Menara")
    await clock.to("20:31")
    assert await items(house) == {"Pos utama": "completed"}

"""What people read of entities: all that is shown has a name, and so has every value of a fixed set."""

from collections.abc import Iterator
from typing import Any

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import async_get_platforms

from .common import House, checkpoint, officer, panic_button, patrol_plan, perimeter_camera
from .services.test_visits import BUDI, check_in
from .test_repository import ENGLISH

pytest_plugins = ("tests.fixtures",)

type Shown = tuple[str, Entity, dict[str, Any]]


async def busy(house: House) -> None:
    """Set up a house with all there is, in the middle of an alarm and of a round."""
    budi = await house.pair_taken_over("HP Budi")
    await house.set_up(
        panic_button(),
        budi.police_device(),
        perimeter_camera("Utara"),
        checkpoint(),
        checkpoint("Halaman"),
        officer("Siti"),
        patrol_plan("Malam", "pos_utama", "halaman"),
        patrol_plan("Siang", "pos_utama", windows=({"start": "00:00:00", "end": "23:59:00", "visits": 3},)),
    )
    await check_in(house, **BUDI, situation="incident", message="Ada suara")
    await house.press_entity()


def named(hass: HomeAssistant) -> Iterator[Shown]:
    """Give every entity that is not called like its device, with what it is called by and what it shows."""
    for platform in async_get_platforms(hass, "rutan_blora"):
        for entity in platform.entities.values():
            shown = dict(entity.extra_state_attributes or {})
            if platform.domain == "event":
                shown |= entity.state_attributes or {}
            if entity.entity_description.name is not None:
                yield platform.domain, entity, shown


def untold(domain: str, entity: Entity, shown: dict[str, Any]) -> Iterator[str]:
    """Give what an entity shows without a word for it."""
    where = f"{domain}.{entity.translation_key}"
    texts = ENGLISH["entity"].get(domain, {}).get(entity.translation_key, {})
    if "name" not in texts:
        yield where
    if entity.device_class is SensorDeviceClass.ENUM:
        options = (entity.capability_attributes or {})["options"]
        yield from (f"{where}: {state}" for state in options if state not in texts["state"])
    for key, value in shown.items():
        attribute = texts.get("state_attributes", {}).get(key, {})
        if "name" not in attribute:
            yield f"{where}.{key}"
        values = value if isinstance(value, list) else [value]
        words = attribute.get("state", dict.fromkeys(map(str, values)))
        yield from (f"{where}.{key}: {one}" for one in values if one is not None and str(one) not in words)


async def test_everything_an_entity_shows_has_a_name(hass: HomeAssistant, house: House) -> None:
    await busy(house)
    entities = list(named(hass))
    assert {domain for domain, _, _ in entities} >= {"binary_sensor", "button", "calendar", "event", "sensor", "todo"}
    assert [text for entity in entities for text in untold(*entity)] == []

"""The flow of a checkpoint."""

from types import MappingProxyType
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import device_registry as dr, entity_registry as er
from tests.flows.browser import make as make_part, open_existing, open_new, send, suggested

RARE = {"debounce": 300, "live_code": False}


def device(hass: HomeAssistant, domain: str = "esphome") -> str:
    """Register a device and return its id."""
    owner = MockConfigEntry(domain=domain)
    owner.add_to_hass(hass)
    registry = dr.async_get(hass)
    return registry.async_get_or_create(config_entry_id=owner.entry_id, identifiers={(domain, owner.entry_id)}).id


def put(hass: HomeAssistant, entry: MockConfigEntry, kind: str, title: str, **data: Any) -> ConfigSubentry:
    """Put a part into a facility as it would be stored."""
    part = ConfigSubentry(data=MappingProxyType(data), subentry_type=kind, title=title, unique_id=f"{kind}_{title}")
    hass.config_entries.async_add_subentry(entry, part)
    return part


async def make(hass: HomeAssistant, entry: MockConfigEntry, **fields: Any) -> ConfigSubentry:
    """Make a checkpoint."""
    return await make_part(hass, entry, "checkpoint", **fields)


@pytest.fixture
def other(hass: HomeAssistant) -> MockConfigEntry:
    """Return another facility."""
    entry = MockConfigEntry(domain="rutan_blora", title="Rutan Cepu", options={"language": "id"})
    entry.add_to_hass(hass)
    return entry


async def test_checkpoint_needs_nothing_but_a_name(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    made = await make(hass, entry, name=" Pos\nutama ")
    assert made.title == "Pos utama"
    assert made.data == {"location": ""}


async def test_checkpoint_with_all_there_is(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.states.async_set("zone.rutan", "0")
    reader = device(hass)
    rare = {"reader_device_id": reader, "zone_entity_id": "zone.rutan", "debounce": 60, "live_code": True}
    made = await make(hass, entry, name="Pos", location=" Gerbang ", tag_id=" tag-1 ", advanced=rare)
    assert made.data == {"location": "Gerbang", "tag_id": "tag-1", **rare}


async def test_tags_are_offered_that_home_assistant_knows_and_that_hang_nowhere_else(
    hass: HomeAssistant, entry: MockConfigEntry, other: MockConfigEntry
) -> None:
    registry = er.async_get(hass)
    for tag_id, name in (("a", "Tag gerbang"), ("b", None), ("c", None), ("d", None)):
        tag = registry.async_get_or_create("tag", "tag", tag_id, original_name=f"Tag {tag_id}")
        registry.async_update_entity(tag.entity_id, name=name)
    put(hass, other, "checkpoint", "Pos Cepu", tag_id="c")
    put(hass, entry, "officer", "Budi", card_ids=["d"])
    form = await open_new(hass, entry, "checkpoint")
    assert form["data_schema"] is not None
    assert form["data_schema"].schema["tag_id"].config["options"] == [
        {"value": "a", "label": "Tag gerbang"},
        {"value": "b", "label": "Tag b"},
    ]


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"name": " "}, {"name": "empty"}),
        ({"name": "x" * 81}, {"name": "too_long"}),
        ({"name": "POS LAIN"}, {"name": "name_taken"}),
        ({"location": "x" * 81}, {"location": "too_long"}),
        ({"tag_id": "x" * 81}, {"tag_id": "too_long"}),
        ({"tag_id": "here"}, {"tag_id": "tag_taken"}),
        ({"tag_id": " elsewhere "}, {"tag_id": "tag_taken"}),
        ({"tag_id": "card"}, {"tag_id": "tag_taken"}),
        ({"advanced": {"reader_device_id": "nowhere"}}, {"advanced": "reader_unknown"}),
        ({"advanced": {"zone_entity_id": "zone.nowhere"}}, {"advanced": "zone_unknown"}),
        ({"advanced": {"zone_entity_id": "light.lamp"}}, {"advanced": "zone_unknown"}),
    ],
)
async def test_mistakes_are_told_and_can_be_mended(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    other: MockConfigEntry,
    fields: dict[str, Any],
    errors: dict[str, str],
) -> None:
    hass.states.async_set("light.lamp", "on")
    put(hass, entry, "checkpoint", "Pos lain", tag_id="here")
    put(hass, other, "checkpoint", "Pos Cepu", tag_id="elsewhere")
    put(hass, entry, "officer", "Budi", card_ids=["card"])
    right = {"name": "Pos", "tag_id": "mine"}
    form = await send(hass, await open_new(hass, entry, "checkpoint"), **right | fields)
    assert (form["type"], form["errors"]) == (FlowResultType.FORM, errors)
    assert suggested(form)["name"] == (right | fields)["name"]
    assert len(entry.subentries) == 2
    assert (await send(hass, form, **right))["type"] is FlowResultType.CREATE_ENTRY


async def test_device_reads_at_one_checkpoint_only(
    hass: HomeAssistant, entry: MockConfigEntry, other: MockConfigEntry
) -> None:
    reader = device(hass)
    put(hass, other, "checkpoint", "Pos Cepu", reader_device_id=reader)
    form = await send(
        hass, await open_new(hass, entry, "checkpoint"), name="Pos", advanced={"reader_device_id": reader}
    )
    assert form["errors"] == {"advanced": "reader_taken"}


async def test_phone_is_no_reader(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    phone = device(hass, "mobile_app")
    form = await send(hass, await open_new(hass, entry, "checkpoint"), name="Pos", advanced={"reader_device_id": phone})
    assert form["errors"] == {"advanced": "reader_is_phone"}


@pytest.mark.parametrize("debounce", [-1, 3601, "soon"])
async def test_number_out_of_bounds_is_refused(hass: HomeAssistant, entry: MockConfigEntry, debounce: object) -> None:
    form = await open_new(hass, entry, "checkpoint")
    with pytest.raises(InvalidData):
        await send(hass, form, name="Pos", advanced={"debounce": debounce})
    assert not entry.subentries


async def test_changed_checkpoint_keeps_its_own_tag_and_reader_and_what_others_stored(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    reader = device(hass)
    data = {"location": "Gerbang", "tag_id": "mine", "reader_device_id": reader, **RARE}
    made = put(hass, entry, "checkpoint", "Pos", **data, rotation=3)
    form = await open_existing(hass, entry, made)
    assert suggested(form) == {
        "name": "Pos",
        "location": "Gerbang",
        "tag_id": "mine",
        "advanced": {"reader_device_id": reader, **RARE},
    }
    result = await send(hass, form, name="pos", tag_id="mine", advanced={"reader_device_id": reader, **RARE})
    assert result["reason"] == "reconfigure_successful"
    (changed,) = entry.subentries.values()
    assert changed.title == "pos"
    assert changed.data == {**data, "location": "", "rotation": 3}


async def test_what_is_emptied_is_gone(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    made = await make(hass, entry, name="Pos", tag_id="mine", advanced={"reader_device_id": device(hass)})
    await send(hass, await open_existing(hass, entry, made), name="Pos", advanced={})
    (changed,) = entry.subentries.values()
    assert changed.data == {"location": "", **RARE}

"""The flow of a panic button."""

from hashlib import sha256
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigSubentry, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.network import NoURLAvailableError
from tests.common import perimeter_camera
from tests.flows.browser import add, choose, open_existing, open_menu, placeholder, send, suggested

CONTACT = "binary_sensor.main_gate"


async def begin(hass: HomeAssistant, entry: MockConfigEntry, source: str) -> SubentryFlowResult:
    """Open the form of a new panic button."""
    return await choose(hass, await open_menu(hass, entry, "panic_button"), source)


async def make(hass: HomeAssistant, entry: MockConfigEntry, source: str, **fields: Any) -> ConfigSubentry:
    """Make a panic button."""
    return await add(hass, entry, "panic_button", source, **fields)


async def test_sources(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    menu = await open_menu(hass, entry, "panic_button")
    assert menu["menu_options"] == ["entity", "webhook", "virtual"]


async def test_entity(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.states.async_set(CONTACT, "off")
    subentry = await make(hass, entry, "entity", name="Main gate", entity_id=CONTACT, kind="riot", location="P2U")
    assert subentry.title == "Main gate"
    assert subentry.unique_id == f"panic_button_{CONTACT}"
    assert subentry.data == {"source": "entity", "entity_id": CONTACT, "kind": "riot", "location": "P2U"}


async def test_kind_and_location_may_be_left_out(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.states.async_set(CONTACT, "off")
    subentry = await make(hass, entry, "entity", name="Main gate", entity_id=CONTACT)
    assert subentry.data["kind"] == "panic"
    assert subentry.data["location"] == ""


@pytest.mark.parametrize("domain", ["event", "binary_sensor", "button", "input_button", "switch", "input_boolean"])
async def test_domains_that_can_be_pressed(hass: HomeAssistant, entry: MockConfigEntry, domain: str) -> None:
    hass.states.async_set(f"{domain}.main_gate", "unknown")
    subentry = await make(hass, entry, "entity", name="Main gate", entity_id=f"{domain}.main_gate")
    assert subentry.data["entity_id"] == f"{domain}.main_gate"


async def test_entity_is_chosen_by_its_registry_id(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    registered = er.async_get(hass).async_get_or_create("event", "mqtt", "gate", suggested_object_id="gate")
    subentry = await make(hass, entry, "entity", name="Main gate", entity_id=registered.id)
    assert subentry.data["entity_id"] == "event.gate"
    assert subentry.unique_id == "panic_button_event.gate"


async def test_texts_become_one_line(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    subentry = await make(hass, entry, "virtual", name=" Main\n\tgate \x07", location="\u202eP2U\x00")
    assert subentry.title == "Main gate"
    assert subentry.data["location"] == "P2U"


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"name": " \n"}, {"name": "empty"}),
        ({"name": "x" * 81}, {"name": "too_long"}),
        ({"location": "x" * 81}, {"location": "too_long"}),
        ({"entity_id": "binary_sensor.nowhere"}, {"entity_id": "source_unknown"}),
        ({"entity_id": "0123456789abcdef0123456789abcdef"}, {"entity_id": "source_unknown"}),
        ({"entity_id": "light.gate"}, {"entity_id": "source_not_allowed"}),
        ({"entity_id": "button.own"}, {"entity_id": "source_is_own"}),
        ({"entity_id": "button.disabled"}, {"entity_id": "source_disabled"}),
        ({"entity_id": "switch.closed"}, {"entity_id": "source_is_on"}),
        ({"entity_id": "light.gate", "name": ""}, {"entity_id": "source_not_allowed", "name": "empty"}),
    ],
)
async def test_mistakes_are_told_and_can_be_mended(
    hass: HomeAssistant, entry: MockConfigEntry, fields: dict[str, str], errors: dict[str, str]
) -> None:
    registry = er.async_get(hass)
    registry.async_get_or_create("button", "rutan_blora", "own", suggested_object_id="own")
    registry.async_get_or_create(
        "button",
        "mqtt",
        "disabled",
        suggested_object_id="disabled",
        disabled_by=er.RegistryEntryDisabler.USER,
    )
    hass.states.async_set(CONTACT, "off")
    hass.states.async_set("light.gate", "off")
    hass.states.async_set("switch.closed", "on")
    right = {"name": "Main gate", "entity_id": CONTACT, "kind": "fire", "location": "P2U"}

    form = await send(hass, await begin(hass, entry, "entity"), **right | fields)
    assert form["type"] is FlowResultType.FORM
    assert form["errors"] == errors
    assert suggested(form) == {"advanced": {}, **right, **fields}
    assert form["description_placeholders"] == {"max": "80"}
    assert not entry.subentries

    assert (await send(hass, form, **right))["type"] is FlowResultType.CREATE_ENTRY


async def test_moment_that_reads_on_is_no_closed_contact(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.states.async_set("event.gate", "on")
    await make(hass, entry, "entity", name="Main gate", entity_id="event.gate")
    assert [subentry.title for subentry in entry.subentries.values()] == ["Main gate"]


async def test_one_entity_is_one_panic_button(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.states.async_set(CONTACT, "off")
    await make(hass, entry, "entity", name="Main gate", entity_id=CONTACT)
    result = await send(hass, await begin(hass, entry, "entity"), name="Tower", entity_id=CONTACT)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert len(entry.subentries) == 1


async def test_webhook(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await async_process_ha_core_config(
        hass, {"internal_url": "http://192.0.2.1:8123", "external_url": "https://rutan.example"}
    )
    form = await begin(hass, entry, "webhook")
    url = placeholder(form, "url")

    form = await send(hass, form, name="")
    assert form["errors"] == {"name": "empty"}
    assert placeholder(form, "url") == url

    await send(hass, form, name="Tower", advanced={"local_only": False})
    (subentry,) = entry.subentries.values()
    webhook_id = subentry.data["webhook_id"]
    assert url == f"http://192.0.2.1:8123/api/webhook/{webhook_id}"
    assert len(webhook_id) == 64
    assert subentry.unique_id == f"panic_button_{sha256(webhook_id.encode()).hexdigest()[:16]}"
    assert subentry.data == {
        "source": "webhook",
        "webhook_id": webhook_id,
        "kind": "panic",
        "location": "",
        "local_only": False,
        "test_interval": 0,
    }


async def test_webhook_is_local_unless_told_otherwise(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    subentry = await make(hass, entry, "webhook", name="Tower")
    assert subentry.data["local_only"] is True


async def test_webhook_path_is_shown_if_no_address_is_known(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    with patch("homeassistant.components.webhook.get_url", side_effect=NoURLAvailableError):
        form = await begin(hass, entry, "webhook")
    assert placeholder(form, "url").startswith("/api/webhook/")


async def test_virtual(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    subentry = await make(hass, entry, "virtual", name="Control room", kind="escape")
    assert subentry.title == "Control room"
    assert subentry.unique_id == "panic_button_control room"
    assert subentry.data == {"source": "virtual", "kind": "escape", "location": ""}


async def test_unknown_kind_is_refused(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    form = await begin(hass, entry, "virtual")
    with pytest.raises(InvalidData):
        await send(hass, form, name="Control room", kind="flood")


async def test_entity_reconfigured(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.states.async_set(CONTACT, "off")
    hass.states.async_set("switch.tower", "off")
    stored = {"name": "Main gate", "entity_id": CONTACT, "kind": "riot", "location": "P2U"}
    subentry = await make(hass, entry, "entity", **stored)

    form = await open_existing(hass, entry, subentry)
    assert form["step_id"] == "entity"
    assert suggested(form) == {**stored, "advanced": {}}
    result = await send(hass, form, name="Tower", entity_id="switch.tower", kind="fire")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    changed = entry.subentries[subentry.subentry_id]
    assert changed.title == "Tower"
    assert changed.unique_id == "panic_button_switch.tower"
    assert changed.data == {"source": "entity", "entity_id": "switch.tower", "kind": "fire", "location": ""}


async def test_contact_in_use_may_be_on_when_reconfigured(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """During an alarm it is; another contact that is on stays refused."""
    hass.states.async_set(CONTACT, "off")
    subentry = await make(hass, entry, "entity", name="Main gate", entity_id=CONTACT)
    hass.states.async_set(CONTACT, "on")
    hass.states.async_set("switch.tower", "on")

    form = await open_existing(hass, entry, subentry)
    form = await send(hass, form, name="Gate", entity_id="switch.tower")
    assert form["errors"] == {"entity_id": "source_is_on"}
    result = await send(hass, form, name="Gate", entity_id=CONTACT)
    assert result["reason"] == "reconfigure_successful"
    assert entry.subentries[subentry.subentry_id].title == "Gate"


async def test_reconfigured_to_the_entity_of_another(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.states.async_set(CONTACT, "off")
    hass.states.async_set("switch.tower", "off")
    await make(hass, entry, "entity", name="Main gate", entity_id=CONTACT)
    tower = await make(hass, entry, "entity", name="Tower", entity_id="switch.tower")

    result = await send(hass, await open_existing(hass, entry, tower), name="Tower", entity_id=CONTACT)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert entry.subentries[tower.subentry_id].data["entity_id"] == "switch.tower"


async def test_webhook_reconfigured_keeps_its_address(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    subentry = await make(hass, entry, "webhook", name="Tower", advanced={"local_only": False})
    webhook_id = subentry.data["webhook_id"]

    form = await open_existing(hass, entry, subentry)
    assert suggested(form) == {
        "name": "Tower",
        "kind": "panic",
        "location": "",
        "advanced": {"local_only": False, "test_interval": 0},
    }
    assert placeholder(form, "url").endswith(webhook_id)
    await send(hass, form, name="East tower", kind="perimeter", advanced={"local_only": True})
    changed = entry.subentries[subentry.subentry_id]
    assert changed.unique_id == f"panic_button_{sha256(webhook_id.encode()).hexdigest()[:16]}"
    assert changed.data == {
        "source": "webhook",
        "webhook_id": webhook_id,
        "kind": "perimeter",
        "location": "",
        "local_only": True,
        "test_interval": 0,
    }


async def test_virtual_reconfigured(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    subentry = await make(hass, entry, "virtual", name="Control room")
    await send(hass, await open_existing(hass, entry, subentry), name="Block A", location="East wing")
    changed = entry.subentries[subentry.subentry_id]
    assert changed.title == "Block A"
    assert changed.unique_id == "panic_button_block a"
    assert changed.data == {"source": "virtual", "kind": "panic", "location": "East wing"}


# --- what is watched beside ---


@pytest.mark.parametrize(
    ("option", "fields", "advanced"),
    [
        (
            "entity",
            {"entity_id": CONTACT},
            {
                "long_press_kind": "riot",
                "supervision": 3600,
                "battery_entity_id": "sensor.battery",
                "test_interval": 30,
                "feedback_entity_id": "light.gate",
            },
        ),
        ("webhook", {}, {"local_only": True, "battery_entity_id": "sensor.battery", "test_interval": 7}),
        ("virtual", {}, {"test_interval": 7, "feedback_entity_id": "light.gate"}),
    ],
)
async def test_more_settings_are_kept_and_shown_again(
    hass: HomeAssistant, entry: MockConfigEntry, option: str, fields: dict[str, str], advanced: dict[str, object]
) -> None:
    for entity_id in (CONTACT, "sensor.battery", "light.gate"):
        hass.states.async_set(entity_id, "off")
    subentry = await make(hass, entry, option, name="Gate", **fields, advanced=advanced)
    assert advanced.items() <= subentry.data.items()
    form = await open_existing(hass, entry, subentry)
    assert suggested(form)["advanced"] == advanced


@pytest.mark.parametrize(
    ("advanced", "error"),
    [
        ({"battery_entity_id": "sensor.gone"}, "battery_unknown"),
        ({"battery_entity_id": "light.gate"}, "battery_unknown"),
        ({"feedback_entity_id": "light.gone"}, "feedback_unknown"),
        ({"feedback_entity_id": CONTACT}, "feedback_unknown"),
    ],
)
async def test_unfit_entity_beside_is_told_above_the_section(
    hass: HomeAssistant, entry: MockConfigEntry, advanced: dict[str, str], error: str
) -> None:
    for entity_id in (CONTACT, "light.gate"):
        hass.states.async_set(entity_id, "off")
    form = await choose(hass, await open_menu(hass, entry, "panic_button"), "entity")
    form = await send(hass, form, name="Gate", entity_id=CONTACT, advanced=advanced)
    assert form["errors"] == {"advanced": error}
    assert not entry.subentries


# --- the cameras near it ---


def camera(hass: HomeAssistant, entry: MockConfigEntry, title: str) -> ConfigSubentry:
    """Add a camera to the facility."""
    part = perimeter_camera(title)
    made = ConfigSubentry(
        data=MappingProxyType(part["data"]), subentry_type="camera", title=title, unique_id=part["unique_id"]
    )
    hass.config_entries.async_add_subentry(entry, made)
    return made


async def test_cameras_near_it_can_be_chosen_where_there_are_any(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    form = await choose(hass, await open_menu(hass, entry, "panic_button"), "virtual")
    assert "cameras" not in fields_of(form)
    near, other = camera(hass, entry, "Utara"), camera(hass, entry, "Selatan")
    form = await choose(hass, await open_menu(hass, entry, "panic_button"), "virtual")
    (options,) = (key.config["options"] for name, key in fields_of(form).items() if name == "cameras")
    assert options == [
        {"value": near.subentry_id, "label": "Utara"},
        {"value": other.subentry_id, "label": "Selatan"},
    ]
    end = await send(hass, form, name="Gate", advanced={"cameras": [near.subentry_id]})
    assert end["type"] is FlowResultType.CREATE_ENTRY
    (made,) = entry.get_subentries_of_type("panic_button")
    assert made.data["cameras"] == [near.subentry_id]


async def test_camera_that_was_removed_is_in_no_button_s_way(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    gone, there = camera(hass, entry, "Utara"), camera(hass, entry, "Selatan")
    both = [gone.subentry_id, there.subentry_id]
    made = await make(hass, entry, "virtual", name="Gate", advanced={"cameras": both})
    hass.config_entries.async_remove_subentry(entry, gone.subentry_id)
    form = await open_existing(hass, entry, made)
    assert suggested(form)["advanced"]["cameras"] == [there.subentry_id]


def fields_of(form: SubentryFlowResult) -> dict[str, Any]:
    """Return the fields of a form's section by name."""
    schema = form["data_schema"]
    assert schema is not None
    return {str(name): field for name, field in schema.schema["advanced"].schema.schema.items()}

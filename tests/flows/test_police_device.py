"""The flow of a police device."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigSubentry, SubentryFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from tests.flows.browser import add, choose, open_existing, open_menu, send, suggested

PUSH = {"push_url": "http://192.0.2.1/push", "push_token": "token"}
DETAILS = {"officer": "Budi Santoso", "rank": "Aipda", "nrp": "80010001", "unit": "Sat Samapta"}


def phone(hass: HomeAssistant, app_data: dict[str, Any], domain: str = "mobile_app") -> str:
    """Register a phone and return its device id."""
    registration = MockConfigEntry(domain=domain, data={"app_data": app_data})
    registration.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=registration.entry_id, identifiers={(domain, registration.entry_id)}
    )
    return device.id


async def begin(hass: HomeAssistant, entry: MockConfigEntry) -> SubentryFlowResult:
    """Open the form of a new phone."""
    return await choose(hass, await open_menu(hass, entry, "police_device"), "phone")


async def make(hass: HomeAssistant, entry: MockConfigEntry, **fields: Any) -> ConfigSubentry:
    """Make a police device of a phone."""
    return await add(hass, entry, "police_device", "phone", **fields)


async def test_channels(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert (await open_menu(hass, entry, "police_device"))["menu_options"] == ["phone"]


async def test_phone(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    device_id = phone(hass, PUSH)
    subentry = await make(hass, entry, name=" Piket\nSPKT", device_id=device_id, language="en", officer_details=DETAILS)
    assert subentry.title == "Piket SPKT"
    assert subentry.unique_id == f"police_device_{device_id}"
    assert subentry.data == {"channel": "phone", "device_id": device_id, "language": "en", **DETAILS}


@pytest.mark.parametrize("language", ["id", "en"])
async def test_language_is_the_facilitys_unless_told_otherwise(
    hass: HomeAssistant, entry: MockConfigEntry, language: str
) -> None:
    hass.config_entries.async_update_entry(entry, options={"language": language})
    subentry = await make(hass, entry, name="Piket", device_id=phone(hass, {"push_websocket_channel": True}))
    assert subentry.data["language"] == language
    assert [subentry.data[key] for key in DETAILS] == ["", "", "", ""]


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"name": ""}, {"name": "empty"}),
        ({"name": "x" * 81}, {"name": "too_long"}),
        ({"officer_details": {"unit": "x" * 81}}, {"officer_details": "too_long"}),
        ({"device_id": "nowhere"}, {"device_id": "phone_unknown"}),
        ({"name": "", "device_id": "nowhere"}, {"name": "empty", "device_id": "phone_unknown"}),
    ],
)
async def test_mistakes_are_told_and_can_be_mended(
    hass: HomeAssistant, entry: MockConfigEntry, fields: dict[str, Any], errors: dict[str, str]
) -> None:
    right = {"name": "Piket", "device_id": phone(hass, PUSH), "language": "en", "officer_details": DETAILS}
    form = await send(hass, await begin(hass, entry), **right | fields)
    assert form["type"] is FlowResultType.FORM
    assert form["errors"] == errors
    assert form["description_placeholders"] == {"max": "80"}
    assert not entry.subentries
    assert suggested(form) == right | fields
    assert (await send(hass, form, **right))["type"] is FlowResultType.CREATE_ENTRY


async def test_device_of_another_integration(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    form = await send(hass, await begin(hass, entry), name="Piket", device_id=phone(hass, PUSH, domain="hue"))
    assert form["errors"] == {"device_id": "phone_unknown"}


@pytest.mark.parametrize("app_data", [{}, {"push_url": "http://192.0.2.1/push"}, {"push_token": "token"}], ids=str)
async def test_phone_without_push(hass: HomeAssistant, entry: MockConfigEntry, app_data: dict[str, str]) -> None:
    form = await send(hass, await begin(hass, entry), name="Piket", device_id=phone(hass, app_data))
    assert form["errors"] == {"device_id": "no_push"}


async def test_one_phone_is_one_police_device(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    device_id = phone(hass, PUSH)
    await make(hass, entry, name="Piket", device_id=device_id)
    result = await send(hass, await begin(hass, entry), name="Kapolsek", device_id=device_id)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert len(entry.subentries) == 1


async def test_reconfigured(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    old, new = phone(hass, PUSH), phone(hass, PUSH)
    subentry = await make(
        hass, entry, name="Piket", device_id=old, language="en", officer_details={**DETAILS, "nrp": ""}
    )
    form = await open_existing(hass, entry, subentry)
    assert form["step_id"] == "phone"
    assert suggested(form) == {
        "name": "Piket",
        "device_id": old,
        "language": "en",
        "officer_details": {**DETAILS, "nrp": ""},
    }
    result = await send(hass, form, name="Kanit", device_id=new, language="id", officer_details=DETAILS)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    changed = entry.subentries[subentry.subentry_id]
    assert changed.title == "Kanit"
    assert changed.unique_id == f"police_device_{new}"
    assert changed.data == {"channel": "phone", "device_id": new, "language": "id", **DETAILS}


async def test_reconfigured_to_the_phone_of_another(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    mine, other = phone(hass, PUSH), phone(hass, PUSH)
    await make(hass, entry, name="Kanit", device_id=other)
    subentry = await make(hass, entry, name="Piket", device_id=mine)
    form = await open_existing(hass, entry, subentry)
    result = await send(hass, form, name="Piket", device_id=other)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert entry.subentries[subentry.subentry_id].data["device_id"] == mine
